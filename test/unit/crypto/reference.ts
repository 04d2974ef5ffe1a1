import type { Bytes } from '../../../src/base/bytes.ts';
import { concat } from '../../../src/base/bytes.ts';

/*
 * ChaCha20-Poly1305 written down from RFC 8439 line by line, slow and plain. The RFC's vectors use
 * nonces that the suite never makes, so they are held against this, and this against the suite.
 */

function quarterRound(s: Uint32Array, a: number, b: number, c: number, d: number): void {
  const add = (to: number, from: number, into: number, by: number): void => {
    s[to] = (s[to] ?? 0) + (s[from] ?? 0);
    const mixed = (s[into] ?? 0) ^ (s[to] ?? 0);
    s[into] = (mixed << by) | (mixed >>> (32 - by));
  };
  add(a, b, d, 16);
  add(c, d, b, 12);
  add(a, b, d, 8);
  add(c, d, b, 7);
}

/** §2.3: one block of 64 octets. */
function chachaBlock(key: Bytes, counter: number, nonce: Bytes): Bytes {
  const input = concat(Uint8Array.from(Buffer.from('expand 32-byte k')), key);
  const state = new Uint32Array(16);
  const view = new DataView(concat(input, new Uint8Array(4), nonce).buffer);
  for (let index = 0; index < 16; index += 1) state[index] = view.getUint32(4 * index, true);
  state[12] = counter;
  const working = state.slice();
  for (let round = 0; round < 10; round += 1) {
    for (let i = 0; i < 4; i += 1) quarterRound(working, i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i += 1) {
      quarterRound(working, i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
    }
  }
  const output = new DataView(new ArrayBuffer(64));
  for (let i = 0; i < 16; i += 1) {
    output.setUint32(4 * i, ((working[i] ?? 0) + (state[i] ?? 0)) >>> 0, true);
  }
  return new Uint8Array(output.buffer);
}

/** §2.4, from block 1 on as §2.8 wants it. */
function chacha20(key: Bytes, nonce: Bytes, text: Bytes): Bytes {
  return text.map((octet, at) => {
    const block = chachaBlock(key, 1 + Math.floor(at / 64), nonce);
    return octet ^ (block[at % 64] ?? 0);
  });
}

function littleEndian(bytes: Bytes): bigint {
  return bytes.reduceRight((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

/** §2.5: the tag of a message under a one-time key of 32 octets. */
function poly1305(key: Bytes, message: Bytes): Bytes {
  const prime = (1n << 130n) - 5n;
  const r = littleEndian(key.slice(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn;
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const block = concat(message.slice(at, at + 16), Uint8Array.of(1));
    sum = ((sum + littleEndian(block)) * r) % prime;
  }
  sum += littleEndian(key.slice(16, 32));
  return Uint8Array.from({ length: 16 }, (_, i) => Number((sum >> BigInt(8 * i)) & 0xffn));
}

function padded(bytes: Bytes): Bytes {
  return concat(bytes, new Uint8Array((16 - (bytes.length % 16)) % 16));
}

/** §2.8: ciphertext and tag. */
export function referenceSeal(key: Bytes, nonce: Bytes, associated: Bytes, text: Bytes): Bytes {
  const ciphertext = chacha20(key, nonce, text);
  const lengths = new DataView(new ArrayBuffer(16));
  lengths.setUint32(0, associated.length, true);
  lengths.setUint32(8, ciphertext.length, true);
  const oneTimeKey = chachaBlock(key, 0, nonce).slice(0, 32);
  const authenticated = [padded(associated), padded(ciphertext), new Uint8Array(lengths.buffer)];
  return concat(ciphertext, poly1305(oneTimeKey, concat(...authenticated)));
}
