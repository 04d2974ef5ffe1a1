/**
 * The import graph of src/, read straight from the text: type imports and `import()` count too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** File texts by path from src/, with forward slashes: `core/node.ts`. */
export type Sources = ReadonlyMap<string, string>;

/** Which layers each layer may import beside itself. The tsconfig references say the same. */
export const mayImport: ReadonlyMap<string, readonly string[]> = new Map([
  ['base', []],
  ['crypto', ['base']],
  ['wire', ['base', 'crypto']],
  ['core', ['base', 'crypto', 'wire']],
  // The original's protocol: a machine of its own, which knows nothing of v2.
  ['v1', ['base', 'crypto']],
  ['sim', ['base', 'crypto', 'wire', 'core', 'v1']],
  ['runtime', ['base', 'crypto', 'wire', 'core', 'v1']],
  ['services', ['base', 'crypto', 'wire', 'core', 'v1']],
  ['cli', ['base', 'crypto', 'wire', 'core', 'v1', 'sim', 'runtime', 'services']],
  // The library's faces, src/index.ts and src/v1.ts.
  ['', ['base', 'crypto', 'wire', 'core', 'v1', 'sim', 'runtime', 'services']],
]);

/** The folder src/ of this checkout. */
export const src: string = fileURLToPath(new URL('../../src', import.meta.url));

/** Reads every TypeScript file of this checkout's src/. */
export function readSources(): Sources {
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' });
  const paths = names.filter((name) => name.endsWith('.ts'));
  return new Map(
    paths.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(src, name), 'utf8')]),
  );
}

/** The files of src/ that one of them imports, as paths from src/. */
function importsOf(path: string, text: string): string[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(dirname(path), specifier));
}

/** The layer a file belongs to; the empty string for src/index.ts. */
function layerOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

/** Says of each import that goes up or sideways between layers, or out of src/, where it is. */
export function layerBreaches(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const layer = layerOf(path);
    const allowed = mayImport.get(layer);
    if (allowed === undefined) return [`${path}: no layer is named ${layer}`];
    return importsOf(path, text)
      .filter((target) => layerOf(target) !== layer && !allowed.includes(layerOf(target)))
      .map((target) => `${path} imports ${target}`);
  });
}

/** Each import that closes a ring, written as the ring: `a.ts > b.ts > a.ts`. */
export function importCycles(sources: Sources): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' > '));
    if (start >= 0 || done.has(path)) return;
    for (const next of importsOf(path, sources.get(path) ?? '')) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) visit(path, []);
  return cycles;
}
