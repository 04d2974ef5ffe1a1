import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { connect as connectTcp, type Socket } from 'node:net';
import {
  connect as connectTls,
  type ConnectionOptions,
  createSecureContext,
  type TLSSocket,
} from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Bytes } from '../../src/base/bytes.ts';
import { nodeIdOf } from '../../src/base/id.ts';
import type { Input } from '../../src/core/io.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import { placesOf } from '../../src/runtime/bind.ts';
import { peerKey } from '../../src/runtime/link.ts';
import { Links, linkContext } from '../../src/runtime/links.ts';
import { UdpSockets } from '../../src/runtime/udp.ts';
import { encodeFrame } from '../../src/wire/join.ts';
import { knockTag, tagToServerName } from '../../src/wire/token.ts';
import { Arrivals } from './waiting.ts';

const SERVER_SEED = new Uint8Array(32).fill(1);
const CLIENT_SEED = new Uint8Array(32).fill(2);
const INVITE_KEY = nodeSuite.signingKey(new Uint8Array(32).fill(3));
const TAG = knockTag(nodeSuite, INVITE_KEY, new Uint8Array(10).fill(4));
const FRAME = encodeFrame({ type: 'refused', reason: 'spent' });

interface Served {
  readonly port: number;
  readonly links: Links;
  readonly inputs: Arrivals<Input>;
}

/** Links on a free port of 127.0.0.1; whoever shows a tag is admitted when `admits` says so. */
async function serve(
  admits: (tag: Bytes | undefined) => boolean = (): boolean => true,
): Promise<Served> {
  const inputs = new Arrivals<Input>();
  const links: Links = new Links(linkContext(SERVER_SEED), (input) => {
    inputs.add(input);
    if (input.type !== 'knock') return;
    if (admits(input.tag)) links.admit(input.link);
    else links.closeLink(input.link);
  });
  const port = await freePort();
  await links.open(placesOf(['127.0.0.1']), port);
  onTestFinished(() => {
    links.close();
  });
  return { port, links, inputs };
}

async function freePort(): Promise<number> {
  const udp = new UdpSockets({ deliver: () => undefined, note: () => undefined });
  const port = await udp.openMain(placesOf(['127.0.0.1']), 0);
  udp.close();
  return port;
}

/** A TLS client as a joiner is one, with changes. */
function client(port: number, options: ConnectionOptions = {}): TLSSocket {
  return connectTls({
    host: '127.0.0.1',
    port,
    servername: tagToServerName(TAG),
    secureContext: linkContext(CLIENT_SEED),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...options,
  });
}

/** Everything that comes from the server until it closes, after `begin` did its worst. */
function allBytes(port: number, begin: (socket: Socket) => void): Promise<Buffer> {
  return new Promise((done) => {
    const got: Buffer[] = [];
    const socket = connectTcp({ host: '127.0.0.1', port }, () => {
      begin(socket);
    });
    socket.on('data', (chunk) => got.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      done(Buffer.concat(got));
    });
  });
}

/** The ClientHello that a TLS client with these options begins with. */
function helloOf(options: ConnectionOptions): Promise<Buffer> {
  return new Promise((done) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer) => {
        done(chunk);
        wire.destroy();
      },
    });
    const tls = connectTls({ socket: wire, rejectUnauthorized: false, ...options });
    tls.on('error', () => undefined);
  });
}

describe('a link', () => {
  it('is opened by a joiner, proves both keys and carries frames both ways', async () => {
    const { port, links, inputs } = await serve();
    const tls = client(port);
    onTestFinished(() => {
      tls.destroy();
    });
    const answer = new Arrivals<Buffer>();
    tls.on('data', answer.add);
    tls.on('secureConnect', () => tls.write(FRAME));

    const knock = await inputs.first((input) => input.type === 'knock');
    expect(knock).toMatchObject({ tag: TAG, from: { family: 4, ip: '127.0.0.1' } });
    const opened = await inputs.first((input) => input.type === 'link-open');
    expect(opened).toMatchObject({ peer: nodeIdOf(nodeSuite.signingKey(CLIENT_SEED)) });
    const frame = await inputs.first((input) => input.type === 'link-frame');
    expect(frame).toMatchObject({ body: FRAME.slice(4) });
    expect(peerKey(tls)).toEqual(nodeSuite.signingKey(SERVER_SEED));
    expect(tls.getProtocol()).toBe('TLSv1.3');

    const link = knock.type === 'knock' ? knock.link : -1;
    links.send(link, FRAME);
    links.closeLink(link);
    expect(new Uint8Array(await answer.first())).toEqual(FRAME);
    await inputs.first((input) => input.type === 'link-closed');
  });

  it('is opened although the ClientHello comes in single octets', async () => {
    const { port, inputs } = await serve();
    const hello = await helloOf({ servername: tagToServerName(TAG) });
    const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true });
    const answer = new Arrivals<Buffer>();
    socket.on('data', answer.add);
    for (const octet of hello) {
      socket.write(Uint8Array.of(octet));
      await new Promise(setImmediate);
    }
    await inputs.first((input) => input.type === 'knock');
    // A ServerHello, in a handshake record.
    expect((await answer.first())[0]).toBe(22);
    socket.destroy();
    await inputs.first((input) => input.type === 'link-closed');
  });

  it('without a certificate of the client ends before it is open', async () => {
    const { port, inputs } = await serve();
    client(port, { secureContext: createSecureContext() }).on('error', () => undefined);
    await inputs.first((input) => input.type === 'link-closed');
    expect(inputs.all.map(({ type }) => type)).toEqual(['knock', 'link-closed']);
  });

  it('with an older TLS ends before it is open', async () => {
    const { port, inputs } = await serve();
    const old = { secureContext: undefined, maxVersion: 'TLSv1.2' } as const;
    client(port, old).on('error', () => undefined);
    await inputs.first((input) => input.type === 'link-closed');
    expect(inputs.all.map(({ type }) => type)).toEqual(['knock', 'link-closed']);
  });

  it('over which more comes than a joiner has to say ends', async () => {
    const { port, inputs } = await serve();
    const tls = client(port);
    tls.on('error', () => undefined);
    tls.on('secureConnect', () => tls.write(new Uint8Array(20_000).fill(0)));
    await inputs.first((input) => input.type === 'link-closed');
    expect(inputs.all.some(({ type }) => type === 'link-frame')).toBe(false);
  });
});

describe('a stranger on the TCP port gets not one octet', () => {
  const names: readonly (readonly [string, ConnectionOptions])[] = [
    ['TLS without a server name', { servername: '' }],
    ['TLS for another name', { servername: 'attic.example' }],
    ['TLS with a name that is almost a tag', { servername: `${'a'.repeat(41)}.invalid` }],
  ];
  it.each(names)('%s', async (_title, options) => {
    const { port, inputs } = await serve();
    const hello = await helloOf(options);
    expect(await allBytes(port, (socket) => socket.write(hello))).toHaveLength(0);
    expect(inputs.all).toEqual([]);
  });

  const openings: readonly (readonly [string, string | Uint8Array])[] = [
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: attic\r\n\r\n'],
    ['garbage', new Uint8Array(5000).fill(0xaa)],
    ['a handshake record that never ends', Uint8Array.of(22, 3, 1, 0x3f, 0xff, 1, 0, 0xff, 0xff)],
    ['an alert', Uint8Array.of(21, 3, 3, 0, 2, 1, 0)],
  ];
  it.each(openings)('%s', async (_title, bytes) => {
    const { port, inputs } = await serve();
    expect(await allBytes(port, (socket) => socket.write(bytes))).toHaveLength(0);
    expect(inputs.all).toEqual([]);
  });

  it('a tag that the machine does not admit', async () => {
    const { port, inputs } = await serve(() => false);
    const hello = await helloOf({ servername: tagToServerName(TAG) });
    expect(await allBytes(port, (socket) => socket.write(hello))).toHaveLength(0);
    expect(inputs.all.map(({ type }) => type)).toEqual(['knock', 'link-closed']);
  });

  it('one who says nothing, or one octet now and then, and is cut off after 3 s', async () => {
    const { port, inputs } = await serve();
    const hello = await helloOf({ servername: tagToServerName(TAG) });
    const began = performance.now();
    const drip = (socket: Socket): void => {
      let sent = 0;
      const timer = setInterval(() => socket.write(hello.subarray(sent, (sent += 1))), 100);
      socket.on('close', () => {
        clearInterval(timer);
      });
    };
    const got = await Promise.all([allBytes(port, () => undefined), allBytes(port, drip)]);
    expect(got.map(({ length }) => length)).toEqual([0, 0]);
    expect(performance.now() - began).toBeGreaterThan(2900);
    expect(performance.now() - began).toBeLessThan(6000);
    expect(inputs.all).toEqual([]);
  });
});

it('the ninth connection of one source is dropped, and room is made when one ends', async () => {
  const { port } = await serve();
  const held = Array.from({ length: 8 }, () => connectTcp({ host: '127.0.0.1', port }));
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  const began = performance.now();
  await allBytes(port, () => undefined);
  expect(performance.now() - began).toBeLessThan(1500);
  for (const socket of held) socket.destroy();
  const hello = await helloOf({ servername: tagToServerName(TAG) });
  const answer = new Arrivals<Buffer>();
  const tries = setInterval(() => {
    const socket = connectTcp({ host: '127.0.0.1', port }, () => socket.write(hello));
    socket.on('data', answer.add).on('error', () => undefined);
    onTestFinished(() => {
      socket.destroy();
    });
  }, 50);
  onTestFinished(() => {
    clearInterval(tries);
  });
  expect((await answer.first())[0]).toBe(22);
});
