/**
 * How does a cluster heal while the network loses or delays packets, and how often does it call a
 * node lost that is there? serf stands beside it, on the same nodes, at the same time.
 *
 *     npm run bench:lossy -- [--weather calm,loss,late,burst] [--minutes 4] [--nodes 10]
 *                            [--runs 5] [--scenario S1,S2] [--markdown] [--tabulate FILE]
 *
 * One JSON line a measurement goes to standard output, progress to standard error. `--minutes 0`
 * or `--runs 0` leaves out one half. `--markdown` puts the figures into docs/benchmarks.md;
 * `--tabulate` does so with the lines of earlier runs and measures nothing.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { RivalCluster } from './rivals/cluster.mjs';
import { Serf } from './rivals/serf.mjs';
import { requireRivals } from './rivals/install.mjs';
import { measuredNow } from './document.mjs';
import { updateLossy } from './lossy-table.mjs';

register('./typescript-hooks.mjs', import.meta.url);
const { Cluster } = await import('../test/lab/cluster.ts');
const { play, scenarioOf } = await import('../test/lab/scenario.ts');
const { Verdicts } = await import('../test/lab/verdicts.ts');
const { setLoss, slowDown } = await import('../test/lab/weather.ts');

const { values } = parseArgs({
  options: {
    weather: { type: 'string', default: 'calm,loss,late,burst' },
    minutes: { type: 'string', default: '4' },
    nodes: { type: 'string', default: '10' },
    runs: { type: 'string', default: '5' },
    scenario: { type: 'string', default: 'S1,S2' },
    markdown: { type: 'boolean', default: false },
    tabulate: { type: 'string' },
  },
});

/** How long half of all packets are lost, and how long it takes from one such spell to the next. */
const BURST_MS = 10_000;
const BURST_PERIOD_MS = 30_000;
/** A move that did not heal by then counts as never. */
const BOUND_MS = 60_000;
const HOLD_MS = 5_000;
/** Between two looks at all pairs, in ms. */
const LOOK_PERIOD = 20;

/** @typedef {import('../test/lab/lab.ts').Lab} Lab */
/** `begin` sets in once; `spell` comes again and again, and with each move. */
const weathers = {
  calm: { begin: async () => {} },
  loss: { begin: (/** @type {Lab} */ lab) => setLoss(lab, 20) },
  late: { begin: (/** @type {Lab} */ lab) => slowDown(lab, 300) },
  burst: { begin: async () => {}, spell: burst },
};

if (values.tabulate !== undefined) {
  const lines = readFileSync(values.tabulate, 'utf8').trim().split('\n');
  await updateLossy(lines.map((line) => JSON.parse(line)));
} else {
  const results = [];
  requireRivals([Serf]);
  for (const weather of values.weather.split(',')) {
    if (weathers[weather] === undefined) throw new Error(`no weather is named ${weather}`);
    if (Number(values.minutes) > 0) results.push(...(await judge(weather)));
    if (Number(values.runs) === 0) continue;
    for (const name of values.scenario.split(',')) results.push(await heal(weather, name));
  }
  if (values.markdown) await updateLossy(results);
}

/** Nobody moves or dies, so each verdict is false. */
async function judge(weather) {
  const nodes = Number(values.nodes);
  const cluster = await Cluster.start({ nodes });
  const verdicts = new Verdicts();
  const serfs = [];
  try {
    for (const settings of [{ profile: 'lan' }, { profile: 'wan', port: 7_947, rpcPort: 7_374 }]) {
      serfs.push(await RivalCluster.start(cluster.lab, Serf, { settings, ownsLab: false }));
    }
    await Promise.all(serfs.map((serf) => serf.quiet()));
    await weathers[weather].begin(cluster.lab);
    await Promise.all(cluster.daemons.map((daemon) => verdicts.follow(daemon)));
    const before = serfs.map(({ rival }) => rival.verdicts());
    const began = performance.now();
    say(`${weather}: ${values.minutes} minutes of peace for ${nodes} nodes`);
    await weatherFor(weather, cluster.lab, Number(values.minutes) * 60_000);
    const nodeHours = (nodes * (performance.now() - began)) / 3_600_000;
    const own = (type) => verdicts.all.filter((verdict) => verdict.type === type).length;
    const rows = [{ system: 'flotilla', lost: own('lost'), suspect: own('suspect') }];
    for (const [index, { rival }] of serfs.entries()) {
      const now = rival.verdicts();
      const { lost, suspect } = before[index];
      const system = `serf ${rival.profile}`;
      rows.push({ system, lost: now.lost - lost, suspect: now.suspect - suspect });
    }
    return rows.map((row) => tell({ type: 'verdicts', weather, nodes, nodeHours, ...row }));
  } finally {
    verdicts.close();
    for (const serf of serfs) await serf.close();
    await cluster.close();
  }
}

/** Lets the weather go on for so many ms. */
async function weatherFor(weather, lab, durationMs) {
  const { spell } = weathers[weather];
  const until = performance.now() + durationMs;
  while (performance.now() < until) {
    const period = performance.now() + BURST_PERIOD_MS;
    await spell?.(lab);
    await pause(Math.max(0, Math.min(until, period) - performance.now()));
  }
}

/** Half of all packets are lost for ten seconds. */
async function burst(/** @type {Lab} */ lab) {
  await setLoss(lab, 50);
  await pause(BURST_MS);
  await setLoss(lab, 0);
}

/** One cluster; the scenario happens in it so many times, in such weather. */
async function heal(weather, name) {
  const scenario = scenarioOf(name);
  const cluster = await Cluster.start({ nodes: scenario.nodes });
  const healed = [];
  try {
    await weathers[weather].begin(cluster.lab);
    const judged = judgedByAddress(cluster);
    const options = { boundMs: BOUND_MS, holdMs: HOLD_MS, gapMs: 0 };
    for (let run = 0; run < Number(values.runs); run += 1) {
      await pause(5_000 + Math.random() * 600);
      const spell = weathers[weather].spell?.(cluster.lab);
      const [{ healedMs }] = await play(judged, scenario, options);
      await spell;
      healed.push(healedMs ?? null);
      say(
        `${weather} ${name} run ${run + 1}: healed in ${((healedMs ?? NaN) / 1000).toFixed(2)} s`,
      );
    }
  } finally {
    await cluster.close();
  }
  const [key, title] = [scenario.name, scenario.title];
  return tell({ type: 'heal', weather, scenario: key, title, healed });
}

/**
 * The same cluster, judged by DESIGN's word alone: each pair holds the right address with proof
 * `direct`. That a lost packet makes somebody `suspect` for a moment is what the other half of
 * this benchmark counts.
 */
function judgedByAddress(cluster) {
  const bad = () =>
    cluster.daemons.flatMap((one) =>
      cluster.daemons.filter((other) => {
        const shown = one.view.get(other.name);
        const host = shown?.address?.replace(/:\d+$/, '');
        const right = host === cluster.lab.address(other.index);
        return one !== other && !(right && shown.proof === 'direct' && shown.state !== 'lost');
      }),
    ).length;
  const healed = async ({ sinceMs, boundMs, holdMs }) => {
    let goodSince;
    for (;;) {
      const now = performance.now();
      goodSince = bad() > 0 ? undefined : (goodSince ?? now);
      if (goodSince !== undefined && now - goodSince >= holdMs) {
        return { healedMs: goodSince - sinceMs };
      }
      if (goodSince === undefined && now - sinceMs >= boundMs) return { healedMs: undefined };
      await pause(LOOK_PERIOD);
    }
  };
  return { lab: cluster.lab, daemons: cluster.daemons, daemon: (i) => cluster.daemon(i), healed };
}

function tell(result) {
  const line = { ...result, boundMs: BOUND_MS, measured: measuredNow() };
  console.log(JSON.stringify(line));
  return line;
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}
