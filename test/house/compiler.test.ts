import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { src } from './imports.ts';

/** The language's own declarations, parsed once: nearly all of the time goes there. */
const library = new Map<string, ts.SourceFile>();

/**
 * The compiler's complaints about one made-up file in a layer, under the layer's own settings,
 * with further made-up files by their path from src/ in `others`.
 */
function complaints(layer: string, text: string, others: Record<string, string> = {}): string[] {
  const folder = join(src, layer);
  const read = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const config = ts.parseJsonConfigFileContent(read.config, ts.sys, folder);
  const options = { ...config.options, noEmit: true };
  const madeUp = join(folder, 'made-up.ts').replaceAll('\\', '/');
  const files = new Map([[madeUp, text]]);
  for (const [path, content] of Object.entries(others)) {
    files.set(join(src, path).replaceAll('\\', '/'), content);
  }
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.fileExists = (path) => files.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => files.get(path) ?? onDisk.readFile(path);
  host.getSourceFile = (path, ...rest) => {
    if (files.has(path)) return onDisk.getSourceFile(path, ...rest);
    const known = library.get(path) ?? onDisk.getSourceFile(path, ...rest);
    if (known !== undefined) library.set(path, known);
    return known;
  };
  const program = ts.createProgram({ rootNames: [madeUp], options, host });
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ code, messageText }) => `${code}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

/** The same as bare error numbers. */
function codes(layer: string, text: string, others?: Record<string, string>): number[] {
  return complaints(layer, text, others).map((line) => Number.parseInt(line, 10));
}

const cannotFindName = [2304, 2552, 2580, 2584, 2591];

describe('the compiler', () => {
  it.each([
    ['the console', "console.log('hello');"],
    ['the process', 'process.exit();'],
    ['a Buffer', "Buffer.from('a');"],
    ['a timer', 'setTimeout(() => 1, 1);'],
    ['a clock', 'performance.now();'],
    ['a TextEncoder', 'new TextEncoder();'],
    ['a module of Node', "import 'node:crypto'; export { hash } from 'node:crypto';"],
  ])('refuses %s in the pure layers', (_what, text) => {
    for (const layer of ['base', 'wire', 'core', 'v1', 'sim']) {
      const found = codes(layer, `${text}\nexport {};`);
      expect(found.some((code) => cannotFindName.includes(code))).toBe(true);
    }
  });

  it('refuses an import of a file in a layer above', () => {
    const text = "export { start } from '../runtime/made-up.ts';";
    const above = { 'runtime/made-up.ts': 'export const start = 1;' };
    expect(codes('core', text, above)).toEqual([6307]);
  });

  it('refuses what the strict flags name', () => {
    const text = [
      'export function first(list: readonly number[]): number { return list[0]; }',
      'export const untyped = Math.max(1, 2).toFixed();',
      'export enum Kind { A }',
      'const unused = 1;',
      'export const some: { a?: number } = { a: undefined };',
      'export const named = (map: Record<string, string>): string | undefined => map.key;',
    ].join('\n');
    const found = codes('core', text);
    expect(found.sort((a, b) => a - b)).toEqual([1294, 2322, 2375, 4111, 6133, 9010]);
  });

  it('takes plain code', () => {
    expect(complaints('core', 'export const a: Uint8Array = new Uint8Array(2);')).toEqual([]);
  });
});
