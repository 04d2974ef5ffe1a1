import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatAddress } from '../../src/base/address.ts';
import { makePair } from '../../src/runtime/v1/certificate.ts';
import { Inbound, type Asked } from '../../src/runtime/v1/inbound.ts';
import { pinOfCertificate } from '../../src/runtime/v1/pinned-agent.ts';
import { STRANGERS_MAX, V1Server } from '../../src/runtime/v1/server.ts';
import { BODY_MAX } from '../../src/v1/config.ts';
import { userErrorOf } from './waiting.ts';

const TRUSTED = '127.0.0.1';

/** A way in whose requests are answered with where they came from; `opr=x` is refused. */
function inbound(asked: Asked[] = []): Inbound {
  return new Inbound({
    path: '/godddns',
    trustedProxies: new Set([TRUSTED]),
    ask: (one) => {
      asked.push(one);
      const status = one.operation === 'x' ? 400 : 200;
      return Promise.resolve({ status, body: formatAddress(one.from) });
    },
  });
}

async function served(tls?: { cert: string; key: string }) {
  const asked: Asked[] = [];
  const server = new V1Server(inbound(asked), tls);
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  return { port, asked, server };
}

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Sends octets and reads to the end of the connection. */
async function exchange(port: number, octets: string): Promise<string> {
  const socket = dial(port);
  socket.write(octets);
  let text = '';
  socket.on('data', (part: string) => (text += part));
  await new Promise((closed) => socket.once('close', closed));
  return text;
}

function post(body: string, target = '/godddns?opr=h', headers: readonly string[] = []): string {
  const length = `Content-Length: ${String(Buffer.byteLength(body))}`;
  return [`POST ${target} HTTP/1.1`, 'Host: x', length, ...headers, '', body].join('\r\n');
}

const CLOSE = ['Connection: close'];

describe('the port for v1 peers', () => {
  it('hands source, operation and body on, and answers as told', async () => {
    const { port, asked } = await served();
    const text = await exchange(port, post('{"a":"ü"}', '/godddns?opr=h&x=1', CLOSE));
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
    expect(asked).toMatchObject([{ operation: 'h', body: '{"a":"ü"}', from: { ip: '127.0.0.1' } }]);
    expect(text.endsWith(`127.0.0.1:${String(asked[0]?.from.port)}`)).toBe(true);
  });

  it('calls a good answer to a connect JSON, and no other', async () => {
    const { port } = await served();
    const type = async (target: string): Promise<string | undefined> =>
      /Content-Type: (.*)\r/.exec(await exchange(port, post('', target, CLOSE)))?.[1];
    expect(await type('/godddns?opr=c')).toBe('application/json');
    expect(await type('/godddns?opr=s')).toBe('text/plain; charset=utf-8');
  });

  it('knows no other path', async () => {
    const { port, asked } = await served();
    for (const target of ['/', '/godddns/', '/godddnsx?opr=h', '/other?opr=h']) {
      expect(await exchange(port, post('', target, CLOSE))).toMatch(/^HTTP\/1.1 404 /);
    }
    expect(asked).toEqual([]);
    const absolute = post('', 'http://attic:8290/godddns?opr=h', CLOSE);
    expect(await exchange(port, absolute)).toMatch(/^HTTP\/1.1 200 /);
  });

  it('takes 64 KiB, and refuses more with 413: 10 MB, and a body without end', async () => {
    const { port, asked } = await served();
    const whole = post('x'.repeat(BODY_MAX), undefined, CLOSE);
    expect(await exchange(port, whole)).toMatch(/^HTTP\/1.1 200 /);
    expect(await exchange(port, post('x'.repeat(BODY_MAX + 1)))).toMatch(/^HTTP\/1.1 413 /);
    const large = 'POST /godddns?opr=h HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    expect(await exchange(port, large + chunk.repeat(150))).toMatch(/^HTTP\/1.1 413 /);
    const endless = dial(port);
    endless.write(large + chunk.repeat(2));
    const [text] = (await once(endless, 'data')) as [string];
    expect(text).toMatch(/^HTTP\/1.1 413 [^]*Connection: close/);
    expect(asked).toHaveLength(1);
  });

  it('closes on one that sends its header or its body too slowly, in 20 s', async () => {
    const { port, asked } = await served();
    const start = performance.now();
    const slow = ['', 'POST /godddns HT', post('x'.repeat(9)).slice(0, -5)].map(async (octets) => {
      const socket = dial(port);
      socket.resume().write(octets);
      const dripping = setInterval(() => socket.write(octets === '' ? '' : 'a'), 4_500);
      await once(socket, 'close');
      clearInterval(dripping);
      return performance.now() - start;
    });
    for (const after of await Promise.all(slow)) expect(after).toBeLessThan(20_000);
    expect(asked).toEqual([]);
  });

  it('cuts the oldest of too many who asked nothing good, and none that did', async () => {
    const { port } = await served();
    const peer = dial(port);
    peer.write(post('{}'));
    await once(peer, 'data');
    const rude = dial(port);
    rude.write(post('{}', '/godddns?opr=x'));
    await once(rude, 'data');
    const cut = once(rude, 'close');
    const crowd = Array.from({ length: STRANGERS_MAX }, () => dial(port));
    await Promise.all([cut, ...crowd.map((one) => once(one, 'connect'))]);
    peer.write(post('{}'));
    const [text] = (await once(peer, 'data')) as [string];
    expect(text).toMatch(/^HTTP\/1.1 200 /);
  });

  it('ends at once, whoever is connected', async () => {
    const { port, server } = await served(makePair());
    const idle = dial(port);
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    const start = performance.now();
    await server.close();
    expect(performance.now() - start).toBeLessThan(1_500);
    idle.destroy();
    socket.destroy();
  });

  it('that is taken is told in words', async () => {
    const { port } = await served();
    const second = new V1Server(inbound(), undefined);
    const error = await userErrorOf(second.listen({ host: '127.0.0.1', port }));
    expect([error.code, error.hint]).toEqual([
      'v1-port-taken',
      'Stop that program, or take another port with --v1 HOST:PORT.',
    ]);
  });

  it('speaks HTTPS with a certificate made here', async () => {
    const certificate = makePair();
    const { port } = await served(certificate);
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const shown = socket.getPeerX509Certificate();
    expect(shown?.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(pinOfCertificate(shown?.raw ?? '')).toBe(pinOfCertificate(certificate.cert));
    expect(shown?.verify(shown.publicKey)).toBe(true);
    socket.destroy();
  });
});

describe('behind a trusted proxy', () => {
  it('the source is what the proxy says, and 400 when it hides that', async () => {
    const { port, asked } = await served();
    const said = (header: string): Promise<string> =>
      exchange(port, post('', undefined, [header, ...CLOSE]));
    expect(await said('X-Forwarded-For: 198.51.100.7, 203.0.113.9')).toContain('203.0.113.9:0');
    expect(await said('Forwarded: for="[2001:db8::7]:4711"')).toContain('[2001:db8::7]:4711');
    expect(await said('Forwarded: for=unknown')).toMatch(/^HTTP\/1.1 400 /);
    expect(asked).toHaveLength(2);
  });
});

describe('inside another server', () => {
  it('requests are taken under whatever path they were routed by', async () => {
    const asked: Asked[] = [];
    const way = inbound(asked);
    const host = createServer((request, response) => {
      way.handle(request, response, { anyPath: true });
    });
    host.listen(0, '127.0.0.1');
    await once(host, 'listening');
    onTestFinished(() => void host.close());
    const { port } = host.address() as AddressInfo;
    const text = await exchange(port, post('{}', '/app/peers?opr=h', CLOSE));
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(asked).toMatchObject([{ operation: 'h', body: '{}' }]);
  });

  it('a request whose body was read already is taken with that body', async () => {
    const asked: Asked[] = [];
    const way = inbound(asked);
    const host = createServer((request, response) => {
      request.resume().once('end', () => {
        way.handle(Object.assign(request, { body: { NodeUUID: 'pi' } }), response);
      });
    });
    host.listen(0, '127.0.0.1');
    await once(host, 'listening');
    onTestFinished(() => void host.close());
    const { port } = host.address() as AddressInfo;
    await exchange(port, post('{}', undefined, CLOSE));
    expect(asked).toMatchObject([{ body: '{"NodeUUID":"pi"}' }]);
  });

  it('a Request gives a Response', async () => {
    const asked: Asked[] = [];
    const way = inbound(asked);
    const request = (body: string, target = '/godddns?opr=c'): Request =>
      new Request(`http://attic${target}`, { method: 'POST', body });
    const response = await way.fetch(request('{}'), { from: '[2001:db8::7]:5' });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/json',
    ]);
    expect(await response.text()).toBe('[2001:db8::7]:5');
    expect((await way.fetch(request('{}', '/x'), { from: '192.0.2.1' })).status).toBe(404);
    const routed = await way.fetch(request('{}', '/x'), { from: '192.0.2.1', anyPath: true });
    expect(await routed.text()).toBe('192.0.2.1:0');
    const large = request('x'.repeat(BODY_MAX + 1));
    expect((await way.fetch(large, { from: '192.0.2.1' })).status).toBe(413);
    expect((await way.fetch(request('{}'), { from: 'nobody' })).status).toBe(400);
  });
});
