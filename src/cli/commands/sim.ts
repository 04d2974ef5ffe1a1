/** `flotilla sim`: a simulated cluster, from a seed. */

import { SCENARIOS, type ScenarioName } from '../../sim/playbook.ts';
import { runSimulation, scenarioNames, type SimulationResult } from '../../sim/scenario.ts';
import { say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import * as flags from '../flags.ts';
import { table } from '../output/table.ts';
import { span } from '../output/words.ts';

/** Exit codes by what a run came to, so that a search for seeds knows what it found. */
export const SIM_EXIT: Readonly<Record<SimulationResult['outcome'], number>> = {
  converged: EXIT.done,
  crash: 10,
  safety: 11,
  liveness: 12,
};

/** Trouble of every kind at once. */
const SCENARIO_DEFAULT: ScenarioName = 'swarm';
const SEED_DEFAULT = 1;

/** Runs as fast as the machine can; virtual time is not real time. */
export async function run(call: Call): Promise<number> {
  const { settings } = call;
  const scenario = scenarioOf(settings.get(flags.SCENARIO) ?? SCENARIO_DEFAULT);
  const result = runSimulation({
    seed: settings.get(flags.SEED) ?? SEED_DEFAULT,
    nodes: settings.get(flags.NODES) ?? SCENARIOS[scenario].nodes,
    scenario,
    seconds: settings.get(flags.SECONDS),
  });
  // The last steps explain a failure; of a good run nobody wants them.
  const { story: _, ...facts } = result;
  if (call.json) writeJson(call, { schema: 1, ...facts });
  else for (const line of page(result)) writeLine(call, line);
  if (result.failure !== undefined) tellFailure(call, result);
  return Promise.resolve(SIM_EXIT[result.outcome]);
}

function scenarioOf(text: string): ScenarioName {
  const found = scenarioNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UsageError(
    'scenario-unknown',
    `There is no scenario "${text}".`,
    `There are ${scenarioNames.join(', ')}.`,
  );
}

function page(result: SimulationResult): readonly string[] {
  const { scenario, seed, nodes, suite, outcome, formedMs, healedMs, traffic } = result;
  const rows = [
    ['scenario', `${scenario}: ${SCENARIOS[scenario].about}`],
    ['seed', String(seed)],
    ['nodes', String(nodes)],
    ['ciphers', suite],
    ['outcome', outcome],
    ['formed', healTime(formedMs)],
    ...(healedMs.length === 0 ? [] : [['healed', healedMs.map(healTime).join(', ')]]),
    ['traffic', `${traffic.sentPerSecond.toFixed(0)} B/s sent by a node on average`],
    ['virtual', `${result.virtualSeconds.toFixed(1)} s, ${String(result.steps)} steps`],
    ['trace', result.traceHash],
  ];
  return table(rows);
}

function healTime(ms: number | null): string {
  return ms === null ? 'not in time' : span(ms);
}

function tellFailure(call: Call, result: SimulationResult): void {
  const { outcome, failure = '', story, seed, nodes, scenario } = result;
  for (const line of story) say(call, `  ${line}`);
  say(call, `${outcome}: ${failure}`);
  const again = `--seed ${String(seed)} --nodes ${String(nodes)} --scenario ${scenario}`;
  say(call, `The same again: flotilla sim ${again}`);
}
