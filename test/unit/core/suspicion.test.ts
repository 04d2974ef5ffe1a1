import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/base/id.ts';
import { after, instant, millis, seconds, type Instant } from '../../../src/base/time.ts';
import { LOST_AFTER, LOST_SILENCE, SEEK_MAX, SUSPECT_AFTER } from '../../../src/core/config.ts';
import { Suspicions, type FailedTry } from '../../../src/core/suspicion.ts';

const T0 = instant(1_000);
const BEAT = millis(600);
const WAIT = millis(200);
const pi = 'pi' as NodeId;
const cellar = 'cellar' as NodeId;

function alive(...peers: readonly NodeId[]): Suspicions {
  const suspicions = new Suspicions();
  for (const peer of peers) {
    suspicions.add(peer, T0);
    suspicions.answered(peer, T0);
  }
  return suspicions;
}

/** One try that nobody answers, from now to its end. */
function failOnce(
  suspicions: Suspicions,
  now: Instant,
): { readonly failed: FailedTry | undefined; readonly at: Instant } {
  const deadline = suspicions.begin(pi, now, WAIT, false, BEAT);
  if (deadline === undefined) throw new Error('a try was running');
  return { failed: suspicions.fail(pi, deadline), at: deadline };
}

describe('a member', () => {
  test('that never answered is a suspect, and alive from its first pong on', () => {
    const suspicions = new Suspicions();
    suspicions.add(pi, T0);
    expect(suspicions.liveness(pi)).toBe('suspect');
    expect(suspicions.answered(pi, after(T0, seconds(3)))).toEqual({
      found: true,
      wasLost: false,
      silence: undefined,
    });
    expect(suspicions.liveness(pi)).toBe('alive');
  });

  test('that is alive stays so after two failed tries and is a suspect after the third', () => {
    const suspicions = alive(pi);
    const one = failOnce(suspicions, T0);
    expect(one.failed).toEqual({ peer: pi, failures: 1, beat: false, became: undefined });
    const two = failOnce(suspicions, one.at);
    expect(suspicions.liveness(pi)).toBe('alive');
    const three = failOnce(suspicions, two.at);
    expect(three.failed).toMatchObject({ failures: SUSPECT_AFTER, became: 'suspect' });
    expect(suspicions.liveness(pi)).toBe('suspect');
    expect(failOnce(suspicions, three.at).failed?.became).toBeUndefined();
  });

  test('is lost after the fifth failure when four seconds went by, and not before', () => {
    const suspicions = alive(pi);
    let now: Instant = T0;
    for (let failures = 1; failures < LOST_AFTER; failures += 1) {
      now = after(failOnce(suspicions, now).at, millis(2_000));
      expect(suspicions.liveness(pi)).not.toBe('lost');
    }
    expect(failOnce(suspicions, now).failed).toMatchObject({ failures: 5, became: 'lost' });
  });

  test('is not lost by many failures alone while the silence is shorter than four seconds', () => {
    const suspicions = alive(pi);
    for (let failures = 1; failures <= LOST_AFTER + 3; failures += 1) {
      suspicions.begin(pi, T0, millis(0), false, BEAT);
      suspicions.fail(pi, after(T0, millis(LOST_SILENCE - 1)));
    }
    expect(suspicions.liveness(pi)).toBe('suspect');
    suspicions.begin(pi, T0, millis(0), false, BEAT);
    expect(suspicions.fail(pi, after(T0, LOST_SILENCE))?.became).toBe('lost');
  });

  test('that answers is alive again at once, with the length of its silence', () => {
    const suspicions = alive(pi);
    suspicions.heard(pi, T0);
    let now: Instant = T0;
    for (let failures = 0; failures < 9; failures += 1) now = failOnce(suspicions, now).at;
    expect(suspicions.liveness(pi)).toBe('lost');
    const answered = suspicions.answered(pi, now);
    expect(answered).toEqual({ found: true, wasLost: true, silence: now - T0 });
    expect(suspicions.failures(pi)).toBe(0);
    expect(suspicions.answered(pi, now).found).toBe(false);
  });
});

describe('tries', () => {
  test('last the time-out twice, then double up to a minute', () => {
    const suspicions = alive(pi);
    const lengths: number[] = [];
    let now: Instant = T0;
    for (let count = 0; count < 14; count += 1) {
      const { at } = failOnce(suspicions, now);
      lengths.push(at - now);
      now = at;
    }
    expect(lengths.slice(0, 5)).toEqual([200, 200, 400, 800, 1_600]);
    expect(Math.max(...lengths)).toBe(SEEK_MAX);
    expect(lengths.slice(-3)).toEqual([SEEK_MAX, SEEK_MAX, SEEK_MAX]);
  });

  test('run one at a time, each remembers whether it was a beat', () => {
    const suspicions = alive(pi);
    const deadline = suspicions.begin(pi, T0, WAIT, true, BEAT);
    expect(deadline).toBe(after(T0, WAIT));
    expect(suspicions.trying(pi)).toBe(true);
    expect(suspicions.begin(pi, T0, WAIT, false, BEAT)).toBeUndefined();
    expect(suspicions.fail(pi, after(T0, WAIT))?.beat).toBe(true);
    expect(suspicions.trying(pi)).toBe(false);
  });

  test('do not fail before their time, twice, or after an answer', () => {
    const suspicions = alive(pi);
    suspicions.begin(pi, T0, WAIT, true, BEAT);
    expect(suspicions.fail(pi, after(T0, millis(199)))).toBeUndefined();
    expect(suspicions.fail(pi, after(T0, WAIT))).toBeDefined();
    expect(suspicions.fail(pi, after(T0, WAIT))).toBeUndefined();
    suspicions.begin(pi, T0, WAIT, true, BEAT);
    suspicions.answered(pi, T0);
    expect(suspicions.fail(pi, after(T0, seconds(9)))).toBeUndefined();
  });

  test('get as much more time as the own loop was late, each of them', () => {
    const suspicions = alive(pi, cellar);
    suspicions.begin(pi, T0, WAIT, true, BEAT);
    expect(suspicions.postpone(millis(70))).toEqual([
      { peer: pi, deadline: after(T0, millis(270)) },
    ]);
    expect(suspicions.fail(pi, after(T0, millis(269)))).toBeUndefined();
    expect(suspicions.fail(pi, after(T0, millis(270)))).toBeDefined();
  });

  test('are quick again after news of the member', () => {
    const suspicions = alive(pi);
    let now: Instant = T0;
    for (let count = 0; count < 9; count += 1) now = failOnce(suspicions, now).at;
    expect(suspicions.hurry(pi, now, WAIT)).toBeUndefined();
    expect(suspicions.begin(pi, now, WAIT, false, BEAT)).toBe(after(now, WAIT));
  });

  test('that run for a minute yet fail within one time-out after news of the member', () => {
    const suspicions = alive(pi);
    let now: Instant = T0;
    for (let count = 0; count < 12; count += 1) now = failOnce(suspicions, now).at;
    suspicions.begin(pi, now, WAIT, false, BEAT);
    expect(suspicions.hurry(pi, now, WAIT)).toBe(after(now, WAIT));
    expect(suspicions.fail(pi, after(now, WAIT))).toBeDefined();
  });

  test('fail however much news of the member there is: nobody is kept alive by hearsay', () => {
    const suspicions = alive(pi);
    const deadline = suspicions.begin(pi, T0, WAIT, false, BEAT);
    for (let ms = 0; ms < 200; ms += 10) suspicions.hurry(pi, after(T0, millis(ms)), WAIT);
    expect(suspicions.fail(pi, deadline ?? T0)).toMatchObject({ failures: 1 });
  });
});

test('only the hearing of a member counts as having heard it, and hearing is not answering', () => {
  const suspicions = alive(pi, cellar);
  expect(suspicions.heardAny).toBeUndefined();
  suspicions.heard(pi, after(T0, millis(5)));
  expect(suspicions.heardAt(pi)).toBe(after(T0, millis(5)));
  expect(suspicions.heardAt(cellar)).toBeUndefined();
  expect(suspicions.heardAny).toBe(after(T0, millis(5)));
  failOnce(suspicions, T0);
  suspicions.heard(pi, after(T0, millis(500)));
  expect(suspicions.failures(pi)).toBe(1);
});

test('members are told by their state', () => {
  const suspicions = alive(pi);
  suspicions.add(cellar, T0);
  expect([...suspicions.which('alive')]).toEqual([pi]);
  expect([...suspicions.which('suspect')]).toEqual([cellar]);
  expect([...suspicions.which('lost')]).toEqual([]);
});

test('adding a member again does not make it a suspect', () => {
  const suspicions = alive(pi);
  suspicions.add(pi, T0);
  expect(suspicions.liveness(pi)).toBe('alive');
});

test('nothing is kept of who left, and strangers are never noted', () => {
  const suspicions = alive(pi);
  suspicions.heard(pi, T0);
  suspicions.forget(pi);
  suspicions.heard(cellar, T0);
  for (const nobody of [pi, cellar]) {
    expect(suspicions.liveness(nobody)).toBe('suspect');
    expect(suspicions.heardAt(nobody)).toBeUndefined();
    expect(suspicions.begin(nobody, T0, WAIT, true, BEAT)).toBeUndefined();
    expect(suspicions.hurry(nobody, T0, WAIT)).toBeUndefined();
    expect(suspicions.answered(nobody, T0).found).toBe(false);
  }
  expect([...suspicions.which('suspect')]).toEqual([]);
});

describe('many lost members', () => {
  /** So many that failed five times in more than four seconds, at the time of the last failure. */
  function lost(count: number): { readonly all: Suspicions; readonly now: Instant } {
    const all = new Suspicions();
    const ids = Array.from({ length: count }, (_, index) => `node ${String(index)}` as NodeId);
    for (const id of ids) all.add(id, T0);
    let now = T0;
    for (let turn = 0; turn < LOST_AFTER; turn += 1) {
      now = after(now, seconds(100));
      for (const id of ids) {
        all.begin(id, now, millis(0), false, BEAT);
        all.fail(id, after(now, seconds(99)));
      }
    }
    expect(all.count('lost')).toBe(count);
    return { all, now: after(now, seconds(100)) };
  }

  test('are tried one a beat in all, however many they are', () => {
    const { all, now } = lost(516);
    const deadline = all.begin('node 7' as NodeId, now, WAIT, false, BEAT) ?? T0;
    expect(deadline - now).toBe(500 * BEAT);
  });

  test('up to sixteen are tried as one alone is', () => {
    const { all, now } = lost(16);
    const deadline = all.begin('node 7' as NodeId, now, WAIT, false, BEAT) ?? T0;
    expect(deadline - now).toBeLessThanOrEqual(SEEK_MAX);
  });

  test('are counted, and not when they answered or left', () => {
    const { all, now } = lost(3);
    all.answered('node 0' as NodeId, now);
    all.forget('node 1' as NodeId);
    all.forget('node 1' as NodeId);
    expect([all.count('alive'), all.count('suspect'), all.count('lost')]).toEqual([1, 0, 1]);
  });
});
