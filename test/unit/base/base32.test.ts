import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase32, toBase32 } from '../../../src/base/base32.ts';
import { utf8 } from '../../../src/base/bytes.ts';

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('writes %j as RFC 4648 §10 does, without padding and in lower case: %j', (text, encoded) => {
    expect(toBase32(utf8(text))).toBe(encoded);
    expect(fromBase32(encoded)).toEqual(utf8(text));
    expect(fromBase32(encoded.toUpperCase())).toEqual(utf8(text));
  });

  it('reads back whatever it wrote', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(fromBase32(toBase32(bytes))).toEqual(bytes);
      }),
    );
  });

  it('has one spelling for each value: what is read is written again the same way', () => {
    const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567');
    fc.assert(
      fc.property(fc.string({ unit: letter, maxLength: 20 }), (text) => {
        const bytes = fromBase32(text);
        if (bytes !== undefined) expect(toBase32(bytes)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses spare bits that are not zero', () => {
    expect(fromBase32('my')).toEqual(utf8('f'));
    expect(fromBase32('mz')).toBeUndefined();
    expect(fromBase32('mzxr')).toBeUndefined();
  });

  it.each(['a', 'aaa', 'aaaaaa', 'aaaaaaaaa'])('refuses %j, a length no octets give', (text) => {
    expect(fromBase32(text)).toBeUndefined();
  });

  it.each(['m=', 'my======', 'm0', 'm1', 'm8', 'm9', 'm ', 'm[', 'm{', 'm@', 'mé', 'm\u{10412}'])(
    'refuses %j, which has a foreign character',
    (text) => {
      expect(fromBase32(text)).toBeUndefined();
    },
  );

  it('never throws, whatever text it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fromBase32(text);
      }),
    );
  });
});
