import { describe, expect, test } from 'vitest';
import { after, instant, millis, type Instant } from '../../../src/base/time.ts';
import { FRESH_LINGER } from '../../../src/core/config.ts';
import { FreshSockets } from '../../../src/core/sockets.ts';

const T0 = instant(1_000);
const OLD = after(T0, FRESH_LINGER);

function later(ms: number, from: Instant = T0): Instant {
  return after(from, millis(ms));
}

const nothing = (): boolean => false;

function opened(): FreshSockets {
  const fresh = new FreshSockets();
  expect(fresh.want(T0, nothing)).toEqual({ open: 1 });
  fresh.opened(1);
  return fresh;
}

test('the main socket is always open, a fresh one only between opened and closed', () => {
  const fresh = new FreshSockets();
  expect(fresh.isOpen(0)).toBe(true);
  expect([fresh.any, fresh.isOpen(1), fresh.newest]).toEqual([false, false, undefined]);
  fresh.want(T0, nothing);
  // Asked for, not there yet: nothing can be sent from it.
  expect([fresh.any, fresh.isOpen(1), fresh.newest]).toEqual([true, false, undefined]);
  fresh.opened(1);
  expect([fresh.any, fresh.isOpen(1), fresh.newest]).toEqual([true, true, 1]);
  fresh.closed(1);
  expect([fresh.any, fresh.isOpen(1), fresh.newest]).toEqual([false, false, undefined]);
});

test('a socket that opens without having been asked for is not used', () => {
  const fresh = new FreshSockets();
  fresh.opened(2);
  expect(fresh.isOpen(2)).toBe(false);
});

describe('a burst', () => {
  test('uses the newest socket again while it is younger than ten seconds', () => {
    expect(opened().want(later(FRESH_LINGER - 1), nothing)).toEqual({});
  });

  test('opens the second once the first is ten seconds old', () => {
    const fresh = opened();
    expect(fresh.want(OLD, nothing)).toEqual({ open: 2 });
    fresh.opened(2);
    expect(fresh.newest).toBe(2);
    expect(fresh.isOpen(1)).toBe(true);
  });

  test('opens a new one at once when nobody answered a round through the newest', () => {
    const fresh = opened();
    fresh.exhaust();
    expect(fresh.want(later(1), nothing)).toEqual({ open: 2 });
    // Said once: the new one is young.
    expect(fresh.want(later(2), nothing)).toEqual({});
  });

  test('never has more than two: the older one is closed for a third', () => {
    const fresh = opened();
    fresh.want(OLD, nothing);
    fresh.opened(2);
    expect(fresh.want(later(FRESH_LINGER, OLD), nothing)).toEqual({ open: 1, close: 1 });
    expect(fresh.isOpen(1)).toBe(false);
    fresh.opened(1);
    expect(fresh.newest).toBe(1);
  });

  test('closes none that carries a path: the other one, or none when both do', () => {
    const fresh = opened();
    fresh.want(OLD, nothing);
    fresh.opened(2);
    const third = later(FRESH_LINGER, OLD);
    expect(fresh.want(third, () => true)).toEqual({});
    expect(fresh.want(third, (socket) => socket === 1)).toEqual({ open: 2, close: 2 });
  });

  test('tries again after a socket could not be opened', () => {
    const fresh = new FreshSockets();
    fresh.want(T0, nothing);
    fresh.closed(1);
    expect(fresh.want(later(1), nothing)).toEqual({ open: 1 });
  });
});

describe('closing', () => {
  test('is due for sockets of ten seconds that nothing needs', () => {
    const fresh = opened();
    expect([...fresh.idle(later(FRESH_LINGER - 1), () => false)]).toEqual([]);
    expect([...fresh.idle(OLD, () => false)]).toEqual([1]);
    expect([...fresh.idle(OLD, (socket) => socket === 1)]).toEqual([]);
  });

  test('of the older one leaves the newest as it is', () => {
    const fresh = opened();
    fresh.want(OLD, nothing);
    fresh.opened(2);
    fresh.closed(1);
    expect(fresh.newest).toBe(2);
  });
});
