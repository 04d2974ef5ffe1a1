import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wallTime } from '../../src/base/time.ts';
import type { MembersDocument } from '../../src/core/view.ts';
import { codeAt, stepOf } from '../../src/crypto/totp.ts';
import type { ControlStatus } from '../../src/services/api/control.ts';
import { codeAt as originalCodeAt, goJson, startOriginal } from '../v1/originals.ts';
import { exchange, postText } from '../v1/raw.ts';
import { daemon, flotilla, start, type Daemon, type Particulars } from './cli-program.ts';
import { ownFolder } from './waiting.ts';

const PASSWORD = 'correct horse battery';
const INTERVAL = ['--v1-interval', '1s'];

/** A daemon that serves v1 peers, and the port where it does. */
async function serving(
  name: string,
  flags: readonly string[] = [],
  particulars: Particulars & { readonly state?: string; readonly at?: string } = {},
) {
  const { at = '127.0.0.1:0', ...further } = particulars;
  const node = await daemon(name, ['--v1', at, ...INTERVAL, ...flags], further);
  const { v1 } = (await node.json('status')) as ControlStatus;
  return { node, at: v1?.serving?.address ?? '', pin: v1?.serving?.pin };
}

/** Runs a command with the password in the environment. */
function withPassword(node: Daemon, ...argv: readonly string[]) {
  return flotilla([...argv, '--state', node.state], { env: { FLOTILLA_V1_PASSWORD: PASSWORD } });
}

/** Registers `from` with `to`, whose user `home` it is given. */
async function register(from: Daemon, name: string, at: string, ...how: readonly string[]) {
  return withPassword(from, 'v1', 'add', name, '--at', at, '--user', 'home', ...how);
}

/** Waits until the members document fits. */
async function shows(from: Daemon, fits: (members: MembersDocument['members']) => boolean) {
  const watching = start(['watch', '--members', '--json', '--state', from.state]);
  const line = await watching.out.first((one) =>
    fits((JSON.parse(one) as MembersDocument).members),
  );
  await watching.end();
  return (JSON.parse(line) as MembersDocument).members;
}

/** Somebody registers there as `pi`, and has the answer in full when this resolves. */
async function registerRaw(at: string): Promise<string> {
  const fields = { NodeUUID: 'pi', Password: PASSWORD, Username: 'home' };
  const { body } = await exchange(hostPort(at), postText(hostPort(at), '?opr=c', goJson(fields)));
  return (JSON.parse(body) as { readonly TOTPSecret: string }).TOTPSecret;
}

/** The status of a heartbeat as `pi`. */
async function beatRaw(at: string, secret: string): Promise<number> {
  const TOTP = originalCodeAt(secret, Date.now());
  const beat = goJson({ IPADDR: '<nil>', NodeUUID: 'pi', TOTP });
  return (await exchange(hostPort(at), postText(hostPort(at), '?opr=h', beat))).status;
}

function hostPort(at: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = at.split(':');
  return { host, port: Number(port) };
}

describe('two daemons that are v1 peers', () => {
  it('register with each other and stand among the members of both', async () => {
    const attic = await serving('attic');
    const cellar = await serving('cellar', ['--v1-https']);
    for (const { node } of [attic, cellar]) {
      expect((await withPassword(node, 'v1', 'user', 'add', 'home')).code).toBe(0);
    }
    const there = await register(attic.node, 'cellar', cellar.at, '--https', '--json');
    expect(JSON.parse(there.out)).toEqual({
      ...{ schema: 1, name: 'cellar', address: cellar.at, why: null },
    });
    // The password went there once.
    const registered = attic.node.running.err.all.filter((line) =>
      line.includes('registered with'),
    );
    expect(registered).toHaveLength(1);
    const here = await register(cellar.node, 'attic', attic.at, '--insecure-http');
    expect([here.code, here.err]).toEqual([0, expect.stringContaining('warning: ')]);

    const members = await shows(attic.node, (all) =>
      all.some(
        ({ id, state, proof }) => id === 'v1:cellar' && state === 'alive' && proof === 'tls',
      ),
    );
    expect(members.find(({ protocol }) => protocol === 1)).toMatchObject({
      ...{ name: 'cellar', address: cellar.at, path: null, moves: 0, tags: {} },
    });
    await shows(cellar.node, (all) =>
      all.some(
        ({ id, state, proof }) => id === 'v1:attic' && state === 'alive' && proof === 'none',
      ),
    );
    const { self, v1 } = (await attic.node.json('status')) as ControlStatus;
    expect(v1?.peers).toMatchObject([{ name: 'cellar', registeredIn: true, registeredOut: true }]);
    expect(self.addresses).toMatchObject([{ address: attic.at, scope: 'loopback', voters: 1 }]);

    // What was proven is given out, and what was not is told to people alone.
    expect(await attic.node.call('resolve', 'cellar')).toMatchObject({
      code: 0,
      out: '127.0.0.1\n',
    });
    const unproven = await cellar.node.call('resolve', 'v1:attic');
    expect(unproven).toMatchObject({ code: 5, out: '' });
    expect(unproven.err).toContain('--v1-unproven');
    expect(await attic.node.call('ping', 'cellar', '-c', '2')).toMatchObject({ code: 0 });

    // No command, log or view told a secret.
    const logs = [attic, cellar].map(({ node }) => node.running.end());
    for (const { out, err } of await Promise.all(logs)) expect(out + err).not.toContain(PASSWORD);
    expect(there.out + there.err + here.out + here.err).not.toContain(PASSWORD);
  });

  it('go on after kill -9 and another start, without registering again', async () => {
    const attic = await serving('attic');
    const state = await ownFolder();
    const first = await serving('cellar', [], { state });
    await withPassword(first.node, 'v1', 'user', 'add', 'home');
    await register(attic.node, 'cellar', first.at, '--insecure-http');
    await withPassword(first.node, 'v1', 'user', 'remove', 'home');
    await shows(first.node, (all) =>
      all.some(({ id, state: is }) => id === 'v1:attic' && is !== 'lost'),
    );
    await first.node.running.end('SIGTERM');
    const second = await serving('cellar', [], { state, at: first.at });
    await second.node.running.end('SIGKILL');
    const third = await serving('cellar', ['--v1-unproven'], { state, at: first.at });
    const { members } = (await third.node.json('members')) as MembersDocument;
    expect(members.map(({ id }) => id)).toContain('v1:attic');
    // Nobody could register again: the user is gone.
    await shows(attic.node, (all) =>
      all.some(({ id, state: is }) => id === 'v1:cellar' && is === 'alive'),
    );
    expect((await attic.node.call('ping', 'cellar', '-c', '1')).code).toBe(0);
    // It only calls: its address is where its calls come from, and nobody serves there.
    await shows(third.node, (all) =>
      all.some(({ id, address }) => id === 'v1:attic' && address?.startsWith('127.0.0.1:')),
    );
    expect((await third.node.call('resolve', 'attic', '--port')).code).toBe(5);
    const asked = await third.node.call('resolve', 'attic');
    expect(asked).toMatchObject({ code: 0, out: '127.0.0.1\n' });
    expect(asked.err).toContain('warning: attic');
  });

  it('lose no secret to kill -9 at the moment it is told, the first or a later time', async () => {
    const state = await ownFolder();
    let cellar = await serving('cellar', [], { state });
    await withPassword(cellar.node, 'v1', 'user', 'add', 'home');
    for (let time = 0; time < 3; time += 1) {
      const secret = await registerRaw(cellar.at);
      await cellar.node.running.end('SIGKILL');
      cellar = await serving('cellar', [], { state, at: cellar.at });
      expect(await beatRaw(cellar.at, secret)).toBe(200);
    }
  });

  it('register again by themselves after kill -9 before the new secret came', async () => {
    const state = await ownFolder();
    const { original } = await startOriginal({
      ...{ name: 'pi', host: '127.0.0.1', users: { home: PASSWORD } },
    });
    const at = `127.0.0.1:${String(original.port)}`;
    const first = await serving('cellar', [], { state });
    await register(first.node, 'pi', at, '--insecure-http');
    original.add({ name: 'cellar', ip: '127.0.0.1', port: Number(first.at.split(':')[1]) });
    const before = original.secrets.get('cellar');
    // The other side has a new secret, and this one is gone before it could hear of it.
    original.onRequest = (operation): void => {
      if (operation === 'c') first.node.running.process.kill('SIGKILL');
    };
    await register(first.node, 'pi', at, '--insecure-http');
    await first.node.running.ended;
    original.onRequest = (): void => undefined;
    expect(original.secrets.get('cellar')).not.toBe(before);
    const second = await serving('cellar', [], { state, at: first.at });
    await shows(second.node, (all) =>
      all.some(({ id, state: is }) => id === 'v1:pi' && is === 'alive'),
    );
  });

  it('follow what the config says of them, and by hand nothing else', async () => {
    const cellar = await serving('cellar');
    await withPassword(cellar.node, 'v1', 'user', 'add', 'home');
    const [state, file] = [await ownFolder(), join(await ownFolder(), 'flotilla.toml')];
    const lines = ['[v1-peers.cellar]', `at = "${cellar.at}"`, 'user = "home"'];
    const open = ['insecure-http = true', 'password-variable = "CELLAR_PASSWORD"'];
    await writeFile(file, [...lines, ...open].join('\n'));
    const how = { state, env: { CELLAR_PASSWORD: PASSWORD } };
    const first = await serving('attic', ['--config', file], how);
    await shows(first.node, (all) =>
      all.some(({ id, state: is }) => id === 'v1:cellar' && is === 'alive'),
    );
    // Nobody but a node of protocol 1 has told it where it is.
    const invited = (await first.node.json('invite')) as { at: readonly string[]; byV1: boolean };
    expect(invited).toMatchObject({ at: [`127.0.0.1:${String(first.node.port)}`], byV1: true });
    const log = first.node.running.err.all.join('\n');
    expect(log).toContain('Passwords go over plain HTTP to cellar');
    expect(log).not.toContain(PASSWORD);
    const byHand = [
      await first.node.call('v1', 'remove', 'cellar'),
      await register(first.node, 'cellar', cellar.at, '--insecure-http'),
    ];
    for (const { code, err } of byHand) {
      expect([code, err]).toEqual([1, expect.stringContaining('stands in the config file')]);
    }
    await first.node.running.end();
    // Without a config nothing is said of it, and it stays.
    const second = await serving('attic', [], { state });
    await shows(second.node, (all) => all.some(({ id }) => id === 'v1:cellar'));
    await second.node.running.end();
    await writeFile(file, '');
    const third = await serving('attic', ['--config', file], { state });
    const { members } = (await third.node.json('members')) as MembersDocument;
    expect(members.map(({ id }) => id)).not.toContain('v1:cellar');
  });

  it('send nothing to a new certificate until an operator trusts it', async () => {
    const attic = await serving('attic');
    const state = await ownFolder();
    const first = await serving('cellar', ['--v1-https'], { state });
    await withPassword(first.node, 'v1', 'user', 'add', 'home');
    await register(attic.node, 'cellar', first.at, '--https');
    await first.node.running.end();
    await rm(join(state, 'v1-certificate.json'));
    const second = await serving('cellar', ['--v1-https'], { state, at: first.at });
    expect(second.pin).not.toBe(first.pin);
    const ping = await attic.node.call('ping', 'cellar', '-c', '1');
    expect([ping.code, ping.out]).toEqual([5, expect.stringContaining('another certificate')]);
    expect((await attic.node.call('v1', 'trust', 'cellar')).code).toBe(0);
    expect((await attic.node.call('ping', 'cellar', '-c', '1')).code).toBe(0);
  });
});

describe('v1 add', () => {
  it('ends with 1 where the password is wrong, with 5 where nobody answers', async () => {
    const attic = await serving('attic');
    const cellar = await serving('cellar');
    const wrong = await register(attic.node, 'cellar', cellar.at, '--insecure-http');
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('does not take the user')]);
    await cellar.node.running.end();
    const gone = await register(attic.node, 'cellar', cellar.at, '--insecure-http');
    expect([gone.code, gone.err]).toEqual([5, expect.stringContaining('nobody listens there')]);
  });

  it('asks for what is missing, and for a password where all can read it', async () => {
    const attic = await serving('attic');
    const usage = async (...argv: readonly string[]): Promise<string> => {
      const ended = await attic.node.call('v1', 'add', 'pi', ...argv, '--json');
      expect(ended.code).toBe(2);
      return (JSON.parse(ended.out) as { error: { code: string } }).error.code;
    };
    expect(await usage()).toBe('at-missing');
    expect(await usage('--at', '192.0.2.7:1', '--user', 'home')).toBe('v1-insecure-http');
    expect(await usage('--at', '192.0.2.7:1', '--user', 'home', '--https')).toBe(
      'password-missing',
    );
    expect(await usage('--at', '192.0.2.7:1', '--path', 'x')).toBe('v1-path-invalid');
    expect(await usage('--at', '192.0.2.7')).toBe('address-not-an-address');
    expect((await attic.node.call('v1', 'add', 'attic', '--at', '192.0.2.7:1')).code).toBe(2);
  });

  it('takes the password from a file or standard input', async () => {
    const attic = await serving('attic');
    const cellar = await serving('cellar');
    const file = join(await ownFolder(), 'password');
    await writeFile(file, `${PASSWORD}\n`);
    const user = ['v1', 'user', 'add', 'home', '--password-file'];
    expect((await cellar.node.call(...user, file)).code).toBe(0);
    expect(await cellar.node.json('v1', 'user', 'list')).toEqual({ schema: 1, users: ['home'] });
    const add = ['v1', 'add', 'cellar', '--at', cellar.at, '--user', 'home', '--insecure-http'];
    const typed = await flotilla([...add, '--password-file', '-', '--state', attic.node.state], {
      input: `${PASSWORD}\n`,
    });
    expect(typed.code).toBe(0);
  });
});

describe('a daemon', () => {
  it('told --v1 off says so to every command about v1 peers', async () => {
    const attic = await daemon('attic');
    for (const argv of [
      ['v1', 'user', 'list'],
      ['v1', 'remove', 'pi'],
      ['v1', 'add', 'pi', '--at', '192.0.2.7:1'],
    ]) {
      const ended = await attic.call(...argv, '--json');
      const { error } = JSON.parse(ended.out) as { error: { code: string } };
      expect(error.code).toBe('v1-off');
    }
    expect(await attic.json('status')).not.toHaveProperty('v1');
  });

  it('shows a member that allows it to v1 peers, and no other', async () => {
    const attic = await serving('attic');
    const token = await attic.node.token();
    const visible = ['--v1', '127.0.0.1:0', '--v1-visible'];
    await daemon('cellar', ['--join', token, ...visible]);
    await daemon('pi', ['--join', await attic.node.token()]);
    const proven = (name: string) => (all: MembersDocument['members']) =>
      all.some((one) => one.name === name && one.proof === 'direct');
    await shows(attic.node, proven('cellar'));
    await shows(attic.node, proven('pi'));
    await withPassword(attic.node, 'v1', 'user', 'add', 'home');
    const ask = async (operation: string, body: object) => {
      const url = `http://${attic.at}/godddns?opr=${operation}`;
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      return [answer.status, await answer.text()] as const;
    };
    const login = { NodeUUID: 'old', Username: 'home', Password: PASSWORD };
    const [, text] = await ask('c', login);
    const { TOTPSecret: secret } = JSON.parse(text) as { TOTPSecret: string };
    const sync = (lost: string) => {
      const code = codeAt(secret, stepOf(wallTime(Date.now())));
      return ask('s', { NodeUUID: 'old', TOTP: code, LostUUID: lost });
    };
    await expect.poll(() => sync('cellar'), { timeout: 5_000 }).toEqual([200, '127.0.0.1']);
    expect(await sync('pi')).toEqual([500, '500 - Node not register on this host']);
  });

  it('keeps its secrets to the owner, and forgets them when it leaves', async () => {
    const { node } = await serving('attic', ['--v1-https']);
    await withPassword(node, 'v1', 'user', 'add', 'home');
    await node.call('v1', 'add', 'pi', '--at', '192.0.2.7:1');
    for (const name of ['v1', 'v1-users', 'v1-certificate']) {
      expect((await stat(join(node.state, `${name}.json`))).mode & 0o777).toBe(0o600);
    }
    expect((await node.call('leave')).code).toBe(0);
    for (const name of ['v1', 'v1-users', 'v1-certificate']) {
      await expect(stat(join(node.state, `${name}.json`))).rejects.toThrow('ENOENT');
    }
  });

  it('takes an export of the original over, and writes one', async () => {
    const { node } = await serving('cellar', ['--name', 'shed']);
    const sample = new URL('../v1/samples/export-sample.json', import.meta.url).pathname;
    expect(await node.json('v1', 'import', sample)).toMatchObject({ name: 'attic', peers: 2 });
    const { members } = (await node.json('members')) as MembersDocument;
    expect(members.map(({ id }) => id)).toEqual(expect.arrayContaining(['v1:pi', 'v1:cellar']));
    expect((await node.call('v1', 'export')).code).toBe(2);
    const file = join(await ownFolder(), 'out.json');
    expect((await node.call('v1', 'export', file, '--secrets')).code).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const written = JSON.parse(await readFile(file, 'utf8')) as object;
    const original = JSON.parse(await readFile(sample, 'utf8')) as object;
    expect(Object.keys(written)).toEqual(Object.keys(original));
    expect((await node.call('v1', 'export', file, '--secrets')).code).toBe(1);
  });
});
