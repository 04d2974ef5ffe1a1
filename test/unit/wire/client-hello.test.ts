import { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import { connect } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat, utf8 } from '../../../src/base/bytes.ts';
import { serverNameOf } from '../../../src/wire/client-hello.ts';
import { CLIENT_HELLO_MAX } from '../../../src/wire/limits.ts';
import { tagToServerName } from '../../../src/wire/token.ts';
import { octets } from './samples.ts';

const name = tagToServerName(octets(26));

/** The first octets that Node's own TLS sends, caught before any network. */
async function realHello(options: ConnectionOptions): Promise<Bytes> {
  const { promise, resolve } = withResolvers<Bytes>();
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      resolve(new Uint8Array(chunk));
      done();
    },
  });
  const client = connect({ socket, ...options });
  client.on('error', () => {});
  try {
    return await promise;
  } finally {
    client.destroy();
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Two octets of length, then the octets. */
function prefixed16(...parts: readonly Bytes[]): Bytes {
  const body = concat(...parts);
  return concat(Uint8Array.of(body.length >> 8, body.length & 0xff), body);
}

function extension(type: number, body: Bytes): Bytes {
  return concat(Uint8Array.of(type >> 8, type & 0xff), prefixed16(body));
}

function serverName(text: string, type = 0): Bytes {
  return extension(0, prefixed16(Uint8Array.of(type), prefixed16(utf8(text))));
}

/** The handshake message of a ClientHello with these extensions, as RFC 8446 §4.1.2 lays it out. */
function handshake(...extensions: readonly Bytes[]): Bytes {
  const fixed = concat(Uint8Array.of(3, 3), octets(32), Uint8Array.of(0));
  const offer = Uint8Array.of(0, 2, 0x13, 0x01, 1, 0);
  const body = concat(fixed, offer, prefixed16(...extensions));
  return concat(Uint8Array.of(1, 0, body.length >> 8, body.length & 0xff), body);
}

/** The octets cut into TLS records of at most `size`. */
function records(message: Bytes, size = 16_384): Bytes {
  const parts: Bytes[] = [];
  for (let from = 0; from < message.length; from += size) {
    parts.push(concat(Uint8Array.of(22, 3, 1), prefixed16(message.slice(from, from + size))));
  }
  return concat(...parts);
}

describe('the ClientHello of Node’s own TLS', () => {
  let hello: Bytes;
  beforeAll(async () => {
    hello = await realHello({ servername: name, minVersion: 'TLSv1.3' });
  });

  it('names what the client asked for', () => {
    expect(serverNameOf(hello)).toEqual({ type: 'name', name });
  });

  it('names it with older versions and application protocols on offer, too', async () => {
    const options = { servername: name, minVersion: 'TLSv1.2', ALPNProtocols: ['h2'] } as const;
    expect(serverNameOf(await realHello(options))).toEqual({ type: 'name', name });
  });

  it('names nothing when the client named nothing', async () => {
    expect(serverNameOf(await realHello({ servername: '' }))).toEqual({ type: 'none' });
  });

  it('asks for more until its last octet is here', () => {
    for (let length = 0; length < hello.length; length += 1) {
      expect(serverNameOf(hello.slice(0, length)), `${String(length)} octets`).toEqual({
        type: 'need-more',
      });
    }
  });

  it('may be followed by anything', () => {
    expect(serverNameOf(concat(hello, octets(5000)))).toEqual({ type: 'name', name });
  });

  it.each([1, 2, 3, 7, 64, 300])('may come in records of %d octets', (size) => {
    const cut = records(hello.slice(5), size);
    const fits = cut.length <= CLIENT_HELLO_MAX;
    expect(serverNameOf(cut)).toEqual(fits ? { type: 'name', name } : { type: 'none' });
  });
});

describe('a ClientHello', () => {
  const none = { type: 'none' };

  it('made by hand is read like a real one', () => {
    expect(serverNameOf(records(handshake(serverName(name))))).toEqual({ type: 'name', name });
  });

  it('may be 4 KiB with its record’s head and no longer', () => {
    const padded = (size: number): Bytes =>
      records(handshake(serverName(name), extension(21, new Uint8Array(size))));
    const room = CLIENT_HELLO_MAX - padded(0).length;
    expect(padded(room).length).toBe(CLIENT_HELLO_MAX);
    expect(serverNameOf(padded(room))).toEqual({ type: 'name', name });
    expect(serverNameOf(padded(room + 1))).toEqual(none);
  });

  it('that will be too long is given up as soon as it says so', () => {
    const start = Uint8Array.of(22, 3, 1, 0x3f, 0xff, 1, 0, 0x10, 0);
    expect(serverNameOf(start)).toEqual(none);
    expect(serverNameOf(start.with(6, 1))).toEqual(none);
  });

  const whole = handshake(serverName(name));
  const cases: readonly [reason: string, bytes: Bytes][] = [
    ['is plain HTTP', utf8('GET / HTTP/1.1\r\n\r\n')],
    ['is SSH', utf8('SSH-2.0-OpenSSH_9.6\r\n')],
    ['is one foreign octet', Uint8Array.of(0x80)],
    ['is an alert', Uint8Array.of(21, 3, 3, 0, 2, 1, 0)],
    ['has another major version', records(whole).with(1, 2)],
    ['has a record of no octets', Uint8Array.of(22, 3, 1, 0, 0)],
    ['has a record of too many', Uint8Array.of(22, 3, 1, 0x40, 1)],
    ['is another handshake message', records(whole.with(0, 2))],
    ['shares its record with something else', records(concat(whole, Uint8Array.of(0)))],
    ['is of another version', records(whole.with(4, 2))],
    ['has a session ID of 33 octets', records(whole.with(38, 33))],
    ['offers half a cipher suite', records(whole.with(40, 1))],
    ['has extensions beyond its end', records(whole.with(46, 255))],
    ['has no name', records(handshake(extension(21, new Uint8Array(4))))],
    ['has no extensions', records(handshake())],
    ['names two servers', records(handshake(serverName(name), serverName(name)))],
    ['names by another kind than host', records(handshake(serverName(name, 1)))],
    ['names nothing', records(handshake(serverName('')))],
    ['names with a line break', records(handshake(serverName('attic\n.invalid')))],
    ['names in another script', records(handshake(serverName('dachböden.invalid')))],
    ['has half an extension behind', records(handshake(serverName(name), Uint8Array.of(0, 21, 0)))],
    ['has an empty name extension', records(handshake(extension(0, new Uint8Array(0))))],
  ];
  it.each(cases)('names nothing when it %s', (_, bytes) => {
    expect(serverNameOf(bytes)).toEqual(none);
  });
});
