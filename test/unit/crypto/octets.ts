import fc from 'fast-check';
import type { Bytes } from '../../../src/base/bytes.ts';
import { fromHex } from '../../../src/base/bytes.ts';

/** Octets of a published vector; spaces are for the reader. */
export function hex(text: string): Bytes {
  const bytes = fromHex(text.replace(/\s/g, ''));
  if (bytes === undefined) throw new Error('the test itself is wrong: no hexadecimal');
  return bytes;
}

/** Any octets of one length. */
export function octets(length: number): fc.Arbitrary<Bytes> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** A copy with one bit turned. */
export function flipped(bytes: Bytes, bit: number): Bytes {
  const copy = Uint8Array.from(bytes);
  const index = Math.floor(bit / 8) % bytes.length;
  copy[index] = (copy[index] ?? 0) ^ (1 << (bit % 8));
  return copy;
}
