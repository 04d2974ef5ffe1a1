import { beforeEach, describe, expect, test } from 'vitest';
import type { Address } from '../../../src/base/address.ts';
import type { NodeId } from '../../../src/base/id.ts';
import { after, instant, millis, type Duration, type Instant } from '../../../src/base/time.ts';
import {
  BURST_FIRST,
  GATHER_FLOOR,
  MUTE_REST,
  MUTE_WINDOW,
  REFLECTION_GAP,
  ROUND_CALM,
  ROUND_GAP,
  ROUND_GAP_MAX,
  SMALL_CLUSTER,
} from '../../../src/core/config.ts';
import { Rounds } from '../../../src/core/doubt.ts';
import type { SocketId } from '../../../src/core/io.ts';
import { at } from './fixture.ts';

const T = millis(150);
const three = ['cellar', 'pi', 'shed'] as NodeId[];
const [cellar, pi, shed] = three as [NodeId, NodeId, NodeId];
/** Enough that one may be muted. */
const crowd = [...three, 'barn', 'den'] as NodeId[];

let rounds: Rounds;
let now: Instant;

beforeEach(() => {
  rounds = new Rounds();
  now = instant(60_000);
});

function pass(ms: number): Instant {
  now = instant(now + ms);
  return now;
}

function begin(asked: readonly NodeId[] = three, why: 'unanswered' | 'reflection' = 'unanswered') {
  rounds.begin(why, undefined, asked, now, T);
}

/** A round that these answered at once and whose vote came out as before, or not. */
function wholeRound(answered: readonly NodeId[], changed = false): void {
  begin();
  for (const peer of answered) rounds.answered(peer, true, now);
  rounds.finish(changed, now);
}

/** How long after the last round the next one may begin. */
function gap(): Duration {
  for (let ms = 0; ; ms += 10) {
    if (rounds.may('unanswered', instant(now + ms))) return millis(ms);
  }
}

describe('a round', () => {
  test('begins at once when there was none, and no second one while it runs', () => {
    expect(rounds.may('unanswered', now)).toBe(true);
    begin();
    expect(rounds.running).toBe(true);
    expect(rounds.may('reflection', pass(1_000))).toBe(false);
    expect(rounds.may('send-error', now)).toBe(false);
    expect(rounds.takePostponed()).toBeUndefined();
  });

  test('asks everybody in a cluster of sixteen others, eight first in a larger one', () => {
    expect(rounds.firstWidth(SMALL_CLUSTER)).toBe(SMALL_CLUSTER);
    expect(rounds.firstWidth(SMALL_CLUSTER + 1)).toBe(BURST_FIRST);
  });

  test('is over when all who were asked answered', () => {
    begin();
    expect(rounds.answered(cellar, true, pass(1))).toBe('wait');
    expect(rounds.answered(cellar, true, pass(1))).toBe('wait');
    expect(rounds.answered(pi, true, now)).toBe('wait');
    expect([rounds.answers, rounds.unanswered]).toEqual([2, [shed]]);
    expect(rounds.answered(shed, true, now)).toBe('finish');
  });

  test('is decided at twice the first answer’s delay and 20 ms, once', () => {
    begin();
    rounds.answered(cellar, true, pass(15));
    const gatherAt = after(instant(now - 15), millis(2 * 15 + GATHER_FLOOR));
    expect(rounds.nextDue()).toBe(gatherAt);
    expect(rounds.due(instant(gatherAt - 1))).toBe('wait');
    expect(rounds.due(gatherAt)).toBe('decide');
    expect(rounds.due(instant(gatherAt + 1))).toBe('wait');
  });

  test('is decided anew by an answer that comes after the gather time', () => {
    begin();
    rounds.answered(cellar, true, pass(5));
    expect(rounds.answered(pi, true, pass(40))).toBe('decide');
  });

  test('ends at its time-out when half of those asked answered, else it is extended', () => {
    const four = [...three, 'barn' as NodeId];
    rounds.begin('unanswered', undefined, four, now, T);
    rounds.answered(cellar, true, now);
    expect(rounds.due(instant(now + T - 1))).not.toBe('extend');
    expect(rounds.due(instant(now + T))).toBe('extend');
    rounds.answered(pi, true, now);
    expect(rounds.due(instant(now + T))).toBe('finish');
  });

  test('extended, asks as many again and doubles with each time-out', () => {
    begin();
    expect(rounds.width).toBe(3);
    rounds.extend(['a', 'b', 'c'] as NodeId[], pass(T), T);
    expect(rounds.width).toBe(6);
    expect(rounds.asked.size).toBe(6);
    expect(rounds.due(instant(now + T - 1))).toBe('wait');
    expect(rounds.due(instant(now + T))).toBe('extend');
  });

  test('gets as much more time as the own loop was late', () => {
    begin();
    rounds.postpone(millis(90));
    expect(rounds.nextDue()).toBe(now + T + 90);
    expect(rounds.due(instant(now + T + 89))).toBe('wait');
    expect(rounds.due(instant(now + T + 90))).toBe('extend');
  });

  test('counts the pongs to its own questions alone: of those asked, sent since it began', () => {
    begin([cellar, pi]);
    expect(rounds.counts(cellar, now)).toBe(true);
    expect(rounds.counts(cellar, instant(now - 1))).toBe(false);
    expect(rounds.counts(shed, now)).toBe(false);
    rounds.finish(false, now);
    expect(rounds.counts(cellar, now)).toBe(false);
  });

  test('tells whether a pong came in through the main socket', () => {
    begin();
    rounds.answered(cellar, false, now);
    expect(rounds.mainAnswered).toBe(false);
    rounds.answered(pi, true, now);
    rounds.answered(shed, false, now);
    expect(rounds.mainAnswered).toBe(true);
  });

  test('that is over answers nothing and is due for nothing', () => {
    expect(rounds.answered(cellar, true, now)).toBe('wait');
    expect(rounds.due(now)).toBe('wait');
    expect(rounds.nextDue()).toBeUndefined();
    expect([rounds.width, rounds.answers, rounds.asked.size]).toEqual([0, 0, 0]);
    rounds.extend([cellar], now, T);
    rounds.postpone(T);
    rounds.finish(true, now);
    expect(rounds.running).toBe(false);
  });
});

describe('the gap between two rounds', () => {
  test('is half a second after one that changed something', () => {
    wholeRound(three, true);
    expect(gap()).toBe(ROUND_GAP);
  });

  test('is half a second after one in which most stayed silent: that was worth asking', () => {
    wholeRound([cellar]);
    expect(gap()).toBe(ROUND_GAP);
  });

  test('doubles with each round that changed nothing though half answered, up to 8 s', () => {
    const gaps = Array.from({ length: 6 }, () => {
      wholeRound([cellar, pi]);
      const found = gap();
      pass(found);
      return found;
    });
    expect(gaps).toEqual([1_000, 2_000, 4_000, ROUND_GAP_MAX, ROUND_GAP_MAX, ROUND_GAP_MAX]);
  });

  test('is half a second again once nobody doubted for three seconds more', () => {
    wholeRound(three);
    wholeRound(three);
    pass(2_000 + ROUND_CALM);
    wholeRound(three);
    expect(gap()).toBe(4_000);
    pass(4_000 + ROUND_CALM + 1);
    wholeRound(three);
    expect(gap()).toBe(1_000);
  });

  test('is 100 ms for a reflection that differs', () => {
    wholeRound(three);
    expect(rounds.may('reflection', instant(now + REFLECTION_GAP - 1))).toBe(false);
    expect(rounds.may('reflection', instant(now + REFLECTION_GAP))).toBe(true);
  });

  test('a jump of the clock during a round is kept for the moment it ends', () => {
    begin();
    expect(rounds.may('clock-jump', pass(10))).toBe(false);
    for (const peer of three) rounds.answered(peer, true, now);
    rounds.finish(true, pass(5));
    expect(rounds.postponedUntil).toBeDefined();
    expect((rounds.postponedUntil ?? Infinity) <= now).toBe(true);
    expect(rounds.takePostponed()).toBe('clock-jump');
    expect(rounds.may('clock-jump', now)).toBe(true);
  });

  test('is none after a send error or a jump of the clock', () => {
    wholeRound(three);
    expect(rounds.may('send-error', now)).toBe(true);
    expect(rounds.may('clock-jump', now)).toBe(true);
    expect(rounds.may('silence', now)).toBe(false);
  });
});

describe('a doubt that comes too soon', () => {
  test('is kept until its time, and then forgotten by whoever takes it', () => {
    wholeRound(three);
    expect(rounds.postponedUntil).toBeUndefined();
    expect(rounds.may('unanswered', pass(10))).toBe(false);
    expect(rounds.postponedUntil).toBe(now - 10 + 1_000 + 1);
    expect(rounds.may('unanswered', rounds.postponedUntil ?? now)).toBe(true);
    expect(rounds.takePostponed()).toBe('unanswered');
    expect(rounds.takePostponed()).toBeUndefined();
    expect(rounds.postponedUntil).toBeUndefined();
  });

  test('waits 100 ms when a reflection raised it', () => {
    wholeRound(three);
    rounds.may('reflection', pass(10));
    expect(rounds.postponedUntil).toBe(now - 10 + REFLECTION_GAP + 1);
  });

  test('is settled by the next round', () => {
    wholeRound(three);
    rounds.may('unanswered', pass(10));
    begin();
    expect(rounds.takePostponed()).toBeUndefined();
  });
});

describe('a member whose silence or report began three rounds for nothing', () => {
  /** A round that cellar began and that half answered. */
  function idle(changed = false): void {
    rounds.begin('unanswered', cellar, crowd, now, T);
    for (const peer of crowd.slice(1)) rounds.answered(peer, true, now);
    rounds.finish(changed, now);
    pass(10_000);
  }

  test('begins none for a minute', () => {
    idle();
    idle();
    expect(rounds.isMuted(cellar, now)).toBe(false);
    idle();
    const since = now - 10_000;
    expect(rounds.isMuted(cellar, now)).toBe(true);
    expect(rounds.isMuted(pi, now)).toBe(false);
    expect(rounds.isMuted(cellar, instant(since + MUTE_REST - 1))).toBe(true);
    expect(rounds.isMuted(cellar, instant(since + MUTE_REST))).toBe(false);
  });

  test('is not muted for rounds that lie more than half a minute apart', () => {
    for (let count = 0; count < 6; count += 1) {
      idle();
      pass(MUTE_WINDOW / 2);
    }
    expect(rounds.isMuted(cellar, now)).toBe(false);
  });

  test('is not muted where its silence is one of the last three that count', () => {
    for (let count = 0; count < 5; count += 1) {
      rounds.begin('unanswered', cellar, [cellar, pi, shed], now, T);
      rounds.answered(pi, true, now);
      rounds.answered(shed, true, now);
      rounds.finish(false, now);
    }
    expect(rounds.isMuted(cellar, now)).toBe(false);
  });

  test('is heard again after one that changed something, and when it is a member anew', () => {
    idle();
    idle();
    idle(true);
    idle();
    expect(rounds.isMuted(cellar, now)).toBe(false);
    idle();
    idle();
    rounds.forget(cellar);
    expect(rounds.isMuted(cellar, now)).toBe(false);
  });

  test('is not blamed for rounds that hardly anybody answered', () => {
    for (let count = 0; count < 5; count += 1) {
      rounds.begin('unanswered', cellar, crowd, now, T);
      rounds.finish(false, now);
    }
    expect(rounds.isMuted(cellar, now)).toBe(false);
  });
});

describe('a report of my address', () => {
  const here = at('192.0.2.1:4117');
  const there = at('192.0.2.2:4117');
  const elsewhere = at('192.0.2.3:4117');

  /** A report that was acted on; whether it was news. */
  function report(peer: NodeId, socket: SocketId, seen: Address): boolean {
    const isNews = rounds.isNews(peer, socket, seen);
    rounds.note(peer, socket, seen);
    return isNews;
  }

  test('that nobody acted on stays news', () => {
    expect(rounds.isNews(cellar, 0, here)).toBe(true);
    expect(rounds.isNews(cellar, 0, here)).toBe(true);
  });

  test('is news once, and again when it says something else', () => {
    expect(report(cellar, 0, here)).toBe(true);
    expect(report(cellar, 0, here)).toBe(false);
    expect(report(cellar, 0, there)).toBe(true);
    expect(report(cellar, 0, elsewhere)).toBe(true);
    expect(report(cellar, 0, here)).toBe(true);
  });

  test('is no news when two take turns, until a round changed something', () => {
    report(cellar, 0, here);
    report(cellar, 0, there);
    expect([report(cellar, 0, here), report(cellar, 0, there)]).toEqual([false, false]);
    rounds.begin('start', undefined, [cellar], now, T);
    rounds.answered(cellar, true, now);
    rounds.finish(true, now);
    expect(report(cellar, 0, here)).toBe(true);
  });

  test('is old when it was asked for before a round was over that somebody answered', () => {
    const asked = now;
    expect(rounds.isOld(asked)).toBe(false);
    wholeRound([]);
    expect(rounds.isOld(asked)).toBe(false);
    pass(1_000);
    wholeRound([cellar]);
    expect([rounds.isOld(asked), rounds.isOld(now)]).toEqual([true, true]);
    expect(rounds.isOld(pass(1))).toBe(false);
  });

  test('is kept for each member and each socket apart', () => {
    report(cellar, 0, here);
    expect(report(pi, 0, here)).toBe(true);
    expect(report(cellar, 1, here)).toBe(true);
  });

  test('is news again after a round that nobody answered', () => {
    report(cellar, 0, here);
    wholeRound([cellar]);
    expect(report(cellar, 0, here)).toBe(false);
    wholeRound([]);
    expect(report(cellar, 0, here)).toBe(true);
  });

  test('of who left is forgotten, of the others not', () => {
    report(cellar, 0, here);
    report(cellar, 2, here);
    report(pi, 0, here);
    rounds.forget(cellar);
    expect(report(cellar, 0, here)).toBe(true);
    expect(report(cellar, 2, here)).toBe(true);
    expect(report(pi, 0, here)).toBe(false);
  });
});
