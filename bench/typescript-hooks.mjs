/** Lets a benchmark import the lab's TypeScript as it stands, on every Node the project runs on. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

/**
 * A `load` hook of `node:module`: TypeScript becomes JavaScript on its way in.
 * @param {string} url
 * @param {unknown} context
 * @param {(url: string, context: unknown) => Promise<unknown>} next
 */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(url);
  const text = await readFile(file, 'utf8');
  const options = { loader: 'ts', sourcefile: file, sourcemap: 'inline', target: 'node20.19' };
  const { code } = await transform(text, options);
  return { format: 'module', source: code, shortCircuit: true };
}
