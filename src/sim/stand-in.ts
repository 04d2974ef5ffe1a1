/**
 * A cipher suite of the real one's sizes, fast and NOT secure, for simulations of many nodes.
 * Output says when it is used.
 */

import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { compare, concat, equal, utf8 } from '../base/bytes.ts';
import type { KeyPair, Suite } from '../crypto/suite.ts';

const KEY_SIZE = 32;
const TAG_SIZE = 16;
const WORDS = 8;

const SIGNING = utf8('signing');
const AGREEMENT = utf8('agreement');
const FIRST = utf8('first');
const SECOND = utf8('second');

/**
 * A stand-in for the cipher suite with outputs of the same sizes, some thirty times as fast, for
 * simulations of hundreds of nodes. It is NOT SECURE: whoever knows a public key can sign with it.
 * What it keeps is what a simulation needs: another key, counter or octet never opens or verifies,
 * and both sides agree on the same secret. The output of a simulation says when it is used.
 */
export const standInSuite: Suite = {
  name: 'stand-in (not secure)',

  hash: (data) => mix(data, 0x51ed270b),

  hmac: (key, data) => mix(concat(mix(key, 0x2545f491), data), 0x9e3779b9),

  signingKey: (seed) => keyFrom(SIGNING, seed),

  sign: (seed, data) => signature(keyFrom(SIGNING, seed), data),

  verify: (publicKey, data, signed) => equal(signature(publicKey, data), signed),

  agreementKeyPair: (secret): KeyPair => ({ secret, public: keyFrom(AGREEMENT, secret) }),

  agree: (secret, publicKey) => {
    if (publicKey.length !== KEY_SIZE) return undefined;
    const own = keyFrom(AGREEMENT, secret);
    // In the order of the octets, so that both sides hash the same.
    const ordered = compare(own, publicKey) < 0 ? [own, publicKey] : [publicKey, own];
    return mix(concat(AGREEMENT, ...ordered), 0x7feb352d);
  },

  seal: (key, counter, associated, plaintext) => {
    const hidden = stream(key, counter, plaintext);
    return concat(hidden, tag(key, counter, associated, hidden));
  },

  open: (key, counter, associated, ciphertext) => {
    const size = ciphertext.length - TAG_SIZE;
    if (size < 0) return undefined;
    const hidden = ciphertext.subarray(0, size);
    const expected = tag(key, counter, associated, hidden);
    if (!equal(expected, ciphertext.subarray(size))) return undefined;
    return stream(key, counter, hidden);
  },
};

/** A public key that tells nothing by accident, and everything to who looks into this file. */
function keyFrom(label: Bytes, secret: Bytes): Bytes {
  assert(secret.length === KEY_SIZE, 'a secret has 32 octets');
  return mix(concat(label, secret), 0x846ca68b);
}

/** 64 octets, as Ed25519's. */
function signature(publicKey: Bytes, data: Bytes): Bytes {
  const digest = mix(data, 0x51ed270b);
  return concat(
    mix(concat(FIRST, publicKey, digest), 0x1b873593),
    mix(concat(SECOND, publicKey, digest), 0xcc9e2d51),
  );
}

/** Covers key, counter and all octets, so that any change is noticed. */
function tag(key: Bytes, counter: number, associated: Bytes, hidden: Bytes): Bytes {
  return mix(concat(key, associated, hidden), counter).slice(0, TAG_SIZE);
}

/** Exclusive or with 32 octets of key and counter, over and over: hides nothing from anybody. */
function stream(key: Bytes, counter: number, text: Bytes): Bytes {
  const pad = mix(key, counter ^ 0x68e31da4);
  return text.map((octet, index) => octet ^ (pad[index % KEY_SIZE] ?? 0));
}

/** 32 octets in which each octet of the input shows: eight lanes, MurmurHash3's finalizer. */
function mix(data: Bytes, start: number): Bytes {
  const lanes = new Uint32Array(WORDS).fill(start ^ data.length);
  let word = 0;
  for (let index = 0; index < data.length; index += 1) {
    word = (word << 8) | (data[index] ?? 0);
    if (index % 4 !== 3 && index !== data.length - 1) continue;
    const lane = (index >> 2) % WORDS;
    lanes[lane] = scramble((lanes[lane] ?? 0) ^ word) + Math.imul(index, 0x9e3779b9);
    word = 0;
  }
  return squeeze(lanes);
}

/** Two passes, so that each lane depends on all others. */
function squeeze(lanes: Uint32Array): Bytes {
  let carried = 0;
  for (let round = 0; round < 2 * WORDS; round += 1) {
    const lane = round % WORDS;
    carried = scramble((lanes[lane] ?? 0) ^ carried) + round;
    lanes[lane] = carried;
  }
  const view = new DataView(new ArrayBuffer(KEY_SIZE));
  for (let lane = 0; lane < WORDS; lane += 1) view.setUint32(4 * lane, lanes[lane] ?? 0);
  return new Uint8Array(view.buffer);
}

/** MurmurHash3's 32-bit finalizer (Appleby, public domain). */
function scramble(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
