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
  ...['watch', 'hint', 'tag', 'sim', 'demo', 'dns', 'hosts'],
  ...['v1 add', 'v1 remove', 'v1 trust', 'v1 import', 'v1 export'],
  ...['v1 user add', 'v1 user remove', 'v1 user list'],
];

describe('help', () => {
  it('lists exactly the commands of the contract that are there', () => {
    expect(shown.map(({ name }) => name).sort()).toEqual([...CONTRACT].sort());
  });

  it('goes to standard output when asked for', async () => {
    const ended = await new FakeWorld().run('--help');
    expect(ended).toMatchObject({ code: 0, err: '' });
    for (const { name, summary } of shown) {
      expect(ended.out).toContain(name.split(' ')[0]);
      if (!name.includes(' ')) expect(ended.out).toContain(summary);
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
    const { code, out } = await new FakeWorld().run(...command.name.split(' '), '--help');
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

  it.each(shown)('of $name is the same asked for as `help $name`', async ({ name }) => {
    const words = name.split(' ');
    expect(await new FakeWorld().run('help', ...words)).toEqual(
      await new FakeWorld().run(...words, '--help'),
    );
  });

  it('without a command is that of all, whatever flags stand before', async () => {
    const whole = await new FakeWorld().run('--help');
    expect(await new FakeWorld().run('help')).toEqual(whole);
    expect(await new FakeWorld().run('--state', '/x', 'help')).toEqual(whole);
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
    ['up', '--dns', 'localhost:53'],
    ['up', '--join', ''],
  ])('end with 2 and a word on standard error: %s %s %s', async (...argv) => {
    const words = argv.filter((word) => typeof word === 'string');
    const ended = await new FakeWorld().run(...words);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toMatch(/^flotilla: /);
  });

  it.each(['remove', 'approve', 'why', 'doctor', 'expose', 'forward', 'proxy'])(
    'such as the later command %s end with 2, and are not taken for another',
    async (name) => {
      const ended = await new FakeWorld().run(name);
      expect(ended.code).toBe(2);
      expect(ended.err).toContain(`unknown command '${name}': it is not in this release yet`);
      expect(ended.err).not.toContain('Did you mean');
    },
  );

  it.each([
    ['membrs'],
    ['help', 'membrs'],
    ['membrs', '--help'],
    ['--json', 'membrs', '-h'],
    ['--state', '/x', 'membrs'],
  ])('in the name of a command are named, with the nearest one: %s %s %s', async (...argv) => {
    const words = argv.filter((word) => typeof word === 'string');
    const ended = await new FakeWorld().run(...words);
    expect(ended.code).toBe(2);
    expect(ended.err).toBe(
      "flotilla: unknown command 'membrs'\n(Did you mean members?)\n" +
        '  `flotilla --help` lists all commands.\n',
    );
  });

  it.each([
    [['members', '--frob'], 'members'],
    [['resolve'], 'resolve'],
    [['up', '--port'], 'up'],
  ])('in what follows a command point to its help: %j', async (argv, name) => {
    const { err } = await new FakeWorld().run(...argv);
    expect(err).toContain(`\`flotilla ${name} --help\` shows how.`);
  });

  it.each([
    [['resolve', '--json'], "missing required argument 'name'"],
    [['--json'], 'A command is missing.'],
    [['membrs', '--json'], "unknown command 'membrs' (Did you mean members?)"],
  ])('are a document too with --json: %j', async (argv, message) => {
    const { out } = await new FakeWorld().run(...argv);
    expect(JSON.parse(out)).toMatchObject({ schema: 1, error: { code: 'usage', message } });
  });

  it.each(['state', 'config', 'name', 'cluster', 'bind'])(
    'such as an empty --%s end with 2 and name it',
    async (flag) => {
      const { code, err } = await new FakeWorld().run('up', `--${flag}`, '');
      expect(code).toBe(2);
      expect(err).toContain(`--${flag} is empty`);
    },
  );

  it('such as an empty --join name it, not the command line', async () => {
    const { err } = await new FakeWorld().run('up', '--join', '');
    expect(err).toContain('--join is empty: there is no token');
  });

  it.each([
    ['99ms', 'too short; it takes 100ms to 1h'],
    ['61m', 'too long; it takes 100ms to 1h'],
  ])('such as a beat of %s say that it is %s', async (beat, why) => {
    const { code, err } = await new FakeWorld().run('up', '--beat', beat);
    expect([code, err.split('\n')[0]]).toEqual([2, `flotilla: --beat: ${beat} is ${why}.`]);
  });
});

it('the version is that of the package', async () => {
  const file = new URL('../../../package.json', import.meta.url);
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
  expect(await new FakeWorld().run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
});
