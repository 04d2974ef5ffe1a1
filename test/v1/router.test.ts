/** `ServiceRouter`: the original's notions for programs that embed a node behind their server. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ServiceRouter, type RouterOptions, type RouterSettings } from '../../src/v1.ts';
import { Arrivals, userErrorOf } from '../real/waiting.ts';
import { goJson, shownOf, startOriginal, type Running } from './originals.ts';
import { exchange, postText } from './raw.ts';

const OURS = '127.0.0.1';
const [ATTIC, ELSEWHERE] = ['127.0.7.1', '127.0.7.9'];
const login = { username: 'user', password: '123456' };
const users = { user: '123456' };
const authFunction = (username: string, password: string): boolean =>
  username === 'user' && password === '123456';

const sample = readFileSync(new URL('samples/export-sample.json', import.meta.url), 'utf8');

/** A router that ends with the test. */
function ended(router: ServiceRouter): ServiceRouter {
  onTestFinished(() => router.close());
  return router;
}

function made(options: Partial<RouterOptions> = {}): ServiceRouter {
  return ended(new ServiceRouter({ deviceUuid: 'cellar', authFunction, ...options }));
}

/** The port of an HTTP server that gives everything below `/api/godddns` to a router. */
async function embed(router: ServiceRouter): Promise<number> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/api/godddns?') === true) {
      router.handleConnections(request, response);
    } else response.writeHead(404).end('something else');
  }).listen(0, OURS);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function original(further: object = {}): Promise<Running> {
  const here = { name: 'attic', host: ATTIC, source: ATTIC, users, interval: 0.1 };
  return startOriginal({ ...here, ...further });
}

/** A router that is embedded, and an original, registered both ways. */
async function pair(): Promise<[ServiceRouter, Running]> {
  const router = made();
  const port = await embed(router);
  const peers = [{ name: 'cellar', ip: OURS, port, path: '/api/godddns', ...login }];
  const attic = await original({ peers });
  await attic.shows((shown) => shownOf(shown, 'cellar').answers > 0);
  const node = router.newNode({ nodeId: 'attic', port: attic.original.port, insecureHttp: true });
  router.addNode(node);
  await node.startConnection(ATTIC, 'user', '123456');
  return [router, attic];
}

describe('a router behind a server of its own, under a prefix', () => {
  it('lets an original register, and knows where it is', async () => {
    const router = made();
    const port = await embed(router);
    expect(router.nodeRegistered('attic')).toBe(false);
    const peers = [{ name: 'cellar', ip: OURS, port, path: '/api/godddns', ...login }];
    const attic = await original({ peers });
    await attic.shows(({ own }) => own === ATTIC);
    expect(router.nodeRegistered('attic')).toBe(true);
    expect(router.nodeConnected('attic')).toBe(false);
    expect(router.getNodeIp('attic')).toBe(ATTIC);
    expect(router.getNeighbourNodes().map(({ uuid }) => uuid)).toEqual(['attic']);
  });

  it('lets nobody in before it was told who may', async () => {
    const router = ended(new ServiceRouter({ deviceUuid: 'cellar' }));
    const port = await embed(router);
    const attic = await original({ peers: [], beat: false });
    attic.original.add({ name: 'cellar', ip: OURS, port, path: '/api/godddns', ...login });
    const register = { do: 'register', name: 'cellar' };
    expect(await attic.original.obey(register)).toBe(false);
    router.injectAuthFunction((username, password) =>
      Promise.resolve(authFunction(username, password)),
    );
    await attic.shows(() => true);
    const again = await original({ name: 'pi', peers: [], beat: false });
    again.original.add({ name: 'cellar', ip: OURS, port, path: '/api/godddns', ...login });
    expect(await again.original.obey(register)).toBe(true);
  });

  it('answers a Request with a Response', async () => {
    const router = made();
    const body = goJson({ NodeUUID: 'attic', Password: '123456', Username: 'user' });
    const ask = (query: string): Promise<Response> =>
      router.handleConnections(
        new Request(`https://attic.example/any/path${query}`, { method: 'POST', body }),
        { from: `${ATTIC}:5000` },
      );
    const answer = await ask('?opr=c');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ ReflectionIP: `${ATTIC}:5000` });
    expect((await ask('?opr=x')).status).toBe(400);
  });

  it.each(['done', 'failed'] as const)('tells a new secret once writing is %s', async (how) => {
    let kept = '';
    const router: ServiceRouter = made({
      write: async () => {
        await Promise.resolve();
        kept = JSON.stringify(router.toJSON({ secrets: true }));
        if (how === 'failed') throw new Error('the disk is full');
      },
    });
    const body = goJson({ NodeUUID: 'attic', Password: '123456', Username: 'user' });
    const request = new Request('https://x/?opr=c', { method: 'POST', body });
    const answer = await router.handleConnections(request, { from: `${ATTIC}:5000` });
    const { TOTPSecret } = (await answer.json()) as { readonly TOTPSecret: string };
    expect(kept).toContain(TOTPSecret);
  });
});

describe('a router and an original', () => {
  it('connect: the router learns its own address and says so', async () => {
    const router = made();
    const changes = new Arrivals<string>();
    router.onIpChange(changes.add);
    const attic = await original();
    const node = router.newNode({ nodeId: 'attic', port: attic.original.port, insecureHttp: true });
    router.addNode(node);
    expect(node.ipAddr).toBeUndefined();
    expect(router.deviceIpAddr).toBeUndefined();
    await node.startConnection(ATTIC, 'user', '123456');
    expect(router.nodeConnected('attic')).toBe(true);
    expect(node.ipAddr).toBe(ATTIC);
    expect(router.getNodeByUuid('attic')).toBe(node);
    // The original, too, answers heartbeats of those only whom it has in its list.
    attic.original.add({ name: 'cellar', port: 9 });
    expect(await router.heartbeatToNode(node)).toMatchObject({ answered: true });
    expect(changes.all).toEqual([OURS]);
    expect([router.deviceIpAddr, router.voteRouterIp()]).toEqual([OURS, OURS]);
  });

  it('follow each other', async () => {
    const [router, attic] = await pair();
    expect(await router.heartbeatToNode('attic')).toMatchObject({ answered: true });
    await attic.original.move(ELSEWHERE);
    await expect.poll(() => router.getNodeIp('attic'), { timeout: 10_000 }).toBe(ELSEWHERE);
    const all = await router.executeHeartbeatCycle();
    expect(all).toEqual([{ uuid: 'attic', answered: true, why: undefined }]);
  });

  it('beat from when they are told to until they are told not to', async () => {
    const [router, attic] = await pair();
    const fast = made({ deviceUuid: 'pi', syncIntervalMs: 1_000 });
    const node = fast.newNode({ nodeId: 'attic', port: attic.original.port, insecureHttp: true });
    fast.addNode(node);
    attic.original.add({ name: 'pi', port: 9 });
    await node.startConnection(ATTIC, 'user', '123456');
    let calls = attic.original.calls;
    fast.startHeartbeat();
    await expect.poll(() => attic.original.calls - calls, { timeout: 10_000 }).toBeGreaterThan(1);
    fast.stopHeartbeat();
    await attic.original.obey({ do: 'beat', on: false });
    calls = attic.original.calls;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(attic.original.calls - calls).toBeLessThanOrEqual(1);
    expect(router.nodeConnected('attic')).toBe(true);
  });

  it('part: a neighbour that was taken out is refused', async () => {
    const [router, attic] = await pair();
    const node = router.getNodeByUuid('attic');
    await node?.endConnection();
    expect(router.nodeConnected('attic')).toBe(false);
    expect(router.nodeRegistered('attic')).toBe(true);
    expect(await router.removeNode('attic')).toBe(true);
    expect(await router.removeNode('attic')).toBe(false);
    expect(router.nodeRegistered('attic')).toBe(false);
    const { answers } = shownOf(attic.original.view(), 'cellar');
    await attic.original.cycle();
    await attic.original.cycle();
    expect(shownOf(attic.original.view(), 'cellar').answers - answers).toBeLessThanOrEqual(1);
  });
});

describe('a router refuses', () => {
  it('to send a password over plain HTTP that nobody allowed', async () => {
    const router = made();
    const attic = await original();
    const node = router.newNode({ nodeId: 'attic', port: attic.original.port });
    router.addNode(node);
    const { code } = await userErrorOf(node.startConnection(ATTIC, 'user', '123456'));
    expect(code).toBe('v1-insecure-http');
    expect(attic.original.calls).toBe(0);
  });

  it('with the reason when the neighbour does not take the login', async () => {
    const router = made();
    const attic = await original();
    const node = router.newNode({ nodeId: 'attic', port: attic.original.port, insecureHttp: true });
    router.addNode(node);
    const error = await userErrorOf(node.startConnection(ATTIC, 'user', 'wrong'));
    expect(error.code).toBe('v1-not-connected');
    expect(error.message).toContain('credentials-refused');
    expect(error.message).not.toContain('wrong');
  });

  it('a neighbour that nobody put in, and one of its own name', async () => {
    const router = made();
    const stray = router.newNode({ nodeId: 'pi', port: 80, insecureHttp: true });
    const error = await userErrorOf(stray.startConnection(ATTIC, 'user', '123456'));
    expect(error.code).toBe('v1-node-unknown');
    expect((await userErrorOf(router.heartbeatToNode('pi'))).code).toBe('v1-node-unknown');
    const self = router.newNode({ nodeId: 'cellar', port: 80 });
    expect(() => {
      router.addNode(self);
    }).toThrow(expect.objectContaining({ code: 'v1-own-name' }));
  });

  it.each<[string, () => unknown]>([
    ['v1-uuid-invalid', () => new ServiceRouter({ deviceUuid: '' })],
    ['v1-uuid-invalid', () => new ServiceRouter({ deviceUuid: 'a\nb' })],
    ['v1-interval-out-of-range', () => made({ syncIntervalMs: 999 })],
    ['v1-interval-out-of-range', () => made({ syncIntervalMs: Number.NaN })],
    ['v1-port-not-a-port', () => made().newNode({ nodeId: 'attic', port: 0 })],
    ['v1-port-not-a-port', () => made().newNode({ nodeId: 'attic', port: 65_536 })],
    ['v1-file-invalid', () => ServiceRouter.fromJSON('{')],
    ['v1-file-invalid', () => ServiceRouter.fromJSON({ NodeMap: 7 })],
    ['v1-file-invalid', () => ServiceRouter.fromJSON(null)],
  ])('with %s', (code, make) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});

describe('behind a reverse proxy', () => {
  const body = goJson({ NodeUUID: 'attic', Password: '123456', Username: 'user' });

  /** What a router says it sees when these header lines come from loopback. */
  async function seen(settings: RouterSettings, ...lines: string[]): Promise<string> {
    const port = await embed(made(settings));
    const to = { host: OURS, port };
    const text = postText(to, '?opr=c', body)
      .replace('/godddns', '/api/godddns')
      .replace('Accept-Encoding: gzip', ['Accept-Encoding: gzip', ...lines].join('\r\n'));
    const answer = await exchange(to, text);
    const { ReflectionIP } = JSON.parse(answer.body) as { ReflectionIP: string };
    return ReflectionIP.replace(/:\d+$/, '');
  }

  it.each(['X-Forwarded-For: 198.51.100.7', 'Forwarded: for=198.51.100.7'])(
    'believes %s of a proxy that was named',
    async (line) => {
      expect(await seen({ trustedProxies: [OURS] }, line)).toBe('198.51.100.7');
    },
  );

  it.each(['X-Forwarded-For: 198.51.100.7', 'Forwarded: for=198.51.100.7'])(
    'believes %s of nobody else',
    async (line) => {
      expect(await seen({}, line)).toBe(OURS);
      expect(await seen({ trustedProxies: ['127.0.0.2'] }, line)).toBe(OURS);
    },
  );

  it('takes the nearest hop that no trusted proxy is, not what a client put in front', async () => {
    const line = 'X-Forwarded-For: 203.0.113.66, 198.51.100.7, 127.0.0.2';
    expect(await seen({ trustedProxies: [OURS, '127.0.0.2'] }, line)).toBe('198.51.100.7');
  });
});

describe('a file', () => {
  const secret = /[A-Z2-7]{32}|123456/;

  it('shows no secret unless asked', async () => {
    const [router] = await pair();
    expect(JSON.stringify(router)).not.toMatch(secret);
    expect(JSON.stringify({ router })).not.toMatch(secret);
    expect(JSON.stringify(router)).toContain('"UUID":"attic"');
    expect(JSON.stringify(router.toJSON({ secrets: true }))).toMatch(secret);
  });

  it('carries a router on without registering again, logins too', async () => {
    const [router, attic] = await pair();
    const file = JSON.stringify(router.toJSON({ secrets: true }));
    await router.close();
    const given = attic.original.secrets.get('cellar');
    const again = ended(ServiceRouter.fromJSON(file, { authFunction }));
    expect(again.deviceUuid).toBe('cellar');
    expect(again.deviceIpAddr).toBe(OURS);
    expect(again.nodeConnected('attic')).toBe(true);
    expect(await again.heartbeatToNode('attic')).toMatchObject({ answered: true });
    expect(attic.original.secrets.get('cellar')).toBe(given);
    // The original loses its memory; the restored router knows the login still.
    await attic.original.obey({ do: 'forget' });
    expect(await again.heartbeatToNode('attic')).toMatchObject({ answered: true });
    expect(attic.original.secrets.get('cellar')).not.toBe(given);
  });

  it('is one that an original reads and carries on from', async () => {
    const [router, attic] = await pair();
    const restore = JSON.parse(JSON.stringify(router.toJSON({ secrets: true }))) as unknown;
    await router.close();
    const given = attic.original.secrets.get('cellar');
    const heir = await startOriginal({ name: 'nobody', restore, beat: false });
    await heir.original.cycle();
    expect(shownOf(heir.original.view(), 'attic')).toMatchObject({ ip: ATTIC, answers: 1 });
    expect(heir.original.view().name).toBe('cellar');
    expect(attic.original.secrets.get('cellar')).toBe(given);
  });

  it('of an original is carried on from: its neighbours, their addresses, its own', () => {
    const router = ended(ServiceRouter.fromJSON(sample));
    expect(router.deviceUuid).toBe('attic');
    expect(router.syncIntervalMs).toBe(1_000);
    expect(router.deviceIpAddr).toBe('127.0.0.1');
    expect(router.getNeighbourNodes().map(({ uuid }) => uuid)).toEqual(['pi', 'cellar']);
    expect(router.getNodeByUuid('pi')).toMatchObject({ port: 8183, ipAddr: '127.0.0.1' });
    expect(router.nodeConnected('cellar')).toBe(true);
    const again = router.toJSON({ secrets: true }) as { NodeMap: unknown; TOTPMap: unknown };
    const { NodeMap, TOTPMap } = JSON.parse(sample) as { NodeMap: unknown[]; TOTPMap: unknown[] };
    expect(again.NodeMap).toEqual(expect.arrayContaining(NodeMap));
    expect(again.TOTPMap).toEqual(expect.arrayContaining(TOTPMap));
  });

  it('is new whenever something in it changed', async () => {
    let changes = 0;
    const router = made({ onChange: () => (changes += 1) });
    router.addNode(router.newNode({ nodeId: 'attic', port: 80 }));
    expect(changes).toBe(1);
    await router.removeNode('attic');
    expect(changes).toBeGreaterThan(1);
  });
});

describe('a router that was closed', () => {
  it('calls nobody and answers nobody', async () => {
    const [router, attic] = await pair();
    await router.close();
    const { calls } = attic.original;
    expect((await userErrorOf(router.heartbeatToNode('attic'))).code).toBe('closed');
    expect(() => {
      router.startHeartbeat();
    }).toThrow();
    expect(attic.original.calls).toBe(calls);
    const { answers } = shownOf(attic.original.view(), 'cellar');
    await attic.original.cycle();
    await attic.original.cycle();
    expect(shownOf(attic.original.view(), 'cellar').answers - answers).toBeLessThanOrEqual(1);
  });
});
