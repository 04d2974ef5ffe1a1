/**
 * Nodes of protocol 1: how fast a mixed cluster heals at a 1 s interval, and what a thousand of
 * them cost one daemon. Figures as JSON lines; `--markdown` puts them into docs/v1-figures.md too.
 *
 *     node bench/v1.mjs [--runs 5] [--peers 1000] [--seconds 60] [--only heal|cost] [--markdown]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Crowd } from './v1-crowd.mjs';
import { writeFigures } from './v1-page.mjs';

register('./typescript-hooks.mjs', import.meta.url);
const { V1World } = await import('../test/lab/v1-world.ts');

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    peers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    only: { type: 'string' },
    markdown: { type: 'boolean', default: false },
  },
});

/** Time-outs in ms: what has not healed by then never does, as far as this bench is concerned. */
const CAP = 60_000;
/** Apart from each other, so that no heal meets the rest of the one before. */
const GAP = 6_000;

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** Who is ours and who an original of three nodes, and who moves. */
const mixes = [
  { title: 'three of ours, two move', ours: [0, 1, 2], originals: [], movers: [1, 2] },
  { title: 'two of ours move, an original stays', ours: [0, 1], originals: [2], movers: [0, 1] },
  { title: 'ours and an original move', ours: [0, 1], originals: [2], movers: [1, 2] },
  { title: 'two originals move, ours stays', ours: [0], originals: [1, 2], movers: [1, 2] },
];

const figures = [];
if (values.only !== 'cost') for (const mix of mixes) figures.push(await measureHeal(mix));
if (values.only !== 'heal') figures.push(await measureCost());
if (values.markdown) writeFigures(figures);

/** Moves them again and again, and sees how long everyone needs to know where everyone is. */
async function measureHeal({ title, ours, originals, movers }) {
  const world = await V1World.open({ nodes: 3 });
  const heals = [];
  try {
    await Promise.all(ours.map((index) => world.startOurs(index)));
    for (const index of originals) {
      // Originals know each other as well.
      world.startOriginal(index, [...ours, ...originals.filter((other) => other !== index)]);
    }
    for (const one of ours) {
      for (const other of [...ours, ...originals].filter((index) => index !== one)) {
        await world.introduce(one, `n${other}`, world.endpoint(other));
      }
    }
    await world.healed(CAP);
    for (let run = 0; run < Number(values.runs); run += 1) {
      // At any phase of the second.
      await pause(GAP + (run * 1_000) / Number(values.runs));
      await world.healed(CAP);
      await world.lab.move(movers);
      heals.push(await world.healed(CAP).catch(() => null));
      console.error(title, heals.at(-1));
    }
  } finally {
    await world.close();
  }
  return say({ what: 'heal', title, healMs: heals.map((ms) => ms && Math.round(ms)) });
}

/** A crowd beats at one daemon every 10 s: what that takes of a core and of memory. */
async function measureCost() {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-bench-v1-'));
  const state = join(folder, 'state');
  const file = join(folder, 'export.json');
  const port = 28_290;
  const common = ['--state', state];
  const up = ['up', '--name', 'cellar', '--port', '0', '--lan', 'off', '--dns', 'off'];
  const serve = ['--api', 'off', '--v1', `127.0.0.1:${port}`];
  const daemon = spawn(process.execPath, [program, ...up, ...serve, ...common], {
    stdio: 'ignore',
  });
  try {
    await until(async () => (await command(['status', ...common])) === 0);
    const idleKb = costOf(daemon.pid).residentKb;
    const crowd = new Crowd({ port, peers: Number(values.peers), intervalMs: 10_000 });
    writeFileSync(file, crowd.file('cellar'), { mode: 0o600 });
    if ((await command(['v1', 'import', file, ...common])) !== 0) throw new Error('no import');
    crowd.beat();
    // Two intervals: all connections are open, and what came before is over.
    await pause(25_000);
    const [before, began] = [costOf(daemon.pid), performance.now()];
    const answered = crowd.good;
    await pause(Number(values.seconds) * 1_000);
    const [after, seconds] = [costOf(daemon.pid), (performance.now() - began) / 1_000];
    crowd.stop();
    return say({
      what: 'cost',
      peers: Number(values.peers),
      heartbeatsPerS: round((crowd.good - answered) / seconds),
      refused: crowd.bad,
      cpuPercent: round(((after.cpuSeconds - before.cpuSeconds) / seconds) * 100),
      residentMb: round(after.residentKb / 1_000),
      peakMb: round(after.peakKb / 1_000),
      idleMb: round(idleKb / 1_000),
      answerMs: crowd.latency(),
    });
  } finally {
    daemon.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** CPU time of all threads so far, and resident memory now and at its highest. */
function costOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
  // proc(5): user and system time are the 14th and 15th field, in ticks of 10 ms.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
  return { cpuSeconds, residentKb: kilobytes('VmRSS'), peakKb: kilobytes('VmHWM') };
}

function command(words) {
  const child = spawn(process.execPath, [program, ...words], { stdio: 'ignore' });
  return new Promise((resolve) => child.once('exit', resolve));
}

async function until(fits) {
  const end = performance.now() + 20_000;
  while (!(await fits())) {
    if (performance.now() > end) throw new Error('the daemon does not serve');
    await pause(100);
  }
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function say(figure) {
  console.log(JSON.stringify(figure));
  return figure;
}
