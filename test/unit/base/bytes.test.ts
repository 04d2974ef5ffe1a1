import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, concat, equal, fromHex, fromUtf8, toHex, utf8 } from '../../../src/base/bytes.ts';

const octets = (): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: 64 });

describe('concat', () => {
  it('joins parts in order into memory of its own', () => {
    const first = Uint8Array.of(1, 2);
    const joined = concat(first, new Uint8Array(0), Uint8Array.of(3));
    first[0] = 9;
    expect([...joined]).toEqual([1, 2, 3]);
  });

  it('gives no octets for no parts', () => {
    expect(concat()).toEqual(new Uint8Array(0));
  });
});

describe('equal and compare', () => {
  it('agree with each other and with the order of hexadecimal texts', () => {
    fc.assert(
      fc.property(octets(), octets(), (a, b) => {
        const [left, right] = [toHex(a), toHex(b)];
        expect(equal(a, b)).toBe(left === right);
        expect(Math.sign(compare(a, b))).toBe(left < right ? -1 : left > right ? 1 : 0);
        expect(Math.sign(compare(b, a)) + Math.sign(compare(a, b))).toBe(0);
      }),
    );
  });

  it('see a difference in any single octet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (a, at) => {
        const b = Uint8Array.from(a);
        const index = at % a.length;
        b[index] = (b[index] ?? 0) ^ 0x80;
        expect(equal(a, b)).toBe(false);
        expect(equal(a, Uint8Array.from(a))).toBe(true);
      }),
    );
  });

  it('put a prefix before what it begins', () => {
    expect(compare(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0);
    expect(equal(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
  });
});

describe('hexadecimal', () => {
  it('writes lower case, two digits an octet', () => {
    expect(toHex(Uint8Array.of(0, 0x0a, 0xff))).toBe('000aff');
  });

  it('reads back what it wrote, in either case', () => {
    fc.assert(
      fc.property(octets(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes);
      }),
    );
  });

  it.each(['0', '0g', 'zz', ' 0', '0x', '@A', '`a', '１0'])('refuses %j', (text) => {
    expect(fromHex(text)).toBeUndefined();
  });
});

describe('UTF-8', () => {
  it('writes what the platform writes, lone surrogates included', () => {
    const encoder = new TextEncoder();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8(text)).toEqual(encoder.encode(text));
      }),
    );
    for (const text of ['\ud800', 'a\udc00b', '\ud83d\ude00', '\ud83d', '\u07ff\u0800\uffff']) {
      expect(utf8(text)).toEqual(encoder.encode(text));
    }
  });

  it('reads exactly what the strict decoder of the platform reads', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const platform = (bytes: Uint8Array): string | undefined => {
      try {
        return decoder.decode(bytes);
      } catch {
        return undefined;
      }
    };
    // Leads and continuations near every boundary make most of these almost valid.
    const edge = fc.constantFrom(
      ...[0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf],
      ...[0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff],
    );
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 6 }), (list) => {
        const bytes = Uint8Array.from(list);
        expect(fromUtf8(bytes)).toBe(platform(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it('comes back as the text it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // Lone surrogates came out as U+FFFD, so what comes back is the well-formed text.
        expect(fromUtf8(utf8(text))).toBe(text.replace(/\p{Surrogate}/gu, '\ufffd'));
      }),
    );
  });

  it.each([
    ['an overlong slash', 'c0af'],
    ['an overlong zero', 'e08080'],
    ['a surrogate', 'eda080'],
    ['what lies above U+10FFFF', 'f4908080'],
    ['a sequence cut short', 'e282'],
    ['a continuation without lead', '80'],
  ])('refuses %s', (_, hex) => {
    expect(fromUtf8(fromHex(hex) ?? new Uint8Array(0))).toBeUndefined();
  });
});
