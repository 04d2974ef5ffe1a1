import { describe, expect, it } from 'vitest';
import { bundleSwarm, mutants, notice } from './swarm.ts';

const { MUTANTS, SEEDS_MAX } = await mutants();

/** A world takes about a second, and up to sixty may be needed. */
const PATIENCE = 300_000;

describe('a rule that is switched off', { timeout: PATIENCE }, () => {
  it.each(MUTANTS.filter(({ fast }) => fast))(
    'is noticed by the swarm: $name ($rule)',
    async (mutant) => {
      const noticed = await notice(mutant);
      expect(noticed?.worlds ?? Infinity).toBeLessThanOrEqual(SEEDS_MAX);
    },
  );

  it.each(MUTANTS)('is one fragment of the source as it is now: $name', async (mutant) => {
    await expect(bundleSwarm(mutant)).resolves.toContain('runWorld');
  });

  it('is one of each rule of belief, by a name of its own', () => {
    const rules = new Set(MUTANTS.map(({ rule }) => rule));
    for (const rule of ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', '§2.4', 'bound']) {
      expect([...rules]).toContain(rule);
    }
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  it('must be found exactly once, or the table is out of date', async () => {
    const gone = { name: 'gone', rule: 'B1', find: 'no such words', put: '' };
    await expect(bundleSwarm({ ...gone, file: 'src/core/paths.ts' })).rejects.toThrow(/0 times/);
  });
});
