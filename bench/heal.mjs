/**
 * How fast does a cluster find itself again, and what does it cost while nothing happens?
 *
 *     npm run bench:heal -- [--runs 20] [--scenario S1,S2,…] [--nat] [--hold 5] [--gap 20]
 *                           [--reuse] [--markdown]
 *     npm run bench:heal -- --peers [--systems flotilla,serf,nebula,tinc,yggdrasil] [--cap 60]
 *                           [--tabulate FILE] [the options above, without --reuse]
 *
 * Scenarios are those of test/lab/scenario.ts, and `idle`. Each run starts a cluster of its own;
 * with `--reuse` one cluster serves all runs of a scenario, which takes half the time. One JSON
 * line a run goes to standard output, progress to standard error. `--markdown` puts the figures
 * into docs/benchmarks.md.
 *
 * `--peers` measures our rivals too, side by side (bench/peers.mjs, docs/rivals.md). Nobody waits
 * longer than `--cap` seconds for a heal; what takes longer counts as never. `--tabulate` makes the
 * tables from the lines that earlier runs printed, and measures nothing.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { parseArgs } from 'node:util';
import { measuredNow } from './document.mjs';
import { measureIdle } from './idle.mjs';
import { updatePeers } from './peers-table.mjs';
import { allSystems, comparePeers } from './peers.mjs';
import { updateBenchmarks } from './table.mjs';

register('./typescript-hooks.mjs', import.meta.url);
const { Cluster } = await import('../test/lab/cluster.ts');
const { Lab } = await import('../test/lab/lab.ts');
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
    peers: { type: 'boolean', default: false },
    systems: { type: 'string', default: allSystems },
    cap: { type: 'string', default: '60' },
    tabulate: { type: 'string' },
  },
});

/** The default heartbeat: trouble comes at any phase of it. */
const BEAT_MS = 600;

const options = {
  boundMs: seconds(values.cap),
  holdMs: seconds(values.hold),
  gapMs: seconds(values.gap),
};
if (values.tabulate !== undefined) {
  const lines = readFileSync(values.tabulate, 'utf8').trim().split('\n');
  await updatePeers(
    lines.map((line) => JSON.parse(line)),
    scenarios,
  );
} else if (values.peers) await peers();
else await alone();

/** Our own figures. */
async function alone() {
  const rows = [];
  for (const name of values.scenario.split(',')) {
    if (name === 'idle') rows.push(await idle());
    else rows.push(await measure(scenarioOf(name), Number(values.runs)));
  }
  if (values.markdown) await updateBenchmarks(rows, { reuse: values.reuse });
}

/** Ours beside those of our rivals. */
async function peers() {
  const results = [];
  const asked = {
    systems: values.systems.split(','),
    scenarios: values.scenario.split(','),
    runs: Number(values.runs),
    nat: values.nat,
    play: options,
  };
  await comparePeers(asked, { Cluster, Lab, play, scenarioOf }, (result) => {
    const { boundMs, holdMs } = options;
    const line = { ...result, boundMs, holdMs, measured: measuredNow() };
    results.push(line);
    console.log(JSON.stringify(line));
    say(`${label(result.scenario)} run ${result.run + 1}, ${result.system}: ${wordsFor(result)}`);
  });
  if (values.markdown) await updatePeers(results, scenarios);
}

function wordsFor({ error, rounds }) {
  if (error !== undefined) return error;
  if (rounds === undefined) return 'measured';
  const shown = rounds.map(({ healedMs }) => ((healedMs ?? Infinity) / 1000).toFixed(2));
  return `healed in ${shown.join(', ').replaceAll('Infinity', `> ${values.cap}`)} s`;
}

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
  await cluster.healed({ sinceMs: performance.now(), boundMs: options.boundMs, holdMs: 1_000 });
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
