import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { WorldDescription } from '../../src/sim/swarm/description.ts';
import { loadSwarm } from './swarm.ts';

/** A world that once broke a rule: what it found, which rule, and what was done about it. */
interface Regression {
  readonly found: string;
  readonly rule: string;
  /** Drawn from this seed; or the world itself, shrunk. */
  readonly seed?: number;
  readonly world?: WorldDescription;
  /** Rounds a node may begin in the quiet at the end. */
  readonly roundsMax?: number;
}

const regressions = JSON.parse(
  readFileSync(new URL('regressions.json', import.meta.url), 'utf8'),
) as readonly Regression[];

const { drawWorld, runWorld, standInSuite } = await loadSwarm();

describe('a world that once failed', { timeout: 120_000 }, () => {
  it.each(regressions)('does so no more: $found', ({ seed, world, roundsMax }) => {
    const replayed = world ?? drawWorld(seed ?? 1);
    const { outcome, failure, meters } = runWorld(replayed, { suite: standInSuite });
    expect(outcome, failure).toBe('converged');
    expect(meters.rounds).toBeLessThanOrEqual(roundsMax ?? Infinity);
  });

  it('is kept as a seed or as a world, never as neither', () => {
    for (const { seed, world } of regressions) expect(seed ?? world).toBeDefined();
  });
});
