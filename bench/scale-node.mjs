/**
 * One node of a cluster of so many members, alone in its process and with the real cipher suite:
 * what it keeps of members that it knows by their acts and records, and how long its start takes.
 * Writes into docs/scale.md; with `--json` the figures alone.
 *
 *   node bench/scale-node.mjs [--members 10,1000,10000] [--flags '--no-opt …'] [--json]
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { tmpdir } from 'node:os';
import { build } from 'esbuild';
import { machine } from './scale-machine.mjs';
import { writeNode } from './scale-table.mjs';

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '10,1000,10000' },
    // Of V8, to see where memory goes; with --json, or the table tells of something else.
    flags: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'flotilla-node-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
await build({
  absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
  entryPoints: ['bench/scale-node-make.mjs', 'bench/scale-node-run.mjs'],
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'error',
});

const run = promisify(execFile);
for (const members of values.members.split(',')) {
  const documents = join(folder, `${members}.json`);
  // Made in another process, so that the one measured holds nothing of the making.
  await run(process.execPath, [join(folder, 'scale-node-make.mjs'), members, documents]);
  const figures = await measure(documents);
  // The same in a process that collects its youngest objects after each megabyte.
  const { residentMb: sparingMb } = await measure(documents, '--max-semi-space-size=1');
  const all = { ...figures, sparingMb };
  if (values.json) console.log(JSON.stringify(all));
  else await writeNode(all, machine());
}

/**
 * @param {string} documents
 * @param {readonly string[]} flags of V8
 */
async function measure(documents, ...flags) {
  const program = [join(folder, 'scale-node-run.mjs'), documents];
  const given = values.flags.split(' ').filter((flag) => flag !== '');
  const all = ['--expose-gc', ...given, ...flags];
  const { stdout } = await run(process.execPath, [...all, ...program]);
  return JSON.parse(stdout);
}
