import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { GROUPS } from '../../../src/cli/catalogue.ts';
import { VERSION } from '../../../src/cli/version.ts';
import { FakeWorld } from './fake-world.ts';

const commands = GROUPS.flatMap(([, group]) => group);
const shown = commands.filter(({ hidden }) => hidden !== true);

/** The commands of DESIGN §9 that are in this release. */
const CONTRACT = [
  ...['up', 'down', 'invite', 'join', 'leave', 'status', 'members', 'resolve', 'ping'],
  ...['watch', 'hint', 'tag', 'sim', 'demo'],
];

describe('help', () => {
  it('lists exactly the commands of the contract that are there', () => {
    expect(shown.map(({ name }) => name).sort()).toEqual([...CONTRACT].sort());
  });

  it('goes to standard output when asked for', async () => {
    const ended = await new FakeWorld().run('--help');
    expect(ended).toMatchObject({ code: 0, err: '' });
    for (const { name, summary } of shown) {
      expect(ended.out).toContain(name);
      expect(ended.out).toContain(summary);
    }
    expect(ended.out).not.toContain('demo-daemon');
    expect(ended.out).toContain('3 no daemon running');
  });

  it('goes to standard error, with 2, when nothing was asked', async () => {
    const ended = await new FakeWorld().run();
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toContain('flotilla up');
  });

  it.each(shown)('of $name tells what it does, an example, exit codes, twins', async (command) => {
    const { code, out } = await new FakeWorld().run(command.name, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`flotilla ${command.name}`);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) expect(out).toContain(example);
    expect(out).toContain('0  done');
    for (const flag of command.flags) {
      expect(out).toContain(`--${flag.name}`);
      expect(out.replaceAll(/\s+/g, ' ')).toContain(`[${flag.env}]`);
    }
  });

  it.each(shown)('of $name names flags and words that exist in its examples', async (command) => {
    const known = [...command.flags, { name: 'state' }, { name: 'json' }, { name: 'config' }];
    for (const example of command.examples) {
      for (const [, name] of example.matchAll(/ --([a-z0-9-]+)/g)) {
        expect(known.map((flag) => flag.name)).toContain(name);
      }
    }
    await expect(command.load()).resolves.toHaveProperty('run');
  });
});

describe('mistakes', () => {
  it.each([
    ['frobnicate'],
    ['members', '--frobnicate'],
    ['members', 'too', 'many'],
    ['resolve'],
    ['hint', 'pi'],
    ['up', '--port'],
    ['up', '--port', '65536'],
    ['up', '--beat', '600'],
    ['up', '--log-level', 'loud'],
    ['up', '--tag', 'novalue'],
    ['up', '--dns', '127.0.0.1:53'],
    ['up', '--join', ''],
  ])('end with 2 and a word on standard error: %s %s %s', async (...argv) => {
    const words = argv.filter((word) => typeof word === 'string');
    const ended = await new FakeWorld().run(...words);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toMatch(/^flotilla: /);
  });

  it.each(['remove', 'why', 'doctor', 'expose', 'forward', 'proxy'])(
    'such as the later command %s end with 2',
    async (name) => {
      const ended = await new FakeWorld().run(name);
      expect(ended.code).toBe(2);
      expect(ended.err).toContain(`unknown command '${name}'`);
    },
  );

  it('are a document too with --json', async () => {
    const { out } = await new FakeWorld().run('resolve', '--json');
    expect(JSON.parse(out)).toMatchObject({ schema: 1, error: { code: 'usage' } });
  });
});

it('the version is that of the package', async () => {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
  expect(await new FakeWorld().run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
});
