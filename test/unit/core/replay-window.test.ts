import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REPLAY_WINDOW } from '../../../src/core/config.ts';
import { ReplayWindow } from '../../../src/core/replay-window.ts';

function marked(...counters: readonly number[]): ReplayWindow {
  const window = new ReplayWindow();
  for (const counter of counters) window.mark(counter);
  return window;
}

test('a window that saw nothing takes every counter, 0 included', () => {
  expect(new ReplayWindow().fresh(0)).toBe(true);
  expect(new ReplayWindow().fresh(0xffff_ffff)).toBe(true);
});

test('a counter is fresh once', () => {
  for (const counter of [0, 31, 32, 1023, 1024, 0xffff_ffff]) {
    expect(marked(counter).fresh(counter)).toBe(false);
  }
});

test('datagrams that overtook each other all count, each once', () => {
  const window = marked(0, 5, 2, 4);
  expect([0, 1, 2, 3, 4, 5].map((counter) => window.fresh(counter))).toEqual([
    false,
    true,
    false,
    true,
    false,
    false,
  ]);
});

test('a counter 1,023 behind the highest is taken, one 1,024 behind is too old', () => {
  const window = marked(REPLAY_WINDOW + 100);
  expect(window.fresh(101)).toBe(true);
  expect(window.fresh(100)).toBe(false);
});

test('a leap over the whole window forgets what lies behind and nothing else', () => {
  const window = marked(3, 40, 10 * REPLAY_WINDOW);
  expect(window.fresh(10 * REPLAY_WINDOW)).toBe(false);
  expect(window.fresh(10 * REPLAY_WINDOW - 1)).toBe(true);
  // The same bits as 3 and 40, one window's length later.
  expect(window.fresh(9 * REPLAY_WINDOW + 3)).toBe(true);
  expect(window.fresh(9 * REPLAY_WINDOW + 40)).toBe(true);
});

test('any order of arrival is taken as a list of all counters ever seen would take it', () => {
  const near = fc.integer({ min: 0, max: 3 * REPLAY_WINDOW });
  fc.assert(
    fc.property(fc.array(near, { maxLength: 300 }), (counters) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let highest = -1;
      for (const counter of counters) {
        const expected = !seen.has(counter) && counter > highest - REPLAY_WINDOW;
        expect(window.fresh(counter)).toBe(expected);
        if (!expected) continue;
        window.mark(counter);
        seen.add(counter);
        highest = Math.max(highest, counter);
      }
    }),
    { numRuns: 60 },
  );
});
