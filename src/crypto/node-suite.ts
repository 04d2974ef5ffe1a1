/**
 * The suite of every real node: Ed25519, X25519, ChaCha20-Poly1305, SHA-256 and HMAC by
 * node:crypto, all called synchronously. Prices stand in docs/benchmarks.md.
 */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  diffieHellman,
  hash as hashOnce,
  sign as signWith,
  verify as verifyWith,
} from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { hiddenKeyPair } from './key-pair.ts';
import { privateKey, publicKey, rawPublicKey, symmetricKey } from './node-keys.ts';
import type { KeyPair, Suite } from './suite.ts';

const KEY_SIZE = 32;
const SIGNATURE_SIZE = 64;
const TAG_SIZE = 16;
const CIPHER = 'chacha20-poly1305';
const CIPHER_OPTIONS: { readonly authTagLength: number } = { authTagLength: TAG_SIZE };

const TWO_32 = 0x1_0000_0000;

/** One for all calls: OpenSSL copies the nonce while the cipher is made, and nothing here waits. */
const nonce = new DataView(new ArrayBuffer(12));

/** Noise §12.3 and RFC 8439 §2.3: 32 zero bits, then the counter in 64 bits little-endian. */
function nonceOf(counter: number): DataView {
  assert(Number.isSafeInteger(counter) && counter >= 0, 'a counter is a safe whole number');
  nonce.setUint32(4, counter >>> 0, true);
  nonce.setUint32(8, Math.floor(counter / TWO_32), true);
  return nonce;
}

/** A Buffer's octets as a plain array, without a copy: digests and ciphertexts own their memory. */
function plain(buffer: Buffer): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/**
 * The keys of small order in all their spellings, little-endian and without the sign bit ("Taming
 * the many EdDSAs", Chalkias et al. 2020, table 1). Such a key accepts one signature for many
 * texts, so a node ID made of one would be everybody's.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  `00${'00'.repeat(30)}00`,
  `01${'00'.repeat(30)}00`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

function hasSmallOrder(key: Bytes): boolean {
  const last = key[KEY_SIZE - 1] ?? 0;
  // Cheap first look: only these last octets occur in the list.
  if (![0x00, 0x05, 0x7a, 0x7f].includes(last & 0x7f)) return false;
  const masked = Buffer.from(key);
  masked[KEY_SIZE - 1] = last & 0x7f;
  return SMALL_ORDER.has(masked.toString('hex'));
}

function seal(key: Bytes, counter: number, associated: Bytes, plaintext: Bytes): Bytes {
  assert(key.length === KEY_SIZE, 'a sealing key has 32 octets');
  const cipher = createCipheriv(CIPHER, symmetricKey(key), nonceOf(counter), CIPHER_OPTIONS);
  // Only CCM uses the length; the types ask for it here too.
  if (associated.length > 0) cipher.setAAD(associated, { plaintextLength: plaintext.length });
  const body = cipher.update(plaintext);
  cipher.final();
  const sealed = new Uint8Array(body.length + TAG_SIZE);
  sealed.set(body);
  sealed.set(cipher.getAuthTag(), body.length);
  return sealed;
}

function open(
  key: Bytes,
  counter: number,
  associated: Bytes,
  ciphertext: Bytes,
): Bytes | undefined {
  assert(key.length === KEY_SIZE, 'an opening key has 32 octets');
  const bodyLength = ciphertext.length - TAG_SIZE;
  if (bodyLength < 0) return undefined;
  const decipher = createDecipheriv(CIPHER, symmetricKey(key), nonceOf(counter), CIPHER_OPTIONS);
  if (associated.length > 0) decipher.setAAD(associated, { plaintextLength: bodyLength });
  decipher.setAuthTag(ciphertext.subarray(bodyLength));
  const plaintext = decipher.update(ciphertext.subarray(0, bodyLength));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain(plaintext);
}

function verify(key: Bytes, data: Bytes, signature: Bytes): boolean {
  if (signature.length !== SIGNATURE_SIZE || key.length !== KEY_SIZE) return false;
  if (hasSmallOrder(key)) return false;
  try {
    const imported = publicKey('Ed25519', key);
    return imported !== undefined && verifyWith(null, data, imported, signature);
  } catch {
    return false;
  }
}

function agree(secret: Bytes, peer: Bytes): Bytes | undefined {
  const own = privateKey('X25519', secret);
  try {
    const imported = publicKey('X25519', peer);
    if (imported === undefined) return undefined;
    const shared = plain(diffieHellman({ privateKey: own, publicKey: imported }));
    // OpenSSL 3 refuses an all-zero result by itself; others may not (RFC 7748 §6.1).
    return shared.some((octet) => octet !== 0) ? shared : undefined;
  } catch {
    return undefined;
  }
}

/** The suite over Node's own OpenSSL. Its prices stand in docs/benchmarks.md. */
export const nodeSuite: Suite = {
  name: 'Ed25519, X25519, ChaCha20-Poly1305, SHA-256 (OpenSSL)',
  hash: (data) => plain(hashOnce('sha256', data, 'buffer')),
  hmac: (key, data) => plain(createHmac('sha256', symmetricKey(key)).update(data).digest()),
  signingKey: (seed) => rawPublicKey(privateKey('Ed25519', seed)),
  sign: (seed, data) => plain(signWith(null, data, privateKey('Ed25519', seed))),
  verify,
  agreementKeyPair: (secret): KeyPair =>
    hiddenKeyPair(secret, rawPublicKey(privateKey('X25519', secret))),
  agree,
  seal,
  open,
};
