import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once, type EventEmitter } from 'node:events';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { daemonOf } from '../../../src/cli/daemon.ts';
import { createApi } from '../../../src/services/api/api.ts';
import { BODY_MAX, serveApi, type ApiServer } from '../../../src/services/api/server.ts';
import { Arrivals, ownFolder, userErrorOf } from '../../real/waiting.ts';
import { FakeControl, member } from './fake-control.ts';

interface Stand {
  readonly folder: string;
  readonly control: FakeControl;
  readonly server: ApiServer;
  readonly fatal: Arrivals<unknown>;
}

async function serve(): Promise<Stand> {
  const folder = await ownFolder();
  const control = new FakeControl();
  const fatal = new Arrivals<unknown>();
  const down = (): Promise<void> => Promise.resolve();
  const server = await serveApi(createApi({ control, down }), folder, fatal.add);
  onTestFinished(async () => {
    await server.stop();
    await server.finish();
  });
  return { folder, control, server, fatal };
}

/** Sends octets as they are and reads until the server hangs up. */
async function raw(path: string, octets: string): Promise<string> {
  const socket = createConnection(path);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  socket.write(octets);
  await once(socket, 'close');
  return answer;
}

describe('the API server', () => {
  it('goes on when the system could not accept a connection', async () => {
    const { folder } = await serve();
    let server: EventEmitter | undefined;
    const started = (message: unknown): void => {
      server = (message as { readonly server: EventEmitter }).server;
    };
    subscribe('http.server.request.start', started);
    onTestFinished(() => void unsubscribe('http.server.request.start', started));
    await daemonOf(folder).ask('GET /v2/status');
    server?.emit('error', new Error('accept EMFILE'));
    expect(server).toBeDefined();
    expect(await daemonOf(folder).ask('GET /v2/status')).toMatchObject({ schema: 1 });
  });

  it('serves one user alone', async () => {
    const { folder } = await serve();
    expect((await stat(join(folder, 'control.sock'))).mode & 0o777).toBe(0o600);
  });

  it('answers the command line', async () => {
    const { folder, control } = await serve();
    const daemon = daemonOf(folder);
    expect(await daemon.ask('GET /v2/status')).toEqual(control.status());
    const body = { name: 'pi', address: '192.0.2.9:4117' };
    expect(await daemon.ask('POST /v2/hint', { body })).toEqual({ schema: 1, done: true });
  });

  it('refuses a body that is too long, and goes on', async () => {
    const { folder } = await serve();
    const body = { token: 'x'.repeat(BODY_MAX) };
    const refused = await userErrorOf(daemonOf(folder).ask('POST /v2/join', { body }));
    expect(refused.code).toBe('body-too-long');
    expect(await daemonOf(folder).ask('GET /v2/members')).toHaveProperty('members');
  });

  it('survives what is not HTTP, and paths that are none', async () => {
    const { folder, server, fatal } = await serve();
    expect(await raw(server.place, '\u0016\u0003\u0001 hello\r\n\r\n')).toContain('400');
    expect(await raw(server.place, 'GET //:x?%zz HTTP/1.1\r\nhost: x\r\n\r\n')).toContain('404');
    expect(await daemonOf(folder).ask('GET /v2/members')).toHaveProperty('members');
    expect(fatal.all).toEqual([]);
  });

  it('streams documents until it stops, and the reader sees an end, not an error', async () => {
    const { folder, control, server } = await serve();
    const lines = new Arrivals<object>();
    const reading = (async (): Promise<void> => {
      const stream = daemonOf(folder).stream('/v2/events?members=1');
      for await (const line of stream) lines.add(line);
    })();
    await until(() => control.feed.watched);
    control.feed.tell(control.members());
    await lines.first();
    control.list = [member('pi', { moves: 1 })];
    control.feed.tell(control.members());
    await lines.first((line) => JSON.stringify(line).includes('"moves":1'));
    await server.stop();
    await reading;
  });

  it('lets go of a watcher that hangs up', async () => {
    const { control, server } = await serve();
    const watching = request({ socketPath: server.place, path: '/v2/events', agent: false });
    watching.on('error', () => undefined);
    watching.end();
    await until(() => control.feed.watched);
    watching.destroy();
    await until(() => !control.feed.watched);
  });

  it('answers a request under way after it stopped listening', async () => {
    const { folder, control, server } = await serve();
    let go: () => void = () => undefined;
    control.leave = (): Promise<void> => new Promise((resolve) => (go = resolve));
    const leaving = daemonOf(folder).ask('POST /v2/leave');
    let answered = false;
    void leaving.then(() => (answered = true));
    await until(() => go.name !== 'go');
    await server.stop();
    expect(answered).toBe(false);
    go();
    expect(await leaving).toEqual({ schema: 1, done: true });
    await server.finish();
  });

  it('takes its socket away when it stops, so that no daemon seems to run', async () => {
    const { folder, server } = await serve();
    await server.stop();
    await expect(stat(server.place)).rejects.toThrow('ENOENT');
    expect((await userErrorOf(daemonOf(folder).ask('GET /v2/status'))).code).toBe('no-daemon');
  });

  it('tells of a broken invariant instead of answering', async () => {
    const { folder, control, fatal } = await serve();
    control.failure = new InvariantError('broken');
    await expect(daemonOf(folder).ask('GET /v2/status')).rejects.toThrow();
    expect(await fatal.first()).toBe(control.failure);
  });
});

/** Waits, a turn of the loop at a time, for something that must come. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
