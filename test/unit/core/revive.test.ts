import { beforeEach, describe, expect, test } from 'vitest';
import { ORPHAN_CALLS, REVIVE_GAP, REVIVE_REST } from '../../../src/core/config.ts';
import { others, type Crew } from '../../../src/core/crew.ts';
import { reviveDue, reviveLost } from '../../../src/core/revive.ts';
import { crewAmong, lose, pass, tried } from './crews.ts';

const LOST = 2 * ORPHAN_CALLS + 8;

let crew: Crew;

/** When the next sixteen are due, in milliseconds from now; undefined when nothing waits. */
function due(): number | undefined {
  const next = crew.timers.next();
  return next?.key === 'revive' ? next.at - crew.now : undefined;
}

/** The pause is over: what the hub does at the alarm. */
function ring(): void {
  pass(crew, due() ?? 0);
  crew.timers.clear('revive');
  reviveDue(crew);
}

describe('one of many lost members answers', () => {
  beforeEach(() => {
    crew = crewAmong(LOST);
    lose(crew, others(crew));
    expect(crew.suspicions.count('lost')).toBe(LOST);
    expect(tried(crew)).toEqual([]);
  });

  test('so sixteen others are asked at once', () => {
    reviveLost(crew);
    expect(tried(crew)).toHaveLength(ORPHAN_CALLS);
    expect(due()).toBeUndefined();
  });

  test('and another within the pause: sixteen others are asked when it is over, not before', () => {
    reviveLost(crew);
    const first = tried(crew);
    pass(crew, REVIVE_GAP - 1);
    reviveLost(crew);
    expect(tried(crew)).toEqual(first);
    expect(due()).toBe(1);
    // A third one changes nothing about that.
    reviveLost(crew);
    expect(due()).toBe(1);
    ring();
    expect(tried(crew)).toHaveLength(2 * ORPHAN_CALLS);
  });

  test('and another just after the pause: sixteen others are asked at once', () => {
    reviveLost(crew);
    pass(crew, REVIVE_GAP);
    reviveLost(crew);
    expect(tried(crew)).toHaveLength(2 * ORPHAN_CALLS);
  });

  test('and others in each pause, until all were asked once', () => {
    for (let turn = 0; turn < 3; turn += 1) {
      reviveLost(crew);
      pass(crew, REVIVE_GAP);
    }
    expect(tried(crew)).toHaveLength(LOST);
    expect(crew.revived.size).toBe(LOST);
  });

  test.each([
    ['are left out for two seconds after the last answer', REVIVE_REST - 1, 2 * ORPHAN_CALLS],
    ['may be asked again after two seconds without an answer', REVIVE_REST, ORPHAN_CALLS],
  ])('those asked %s', (_, wait, asked) => {
    reviveLost(crew);
    pass(crew, wait);
    reviveLost(crew);
    expect(crew.revived.size).toBe(asked);
  });
});

test('members that are not lost are not asked because one was found', () => {
  crew = crewAmong(4);
  lose(crew, others(crew).slice(0, 1));
  reviveLost(crew);
  expect(tried(crew)).toEqual(others(crew).slice(0, 1));
});
