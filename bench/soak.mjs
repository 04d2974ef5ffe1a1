/**
 * Does anything grow? Real nodes that move and restart for an hour, looked at once a minute.
 *
 *     npm run bench:soak -- [--minutes 60] [--nodes 10] [--seed N] [--markdown]
 *
 * Every ten seconds one node, now and then several, gets a fresh address; every thirty seconds one
 * of the last three is restarted, in turn by `down` and by SIGKILL. The others are never
 * restarted: their memory and handles are what is judged. One JSON line a minute goes to standard
 * output. Exit 1 when the verdict is bad.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { register } from 'node:module';
import { parseArgs } from 'node:util';
import { judge, writeSoakPage } from './soak-page.mjs';

register('./typescript-hooks.mjs', import.meta.url);
const { Cluster } = await import('../test/lab/cluster.ts');
const { pause } = await import('../test/lab/scenario.ts');
const { SeededRandom } = await import('../src/base/random.ts');

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    nodes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 0xffff_ffff) },
    markdown: { type: 'boolean', default: false },
  },
});

const nodes = Number(values.nodes);
/** The last ones are restarted, the others live through it all. */
const RESTARTED = Array.from({ length: 3 }, (_, index) => nodes - 1 - index);
const MOVE_EVERY = 10_000;
/** A restart comes with every third move. */
const RESTART_EVERY = 3;
const MOVES_A_MINUTE = 6;
/** What is not whole by then counts as not healed before the next move. */
const HEAL_BOUND = 8_000;
/** Words in a daemon's log that no hour may bring. */
const ALARMING = /unhandled|rejection|invariant|TypeError|RangeError|EMFILE|heap out of memory/i;

const random = new SeededRandom(Number(values.seed));
const cluster = await Cluster.start({ nodes });
const samples = [];
let turn = 0;
say(`seed ${values.seed}`);
try {
  await pause(15_000);
  let last = look();
  for (let minute = 1; minute <= Number(values.minutes); minute += 1) {
    const heals = [];
    for (let move = 0; move < MOVES_A_MINUTE; move += 1) heals.push(await oneTurn());
    const now = look();
    const sample = { minute, ...(await sampleOf(last, now)), ...healsOf(heals) };
    last = now;
    samples.push(sample);
    console.log(JSON.stringify(sample));
    say(`minute ${minute}: ${sample.residentMb.join(' ')} MB, handles ${sample.handles.join(' ')}`);
  }
} finally {
  await cluster.close();
}
const verdict = judge(samples);
for (const { holds, words } of verdict) say(`${holds ? 'ok' : 'BAD'}: ${words}`);
if (values.markdown) await writeSoakPage(samples, { nodes, seed: values.seed });
process.exitCode = verdict.every(({ holds }) => holds) ? 0 : 1;

/** A move, perhaps a restart, and the rest of ten seconds; how long it took to heal, in ms. */
async function oneTurn() {
  const began = performance.now();
  turn += 1;
  const count = random.below(4) === 0 ? 1 + random.below(Math.floor(nodes / 2)) : 1;
  const movers = random.shuffle(Array.from({ length: nodes }, (_, index) => index)).slice(0, count);
  const { beganMs } = await cluster.lab.move(movers);
  const restarts = turn % RESTART_EVERY === 0;
  if (restarts) await restart(RESTARTED[(turn / RESTART_EVERY) % RESTARTED.length]);
  const healing = { sinceMs: beganMs, boundMs: HEAL_BOUND, holdMs: 300 };
  const { healedMs, bad } = await cluster.healed(healing);
  if (healedMs === undefined) say(`  not healed: ${bad.slice(0, 3).join(' | ')}`);
  await pause(Math.max(0, began + MOVE_EVERY - performance.now()));
  return { healedMs, restarts };
}

/** Ends a daemon as an operator does, or as a power cut does. */
async function restart(index) {
  const daemon = cluster.daemon(index);
  if (random.below(2) === 0) await daemon.command(['down']);
  await daemon.kill();
  await cluster.launch(index);
}

/** Processor time and traffic so far, of those that are never restarted. */
function look() {
  const steady = cluster.daemons.filter(({ index }) => !RESTARTED.includes(index));
  return {
    at: performance.now(),
    steady,
    traffic: steady.map(({ index }) => cluster.lab.traffic(index)),
  };
}

async function sampleOf(before, now) {
  const seconds = (now.at - before.at) / 1000;
  const [then, since] = await Promise.all(
    [before.traffic, now.traffic].map((all) => Promise.all(all)),
  );
  const rate = (name) =>
    since.map((line, at) => Math.round((line[name] - then[at][name]) / seconds));
  return {
    residentMb: now.steady.map(({ pid }) => residentMb(pid)),
    handles: now.steady.map(({ pid }) => handles(pid)),
    receivedPerS: rate('receivedBytes'),
    sentPerS: rate('sentBytes'),
    alarms: cluster.daemons.flatMap((daemon) => alarmsOf(daemon)),
    ended: now.steady.filter(({ pid }) => Number.isNaN(residentMb(pid))).map(({ name }) => name),
  };
}

function healsOf(heals) {
  const times = heals.map(({ healedMs }) => healedMs);
  const restarts = heals.filter((heal) => heal.restarts).length;
  return { restarts, healedMs: times.map((ms) => (ms === undefined ? null : Math.round(ms))) };
}

/** NaN when the process is gone. */
function residentMb(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 102.4) / 10;
  } catch {
    return Number.NaN;
  }
}

function handles(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return Number.NaN;
  }
}

function alarmsOf(daemon) {
  const words = daemon.lastWords();
  return ALARMING.test(words) ? [`${daemon.name}: ${words}`] : [];
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}
