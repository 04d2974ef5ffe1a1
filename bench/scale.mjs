/**
 * Simulated clusters of thousands: how long they take to form and to heal, what a node sends and
 * keeps, and how fast the simulator is. With `--json` the figures alone, a line after each phase
 * that holds those before it too; else they are written into docs/scale.md.
 *
 *   node bench/scale.mjs [--nodes 10,100,1000] [--phases form,idle,half,part,restart]
 *                        [--apart SECONDS] [--beat MS] [--seed N] [--json]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { machine } from './scale-machine.mjs';
import { writeScale } from './scale-table.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Room for 1,000 nodes of which each keeps 1,000 members, and short-lived objects die young. */
const flags = ['--expose-gc', '--max-semi-space-size=128'];

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
  // A run of an hour that is stopped leaves what its phases measured until then.
  for await (const line of run(plan)) {
    if (values.json) console.log(line);
    else await writeScale(JSON.parse(line), machine());
  }
}

/**
 * One cluster in a process of its own, so that its memory is its own; a line after each phase.
 * @param {object} plan
 */
async function* run(plan) {
  const heap = `--max-old-space-size=${values.heap}`;
  const child = spawn(process.execPath, [...flags, heap, bundle, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Whoever ends this program ends the simulation with it.
  process.once('SIGTERM', () => child.kill());
  const closed = once(child, 'close');
  yield* createInterface({ input: child.stdout });
  const [code] = await closed;
  if (code !== 0) throw new Error(`the simulation ended with ${String(code)}`);
}
