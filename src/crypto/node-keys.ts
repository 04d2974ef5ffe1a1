/**
 * Raw keys in and out of node:crypto's key objects. Importing one costs more than using it, so
 * they are kept as long as their bytes are.
 */

import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, createSecretKey } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { BoundedMap } from '../base/bounded.ts';
import type { Bytes } from '../base/bytes.ts';
import { equal } from '../base/bytes.ts';

/** The two curves of 32-octet keys (RFC 8037 §2, RFC 8410 §3). */
export type Curve = 'Ed25519' | 'X25519';

const KEY_SIZE = 32;

/** PKCS #8 before the 32 octets of the secret (RFC 8410 §7); the octet at 11 names the curve. */
const PKCS8_PREFIX: readonly number[] = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x00, 0x04, 0x22, 0x04, 0x20,
];
const CURVE_OCTET = 11;
const CURVE_NUMBERS: Readonly<Record<Curve, number>> = { Ed25519: 0x70, X25519: 0x6e };

/**
 * A member's key is used at each record and each handshake, and four thousand cover the largest
 * cluster simulated here (1,000 nodes with two keys each) with room. About 1 kB each.
 */
const PUBLIC_KEYS = 4096;

const publicKeys: Readonly<Record<Curve, BoundedMap<string, KeyObject>>> = {
  Ed25519: new BoundedMap(PUBLIC_KEYS, { evict: 'oldest' }),
  X25519: new BoundedMap(PUBLIC_KEYS, { evict: 'oldest' }),
};

/**
 * Node's form of secrets, for as long as the array lives that a secret came in: an identity's for
 * ever, an ephemeral key's until its handshake is forgotten. A cache by value would keep ephemeral
 * secrets alive, and with them the power to open recorded sessions. The copy guards against an
 * array that was wiped or filled anew since.
 */
class SecretKeys {
  readonly #known = new WeakMap<Bytes, { readonly copy: Bytes; readonly key: KeyObject }>();
  readonly #create: (secret: Bytes) => KeyObject;

  constructor(create: (secret: Bytes) => KeyObject) {
    this.#create = create;
  }

  of(secret: Bytes): KeyObject {
    const known = this.#known.get(secret);
    if (known !== undefined && equal(known.copy, secret)) return known.key;
    const key = this.#create(secret);
    this.#known.set(secret, { copy: Uint8Array.from(secret), key });
    return key;
  }
}

const privateKeys: Readonly<Record<Curve, SecretKeys>> = {
  Ed25519: new SecretKeys((secret) => importSecret('Ed25519', secret)),
  X25519: new SecretKeys((secret) => importSecret('X25519', secret)),
};
const symmetricKeys = new SecretKeys((secret) => createSecretKey(secret));

/**
 * Node's form of a 32-octet public key, imported once (6 µs as JWK, 73 µs as DER on the machine of
 * docs/benchmarks.md) and then looked up. Undefined for a wrong length; whether the octets are a
 * point of the curve shows only in use.
 */
export function publicKey(curve: Curve, raw: Bytes): KeyObject | undefined {
  if (raw.length !== KEY_SIZE) return undefined;
  const view = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const cacheKey = view.toString('latin1');
  const known = publicKeys[curve].get(cacheKey);
  if (known !== undefined) return known;
  const x = view.toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: curve, x }, format: 'jwk' });
  publicKeys[curve].set(cacheKey, key);
  return key;
}

/** Node's form of a 32-octet secret. */
export function privateKey(curve: Curve, secret: Bytes): KeyObject {
  assert(secret.length === KEY_SIZE, 'a secret key has 32 octets');
  return privateKeys[curve].of(secret);
}

/**
 * Node's form of a key to seal or authenticate with. Handing the octets over at each call costs the
 * same on Node 20, 22 and 26, but 15 µs more on 24.
 */
export function symmetricKey(secret: Bytes): KeyObject {
  return symmetricKeys.of(secret);
}

/** The 32 octets of the public key that belongs to a private one. */
export function rawPublicKey(key: KeyObject): Bytes {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  assert(typeof x === 'string', 'a public key on these curves has one coordinate');
  return Uint8Array.from(Buffer.from(x, 'base64url'));
}

/**
 * Node 20 spends 350 µs on a PKCS #8 key of 32 octets, trying other decoders first, and 30 µs on a
 * JWK. Later versions take 30 µs for either, but Node 26 compares a JWK's public half, which is not
 * known yet here and which Node 20 ignores.
 */
const PREFERS_JWK = Number.parseInt(process.versions.node, 10) < 22;

function importSecret(curve: Curve, secret: Bytes): KeyObject {
  if (PREFERS_JWK) {
    const d = Buffer.from(secret).toString('base64url');
    return createPrivateKey({ key: { kty: 'OKP', crv: curve, x: '', d }, format: 'jwk' });
  }
  const der = Buffer.from([...PKCS8_PREFIX, ...secret]);
  der[CURVE_OCTET] = CURVE_NUMBERS[curve];
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}
