/** ASN.1 in its distinguished encoding (X.690 §10), as far as self-signed certificates take it. */

import { assert } from '../base/assert.ts';
import { concat, type Bytes } from '../base/bytes.ts';

/** Tags of the elements (X.690 §8). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of an element that is told apart by its number alone, `[0]` and so on. */
export function explicit(number: number): number {
  return 0xa0 | number;
}

/** One element: tag, length, contents (X.690 §8.1); a broken invariant above 65,535 octets. */
export function der(tag: number, ...contents: readonly Bytes[]): Bytes {
  const body = concat(...contents);
  assert(body.length < 0x1_0000, 'no element of a certificate is that long');
  if (body.length < 0x80) return concat(Uint8Array.of(tag, body.length), body);
  const [high, low] = [body.length >> 8, body.length & 0xff];
  const length = high === 0 ? [0x81, low] : [0x82, high, low];
  return concat(Uint8Array.of(tag, ...length), body);
}

/** A BIT STRING of whole octets: none of its last bits is unused. */
export function bits(contents: Bytes): Bytes {
  return der(TAG.bitString, Uint8Array.of(0), contents);
}

/** RFC 7468 §2: base64 in lines of 64 characters between two labels. */
export function pem(label: string, contents: Bytes): string {
  const lines =
    Buffer.from(contents)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
