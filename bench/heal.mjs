/**
 * How fast does a cluster find itself again, and what does it cost while nothing happens?
 *
 *     npm run bench:heal -- [--runs 20] [--scenario S1,S2,…] [--nat] [--hold 5] [--gap 20]
 *                           [--reuse] [--markdown]
 *
 * Scenarios are those of test/lab/scenario.ts, and `idle`. Each run starts a cluster of its own;
 * with `--reuse` one cluster serves all runs of a scenario, which takes half the time. One JSON
 * line a run goes to standard output, progress to standard error. `--markdown` puts the figures
 * into docs/benchmarks.md.
 */
import { register } from 'node:module';
import { parseArgs } from 'node:util';
import { measureIdle } from './idle.mjs';
import { updateBenchmarks } from './table.mjs';

register('./typescript-hooks.mjs', import.meta.url);
const { Cluster } = await import('../test/lab/cluster.ts');
const { pause, play, scenarioOf, scenarios } = await import('../test/lab/scenario.ts');

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    scenario: { type: 'string', default: [...scenarios.map(({ name }) => name), 'idle'].join(',') },
    nat: { type: 'boolean', default: false },
    hold: { type: 'string', default: '5' },
    gap: { type: 'string', default: '20' },
    reuse: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
});

/** Nobody waits longer for a heal; what takes longer counts as never. */
const BOUND_MS = 60_000;
/** The default heartbeat: trouble comes at any phase of it. */
const BEAT_MS = 600;

const options = {
  boundMs: BOUND_MS,
  holdMs: seconds(values.hold),
  gapMs: seconds(values.gap),
};
const rows = [];
for (const name of values.scenario.split(',')) {
  if (name === 'idle') rows.push(await idle());
  else rows.push(await measure(scenarioOf(name), Number(values.runs)));
}
if (values.markdown) await updateBenchmarks(rows, { reuse: values.reuse });

/**
 * Runs a scenario so many times; one figure a round.
 * @param {import('../test/lab/scenario.ts').Scenario} scenario
 * @param {number} runs
 */
async function measure(scenario, runs) {
  const healed = [];
  let breaks = 0;
  let cluster;
  for (let run = 0; run < runs; run += 1) {
    let result;
    try {
      cluster ??= await Cluster.start({ nodes: scenario.nodes, homes: values.nat });
      await pause(5_000 + Math.random() * BEAT_MS);
      const rounds = await play(cluster, scenario, options);
      result = { rounds };
    } catch (error) {
      result = { rounds: scenario.rounds.map(() => ({})), error: String(error) };
    }
    healed.push(...result.rounds.map(({ healedMs }) => healedMs));
    breaks += result.rounds.reduce((sum, round) => sum + (round.breaks ?? 0), 0);
    console.log(JSON.stringify({ scenario: scenario.name, nat: values.nat, run, ...result }));
    const shown = result.rounds.map(({ healedMs }) => (healedMs / 1000).toFixed(2)).join(', ');
    say(`${label(scenario.name)} run ${run + 1} of ${runs}: healed in ${shown} s`);
    const whole = result.rounds.every(({ healedMs }) => healedMs !== undefined);
    if (values.reuse && whole) await revive(cluster, scenario);
    else {
      await cluster?.close();
      cluster = undefined;
    }
  }
  await cluster?.close();
  return { type: 'heal', key: label(scenario.name), title: scenario.title, healed, breaks };
}

/** Starts again whoever the scenario killed, so that the cluster can serve once more. */
async function revive(cluster, scenario) {
  const dead = scenario.dead ?? [];
  await Promise.all(dead.map((index) => cluster.launch(index)));
  await cluster.healed({ sinceMs: performance.now(), boundMs: BOUND_MS, holdMs: 1_000 });
}

/** Ten nodes in peace for a minute. */
async function idle() {
  const cluster = await Cluster.start({ nodes: 10, homes: values.nat });
  try {
    // The last of the joining: digests settle, fresh sockets close.
    await pause(15_000);
    say(`${label('idle')}: a minute of peace`);
    const nodes = await measureIdle(cluster, 60_000);
    for (const [index, cost] of nodes.entries()) {
      console.log(JSON.stringify({ scenario: 'idle', nat: values.nat, index, ...cost }));
    }
    return { type: 'idle', key: label('idle'), title: 'ten nodes, one minute', nodes };
  } finally {
    await cluster.close();
  }
}

/** @param {string} name */
function label(name) {
  return values.nat ? `${name} --nat` : name;
}

/** @param {string} text */
function seconds(text) {
  const value = Number(text);
  if (!(value >= 0)) throw new Error(`not a number of seconds: ${text}`);
  return value * 1000;
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}
