import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/base/id.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { after, instant, millis, type Instant } from '../../../src/base/time.ts';
import { SEEK_ASKED, SEEK_FIRST, SEEK_MAX, SMALL_CLUSTER } from '../../../src/core/config.ts';
import { Seek, type Asked } from '../../../src/core/seek.ts';

const T0 = instant(1_000);
const BEAT = millis(600);
const LOST = 'lost' as NodeId;

function seek(seed = 1): Seek {
  return new Seek(new SeededRandom(seed));
}

function askable(count: number): Asked[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `steady for ${String(count - index)}` as NodeId,
    steadySince: instant(index),
  })).toReversed();
}

function later(ms: number): Instant {
  return after(T0, millis(ms));
}

describe('a search', () => {
  test('begins once, and again after it ended', () => {
    const one = seek();
    expect(one.begin(LOST, T0)).toBe(true);
    expect(one.begin(LOST, T0)).toBe(false);
    one.end(LOST);
    expect(one.turn(LOST, T0, BEAT)).toBeUndefined();
    expect(one.begin(LOST, T0)).toBe(true);
  });

  test('pauses half a second, doubled up to a minute, each a fifth shorter or longer', () => {
    const one = seek();
    one.begin(LOST, T0);
    let now: Instant = T0;
    for (let pause: number = SEEK_FIRST; pause < 4 * SEEK_MAX; pause *= 2) {
      const next = one.turn(LOST, now, BEAT);
      if (next === undefined) throw new Error('the search ended');
      const base = Math.min(SEEK_MAX, pause);
      expect(next - now).toBeGreaterThanOrEqual(0.8 * base);
      expect(next - now).toBeLessThanOrEqual(1.2 * base);
      now = next;
    }
  });

  test('of two nodes that lost the same member falls out of step', () => {
    const turns = [1, 2, 3, 4].map((seed) => {
      const one = seek(seed);
      one.begin(LOST, T0);
      return one.turn(LOST, T0, BEAT);
    });
    expect(new Set(turns).size).toBe(4);
  });
});

describe('those asked', () => {
  test('are the three that held their address longest and one of the others', () => {
    const all = askable(10);
    const chosen = seek().choose(all);
    expect(chosen).toHaveLength(SEEK_ASKED);
    expect(chosen.slice(0, 3)).toEqual(['steady for 10', 'steady for 9', 'steady for 8']);
    expect(new Set(chosen).size).toBe(SEEK_ASKED);
  });

  test('change in their last one, so that no set of liars answers for ever', () => {
    const one = seek();
    const all = askable(10);
    const last = new Set(Array.from({ length: 100 }, () => one.choose(all)[3]));
    expect(last.size).toBe(7);
  });

  test('are all there are when there are four or fewer', () => {
    for (const count of [0, 1, 3, 4]) {
      expect(seek().choose(askable(count)).toSorted()).toEqual(
        askable(count)
          .map(({ id }) => id)
          .toSorted(),
      );
    }
  });
});

describe('a member that asks too often', () => {
  test('is answered about one target every 100 ms, and about another meanwhile', () => {
    const one = seek();
    const seeker = 'seeker' as NodeId;
    expect(one.mayAnswer(seeker, LOST, T0)).toBe(true);
    expect(one.mayAnswer(seeker, LOST, later(99))).toBe(false);
    expect(one.mayAnswer(seeker, 'other' as NodeId, later(99))).toBe(true);
    expect(one.mayAnswer('second' as NodeId, LOST, later(99))).toBe(true);
    expect(one.mayAnswer(seeker, LOST, later(100))).toBe(true);
  });

  test('is followed in eight introductions a second, and others are not counted with it', () => {
    const one = seek();
    const liar = 'liar' as NodeId;
    const followed = Array.from({ length: 20 }, (_, n) => one.mayFollow(liar, later(n)));
    expect(followed.filter(Boolean)).toHaveLength(8);
    expect(followed.indexOf(false)).toBe(8);
    expect(one.mayFollow('honest' as NodeId, later(20))).toBe(true);
    expect(one.mayFollow(liar, later(999))).toBe(false);
    expect(one.mayFollow(liar, later(1_000))).toBe(true);
  });
});

describe('the first turn of a search', () => {
  /** So many searches under way, the one that begins now among them. */
  function among(count: number, seed = 1): Seek {
    const one = seek(seed);
    for (let index = 0; index < count; index += 1) one.begin(`lost ${String(index)}` as NodeId, T0);
    return one;
  }

  test('comes at once among sixteen', () => {
    expect(among(SMALL_CLUSTER).firstPause(BEAT)).toBe(0);
  });

  test.each([
    ['within four beats among seventeen', 1],
    ['within four beats for each above sixteen among more', 100],
  ])('comes %s, at a time drawn', (_, above) => {
    const longest = above * SEEK_ASKED * BEAT;
    const one = among(SMALL_CLUSTER + above);
    const pauses = Array.from({ length: 200 }, () => one.firstPause(BEAT));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...pauses)).toBeLessThan(longest);
    // Spread over all of it, so that those lost together are not sought together.
    for (const quarter of [0, 1, 2, 3]) {
      const within = pauses.filter((pause) => Math.floor((4 * pause) / longest) === quarter);
      expect(within.length).toBeGreaterThan(25);
    }
  });

  test('comes at once again when enough searches ended', () => {
    const one = among(SMALL_CLUSTER + 1);
    one.end('lost 0' as NodeId);
    expect(one.firstPause(BEAT)).toBe(0);
  });
});

test('many lost members are sought no more often than once in four beats in all', () => {
  const one = seek();
  for (let index = 0; index < 116; index += 1) one.begin(`lost ${String(index)}` as NodeId, T0);
  const next = one.turn('lost 3' as NodeId, T0, BEAT) ?? T0;
  expect(next - T0).toBeGreaterThanOrEqual(0.8 * 100 * 4 * BEAT);
  expect(next - T0).toBeLessThanOrEqual(1.2 * 100 * 4 * BEAT);
});
