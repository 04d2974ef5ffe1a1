import { SCENARIOS } from '../../src/sim/playbook.ts';
import { runSimulation } from '../../src/sim/scenario.ts';
import type { ScenarioName, SimulationOptions, SimulationResult } from '../../src/sim/scenario.ts';

/** Milliseconds a test may take on a machine that is busy otherwise: ten times its need. */
export const BUSY = 120_000;

/**
 * Runs a scenario with its own number of nodes; a failure throws its story, which is what helps.
 */
export function converges(
  scenario: ScenarioName,
  options: Partial<SimulationOptions> & { readonly seed: number },
): SimulationResult {
  const { nodes } = SCENARIOS[scenario];
  const result = runSimulation({ scenario, nodes, suite: 'stand-in', ...options });
  if (result.outcome === 'converged') return result;
  const { outcome, failure, seed, story } = result;
  const last = story.slice(-40).join('\n');
  throw new Error(`${scenario}, seed ${String(seed)}: ${outcome}: ${failure ?? ''}\n${last}`);
}

/** Times to heal of all rounds of all these seeds, in milliseconds, shortest first. */
export function healTimes(
  scenario: ScenarioName,
  seeds: readonly number[],
  options: Partial<SimulationOptions> = {},
): number[] {
  return seeds
    .flatMap((seed) => converges(scenario, { seed, ...options }).healedMs)
    .map((time) => time ?? Infinity)
    .toSorted((a, b) => a - b);
}

/** The middle one, the later of two. */
export function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}
