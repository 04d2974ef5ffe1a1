/** Base32 in lower case without padding: node IDs, tags and tokens are written in it. */

import { asciiText } from './ascii.ts';
import type { Bytes } from './bytes.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Base32 of RFC 4648 §6 in lower case and without padding: what node IDs, cluster IDs and tokens
 * are written in, since it survives being read aloud, a DNS label and a case-folding file system.
 */
export function toBase32(bytes: Bytes): string {
  const codes = new Array<number>(Math.ceil((bytes.length * 8) / 5));
  let length = 0;
  let held = 0;
  let bits = 0;
  for (const octet of bytes) {
    held = (held << 8) | octet;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      codes[length++] = ALPHABET.charCodeAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  // The last character carries what is left in its high bits (RFC 4648 §6, cases 2–5).
  if (bits > 0) codes[length] = ALPHABET.charCodeAt((held << (5 - bits)) & 31);
  return asciiText(codes);
}

/**
 * Octets of base32 text in either case; undefined for any other character, padding included, for
 * a length that no octets give, and when spare bits of the last character are not zero
 * (RFC 4648 §3.5): one value must have one spelling, or two IDs could name one key.
 */
export function fromBase32(text: string): Bytes | undefined {
  const length = Math.floor((text.length * 5) / 8);
  // A character that adds no octet and is not needed for its last bits either is one too many.
  if (Math.ceil((length * 8) / 5) !== text.length) return undefined;
  const bytes = new Uint8Array(length);
  let held = 0;
  let bits = 0;
  let filled = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = digitOf(text.charCodeAt(index));
    if (digit < 0) return undefined;
    held = (held << 5) | digit;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[filled++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? bytes : undefined;
}

/** Value 0–31 of a character code, or −1. */
function digitOf(code: number): number {
  if (code >= 0x32 && code <= 0x37) return code - 0x32 + 26;
  // Only letters may be folded: bit 5 set would turn some punctuation into other punctuation.
  const folded = code | 0x20;
  return code >= 0x41 && folded >= 0x61 && folded <= 0x7a && code <= 0x7a ? folded - 0x61 : -1;
}
