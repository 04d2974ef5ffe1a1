import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { concat } from '../../../src/base/bytes.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { DATAGRAM_MAX, MESSAGE_MAX } from '../../../src/wire/limits.ts';
import { decodePacket, encodeAnswer, encodeHello } from '../../../src/wire/packet.ts';
import { encodeSession, helloMac, helloMacKey, sessionHeader } from '../../../src/wire/packet.ts';
import { attic, cellar, octets } from './samples.ts';

const mac = octets(16, 5);

describe('a hello', () => {
  const noise = octets(96);
  const bytes = encodeHello(0xdeadbeef, noise, () => mac);

  it('has 117 octets, the index behind the type, the MAC last', () => {
    expect(bytes).toEqual(concat(Uint8Array.of(0x21, 0xde, 0xad, 0xbe, 0xef), noise, mac));
    expect(bytes.length).toBe(117);
  });

  it('comes apart into what it was made of, and what its MAC covers', () => {
    expect(decodePacket(bytes)).toEqual({
      type: 'hello',
      senderIndex: 0xdeadbeef,
      noise,
      mac,
      macInput: bytes.slice(0, 101),
    });
  });

  it('has its MAC made over octets 0 to 100', () => {
    const seen: Uint8Array[] = [];
    encodeHello(1, noise, (input) => {
      seen.push(input);
      return mac;
    });
    expect(seen).toEqual([concat(Uint8Array.of(0x21, 0, 0, 0, 1), noise)]);
  });

  it('has a MAC that only the receiver named by its static key would make', () => {
    const input = bytes.slice(0, 101);
    const forAttic = helloMac(nodeSuite, helloMacKey(nodeSuite, attic.agreement.public), input);
    const forCellar = helloMac(nodeSuite, helloMacKey(nodeSuite, cellar.agreement.public), input);
    expect(forAttic.length).toBe(16);
    expect(forAttic).not.toEqual(forCellar);
  });

  it('is never made of a Noise message or MAC of another size', () => {
    expect(() => encodeHello(1, octets(95), () => mac)).toThrow(InvariantError);
    expect(() => encodeHello(1, noise, () => octets(32))).toThrow(InvariantError);
  });
});

describe('an answer', () => {
  it('has 57 octets with both indexes and comes apart again', () => {
    const bytes = encodeAnswer(1, 0xffff_ffff, octets(48));
    const head = Uint8Array.of(0x22, 0, 0, 0, 1, 255, 255, 255, 255);
    expect(bytes).toEqual(concat(head, octets(48)));
    expect(decodePacket(bytes)).toEqual({
      type: 'answer',
      senderIndex: 1,
      receiverIndex: 0xffff_ffff,
      noise: octets(48),
    });
  });
});

describe('a session datagram', () => {
  it('carries index and counter in the nine octets that are its associated data', () => {
    const header = sessionHeader(0x01020304, 0xfffffffe);
    expect(header).toEqual(Uint8Array.of(0x23, 1, 2, 3, 4, 255, 255, 255, 254));
    const sealed = octets(29);
    expect(decodePacket(encodeSession(header, sealed))).toEqual({
      type: 'session',
      index: 0x01020304,
      counter: 0xfffffffe,
      header,
      sealed,
    });
  });

  it('is taken up to 1,200 octets and never sent above', () => {
    const header = sessionHeader(1, 1);
    const longest = encodeSession(header, octets(MESSAGE_MAX + 16));
    expect(longest.length).toBe(DATAGRAM_MAX);
    expect(decodePacket(longest)).toMatchObject({ type: 'session' });
    expect(decodePacket(concat(longest, Uint8Array.of(0)))).toBe('oversized');
    expect(() => encodeSession(header, octets(MESSAGE_MAX + 17))).toThrow(InvariantError);
  });

  it('does not change when the buffer it came in is used again', () => {
    const buffer = Buffer.from(encodeSession(sessionHeader(7, 8), octets(20)));
    const packet = decodePacket(buffer);
    buffer.fill(0);
    expect(packet).toMatchObject({ header: sessionHeader(7, 8), sealed: octets(20) });
  });
});

describe('a datagram that is none of ours is dropped because', () => {
  const cases: readonly [reason: string, bytes: Uint8Array][] = [
    ['empty', new Uint8Array(0)],
    ['oversized', concat(Uint8Array.of(0x23), octets(1200))],
    ['future-version', concat(Uint8Array.of(0x31), octets(116))],
    ['future-version', Uint8Array.of(0xf0)],
    ['foreign', Uint8Array.of(0x11)],
    ['foreign', Uint8Array.of(0x00, 0x01)],
    ['unknown-class', concat(Uint8Array.of(0x24), octets(56))],
    ['unknown-class', Uint8Array.of(0x20)],
    ['wrong-length', concat(Uint8Array.of(0x21), octets(115))],
    ['wrong-length', concat(Uint8Array.of(0x21), octets(117))],
    ['wrong-length', concat(Uint8Array.of(0x22), octets(57))],
    ['wrong-length', concat(Uint8Array.of(0x23), octets(23))],
  ];
  it.each(cases)('%s', (reason, bytes) => {
    expect(decodePacket(bytes)).toBe(reason);
  });
});
