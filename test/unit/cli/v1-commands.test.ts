import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import type { V1Why } from '../../../src/v1/commands.ts';
import { ownFolder } from '../../real/waiting.ts';
import { member, status } from '../api/fake-control.ts';
import { FakeWorld, type Ended } from './fake-world.ts';

const PASSWORD = 'correct horse';

/** A world at a terminal where this is typed, one line a question. */
function terminal(...lines: readonly string[]): FakeWorld & { readonly questions: string[] } {
  const typed = [...lines];
  const questions: string[] = [];
  const askSecret = (question: string): Promise<string> => {
    questions.push(question);
    return Promise.resolve(typed.shift() ?? '');
  };
  return Object.assign(new FakeWorld(), { askSecret, questions });
}

function add(world: FakeWorld, ...flags: readonly string[]): Promise<Ended> {
  return world.run('v1', 'add', 'pi', '--at', '192.0.2.9:8290', ...flags);
}

const SECURE = ['--user', 'home', '--https'];

describe('v1 add', () => {
  it('asks the terminal for the password, and hands all on', async () => {
    const world = terminal(PASSWORD);
    const { code, err } = await add(world, ...SECURE, '--path', '/x');
    expect([code, world.questions]).toEqual([0, ['Password of home: ']]);
    const login = { username: 'home', password: PASSWORD };
    const typed = { name: 'pi', at: '192.0.2.9:8290', https: true, insecure: false, path: '/x' };
    expect(world.control.asked).toEqual([['v1 add', { ...typed, login }]]);
    expect(err).toBe('pi (192.0.2.9:8290) is registered with\n');
  });

  it('takes the password from --password-file, else the environment, else a prompt', async () => {
    const file = join(await ownFolder(), 'password');
    await writeFile(file, ' from file \r\n');
    const world = terminal('typed');
    world.env = { FLOTILLA_V1_PASSWORD: 'from env' };
    await add(world, ...SECURE, '--password-file', file);
    await add(world, ...SECURE);
    world.env = { FLOTILLA_V1_PASSWORD_FILE: file };
    await add(world, ...SECURE);
    world.typed = ['piped\n'];
    await add(world, ...SECURE, '--password-file', '-');
    const given = world.control.asked.map(
      (asked) => (asked as [string, { login: { password: string } }])[1].login.password,
    );
    // Spaces may belong to a password; the end of the line does not.
    expect(given).toEqual([' from file ', 'from env', ' from file ', 'piped']);
    expect(world.questions).toEqual([]);
  });

  it.each([
    ['no terminal', [], {}, 'password-missing'],
    ['an empty one', ['--password-file', '-'], {}, 'password-invalid'],
    ['two lines', [], { FLOTILLA_V1_PASSWORD: 'a\nb' }, 'password-invalid'],
    ['no such file', ['--password-file', '/nowhere/x'], {}, 'password-file-unreadable'],
  ])('asks nothing of the daemon with %s', async (_what, flags, env, code) => {
    const world = new FakeWorld();
    world.env = env;
    const { out } = await add(world, ...SECURE, ...flags, '--json');
    expect(JSON.parse(out)).toMatchObject({ error: { code } });
    expect(world.control.asked).toEqual([]);
  });

  it('warns of what can be stolen over plain HTTP, which it takes when allowed', async () => {
    const refused = await add(terminal(PASSWORD), '--user', 'home');
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('--insecure-http')]);
    const { code, err } = await add(terminal(PASSWORD), '--user', 'home', '--insecure-http');
    expect([code, err]).toEqual([0, expect.stringContaining('gets the password')]);
  });

  it('without a user only names it', async () => {
    const world = new FakeWorld();
    world.control.v1.called = { name: 'pi', address: '192.0.2.9:8290', why: 'not-callable' };
    expect(await add(world)).toMatchObject({
      code: 0,
      err: 'pi (192.0.2.9:8290) is known now; it is not registered with\n',
    });
  });

  it.each<[V1Why, number, string]>([
    ['credentials-refused', 1, 'does not take the user name'],
    ['certificate', 1, 'flotilla v1 trust'],
    ['answer-unknown', 1, 'is the path right?'],
    ['refused', 5, 'nobody listens there'],
    ['time-out', 5, 'does not answer in time'],
  ])('that came to %s ends with %d and says so', async (why, code, words) => {
    const world = terminal(PASSWORD);
    world.control.v1.called = { name: 'pi', address: '192.0.2.9:8290', why };
    const ended = await add(world, ...SECURE);
    expect([ended.code, ended.err]).toEqual([code, expect.stringContaining(words)]);
  });
});

describe('v1 user', () => {
  it('add asks twice, since nobody sees what is typed', async () => {
    const world = terminal(PASSWORD, PASSWORD);
    expect((await world.run('v1', 'user', 'add', 'home')).code).toBe(0);
    expect(world.questions).toHaveLength(2);
    expect(world.control.asked).toEqual([['v1 user add', 'home', PASSWORD]]);
    const other = terminal(PASSWORD, 'mistyped');
    expect((await other.run('v1', 'user', 'add', 'home')).code).toBe(2);
    expect(other.control.asked).toEqual([]);
  });

  it('list prints the names alone, and remove takes one away', async () => {
    const world = new FakeWorld();
    world.control.v1.names = ['home', 'work'];
    expect(await world.run('v1', 'user', 'list')).toMatchObject({ code: 0, out: 'home\nwork\n' });
    await world.run('v1', 'user', 'remove', 'work');
    expect(world.control.asked).toEqual([['v1 user remove', 'work']]);
  });
});

describe('v1 export', () => {
  it('writes a file for its owner alone, once, and only with --secrets', async () => {
    const file = join(await ownFolder(), 'node.json');
    expect((await new FakeWorld().run('v1', 'export', file)).code).toBe(2);
    expect((await new FakeWorld().run('v1', 'export', file, '--secrets')).code).toBe(0);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ NodeMap: [] });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await new FakeWorld().run('v1', 'export', file, '--secrets', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ error: { code: 'v1-file-unwritable' } });
  });
});

describe('v1 import', () => {
  it('hands the file on, and says what was left out', async () => {
    const file = join(await ownFolder(), 'node.json');
    await writeFile(file, '{"NodeMap":[]}');
    const world = new FakeWorld();
    world.control.v1.imported = { name: 'attic', peers: 1, skipped: ['x'], intervalMs: 1_000 };
    const { code, err } = await world.run('v1', 'import', file);
    expect([code, world.control.asked]).toEqual([0, [['v1 import', { NodeMap: [] }]]]);
    for (const words of ['as attic; 1 peer', 'left out: x', '--v1-interval 1s']) {
      expect(err).toContain(words);
    }
  });

  it('of what is no JSON quotes none of it', async () => {
    const world = new FakeWorld();
    world.typed = ['{"SendTotpSecret": "JBSWY3DP"'];
    const { code, err, out } = await world.run('v1', 'import', '-', '--json');
    expect([code, (err + out).includes('JBSWY3DP')]).toEqual([1, false]);
  });
});

describe('a v1 peer', () => {
  it('stands in the table of members', async () => {
    const world = new FakeWorld();
    const proof = { protocol: 1, proof: 'none', path: null } as const;
    world.control.list = [member('attic', { state: 'self' }), member('pi', proof)];
    expect((await world.run('members')).out).toMatch(
      /pi +alive \(v1\) +192\.0\.2\.7:4117 +none +-/,
    );
  });

  it('that nobody proved is resolved only when the operator wants it, with a warning', async () => {
    const found = {
      ...({ id: 'v1:pi' as never, name: 'pi', state: 'alive', proof: 'none' } as const),
      ...({ address: '192.0.2.9:8290', ip: '192.0.2.9', port: 8290, family: 4 } as const),
    };
    const world = new FakeWorld();
    world.control.resolution = found;
    const refused = await world.run('resolve', 'pi');
    expect(refused).toMatchObject({ code: 5, out: '' });
    expect(refused.err).toContain('--v1-unproven');
    const allowed = new FakeWorld();
    allowed.control.resolution = { ...found, unproven: true };
    const { code, out, err } = await allowed.run('resolve', 'pi');
    expect([code, out]).toEqual([0, '192.0.2.9\n']);
    expect(err).toContain('warning: pi is a node of protocol 1');
  });

  it('that answers a ping answered over HTTP, and one that does not says why', async () => {
    const world = new FakeWorld();
    const pong = { type: 'pong', address: '192.0.2.9:8290', path: null, roundTripMs: 3 } as const;
    world.control.pings = [pong, { type: 'no-answer', tried: 1, why: 'code-refused' }];
    const { code, out } = await world.run('ping', 'pi', '-c', '2');
    expect(code).toBe(5);
    expect(out).toContain('over HTTP, protocol 1, in 3 ms');
    expect(out).toContain('its clock is far off');
  });

  it('has its line in the status, with what an operator should know of it', async () => {
    const world = new FakeWorld();
    const peer = {
      ...({ name: 'pi', state: 'alive', address: '192.0.2.9:8290', port: 8290 } as const),
      ip: '192.0.2.9',
      ...({ https: false, proof: 'none', provenMs: 1, rttMs: 1, lastHeardMs: 1 } as const),
      addressSinceMs: 1,
      ...{ moves: 0, configured: false, registeredIn: true, registeredOut: false, skewMs: -20_000 },
      ...{ reflected: '198.51.100.1', retries: 0, problem: null },
    } as const;
    const serving = { address: '0.0.0.0:8290', path: '/godddns', https: true, pin: 'ab' };
    const own = { public: null, private: null };
    const v1 = { name: 'attic', serving, intervalMs: 10_000, own, peers: [peer] };
    world.control.nextStatus = { ...status(), v1 };
    const { out } = await world.run('status');
    expect(out).toContain('as attic at https://0.0.0.0:8290/godddns');
    expect(out).toContain('1 peer of 1 alive, called each 10 s');
    expect(out).toContain('pi 192.0.2.9:8290, alive, registered here, this node not there');
    expect(out).toContain('sees this node at 198.51.100.1, its clock is 20 s behind');
  });
});

it('an unknown v1 peer ends with 4', async () => {
  const world = new FakeWorld();
  world.control.failure = new UserError('name-unknown', 'Nobody.', '');
  expect((await world.run('v1', 'trust', 'pi')).code).toBe(4);
});
