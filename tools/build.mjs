/**
 * Bundles the command line and the library into dist/, their dependencies included, so that a
 * daemon starts from a few files. What is loaded with `import()` becomes a chunk of its own, read
 * only when used.
 */
import { chmod, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const main = join(dist, 'cli', 'main.js');

const { outputFiles, metafile } = await build({
  absWorkingDir: root,
  entryPoints: { 'cli/main': 'src/cli/main.ts', index: 'src/index.ts', v1: 'src/v1.ts' },
  outdir: dist,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  // The lowest Node in package.json's engines.
  target: 'node20.19',
  sourcemap: 'linked',
  legalComments: 'eof',
  // CommonJS dependencies ask for Node's modules with `require`, which ES modules lack.
  banner: {
    js: [
      "import { createRequire as createRequire_ } from 'node:module';",
      'const require = createRequire_(import.meta.url);',
    ].join('\n'),
  },
  logLevel: 'warning',
  metafile: true,
  write: false,
}).catch(() => process.exit(1)); // esbuild has said what is wrong, and where.

const first = outputFiles.find((file) => file.path === main);
if (!first?.text.startsWith('#!')) {
  throw new Error('src/cli/main.ts must begin with #!/usr/bin/env node');
}

// Chunks before the entries that name them, each in one move: a program started meanwhile finds
// either the old bundle or the new one, whole.
const entriesLast = [...outputFiles].sort((a, b) => isEntry(a.path) - isEntry(b.path));
for (const { path, contents } of entriesLast) {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  await writeFile(draft, contents);
  if (path === main) await chmod(draft, 0o755);
  await rename(draft, path);
}

const written = new Set(outputFiles.map(({ path }) => path));
const chunks = join(dist, 'chunks');
for (const name of await readdir(chunks).catch(() => [])) {
  if (!written.has(join(chunks, name))) await rm(join(chunks, name));
}

await writeFile(join(dist, 'LICENSES.txt'), await licensesOf(Object.keys(metafile.inputs)));

/**
 * The licences of the packages whose code is in the bundle: each asks to be handed on with it.
 * @param {string[]} inputs
 */
async function licensesOf(inputs) {
  const folders = inputs.flatMap(
    (path) => /^(node_modules\/(@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [],
  );
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(
      await readFile(join(root, folder, 'package.json'), 'utf8'),
    );
    const file = (await readdir(join(root, folder))).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} comes without the text of its licence`);
    return `${name} ${version} (${license})\n\n${await readFile(join(root, folder, file), 'utf8')}`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(72)}\n\n`);
}

/** @param {string} path */
function isEntry(path) {
  return relative(dist, path).startsWith(`chunks${sep}`) ? 0 : 1;
}
