import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/cli/config-file.ts';
import { UsageError } from '../../../src/cli/exit.ts';
import { LAN } from '../../../src/cli/flags.ts';
import { Settings } from '../../../src/cli/settings.ts';
import { ownFolder } from '../../real/waiting.ts';

async function fromFile(line: string): Promise<boolean | undefined> {
  const file = join(await ownFolder(), 'flotilla.toml');
  await writeFile(file, `${line}\n`);
  return new Settings(new Map(), {}, await readConfig(file)).get(LAN);
}

describe('--lan', () => {
  it.each([
    ['on', true],
    ['off', false],
  ])('%s is taken from the command line and the environment', (text, meant) => {
    expect(new Settings(new Map([['lan', [text]]]), {}, undefined).get(LAN)).toBe(meant);
    expect(new Settings(new Map(), { FLOTILLA_LAN: text }, undefined).get(LAN)).toBe(meant);
  });

  it('is a word or a truth value in the config file', async () => {
    expect(await fromFile('lan = false')).toBe(false);
    expect(await fromFile('lan = true')).toBe(true);
    expect(await fromFile('lan = "off"')).toBe(false);
  });

  it('is left to the default when nobody says anything', () => {
    expect(new Settings(new Map(), {}, undefined).get(LAN)).toBeUndefined();
  });

  it('takes nothing else', () => {
    const bad = new Settings(new Map([['lan', ['eth0']]]), {}, undefined);
    expect(() => bad.get(LAN)).toThrow(UsageError);
  });
});
