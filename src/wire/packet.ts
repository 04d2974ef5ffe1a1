/** A datagram's outside: hello, answer or session datagram (PROTOCOL §2.1). */

import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat, utf8 } from '../base/bytes.ts';
import { Reader, Writer } from '../base/cursor.ts';
import type { Suite } from '../crypto/suite.ts';
import { KEY_SIZE, readFixed, writeFixed } from './field.ts';
import { ANSWER_SIZE, DATAGRAM_MAX, HELLO_SIZE, SESSION_OVERHEAD, VERSION } from './limits.ts';

/** The first octet of each class: version in the high nibble, class in the low one. */
export const PACKET_TYPES: Readonly<Record<Packet['type'], number>> = {
  hello: 0x21,
  answer: 0x22,
  session: 0x23,
};

/**
 * A datagram taken apart, nothing of it opened. PROTOCOL.md §2.1. Indexes and the counter are 32
 * bits; what came is in `noise` and `sealed` as it came.
 */
export type Packet =
  | {
      readonly type: 'hello';
      readonly senderIndex: number;
      /** Noise IK's first message, 96 octets. */
      readonly noise: Bytes;
      readonly mac: Bytes;
      /** Octets 0–100, which the MAC covers. */
      readonly macInput: Bytes;
    }
  | {
      readonly type: 'answer';
      readonly senderIndex: number;
      readonly receiverIndex: number;
      /** Noise IK's second message, 48 octets. */
      readonly noise: Bytes;
    }
  | {
      readonly type: 'session';
      readonly index: number;
      readonly counter: number;
      /** Octets 0–8, the associated data of `sealed`. */
      readonly header: Bytes;
      readonly sealed: Bytes;
    };

/**
 * Why a datagram is none of ours, for the counters. `foreign` is a version below 2;
 * `future-version` one above: an operator who sees that grow should upgrade.
 */
export type PacketFault =
  'empty' | 'oversized' | 'future-version' | 'foreign' | 'unknown-class' | 'wrong-length';

const NOISE_HELLO = 96;
const NOISE_ANSWER = 48;
const MAC_SIZE = 16;
const HEADER_SIZE = 9;

/** Takes a datagram apart, or says why it is dropped. Never throws. */
export function decodePacket(bytes: Bytes): Packet | PacketFault {
  const first = bytes[0];
  if (first === undefined) return 'empty';
  if (bytes.length > DATAGRAM_MAX) return 'oversized';
  const version = first >> 4;
  if (version !== VERSION) return version > VERSION ? 'future-version' : 'foreign';
  const reader = new Reader(bytes);
  reader.u8();
  switch (first) {
    case PACKET_TYPES.hello:
      return bytes.length === HELLO_SIZE ? readHello(bytes, reader) : 'wrong-length';
    case PACKET_TYPES.answer:
      return bytes.length === ANSWER_SIZE ? readAnswer(reader) : 'wrong-length';
    case PACKET_TYPES.session:
      return bytes.length >= SESSION_OVERHEAD ? readSession(bytes, reader) : 'wrong-length';
    default:
      return 'unknown-class';
  }
}

/**
 * A hello: `noise` is Noise IK's first message (96 octets), `mac` gives 16 octets over octets
 * 0–100, see {@link helloMac}.
 */
export function encodeHello(
  senderIndex: number,
  noise: Bytes,
  mac: (input: Bytes) => Bytes,
): Bytes {
  const writer = new Writer(HELLO_SIZE).u8(PACKET_TYPES.hello).u32(senderIndex);
  writeFixed(writer, noise, NOISE_HELLO);
  writeFixed(writer, mac(writer.finish()), MAC_SIZE);
  return writer.finish();
}

/** An answer: `receiverIndex` is the hello's, `noise` Noise IK's second message (48 octets). */
export function encodeAnswer(senderIndex: number, receiverIndex: number, noise: Bytes): Bytes {
  const writer = new Writer(ANSWER_SIZE).u8(PACKET_TYPES.answer).u32(senderIndex);
  writeFixed(writer.u32(receiverIndex), noise, NOISE_ANSWER);
  return writer.finish();
}

/** The nine octets that a message is sealed with as associated data, and that go before it. */
export function sessionHeader(index: number, counter: number): Bytes {
  return new Writer(HEADER_SIZE).u8(PACKET_TYPES.session).u32(index).u32(counter).finish();
}

/** A session datagram from a header and what was sealed with it. */
export function encodeSession(header: Bytes, sealed: Bytes): Bytes {
  assert(header.length === HEADER_SIZE, 'a session header has nine octets');
  assert(header.length + sealed.length <= DATAGRAM_MAX, 'a message is too long for a datagram');
  return concat(header, sealed);
}

/** The key of {@link helloMac}: known to whoever knows the receiver's static key. Cache it. */
export function helloMacKey(suite: Suite, receiverStatic: Bytes): Bytes {
  assert(receiverStatic.length === KEY_SIZE, 'an agreement key has 32 octets');
  return suite.hash(concat(utf8('flotilla v2 hello'), receiverStatic));
}

/** The 16 octets at a hello's end. PROTOCOL.md §2.3: the price of a stranger's scan is one HMAC. */
export function helloMac(suite: Suite, key: Bytes, input: Bytes): Bytes {
  return suite.hmac(key, input).slice(0, MAC_SIZE);
}

function readHello(bytes: Bytes, reader: Reader): Packet {
  const senderIndex = reader.u32();
  const noise = readFixed(reader, NOISE_HELLO);
  const mac = readFixed(reader, MAC_SIZE);
  return { type: 'hello', senderIndex, noise, mac, macInput: copy(bytes, HELLO_SIZE - MAC_SIZE) };
}

function readAnswer(reader: Reader): Packet {
  const senderIndex = reader.u32();
  const receiverIndex = reader.u32();
  const noise = readFixed(reader, NOISE_ANSWER);
  return { type: 'answer', senderIndex, receiverIndex, noise };
}

function readSession(bytes: Bytes, reader: Reader): Packet {
  const index = reader.u32();
  const counter = reader.u32();
  const header = copy(bytes, HEADER_SIZE);
  return { type: 'session', index, counter, header, sealed: reader.rest() };
}

/** The first octets as an array of their own: `slice` of a Node Buffer would be a view. */
function copy(bytes: Bytes, end: number): Bytes {
  return new Uint8Array(bytes.subarray(0, end));
}
