import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTcp, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { address } from '../../src/base/address.ts';
import { millis } from '../../src/base/time.ts';
import { makePair } from '../../src/runtime/v1/certificate.ts';
import { V1Client, type Call, type CallOutcome } from '../../src/runtime/v1/client.ts';
import { pinOfCertificate } from '../../src/runtime/v1/pinned-agent.ts';
import { BODY_MAX } from '../../src/v1/config.ts';
import { Arrivals } from './waiting.ts';

const SAMPLES = new URL('../v1/samples/client-requests.json', import.meta.url);
const { requests } = JSON.parse(readFileSync(SAMPLES, 'utf8')) as {
  requests: Record<'c' | 'h' | 's', string>;
};

/** What a server does with one request, whole as it came. */
type Answer = (socket: Socket, request: string, nth: number) => void;

function reply(body: string | Buffer, headers: readonly string[] = []): Answer {
  const octets = Buffer.from(body);
  const head = ['HTTP/1.1 200 OK', `Content-Length: ${String(octets.length)}`, ...headers, '', ''];
  return (socket) => socket.write(Buffer.concat([Buffer.from(head.join('\r\n')), octets]));
}

/** A server that keeps the octets it is sent, and on how many connections. */
async function server(answer: Answer, tls?: { cert: string; key: string }) {
  const seen = new Arrivals<string>();
  const sockets: Socket[] = [];
  const taking = (socket: Socket): void => {
    sockets.push(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? NaN);
      const end = text.indexOf('\r\n\r\n') + 4;
      if (end < 4 || text.length < end + length) return;
      const request = text.slice(0, end + length);
      text = '';
      seen.add(request);
      answer(socket, request, seen.all.length);
    });
  };
  const made = tls === undefined ? createTcp(taking) : createTls(tls, taking);
  made.listen(0, '127.0.0.1');
  await once(made, 'listening');
  onTestFinished(() => {
    made.close();
    for (const socket of sockets) socket.destroy();
  });
  return { seen, sockets, port: (made.address() as AddressInfo).port };
}

function client(): V1Client {
  const made = new V1Client();
  onTestFinished(() => {
    made.close();
  });
  return made;
}

function callTo(port: number, differences: Partial<Call> = {}, https = false): Call {
  const at = address('127.0.0.1', port);
  if (at === undefined) throw new Error('no address');
  const to = { at, path: '/godddns', https };
  const usual = { to, pin: undefined, operation: 'h', body: '{}', timeout: millis(5_000) } as const;
  return { ...usual, fresh: false, ...differences };
}

const failed = (reason: string): object => ({ type: 'call-failed', reason });

describe('a request', () => {
  it.each(['c', 'h', 's'] as const)(
    'of opr=%s is octet for octet the recorded one',
    async (opr) => {
      const { port, seen } = await server(reply('127.0.0.1:50000'));
      const [, body = ''] = requests[opr].split('\r\n\r\n');
      await client().call(callTo(port, { operation: opr, body }));
      const host = `127.0.0.1:${String(port)}`;
      expect(seen.all).toEqual([requests[opr].replace('127.0.0.1:8290', host)]);
    },
  );

  it('goes over the connection kept from before, but for a connect or a fresh one', async () => {
    const { port, seen, sockets } = await server(reply('x'));
    const made = client();
    for (let beat = 0; beat < 3; beat += 1) await made.call(callTo(port));
    expect(sockets).toHaveLength(1);
    await made.call(callTo(port, { operation: 'c' }));
    expect(sockets).toHaveLength(2);
    await made.call(callTo(port, { fresh: true }));
    expect([sockets.length, seen.all.length]).toEqual([3, 5]);
    // A fresh one was wanted because the kept one may be dead.
    await made.call(callTo(port));
    expect(sockets).toHaveLength(4);
  });

  it('goes again over a new connection when the kept one broke', async () => {
    const { port, sockets } = await server((socket, request, nth) => {
      if (nth === 2) socket.destroy();
      else reply('x')(socket, request, nth);
    });
    const made = client();
    await made.call(callTo(port));
    expect(await made.call(callTo(port))).toMatchObject({ type: 'response', status: 200 });
    expect(sockets).toHaveLength(2);
  });
});

describe('an answer', () => {
  async function answered(answer: Answer): Promise<CallOutcome> {
    return client().call(callTo((await server(answer)).port));
  }

  it('comes with its status, body and date', async () => {
    const date = 'Date: Sun, 06 Nov 1994 08:49:37 GMT';
    expect(await answered(reply('192.0.2.1:5', [date]))).toEqual({
      ...{ type: 'response', status: 200, body: '192.0.2.1:5', pin: undefined },
      date: 784_111_777_000,
    });
  });

  it('may be packed with gzip', async () => {
    const packed = reply(gzipSync('192.0.2.1:5'), ['Content-Encoding: gzip']);
    expect(await answered(packed)).toMatchObject({ body: '192.0.2.1:5' });
  });

  it('has 64 KiB at the most, unpacked too', async () => {
    expect(await answered(reply('x'.repeat(BODY_MAX)))).toMatchObject({ status: 200 });
    expect(await answered(reply('x'.repeat(BODY_MAX + 1)))).toEqual(failed('malformed'));
    const bomb = reply(gzipSync('x'.repeat(BODY_MAX + 1)), ['Content-Encoding: gzip']);
    expect(await answered(bomb)).toEqual(failed('malformed'));
  });

  it.each([
    ['no HTTP', 'SSH-2.0-x\r\n'],
    ['no gzip where it says so', 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx'],
  ])('that is %s is malformed', async (_what, text) => {
    expect(await answered((socket) => socket.end(text))).toEqual(failed('malformed'));
  });

  it('that does not come in time is a time-out, however slowly its octets drip', async () => {
    const { port } = await server((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
      const dripping = setInterval(() => socket.write('x'), 20);
      socket.once('close', () => {
        clearInterval(dripping);
      });
    });
    const start = performance.now();
    expect(await client().call(callTo(port, { timeout: millis(300) }))).toEqual(failed('time-out'));
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  it('from nobody is refused', async () => {
    const { port } = await server(reply('x'));
    const gone = createTcp().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port: free } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, 'close');
    expect(await client().call(callTo(free))).toEqual(failed('refused'));
    expect(await client().call(callTo(port))).toMatchObject({ status: 200 });
  });
});

describe('over HTTPS', () => {
  const certificate = makePair();
  const pin = pinOfCertificate(certificate.cert);

  it('the pin of the server comes with each answer, over a kept connection too', async () => {
    const { port, sockets } = await server(reply('x'), certificate);
    const made = client();
    expect(await made.call(callTo(port, {}, true))).toMatchObject({ status: 200, pin });
    expect(await made.call(callTo(port, {}, true))).toMatchObject({ status: 200, pin });
    expect(sockets).toHaveLength(1);
    expect(await made.call(callTo(port, { pin }, true))).toMatchObject({ status: 200, pin });
  });

  it('nothing is sent to a server of another key', async () => {
    const { port, seen } = await server(reply('x'), makePair());
    const outcome = await client().call(callTo(port, { pin, body: 'secret' }, true));
    expect(outcome).toEqual(failed('certificate'));
    expect(seen.all).toEqual([]);
  });

  it('a server that speaks plain HTTP is malformed', async () => {
    const { port } = await server(reply('x'));
    const silent = createTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const plain = (silent.address() as AddressInfo).port;
    expect(await client().call(callTo(plain, {}, true))).toEqual(failed('malformed'));
    // One that says nothing at all to a TLS hello.
    const timeout = millis(300);
    expect(await client().call(callTo(port, { timeout }, true))).toEqual(failed('time-out'));
  });
});

it('after the end of the client every call has ended', async () => {
  const { port } = await server(() => undefined);
  const made = new V1Client();
  const call = made.call(callTo(port));
  made.close();
  expect(await call).toEqual(failed('other'));
});
