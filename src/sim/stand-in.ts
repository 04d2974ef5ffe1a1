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

// The state of the one hash that is under way: locals would be handed from call to call.
let one = 0;
let other = 0;

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
    const sealed = new Uint8Array(plaintext.length + TAG_SIZE);
    sealed.set(plaintext);
    absorbAll(key, counter, associated, plaintext, plaintext.length);
    squeeze(sealed, plaintext.length, TAG_SIZE / 4);
    return sealed;
  },

  open: (key, counter, associated, ciphertext) => {
    const size = ciphertext.length - TAG_SIZE;
    if (size < 0) return undefined;
    absorbAll(key, counter, associated, ciphertext, size);
    const expected = new Uint8Array(TAG_SIZE);
    squeeze(expected, 0, TAG_SIZE / 4);
    if (!equal(expected, ciphertext.subarray(size))) return undefined;
    return ciphertext.slice(0, size);
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

/** A tag covers key, counter and all octets. The text itself stays bare. */
function absorbAll(
  key: Bytes,
  counter: number,
  associated: Bytes,
  text: Bytes,
  size: number,
): void {
  begin(counter ^ 0x68e31da4);
  absorb(key, key.length);
  absorb(associated, associated.length);
  absorb(text, size);
}

/** 32 octets in which each octet of the input shows. */
function mix(data: Bytes, start: number): Bytes {
  begin(start);
  absorb(data, data.length);
  const digest = new Uint8Array(KEY_SIZE);
  squeeze(digest, 0, WORDS);
  return digest;
}

function begin(start: number): void {
  one = scramble(start);
  other = ~start;
}

/** Two words of state; each step can be undone, so that no difference is ever lost. */
function absorb(data: Bytes, length: number): void {
  let [a, b] = [one ^ length, other];
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    const word = octet(data, at) | (octet(data, at + 1) << 8) | (octet(data, at + 2) << 16);
    a = Math.imul(a ^ (word | (octet(data, at + 3) << 24)), 0x85ebca6b);
    a ^= a >>> 15;
    b = (Math.imul(b, 0x9e3779b1) + a) | 0;
    b ^= b >>> 13;
  }
  for (let at = whole; at < length; at += 1) {
    a = Math.imul(a ^ octet(data, at), 0xc2b2ae35);
    a ^= a >>> 15;
    b = (Math.imul(b, 0x9e3779b1) + a) | 0;
    b ^= b >>> 13;
  }
  [one, other] = [a, b];
}

/** So many words of 32 bits, each of which depends on all that was absorbed. */
function squeeze(into: Bytes, from: number, words: number): void {
  let [a, b] = [scramble(one ^ other), scramble(other + 0x51ed270b)];
  for (let word = 0; word < words; word += 1) {
    a = scramble(a + b + word);
    b = Math.imul(b ^ a, 0x85ebca6b) ^ (b >>> 16);
    const at = from + 4 * word;
    into[at] = a;
    into[at + 1] = a >>> 8;
    into[at + 2] = a >>> 16;
    into[at + 3] = a >>> 24;
  }
}

function octet(data: Bytes, at: number): number {
  return data[at] ?? 0;
}

/** MurmurHash3's 32-bit finalizer (Appleby, public domain). */
function scramble(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
