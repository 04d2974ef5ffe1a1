import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { toHex } from '../../../src/base/bytes.ts';
import { hkdf, noiseHkdf } from '../../../src/crypto/hash.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { octets } from './octets.ts';

const EMPTY = new Uint8Array(0);
const from = (first: number, last: number): Uint8Array =>
  Uint8Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('hkdf', () => {
  // RFC 5869, appendix A.1, A.2 and A.3.
  it.each([
    [
      'A.1',
      new Uint8Array(22).fill(0x0b),
      from(0x00, 0x0c),
      from(0xf0, 0xf9),
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      'A.2',
      from(0x00, 0x4f),
      from(0x60, 0xaf),
      from(0xb0, 0xff),
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6' +
        '5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    ],
    [
      'A.3',
      new Uint8Array(22).fill(0x0b),
      EMPTY,
      EMPTY,
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
  ])('gives the octets of RFC 5869 %s', (_, inputKey, salt, info, expected) => {
    const length = expected.length / 2;
    expect(toHex(hkdf(nodeSuite, salt, inputKey, info, length))).toBe(expected);
  });

  it('agrees with the platform for any input and every length up to the largest', () => {
    const any = fc.uint8Array({ maxLength: 100 });
    const length = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(255 * 32));
    fc.assert(
      fc.property(any, any, any, length, (salt, key, info, size) => {
        const expected = new Uint8Array(hkdfSync('sha256', key, salt, info, size));
        expect(hkdf(nodeSuite, salt, key, info, size)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('gives no octets when none are asked for', () => {
    expect(hkdf(nodeSuite, EMPTY, EMPTY, EMPTY, 0)).toEqual(EMPTY);
  });

  it.each([255 * 32 + 1, -1, 0.5, NaN])('refuses to give %d octets', (length) => {
    expect(() => hkdf(nodeSuite, EMPTY, EMPTY, EMPTY, length)).toThrow(InvariantError);
  });
});

describe('noiseHkdf', () => {
  it('is HKDF with the chaining key as salt and no info (Noise §4.3)', () => {
    fc.assert(
      fc.property(octets(32), fc.uint8Array({ maxLength: 32 }), (chainingKey, input) => {
        const both = hkdf(nodeSuite, chainingKey, input, EMPTY, 64);
        const [first, second] = noiseHkdf(nodeSuite, chainingKey, input);
        expect([first, second]).toEqual([both.slice(0, 32), both.slice(32)]);
      }),
      { numRuns: 30 },
    );
  });
});
