/**
 * Builds the swarm for running: the simulator in one file, with the private fields of the machine
 * opened so that a census can count them, and, for a mutant, one fragment of one source replaced.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What private fields are called in this build; src/sim/swarm/census.ts takes it off again. */
const OPENED = 'private_';

/** Folders whose private fields a census looks into. */
const COUNTED = ['base', 'core'].map((folder) => `src/${folder}/`);

/**
 * Bundles the swarm and returns the text. `mutant`: `{ file, find, put }`, a fragment that must be
 * in that file exactly once, and what takes its place.
 * @param {{ file: string, find: string, put: string } | undefined} [mutant]
 */
export async function bundleSwarm(mutant) {
  const edits = mutant === undefined ? [] : [mutant, ...(mutant.also ?? [])];
  const replaced = new Set();
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/sim/swarm/index.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    write: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'open-and-mutate',
        setup({ onLoad }) {
          onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
            const file = relative(root, path).split(sep).join('/');
            let contents = await readFile(path, 'utf8');
            for (const edit of edits) {
              if (file !== edit.file) continue;
              contents = replaceOnce(contents, edit);
              replaced.add(edit);
            }
            if (COUNTED.some((folder) => file.startsWith(folder))) contents = open(contents);
            return { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
  const unused = edits.find((edit) => !replaced.has(edit));
  if (unused !== undefined) throw new Error(`nothing imports ${unused.file}`);
  return outputFiles[0]?.text ?? '';
}

/**
 * Bundles the swarm and loads it.
 * @param {{ file: string, find: string, put: string } | undefined} [mutant]
 * @param {string} [name] of the file that it is loaded from, for stack traces
 */
export async function loadSwarm(mutant, name = 'swarm') {
  const folder = await mkdtemp(join(tmpdir(), 'swarm-'));
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, await bundleSwarm(mutant));
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param {string} contents @param {{ file: string, find: string, put: string }} mutant */
export function replaceOnce(contents, { file, find, put }) {
  const parts = contents.split(find);
  if (parts.length !== 2) {
    const times = `${String(parts.length - 1)} times`;
    throw new Error(`a mutant's fragment is ${times} in ${file}, not once:\n${find}`);
  }
  return parts.join(put);
}

/** Private fields become public ones of another name; words in comments do no harm. */
function open(contents) {
  return contents.replace(/#(?=[a-zA-Z]\w*)(?<!['"`&]#)/g, OPENED);
}
