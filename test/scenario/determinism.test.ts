import { describe, expect, it } from 'vitest';
import { runSimulation, scenarioNames, suiteFor } from '../../src/sim/scenario.ts';
import { BUSY } from './runs.ts';

function hashOf(seed: number, nat = false): string {
  const options = { seed, nodes: 3, scenario: 'swarm', seconds: 8, nat } as const;
  return runSimulation(options).traceHash;
}

describe('a simulation', { timeout: BUSY }, () => {
  it('is the same from the same seed, to the last octet', () => {
    expect(hashOf(5)).toBe(hashOf(5));
  });

  it('is another from another seed, and with routers', () => {
    expect(new Set([hashOf(5), hashOf(6), hashOf(5, true)]).size).toBe(3);
  });

  it('uses the real suite up to fifty nodes and says when it does not', () => {
    expect(suiteFor(undefined, 50).name).not.toMatch(/not secure/);
    expect(suiteFor(undefined, 51).name).toMatch(/not secure/);
    expect(suiteFor('real', 51).name).not.toMatch(/not secure/);
  });

  it('adds nodes when a scenario makes no sense with fewer', () => {
    const options = { seed: 1, nodes: 1, scenario: 'S2', suite: 'stand-in' } as const;
    expect(runSimulation(options).nodes).toBe(3);
  });

  it('knows the scenarios of the benchmark', () => {
    expect(scenarioNames).toEqual(expect.arrayContaining(['S1', 'S5b', 'S8', 'power-cut']));
  });
});
