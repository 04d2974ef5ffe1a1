/**
 * Simulated clusters of thousands: how long they take to form and to heal, what a node sends and
 * keeps, and how fast the simulator is. With `--json` the figures alone; else they are written into
 * docs/scale.md.
 *
 *   node bench/scale.mjs [--nodes 10,100,1000] [--phases form,idle,half,part,restart]
 *                        [--apart SECONDS] [--beat MS] [--seed N] [--json]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { writeScale } from './scale-table.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Room for 1,000 nodes of which each keeps 1,000 members, and short-lived objects die young. */
const flags = ['--expose-gc', '--max-semi-space-size=64'];

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '10,100,1000' },
    phases: { type: 'string', default: 'form,idle,half,part,restart' },
    apart: { type: 'string', default: '60' },
    beat: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    heap: { type: 'string', default: String(Math.floor((totalmem() / 2 ** 20) * 0.75)) },
    json: { type: 'boolean', default: false },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'flotilla-scale-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const bundle = join(folder, 'scale.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['bench/scale-run.mjs'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'error',
});

for (const nodes of values.nodes.split(',').map(Number)) {
  const plan = {
    nodes,
    seed: Number(values.seed),
    beatMs: Number(values.beat),
    apartSeconds: Number(values.apart),
    phases: values.phases.split(','),
  };
  const figures = await run(plan);
  if (values.json) console.log(JSON.stringify(figures));
  else await writeScale(figures, `${new Date().toISOString().slice(0, 10)}, ${machine()}`);
}

/**
 * One cluster in a process of its own, so that its memory is its own.
 * @param {object} plan
 */
function run(plan) {
  const heap = `--max-old-space-size=${values.heap}`;
  const child = spawn(process.execPath, [...flags, heap, bundle, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Whoever ends this program ends the simulation with it.
  process.once('SIGTERM', () => child.kill());
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`the simulation ended with ${String(code)}`));
    });
  });
}

/** What it was measured on; a load far above the number of cores tells of busy neighbours. */
function machine() {
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = Math.round(loadavg()[1]);
  return `Node ${process.versions.node}, ${cpus().length} cores, ${memory} GiB, load ${load}`;
}
