import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/cli/config-file.ts';
import { Settings } from '../../../src/cli/settings.ts';
import { v1Wish } from '../../../src/cli/v1-wish.ts';
import { ownFolder, userErrorOf } from '../../real/waiting.ts';
import { FakeWorld } from './fake-world.ts';

const PASSWORD = 'correct horse';

/** What `up` is told about v1 by a config of this content. */
async function wishOf(content: string, env: Record<string, string> = {}): Promise<unknown> {
  const file = join(await ownFolder(), 'flotilla.toml');
  await writeFile(file, content);
  return v1Wish(new Settings(new Map(), env, await readConfig(file)));
}

/** One entry with a place and further lines. */
function entry(...lines: readonly string[]): string {
  return ['[v1-peers.attic]', 'at = "192.0.2.7:8290"', ...lines, ''].join('\n');
}

describe('nodes of protocol 1 in the config file', () => {
  it('have a table each, with the password in a file or a variable', async () => {
    const file = join(await ownFolder(), 'password');
    await writeFile(file, `${PASSWORD}\n`);
    await chmod(file, 0o600);
    const content = [
      'v1-interval = "5s"',
      entry(
        'user = "home"',
        'https = true',
        'path = "/x"',
        `password-file = ${JSON.stringify(file)}`,
      ),
      '[v1-peers."the pi"]',
      'at = "pi.example.org:8290"',
      'user = "home"',
      'insecure-http = true',
      'password-variable = "PI_PASSWORD"',
      '[v1-peers.barn]',
      'at = "[2001:db8::7]:8290"',
    ].join('\n');
    expect(await wishOf(content, { PI_PASSWORD: 'other' })).toEqual({
      intervalMs: 5_000,
      peers: [
        {
          ...{ name: 'attic', at: '192.0.2.7:8290', https: true, insecure: false, path: '/x' },
          login: { username: 'home', password: PASSWORD },
        },
        {
          ...{ name: 'the pi', at: 'pi.example.org:8290', https: false, insecure: true },
          login: { username: 'home', password: 'other' },
        },
        { name: 'barn', at: '[2001:db8::7]:8290', https: false, insecure: false },
      ],
    });
  });

  it('are none in a file that has none, and nothing is said of them without a file', async () => {
    expect(await wishOf('name = "attic"\n')).toEqual({ peers: [] });
    expect(await v1Wish(new Settings(new Map(), {}, undefined))).toEqual({});
  });

  it.each([
    ['a key that is none', ['usr = "home"'], 'config-unknown-key'],
    ['a password', [`password = "${PASSWORD}"`], 'config-unknown-key'],
    ['a number for a text', ['user = 7'], 'config-bad-value'],
    ['an empty text', ['user = ""'], 'value-missing'],
    ['a text for a switch', ['https = "yes"'], 'config-bad-value'],
    ['a user without a password', ['user = "home"', 'https = true'], 'password-missing'],
    ['a password without a user', ['password-variable = "P"'], 'flags-contradict'],
    [
      'two passwords',
      ['user = "u"', 'https = true', 'password-variable = "P"', 'password-file = "p"'],
      'flags-contradict',
    ],
    [
      'a variable that is not there',
      ['user = "u"', 'https = true', 'password-variable = "NOT_THERE"'],
      'password-missing',
    ],
    [
      'a file that is not there',
      ['user = "u"', 'https = true', 'password-file = "/nowhere/at/all"'],
      'password-file-unreadable',
    ],
    ['standard input', ['user = "u"', 'https = true', 'password-file = "-"'], 'config-bad-value'],
    ['a user over plain HTTP', ['user = "u"', 'password-variable = "P"'], 'v1-insecure-http'],
  ])('may not have %s', async (_, lines, code) => {
    const error = await userErrorOf(wishOf(entry(...lines), { P: PASSWORD }));
    expect(error.code).toBe(code);
    expect(error.message + error.hint).not.toContain(PASSWORD);
  });

  it.each([
    ['v1-peers = "attic"\n', 'config-bad-value'],
    ['[[v1-peers]]\nname = "attic"\n', 'config-bad-value'],
    ['[v1-peers]\nattic = "192.0.2.7:8290"\n', 'config-bad-value'],
    ['[v1-peers.attic]\nuser = "home"\n', 'at-missing'],
    ['[v1-peers.attic]\nat = "192.0.2.7"\n', 'address-not-an-address'],
    [`${entry()}${entry()}`, 'config-not-toml'],
  ])('are tables with a place, not %j', async (content, code) => {
    expect((await userErrorOf(wishOf(content))).code).toBe(code);
  });

  it('are read as the documentation shows them', async () => {
    const page = await readFile(new URL('../../../docs/v1.md', import.meta.url), 'utf8');
    const [, block = ''] = /```toml\n([^`]*)```/.exec(page) ?? [];
    const file = join(await ownFolder(), 'flotilla.toml');
    await writeFile(file, block);
    const { v1Peers } = await readConfig(file);
    expect(v1Peers.map(({ name }) => name)).toEqual(['attic']);
  });

  it('with a mistake end every command that reads the file', async () => {
    const file = join(await ownFolder(), 'flotilla.toml');
    await writeFile(file, entry('usr = "home"'));
    expect((await new FakeWorld().run('members', '--config', file)).code).toBe(2);
  });
});
