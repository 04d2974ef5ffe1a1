import { describe, expect, it } from 'vitest';
import { BUSY, converges } from './runs.ts';

const SEEDS = [1, 2, 3, 4, 5, 6];

describe('a cluster in a world where everything goes wrong', { timeout: BUSY }, () => {
  it.each(SEEDS)('breaks no rule meanwhile and is whole after it (seed %i)', (seed) => {
    const { healedMs } = converges('swarm', { seed, seconds: 20 });
    expect(healedMs).toHaveLength(1);
  });

  it('does so behind home routers too', () => {
    expect(converges('swarm', { seed: 9, seconds: 20, nat: true }).outcome).toBe('converged');
  });
});
