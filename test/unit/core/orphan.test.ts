import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/base/id.ts';
import { after, instant, millis, minutes, type Instant } from '../../../src/base/time.ts';
import { ORPHAN_CALLS, ORPHAN_PACE, ORPHAN_SILENCE } from '../../../src/core/config.ts';
import { Orphan } from '../../../src/core/orphan.ts';

const T0 = instant(5_000);

function orphaned(now: Instant = T0): Orphan {
  const orphan = new Orphan();
  orphan.start(instant(now - ORPHAN_SILENCE));
  expect(orphan.check(now, undefined, true)).toBe(true);
  return orphan;
}

function ids(count: number): NodeId[] {
  return Array.from({ length: count }, (_, index) => `node ${String(index)}` as NodeId);
}

test('a node is an orphan once nobody was heard for four seconds, not before', () => {
  const orphan = new Orphan();
  orphan.start(T0);
  const end = after(T0, ORPHAN_SILENCE);
  expect(orphan.checkAt(T0, undefined)).toBe(end);
  expect(orphan.check(after(end, millis(-1)), undefined, true)).toBe(false);
  expect(orphan.since).toBeUndefined();
  expect(orphan.check(end, undefined, true)).toBe(true);
  expect(orphan.since).toBe(end);
});

test('silence counts from the last datagram that anybody sent', () => {
  const orphan = new Orphan();
  orphan.start(T0);
  const heard = after(T0, millis(60_000));
  expect(orphan.check(after(heard, millis(3_999)), heard, true)).toBe(false);
  expect(orphan.checkAt(heard, heard)).toBe(after(heard, ORPHAN_SILENCE));
  expect(orphan.check(after(heard, ORPHAN_SILENCE), heard, true)).toBe(true);
});

test('a quiet time is no orphanhood while some question was answered: the beat may be slow', () => {
  const orphan = new Orphan();
  orphan.start(T0);
  expect(orphan.check(after(T0, minutes(60)), undefined, false)).toBe(false);
  expect(orphan.check(after(T0, minutes(60)), undefined, true)).toBe(true);
});

test('becoming an orphan is said once, and hearing somebody ends it once', () => {
  const orphan = orphaned();
  expect(orphan.check(after(T0, minutes(1)), undefined, true)).toBe(false);
  expect(orphan.heard()).toBe(true);
  expect(orphan.since).toBeUndefined();
  expect(orphan.heard()).toBe(false);
});

describe('an orphan calls', () => {
  test('everybody at once when they are sixteen or fewer', () => {
    expect(new Orphan().calls(ids(ORPHAN_CALLS))).toEqual(ids(ORPHAN_CALLS));
  });

  test('sixteen at a time when they are more, and everybody in turn', () => {
    const orphan = new Orphan();
    const all = ids(ORPHAN_CALLS + 1);
    const first = orphan.calls(all);
    const second = orphan.calls(all);
    expect(first).toEqual(all.slice(0, ORPHAN_CALLS));
    expect(second).toHaveLength(ORPHAN_CALLS);
    expect(second[0]).toBe(all[ORPHAN_CALLS]);
    expect(new Set([...first, ...second]).size).toBe(all.length);
  });

  test('every second at first, since all may start together, and rarer later', () => {
    const orphan = orphaned();
    const paces = [0, 119_999, 120_000, 599_999, 600_000, 3_599_999, 3_600_000, 1e9].map((age) =>
      orphan.pace(after(T0, millis(age))),
    );
    expect(paces).toEqual([1_000, 1_000, 2_000, 2_000, 10_000, 10_000, 60_000, 60_000]);
  });

  test('at the quickest pace of the table while it is none', () => {
    expect(new Orphan().pace(T0)).toBe(ORPHAN_PACE.at(-1)?.[1]);
  });
});
