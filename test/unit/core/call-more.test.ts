import { describe, expect, test } from 'vitest';
import { millis } from '../../../src/base/time.ts';
import {
  ORPHAN_CALLS,
  START_CALLS,
  START_CALLS_LARGE,
  START_PAUSE,
} from '../../../src/core/config.ts';
import { others, type Crew } from '../../../src/core/crew.ts';
import { callMore } from '../../../src/core/heal.ts';
import { crewAmong, pass, tried } from './crews.ts';

/** Calls for as long as another call is set, as the hub does; how many calls that were. */
function callOn(crew: Crew): number {
  for (let calls = 1; ; calls += 1) {
    callMore(crew);
    if (!crew.timers.has('call-more')) return calls;
    crew.timers.clear('call-more');
    pass(crew, START_PAUSE);
  }
}

/** When the next call is due, in milliseconds from now. */
function due(crew: Crew): number | undefined {
  const next = crew.timers.next();
  return next?.key === 'call-more' ? next.at - crew.now : undefined;
}

describe('after the start of a larger cluster', () => {
  test('sixteen more are called, and sixteen more a quarter of a second later', () => {
    const crew = crewAmong(40);
    callMore(crew);
    expect(tried(crew)).toHaveLength(ORPHAN_CALLS);
    expect(due(crew)).toBe(START_PAUSE);
    pass(crew, START_PAUSE);
    callMore(crew);
    expect(tried(crew)).toHaveLength(2 * ORPHAN_CALLS);
  });

  test('everybody was called when the last sixteen were, and no call follows', () => {
    const crew = crewAmong(2 * ORPHAN_CALLS);
    expect(callOn(crew)).toBe(2);
    expect(tried(crew)).toHaveLength(2 * ORPHAN_CALLS);
  });

  test('who was heard, did not answer or is being asked is not called', () => {
    const crew = crewAmong(ORPHAN_CALLS + 4);
    const [heard, silent, asked, dark] = others(crew);
    if (!heard || !silent || !asked || !dark) throw new Error('too few');
    crew.suspicions.heard(heard, crew.now);
    for (const peer of [silent, asked]) {
      crew.suspicions.begin(peer, crew.now, millis(peer === silent ? 0 : 1), false, millis(0));
    }
    crew.suspicions.fail(silent, crew.now);
    const before = new Set(tried(crew));
    callOn(crew);
    const called = tried(crew).filter((peer) => !before.has(peer));
    expect(called).toHaveLength(ORPHAN_CALLS + 1);
    expect(called).toContain(dark);
    for (const peer of [heard, silent, asked]) expect(called).not.toContain(peer);
  });

  test.each([
    ['all of 128 others', START_CALLS, START_CALLS],
    ['32 where there is one more', START_CALLS + 1, START_CALLS_LARGE],
  ])('no more are called than %s', (_, members, most) => {
    const crew = crewAmong(members);
    callOn(crew);
    expect(tried(crew)).toHaveLength(most);
    callMore(crew);
    expect(tried(crew)).toHaveLength(most);
  });

  test('those called are drawn, not those whose names come first', () => {
    const one = crewAmong(40);
    callMore(one);
    expect(tried(one)).not.toEqual(others(one).slice(0, ORPHAN_CALLS));
  });
});
