import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/base/id.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { after, instant, millis, seconds, type Instant } from '../../../src/base/time.ts';
import { BEAT_JITTER, SMALL_CLUSTER } from '../../../src/core/config.ts';
import { Heartbeat } from '../../../src/core/heartbeat.ts';

const T0 = instant(1_000);
const BEAT = millis(600);
const names = ['cellar', 'pi', 'shed', 'barn', 'attic'] as NodeId[];

function heartbeat(members: readonly NodeId[] = names, seed = 7): Heartbeat {
  const beat = new Heartbeat(new SeededRandom(seed), BEAT);
  for (const member of members) beat.add(member);
  return beat;
}

function turns(beat: Heartbeat, count: number): (NodeId | undefined)[] {
  return Array.from({ length: count }, () => beat.next(() => true));
}

function later(ms: number): Instant {
  return after(T0, millis(ms));
}

describe('the rotation', () => {
  test('gives every member one turn in each pass, and each pass has its own order', () => {
    const beat = heartbeat();
    const passes = Array.from({ length: 8 }, () => turns(beat, names.length));
    for (const pass of passes) expect(pass.toSorted()).toEqual(names.toSorted());
    expect(new Set(passes.map((pass) => pass.join())).size).toBeGreaterThan(4);
  });

  test('of another node has another order', () => {
    const orders = [1, 2, 3, 4, 5].map((seed) => turns(heartbeat(names, seed), 5).join());
    expect(new Set(orders).size).toBeGreaterThan(3);
  });

  test('leaves out whom nobody wants, and ends when nobody is wanted', () => {
    const beat = heartbeat();
    const wanted = new Set<NodeId | undefined>(
      Array.from({ length: 40 }, () => beat.next((peer) => peer !== 'pi')),
    );
    expect(wanted.has('pi' as NodeId)).toBe(false);
    expect(beat.next(() => false)).toBeUndefined();
    expect(heartbeat([]).next(() => true)).toBeUndefined();
  });

  test('finds the one that is wanted at every turn, wherever it stands in the pass', () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const beat = heartbeat(names.slice(0, 3), seed);
      for (let turn = 0; turn < 20; turn += 1) {
        expect(beat.next((peer) => peer === 'pi')).toBe('pi');
      }
    }
  });

  test('takes a member once, however often it is added', () => {
    const beat = heartbeat();
    beat.add('pi' as NodeId);
    expect(turns(beat, 5).filter((peer) => peer === 'pi')).toHaveLength(1);
  });

  test('goes on with the others when somebody leaves in the middle of a pass', () => {
    for (const leaving of names) {
      const beat = heartbeat();
      const before = turns(beat, 2);
      beat.forget(leaving);
      const rest = turns(beat, before.includes(leaving) ? 3 : 2);
      const expected = names.filter((name) => name !== leaving && !before.includes(name));
      expect(rest.toSorted()).toEqual(expected.toSorted());
    }
  });

  test('does not mind when somebody leaves who never was in it', () => {
    const beat = heartbeat();
    beat.forget('stranger' as NodeId);
    expect(turns(beat, 5).toSorted()).toEqual(names.toSorted());
  });
});

test('a beat is a tenth shorter or longer at the most, and not always the same', () => {
  const beat = heartbeat();
  const lengths = Array.from({ length: 500 }, () => beat.following(T0) - T0);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(BEAT * (1 - BEAT_JITTER));
  expect(Math.max(...lengths)).toBeLessThanOrEqual(BEAT * (1 + BEAT_JITTER));
  expect(Math.max(...lengths) - Math.min(...lengths)).toBeGreaterThan(BEAT * BEAT_JITTER);
});

describe('pings that should have come', () => {
  test('are missed after six beats without any, and the count begins anew', () => {
    const beat = heartbeat();
    expect(beat.silent(T0, BEAT)).toBe(false);
    expect(beat.silent(later(3_599), BEAT)).toBe(false);
    expect(beat.silent(later(3_600), BEAT)).toBe(true);
    expect(beat.silent(later(3_601), BEAT)).toBe(false);
    expect(beat.silent(later(7_200), BEAT)).toBe(true);
  });

  test('are missed after twelve beats in a cluster above sixteen, where six may be chance', () => {
    const beat = heartbeat();
    for (let index = 0; index < SMALL_CLUSTER; index += 1) beat.add(`more ${index}` as NodeId);
    expect(beat.silent(T0, BEAT)).toBe(false);
    expect(beat.silent(later(7_199), BEAT)).toBe(false);
    expect(beat.silent(later(7_200), BEAT)).toBe(true);
  });

  test('are not missed while one comes every six beats', () => {
    const beat = heartbeat();
    for (let now = 0; now < 60_000; now += 3_500) {
      beat.pinged(later(now));
      expect(beat.silent(later(now + 3_499), BEAT)).toBe(false);
    }
  });

  test('are waited for at the pace of the slowest member', () => {
    const beat = heartbeat();
    beat.pinged(T0);
    expect(beat.silent(later(59_999), seconds(10))).toBe(false);
    expect(beat.silent(later(60_000), seconds(10))).toBe(true);
  });
});
