import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { importCycles, layerBreaches, mayImport, readSources, src } from './imports.ts';

describe('layers', () => {
  it('are imported downward only', () => {
    const sources = readSources();
    expect(sources.size).toBeGreaterThan(10);
    expect(layerBreaches(sources)).toEqual([]);
  });

  it('are the ones whose references the compiler is given', () => {
    for (const [layer, below] of mayImport) {
      if (layer === '') continue;
      const config = join(src, layer, 'tsconfig.json');
      expect(existsSync(config), config).toBe(true);
      const { references } = ts.parseConfigFileTextToJson(config, readFileSync(config, 'utf8'))
        .config as { references: { path: string }[] };
      expect(references.map(({ path }) => basename(path))).toEqual(below);
    }
  });

  it('are told apart when a type is imported upward', () => {
    const upward = "import type { Driver } from '../runtime/driver.ts';";
    expect(layerBreaches(new Map([['core/made-up.ts', upward]]))).toEqual([
      'core/made-up.ts imports runtime/driver.ts',
    ]);
  });

  it('are told apart when a module is loaded sideways, later', () => {
    const sideways = "export const later = () => import('../sim/world.ts');";
    expect(layerBreaches(new Map([['runtime/made-up.ts', sideways]]))).toHaveLength(1);
  });

  it('may import everything below them', () => {
    const downward = "export { a } from '../base/a.ts'; import './b.ts';";
    expect(layerBreaches(new Map([['core/made-up.ts', downward]]))).toEqual([]);
  });

  it('have names from the list', () => {
    expect(layerBreaches(new Map([['misc/made-up.ts', '']]))).toHaveLength(1);
  });
});

describe('import cycles', () => {
  it('do not exist', () => {
    expect(importCycles(readSources())).toEqual([]);
  });

  it('are found, through types and several files', () => {
    const ring = new Map([
      ['core/a.ts', "import { b } from './b.ts';"],
      ['core/b.ts', "export * from './deep/c.ts';"],
      ['core/deep/c.ts', "import type { A } from '../a.ts';"],
    ]);
    expect(importCycles(ring)).toEqual(['core/a.ts > core/b.ts > core/deep/c.ts > core/a.ts']);
  });
});
