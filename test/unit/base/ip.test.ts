import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { formatIpv4, formatIpv6, ipv4Bytes, ipv6Bytes, mappedIpv4 } from '../../../src/base/ip.ts';

/** Octets with many zeros, where the texts of IPv6 have their corners. */
const sparse = fc.array(fc.constantFrom(0, 0, 0, 0x0a, 0xff), { minLength: 16, maxLength: 16 });

describe('IPv4 texts', () => {
  it('come back as the octets they were made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        expect(ipv4Bytes(formatIpv4(bytes))).toEqual(bytes);
      }),
    );
  });

  it('have one spelling each: what is read is written again the same way', () => {
    const unit = fc.constantFrom('0', '1', '25', '6', '.', '.');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        const bytes = ipv4Bytes(text);
        if (bytes !== undefined) expect(formatIpv4(bytes)).toBe(text);
      }),
      { numRuns: 3000 },
    );
  });

  it('are not read from an IPv6 text, nor written from its octets', () => {
    expect(ipv4Bytes('::1.2.3.4')).toBeUndefined();
    expect(() => formatIpv4(new Uint8Array(16))).toThrow(InvariantError);
  });
});

describe('IPv6 texts', () => {
  it('come back as the octets they were made of, in upper case and at full length too', () => {
    fc.assert(
      fc.property(sparse, (list) => {
        const bytes = Uint8Array.from(list);
        const text = formatIpv6(bytes);
        expect(ipv6Bytes(text)).toEqual(bytes);
        expect(ipv6Bytes(text.toUpperCase())).toEqual(bytes);
        const groups = Array.from({ length: 8 }, (_, group) =>
          [...bytes.slice(2 * group, 2 * group + 2)]
            .map((octet) => octet.toString(16).padStart(2, '0'))
            .join(''),
        );
        expect(ipv6Bytes(groups.join(':'))).toEqual(bytes);
        const quad = [...bytes.slice(12)].join('.');
        expect(ipv6Bytes(`${groups.slice(0, 6).join(':')}:${quad}`)).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it('are as long as 45 characters, and no longer', () => {
    const longest = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255';
    expect(longest.length).toBe(45);
    expect(ipv6Bytes(longest)).toEqual(new Uint8Array(16).fill(255));
    expect(ipv6Bytes(`0${longest}`)).toBeUndefined();
  });

  it('are not written from four octets', () => {
    expect(() => formatIpv6(new Uint8Array(4))).toThrow(InvariantError);
  });
});

describe('mappedIpv4', () => {
  const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1);

  it('gives the last four octets of ::ffff:0:0/96', () => {
    expect(mappedIpv4(mapped)).toEqual(Uint8Array.of(192, 0, 2, 1));
  });

  it('gives nothing when any of the first twelve octets differs', () => {
    for (let index = 0; index < 12; index += 1) {
      const other = Uint8Array.from(mapped);
      other[index] = (other[index] ?? 0) ^ 1;
      expect(mappedIpv4(other)).toBeUndefined();
    }
    expect(mappedIpv4(mapped.slice(4))).toBeUndefined();
  });
});
