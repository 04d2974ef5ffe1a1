/**
 * That the sources are clean is the lint's own check in `npm test`; here made-up breaches prove
 * that it would not be clean with one of them in.
 */
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

const eslint = new ESLint({
  // Made-up files belong to no project, so the rules that ask for types are off.
  overrideConfig: [
    tseslint.configs.disableTypeChecked,
    { languageOptions: { parserOptions: { projectService: false } } },
  ],
});

/** The names of the rules that a made-up file of src/ breaks, each once. */
async function broken(path: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: `src/${path}` });
  const messages = result?.messages ?? [];
  return [...new Set(messages.map(({ ruleId, message }) => ruleId ?? message))];
}

describe('the lint of the pure layers', () => {
  it.each([
    ['a clock', 'export const now = Date.now();', 'no-restricted-globals'],
    ['a date as a type', 'export type When = Date;', 'no-restricted-syntax'],
    ['another clock', 'export const now = performance.now();', 'no-restricted-globals'],
    ['chance', 'export const dice = Math.random();', 'no-restricted-properties'],
    ['chance by another name', 'export const { random } = Math;', 'no-restricted-properties'],
    ['a locale', 'export const form = new Intl.NumberFormat();', 'no-restricted-globals'],
    ['a sort by locale', "export const x = 'a'.localeCompare('b');", 'no-restricted-syntax'],
    ['a timer', 'setTimeout(() => undefined, 1);', 'no-restricted-globals'],
    ['the console', "console.log('hello');", 'no-restricted-globals'],
    ['the process', 'export const { pid } = process;', 'no-restricted-globals'],
    ['a Buffer', "export const bytes = Buffer.from('a');", 'no-restricted-globals'],
    ['a promise', 'export const x = Promise.resolve(1);', 'no-restricted-globals'],
    ['a promise as a type', 'export type Later = Promise<void>;', 'no-restricted-syntax'],
    ['an async function', 'export async function f() {}', 'no-restricted-syntax'],
    ['an async arrow', 'export const f = async () => 1;', 'no-restricted-syntax'],
    ['await', 'await f();', 'no-restricted-syntax'],
    ['for await', 'for await (const x of y) f(x);', 'no-restricted-syntax'],
    ['a late import', "import('./a.ts');", 'no-restricted-syntax'],
    ['a module of Node', "import { hash } from 'node:crypto';", 'no-restricted-imports'],
    ['a package', "import { Hono } from 'hono';", 'no-restricted-imports'],
  ])('refuses %s', async (_what, text, rule) => {
    for (const layer of ['base', 'wire', 'core', 'v1', 'sim']) {
      expect(await broken(`${layer}/made-up.ts`, text)).toContain(rule);
    }
  });

  it('cannot be switched off by a comment', async () => {
    const text = '/* eslint-disable */\nexport const now = Date.now();\n';
    expect(await broken('core/made-up.ts', text)).toContain('no-restricted-globals');
  });

  it('takes plain code', async () => {
    const text = "import { b } from '../base/b.ts';\nexport const a = Math.max(b, 1);\n";
    expect(await broken('core/made-up.ts', text)).toEqual([]);
  });
});

describe('the lint of all of src', () => {
  it.each([
    ['any', 'export const a = (x: any) => x;', '@typescript-eslint/no-explicit-any'],
    ['enum', 'export enum A { B }', 'no-restricted-syntax'],
    ['namespace', 'export namespace A { export const b = 1; }', 'no-restricted-syntax'],
    ['a default export', 'export default 1;', 'no-restricted-syntax'],
    ['a default export by name', 'const a = 1; export { a as default };', 'no-restricted-syntax'],
    ['!', 'export const a = f()!;', '@typescript-eslint/no-non-null-assertion'],
    [
      'a look in the mirror',
      "import { networkInterfaces } from 'node:os';",
      'no-restricted-syntax',
    ],
    ['a mirror on a socket', 'export const a = socket.localAddress;', 'no-restricted-syntax'],
    ['other programs', "import { spawn } from 'node:child_process';", 'no-restricted-imports'],
    ['other programs, late', "import('node:child_process');", 'no-restricted-syntax'],
    ['a silenced compiler', '// @ts-expect-error so be it', '@typescript-eslint/ban-ts-comment'],
  ])('refuses %s', async (_what, text, rule) => {
    for (const path of ['runtime/made-up.ts', 'cli/commands/made-up.ts', 'crypto/made-up.ts']) {
      expect(await broken(path, text)).toContain(rule);
    }
  });

  it('takes node:crypto and otpauth in crypto, and no other module of Node', async () => {
    const text = (name: string) => `import { a } from '${name}';\nexport const b = a;\n`;
    expect(await broken('crypto/made-up.ts', text('node:crypto'))).toEqual([]);
    expect(await broken('crypto/made-up.ts', text('otpauth'))).toEqual([]);
    expect(await broken('v1/made-up.ts', text('otpauth'))).toEqual(['no-restricted-imports']);
    expect(await broken('crypto/made-up.ts', text('node:fs'))).toEqual(['no-restricted-imports']);
    expect(await broken('runtime/made-up.ts', text('node:fs'))).toEqual([]);
    expect(await broken('runtime/made-up.ts', text('fs'))).toEqual(['no-restricted-imports']);
  });

  it('takes files of 400 lines and no more, the hubs of 500', async () => {
    const lines = (count: number) => 'f();\n'.repeat(count - 1) + 'f();';
    expect(await broken('core/made-up.ts', lines(400))).toEqual([]);
    expect(await broken('core/made-up.ts', lines(401))).toEqual(['max-lines']);
    expect(await broken('core/node.ts', lines(500))).toEqual([]);
    expect(await broken('core/node.ts', lines(501))).toEqual(['max-lines']);
    expect(await broken('v1/machine.ts', lines(500))).toEqual([]);
  });

  it('takes functions of 60 lines and no more', async () => {
    const body = (count: number) => `export function a() {\n${'f();\n'.repeat(count - 2)}}\n`;
    expect(await broken('core/made-up.ts', body(60))).toEqual([]);
    expect(await broken('core/made-up.ts', body(61))).toEqual(['max-lines-per-function']);
  });
});
