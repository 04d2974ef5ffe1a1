import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/cli/config-file.ts';
import { UsageError } from '../../../src/cli/exit.ts';
import { configKey, type Flag } from '../../../src/cli/flag.ts';
import * as flags from '../../../src/cli/flags.ts';
import { readToken } from '../../../src/cli/secret.ts';
import { Settings, type ConfigTexts } from '../../../src/cli/settings.ts';
import { tokenFromSettings } from '../../../src/cli/token-setting.ts';
import { ownFolder, userErrorOf } from '../../real/waiting.ts';
import { FakeWorld } from './fake-world.ts';

type Texts = Readonly<Record<string, readonly string[]>>;

function settings(given: Texts, env: Record<string, string> = {}, file?: Texts): Settings {
  const config: ConfigTexts | undefined =
    file === undefined
      ? undefined
      : { file: 'f.toml', texts: new Map(Object.entries(file)), v1Peers: [] };
  return new Settings(new Map(Object.entries(given)), env, config);
}

async function configFile(content: string): Promise<string> {
  const file = join(await ownFolder(), 'flotilla.toml');
  await writeFile(file, content);
  return file;
}

describe('a flag', () => {
  it('is taken from the command line, then the environment, then the config file', () => {
    const env = { FLOTILLA_NAME: 'from-env' };
    const file = { name: ['from-file'] };
    expect(settings({ name: ['typed'] }, env, file).get(flags.NAME)).toBe('typed');
    expect(settings({}, env, file).get(flags.NAME)).toBe('from-env');
    expect(settings({}, {}, file).get(flags.NAME)).toBe('from-file');
    expect(settings({}).get(flags.NAME)).toBeUndefined();
  });

  it('counts as not set when its variable is empty', () => {
    expect(settings({}, { FLOTILLA_NAME: '' }, { name: ['f'] }).get(flags.NAME)).toBe('f');
  });

  it('given twice has its last value, unless it takes several', () => {
    expect(settings({ name: ['a', 'b'] }).get(flags.NAME)).toBe('b');
    expect(settings({ bind: ['a', 'b'] }).get(flags.BIND)).toEqual(['a', 'b']);
  });

  it('that takes several is parted by commas in the environment', () => {
    const env = { FLOTILLA_BIND: '127.0.0.1, ::1' };
    expect(settings({}, env).get(flags.BIND)).toEqual(['127.0.0.1', '::1']);
  });

  it('says where a bad value came from', () => {
    const bad = (from: Settings) => () => from.get(flags.PORT);
    expect(bad(settings({ port: ['x'] }))).toThrow('--port');
    expect(bad(settings({}, { FLOTILLA_PORT: 'x' }))).toThrow('FLOTILLA_PORT');
    expect(bad(settings({}, {}, { port: ['x'] }))).toThrow('port in f.toml');
  });

  it.each(['1', 'true', 'YES', 'on'])('that is a switch is on for %s', (text) => {
    expect(settings({}, { FLOTILLA_JSON: text }).on(flags.JSON_OUTPUT)).toBe(true);
  });

  it.each(['0', 'false', 'No', 'off'])('that is a switch is off for %s', (text) => {
    expect(settings({}, { FLOTILLA_JSON: text }).on(flags.JSON_OUTPUT)).toBe(false);
  });

  it('that is a switch takes no other word', () => {
    expect(() => settings({}, { FLOTILLA_JSON: 'maybe' }).on(flags.JSON_OUTPUT)).toThrow(
      UsageError,
    );
  });
});

describe('all flags', () => {
  const all: readonly Flag<unknown>[] = [...flags.CONFIGURABLE, flags.CONFIG];

  it('have twins of their own', () => {
    expect(new Set(all.map(({ env }) => env)).size).toBe(all.length);
    for (const { env } of all) expect(env).toMatch(/^FLOTILLA_[A-Z0-9_]+$/);
  });

  it('but --config can be set in a config file', () => {
    const exported = Object.values(flags).filter((item) => 'env' in item);
    const keys = flags.CONFIGURABLE.map(configKey);
    for (const flag of exported) {
      if (flag !== flags.CONFIG) expect(keys).toContain(configKey(flag));
    }
  });

  it.each([flags.API])('of a later release take off alone', (flag) => {
    expect(settings({ [flag.name]: ['off'] }).get(flag)).toBe('off');
    const wished = settings({ [flag.name]: ['127.0.0.1:53'] });
    expect(() => wished.get(flag)).toThrow('not in this release');
  });
});

describe('a config file', () => {
  it('has 262,144 characters at the most', async () => {
    const most = '#'.repeat(262_144);
    expect((await readConfig(await configFile(most))).texts.size).toBe(0);
    const error = await userErrorOf(readConfig(await configFile(`${most}#`)));
    expect([error.code, error.message]).toEqual([
      'config-not-toml',
      expect.stringContaining('too long'),
    ]);
  });

  it('gives texts, numbers, booleans and lists', async () => {
    const file = await configFile('name = "attic"\nport = 4200\njson = true\nbind = ["::1"]\n');
    const read = new Settings(new Map(), {}, await readConfig(file));
    expect(read.get(flags.NAME)).toBe('attic');
    expect(read.get(flags.PORT)).toBe(4200);
    expect(read.on(flags.JSON_OUTPUT)).toBe(true);
    expect(read.get(flags.BIND)).toEqual(['::1']);
  });

  it('is refused whole for a key that is not known', async () => {
    const file = await configFile('name = "attic"\nprot = 4200\n');
    const error = await userErrorOf(readConfig(file));
    expect(error.code).toBe('config-unknown-key');
    expect(error.message).toContain('"prot"');
    expect(error.hint).toContain('port');
  });

  it('is refused for a table where a value belongs', async () => {
    const file = await configFile('[name]\nfirst = "attic"\n');
    expect((await userErrorOf(readConfig(file))).code).toBe('config-bad-value');
  });

  it('is refused with the line when it is not TOML', async () => {
    const error = await userErrorOf(readConfig(await configFile('name = "attic"\nport = \n')));
    expect(error.code).toBe('config-not-toml');
    expect(error.message).toContain('line 2');
  });

  it('that is not there is a failure, not an empty one', async () => {
    const error = await userErrorOf(readConfig(join(await ownFolder(), 'none.toml')));
    expect(error.code).toBe('config-unreadable');
  });

  it('is named by a flag or FLOTILLA_CONFIG, and serves every command', async () => {
    const file = await configFile('state = "/srv/attic"\n');
    const world = new FakeWorld();
    await world.run('members', '--config', file);
    world.env['FLOTILLA_CONFIG'] = file;
    await world.run('members');
    expect(world.folders).toEqual(['/srv/attic', '/srv/attic']);
  });

  it('with a mistake ends a command with 2', async () => {
    const file = await configFile('sate = "/srv/attic"\n');
    expect((await new FakeWorld().run('members', '--config', file)).code).toBe(2);
  });
});

describe('a token', () => {
  const stdin = new FakeWorld().stdin;

  it('is read from a file, white space around it taken off', async () => {
    const file = join(await ownFolder(), 'token');
    await writeFile(file, '\n flt2-filed \n');
    expect(await readToken(`file:${file}`, stdin, '--join')).toBe('flt2-filed');
  });

  it('may not be empty or a whole book, and is never quoted', async () => {
    const file = join(await ownFolder(), 'token');
    await writeFile(file, 'secret'.repeat(1_000));
    const error = await userErrorOf(readToken(`file:${file}`, stdin, '--join'));
    expect(error.code).toBe('token-not-a-token');
    expect(error.message).not.toContain('secret');
    expect((await userErrorOf(readToken('-', stdin, '--join'))).code).toBe('token-not-a-token');
  });

  it('in a file that is not there is a failure', async () => {
    const error = await userErrorOf(readToken('file:/nowhere/token', stdin, '--join'));
    expect(error.code).toBe('token-file-unreadable');
  });

  it('is taken from the first of flag, variable, file variable, config', async () => {
    const file = join(await ownFolder(), 'token');
    await writeFile(file, 'flt2-filed');
    const both = { FLOTILLA_JOIN: 'flt2-env', FLOTILLA_JOIN_FILE: file };
    const only = { FLOTILLA_JOIN_FILE: file };
    const config = { join: ['flt2-config'] };
    const token = (from: Settings): Promise<string | undefined> => tokenFromSettings(from, stdin);
    expect(await token(settings({ join: ['flt2-typed'] }, both, config))).toBe('flt2-typed');
    expect(await token(settings({}, both, config))).toBe('flt2-env');
    expect(await token(settings({}, only, config))).toBe('flt2-filed');
    expect(await token(settings({}, {}, config))).toBe('flt2-config');
    expect(await token(settings({}))).toBeUndefined();
  });
});
