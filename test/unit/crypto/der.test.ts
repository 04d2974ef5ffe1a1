import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { bits, der, explicit, pem, TAG } from '../../../src/crypto/der.ts';
import { makePair } from '../../../src/runtime/v1/certificate.ts';

describe('an element', () => {
  it('has its length in one octet up to 127, in two up to 255, in three above', () => {
    const head = (size: number, count: number): number[] => [
      ...der(TAG.octetString, new Uint8Array(size)).subarray(0, count),
    ];
    expect(head(127, 2)).toEqual([0x04, 0x7f]);
    expect(head(128, 3)).toEqual([0x04, 0x81, 0x80]);
    expect(head(255, 3)).toEqual([0x04, 0x81, 0xff]);
    expect(head(256, 4)).toEqual([0x04, 0x82, 0x01, 0x00]);
    expect(head(65_535, 4)).toEqual([0x04, 0x82, 0xff, 0xff]);
    expect(() => head(65_536, 4)).toThrow(InvariantError);
  });

  it('of bits begins with how many of the last are unused: none', () => {
    expect([...bits(Uint8Array.of(7))]).toEqual([0x03, 2, 0, 7]);
    expect(explicit(3)).toBe(0xa3);
  });
});

it('PEM has lines of 64 characters', () => {
  const text = pem('X', new Uint8Array(49));
  expect(text.split('\n').map(({ length }) => length)).toEqual([17, 64, 4, 15, 0]);
});

it('a certificate for HTTPS is its own issuer, of an ECDSA key, new each time', () => {
  const { cert, key } = makePair();
  const read = new X509Certificate(cert);
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.ca).toBe(false);
  expect(read.subject).toBe(read.issuer);
  expect(read.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  expect(read.validTo).toContain('9999');
  expect(read.serialNumber).not.toBe(new X509Certificate(makePair().cert).serialNumber);
  expect(key).toContain('BEGIN PRIVATE KEY');
});
