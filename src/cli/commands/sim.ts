/** `flotilla sim`: a simulated cluster, from a seed. */

import { SCENARIOS, type ScenarioName } from '../../sim/playbook.ts';
import { runSimulation, scenarioNames, type SimulationResult } from '../../sim/scenario.ts';
import { say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import * as flags from '../flags.ts';
import { table } from '../output/table.ts';
import { count, span } from '../output/words.ts';
import type { Settings } from '../settings.ts';

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
/** In a scenario's place: names them all. */
const LIST = 'list';

/** Runs as fast as the machine can; virtual time is not real time. */
export async function run(call: Call): Promise<number> {
  const { settings } = call;
  const wanted = settings.get(flags.SCENARIO) ?? SCENARIO_DEFAULT;
  if (wanted === LIST) return list(call);
  const scenario = scenarioOf(wanted);
  const result = runSimulation({
    seed: settings.get(flags.SEED) ?? SEED_DEFAULT,
    nodes: nodesOf(settings, scenario),
    scenario,
    seconds: settings.get(flags.SECONDS),
    nat: settings.get(flags.NAT),
  });
  // The last steps explain a failure; of a good run nobody wants them.
  const { story: _, ...facts } = result;
  if (call.json) writeJson(call, { schema: 1, ...facts, ...rounded(result) });
  else for (const line of page(result)) writeLine(call, line);
  if (result.failure !== undefined) tellFailure(call, result);
  return Promise.resolve(SIM_EXIT[result.outcome]);
}

/** The scenarios with what they are about and the fewest nodes they make sense with. */
function list(call: Call): number {
  const scenarios = scenarioNames.map((name) => {
    const { about, nodes, least } = SCENARIOS[name];
    return { name, about, nodes, least };
  });
  const rows = scenarios.map((one) => [one.name, `${String(one.least)}+ nodes`, one.about]);
  if (call.json) writeJson(call, { schema: 1, scenarios });
  else for (const line of table(rows)) writeLine(call, line);
  return EXIT.done;
}

function scenarioOf(text: string): ScenarioName {
  const found = scenarioNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UsageError(
    'scenario-unknown',
    `There is no scenario "${text}".`,
    `There are ${scenarioNames.join(', ')}; \`--scenario list\` tells what they are about.`,
  );
}

/** The simulator would take more without a word; who counts nodes wants to be told. */
function nodesOf(settings: Settings, scenario: ScenarioName): number {
  const { nodes: usual, least } = SCENARIOS[scenario];
  const nodes = settings.get(flags.NODES) ?? usual;
  if (nodes >= least) return nodes;
  const source = settings.origin(flags.NODES)?.source ?? '--nodes';
  const fewest = count(least, 'node');
  throw new UsageError(
    'nodes-too-few',
    `${source}: the scenario ${scenario} needs at least ${fewest}, not ${String(nodes)}.`,
    'Take more nodes, or see `flotilla sim --scenario list`.',
  );
}

/** The figures without the noise of arithmetic: times in whole milliseconds, rates to a tenth. */
function rounded(result: SimulationResult): object {
  const { formedMs, healedMs, virtualSeconds, traffic } = result;
  const whole = (ms: number | null): number | null => (ms === null ? null : Math.round(ms));
  const tenths = Object.entries(traffic).map(([key, value]: [string, number | null]) => [
    key,
    value === null ? null : Math.round(value * 10) / 10,
  ]);
  return {
    formedMs: whole(formedMs),
    healedMs: healedMs.map(whole),
    virtualSeconds: Math.round(virtualSeconds * 1_000) / 1_000,
    traffic: Object.fromEntries(tenths) as object,
  };
}

function page(result: SimulationResult): readonly string[] {
  const { scenario, seed, nodes, suite, outcome, formedMs, healedMs } = result;
  const sent = result.traffic.sentPerSecond;
  const rows = [
    ['scenario', `${scenario}: ${SCENARIOS[scenario].about}`],
    ['seed', String(seed)],
    ['nodes', String(nodes)],
    ['ciphers', suite],
    ['outcome', outcome],
    ['formed', healTime(formedMs)],
    ...(healedMs.length === 0 ? [] : [['healed', healedMs.map(healTime).join(', ')]]),
    ...(sent === null ? [] : [['traffic', `${sent.toFixed(0)} B/s sent by a node on average`]]),
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
  const seconds = call.settings.get(flags.SECONDS);
  const again = [
    `--seed ${String(seed)} --nodes ${String(nodes)} --scenario ${scenario}`,
    ...(seconds === undefined ? [] : [`--seconds ${String(seconds)}`]),
    ...(call.settings.on(flags.NAT) ? ['--nat'] : []),
  ].join(' ');
  say(call, `The same again: flotilla sim ${again}`);
}
