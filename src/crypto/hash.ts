/** Key derivation: HKDF as RFC 5869 has it, and as Noise uses it. */

import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat } from '../base/bytes.ts';
import type { Suite } from './suite.ts';

/** Octets SHA-256 and HMAC-SHA-256 give. */
const HASH_SIZE = 32;

const FIRST: Bytes = Uint8Array.of(1);
const SECOND: Bytes = Uint8Array.of(2);
const EMPTY: Bytes = new Uint8Array(0);

/**
 * HKDF with SHA-256 (RFC 5869): `length` octets, at most 255 × 32, from a secret. `info` names the
 * use, so that one secret gives keys that tell nothing about each other. An empty salt is the
 * RFC's string of zeros.
 */
export function hkdf(
  suite: Suite,
  salt: Bytes,
  inputKey: Bytes,
  info: Bytes,
  length: number,
): Bytes {
  assert(
    Number.isInteger(length) && length >= 0 && length <= 255 * HASH_SIZE,
    'HKDF gives at most 255 blocks',
  );
  // HMAC pads a short key with zeros: an empty salt and 32 zeros are the same (RFC 5869 §2.2).
  const pseudorandomKey = suite.hmac(salt, inputKey);
  const output = new Uint8Array(length);
  let block: Bytes = EMPTY;
  for (let counter = 1, filled = 0; filled < length; counter += 1, filled += HASH_SIZE) {
    block = suite.hmac(pseudorandomKey, concat(block, info, Uint8Array.of(counter)));
    output.set(block.subarray(0, Math.min(HASH_SIZE, length - filled)), filled);
  }
  return output;
}

/** Noise's HKDF with two outputs of 32 octets (Noise revision 34, §4.3). */
export function noiseHkdf(suite: Suite, chainingKey: Bytes, input: Bytes): [Bytes, Bytes] {
  const temporaryKey = suite.hmac(chainingKey, input);
  const first = suite.hmac(temporaryKey, FIRST);
  return [first, suite.hmac(temporaryKey, concat(first, SECOND))];
}
