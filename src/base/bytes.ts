import { asciiText } from './ascii.ts';
import { assert } from './assert.ts';

/** Octets. Never a Node `Buffer` on purpose: its `slice` is a view and its `toString` differs. */
export type Bytes = Uint8Array;

/** A new array with all parts one after the other. */
export function concat(...parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * True when both hold the same octets. Looks at every octet whatever it finds, so that the time
 * taken tells a peer nothing about how much of a secret it guessed; only the length shows.
 */
export function equal(a: Bytes, b: Bytes): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index += 1) {
    difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  }
  return difference === 0;
}

/** Lexicographic order of octets, a prefix before what it begins: negative, zero or positive. */
export function compare(a: Bytes, b: Bytes): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const HEX_DIGITS = '0123456789abcdef';

/** Lower-case hexadecimal, two digits an octet (RFC 4648 §8, but lower-case). */
export function toHex(bytes: Bytes): string {
  const codes = new Array<number>(2 * bytes.length);
  let length = 0;
  for (const octet of bytes) {
    codes[length++] = HEX_DIGITS.charCodeAt(octet >> 4);
    codes[length++] = HEX_DIGITS.charCodeAt(octet & 15);
  }
  return asciiText(codes);
}

/** Octets of hexadecimal text in either case; undefined when a digit is wrong or left over. */
export function fromHex(text: string): Bytes | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = hexDigit(text.charCodeAt(2 * index));
    const low = hexDigit(text.charCodeAt(2 * index + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[index] = (high << 4) | low;
  }
  return bytes;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const folded = code | 0x20;
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x61 + 10 : -1;
}

/**
 * UTF-8 of a text (RFC 3629). A lone surrogate becomes U+FFFD, as in the Encoding Standard, since
 * UTF-8 has no form for it. Written by hand: `TextEncoder` is no part of the language.
 */
export function utf8(text: string): Bytes {
  // Three octets a UTF-16 unit is the most that can come out: a pair of units gives four.
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    let point = text.codePointAt(index) ?? 0;
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x80) {
      bytes[length++] = point;
    } else if (point < 0x800) {
      bytes[length++] = 0xc0 | (point >> 6);
      bytes[length++] = 0x80 | (point & 0x3f);
    } else if (point < 0x10000) {
      bytes[length++] = 0xe0 | (point >> 12);
      bytes[length++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[length++] = 0x80 | (point & 0x3f);
    } else {
      index += 1;
      bytes[length++] = 0xf0 | (point >> 18);
      bytes[length++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[length++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[length++] = 0x80 | (point & 0x3f);
    }
  }
  return bytes.slice(0, length);
}

/**
 * The text of UTF-8 octets; undefined unless they are well-formed by RFC 3629 §4: no overlong
 * form, no surrogate, nothing above U+10FFFF, nothing cut short. A byte-order mark is kept.
 */
export function fromUtf8(bytes: Bytes): string | undefined {
  let text = '';
  let index = 0;
  while (index < bytes.length) {
    const lead = bytes[index] ?? 0;
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      index += 1;
      continue;
    }
    const size = sequenceSize(lead);
    if (size === 0 || index + size > bytes.length) return undefined;
    // The lead octet carries 7 − size bits of the code point.
    let point = lead & (0x7f >> size);
    for (let next = index + 1; next < index + size; next += 1) {
      const octet = bytes[next] ?? 0;
      if ((octet & 0xc0) !== 0x80) return undefined;
      point = (point << 6) | (octet & 0x3f);
    }
    if (!isScalarOfSize(point, size)) return undefined;
    text += String.fromCodePoint(point);
    index += size;
  }
  return text;
}

/** How many octets a sequence with this lead octet has, 2–4, or 0 when none may begin so. */
function sequenceSize(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

function isScalarOfSize(point: number, size: number): boolean {
  switch (size) {
    case 2:
      return point >= 0x80;
    case 3:
      return point >= 0x800 && (point < 0xd800 || point > 0xdfff);
    default:
      assert(size === 4, 'a UTF-8 sequence has two to four octets');
      return point >= 0x10000 && point <= 0x10ffff;
  }
}
