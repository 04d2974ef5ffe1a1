import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant, millis } from '../../../src/base/time.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

function runAll(timeline: Timeline, until: number): void {
  while (timeline.next(instant(until)));
}

describe('a timeline', () => {
  it('lets events happen in the order of their times, however they were asked for', () => {
    const timeline = new Timeline();
    const random = new SeededRandom(3);
    const times = Array.from({ length: 500 }, () => random.below(1_000));
    const seen: number[] = [];
    for (const time of times) timeline.at(instant(time), () => seen.push(time));
    runAll(timeline, 1_000);
    expect(seen).toEqual(times.toSorted((a, b) => a - b));
  });

  it('lets events of one instant happen in the order they were asked for', () => {
    const timeline = new Timeline();
    const seen: number[] = [];
    for (let index = 0; index < 50; index += 1) timeline.at(instant(5), () => seen.push(index));
    runAll(timeline, 5);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('shows an event the time it was set for', () => {
    const timeline = new Timeline();
    let seen = 0;
    timeline.in(millis(12.5), () => (seen = timeline.now));
    runAll(timeline, 100);
    expect(seen).toBe(12.5);
    expect(timeline.now).toBe(100);
  });

  it('leaves events alone that are due later than asked for', () => {
    const timeline = new Timeline();
    let happened = false;
    timeline.in(millis(10), () => (happened = true));
    expect(timeline.next(instant(9))).toBe(false);
    expect(happened).toBe(false);
    expect(timeline.pending).toBe(1);
  });

  it('lets an event set in the past happen next, without time running backwards', () => {
    const timeline = new Timeline();
    const seen: number[] = [];
    timeline.at(instant(10), () => {
      timeline.at(instant(3), () => seen.push(timeline.now));
    });
    runAll(timeline, 20);
    expect(seen).toEqual([10]);
  });
});
