import { describe, expect, it } from 'vitest';
import { BUSY, converges, healTimes } from './runs.ts';

const SEEDS = [1, 2];

describe('a cluster that was torn apart', { timeout: BUSY }, () => {
  it('takes an orphan back that was away for two minutes while others moved', () => {
    // After a minute an orphan calls every ten seconds (PROTOCOL §6).
    expect(Math.max(...healTimes('orphan', SEEDS))).toBeLessThanOrEqual(15_000);
  });

  it('grows together again after a minute in halves, with movers on both sides', () => {
    expect(Math.max(...healTimes('partition', SEEDS))).toBeLessThanOrEqual(75_000);
  });

  it('finds one again that heard nobody for half a minute', () => {
    expect(Math.max(...healTimes('one-way', SEEDS))).toBeLessThanOrEqual(75_000);
  });

  it('stays apart when all moved at once, until a human gives one hint each', () => {
    for (const seed of SEEDS) {
      const { healedMs } = converges('S6', { seed });
      expect(healedMs[0]).toBeLessThanOrEqual(2_500);
    }
  });
});

describe('a cluster that grows by invites', { timeout: BUSY }, () => {
  it.each([1, 2, 3])('knows everyone, and survives the move of the first (seed %i)', (seed) => {
    const result = converges('join', { seed, suite: 'real' });
    expect(result.formedMs).toBeLessThanOrEqual(3_000);
    expect(result.healedMs[0]).toBeLessThanOrEqual(2_500);
  });
});
