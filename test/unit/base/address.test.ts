import fc from 'fast-check';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import type { Address } from '../../../src/base/address.ts';
import {
  address,
  addressFromBytes,
  addressKey,
  formatAddress,
  hasZone,
  ipBytes,
  networkOf,
  parseAddress,
  parseIp,
  sameAddress,
  sameHost,
  scopeOf,
  usable,
} from '../../../src/base/address.ts';

const port = fc.nat({ max: 65_535 });

/** Octets with many zeros and repeated values, where IPv6 texts have their corners. */
const v6Octets = fc.array(fc.constantFrom(0, 0, 0, 1, 0xff, 0xab), {
  minLength: 16,
  maxLength: 16,
});

const anyAddress: fc.Arbitrary<Address> = fc
  .tuple(fc.boolean(), v6Octets, fc.uint8Array({ minLength: 4, maxLength: 4 }), port)
  .map(([six, long, short, at]) =>
    six ? addressFromBytes(6, Uint8Array.from(long), at) : addressFromBytes(4, short, at),
  )
  .filter((found) => found !== undefined);

function known(ip: string, at = 4117): Address {
  const made = address(ip, at);
  if (made === undefined) throw new Error(`the test itself is wrong: ${ip}`);
  return made;
}

describe('parseAddress', () => {
  it.each<[string, Address]>([
    ['192.0.2.1:4117', { family: 4, ip: '192.0.2.1', port: 4117 }],
    ['0.0.0.0:0', { family: 4, ip: '0.0.0.0', port: 0 }],
    ['255.255.255.255:65535', { family: 4, ip: '255.255.255.255', port: 65_535 }],
    ['[2001:DB8::1]:80', { family: 6, ip: '2001:db8::1', port: 80 }],
    ['[::]:1', { family: 6, ip: '::', port: 1 }],
    ['[::ffff:192.0.2.1]:80', { family: 4, ip: '192.0.2.1', port: 80 }],
    ['[::ffff:c000:201]:80', { family: 4, ip: '192.0.2.1', port: 80 }],
  ])('reads %s', (text, expected) => {
    expect(parseAddress(text)).toEqual(expected);
  });

  it.each([
    ...['', ':', ':80', '192.0.2.1', '192.0.2.1:', '192.0.2.1:65536', '192.0.2.1:080'],
    ...['192.0.2.1:+1', '192.0.2.1:-1', '192.0.2.1: 1', ' 192.0.2.1:1', '192.0.2.1:1 '],
    ...['192.0.2.1:1e3', '192.0.2.1:1\n', '192.0.2.1:٣', '192.0.2.1:100000'],
    ...['2001:db8::1:80', '2001:db8::1', '[2001:db8::1]', '[2001:db8::1]80', '[2001:db8::1:80'],
    ...['2001:db8::1]:80', '[[::1]]:80', '[192.0.2.1]:80', '[]:80', '[fe80::1%eth0]:80'],
    ...['attic:4117', 'localhost:80', '192.0.2.1:80:80', `[${'0'.repeat(60)}::]:1`],
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('reads back every address that is written', () => {
    fc.assert(
      fc.property(anyAddress, (made) => {
        expect(parseAddress(formatAddress(made))).toEqual(made);
        expect(address(made.ip, made.port)).toEqual(made);
        expect(addressKey(made)).toBe(formatAddress(made));
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws, whatever text it is given', () => {
    const unit = fc.constantFrom(...'0123456789abcdefF:.[]%g ');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
        const parsed = parseAddress(text);
        if (parsed !== undefined) expect(parseAddress(formatAddress(parsed))).toEqual(parsed);
        hasZone(text);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('parseIp', () => {
  it.each([
    // RFC 5952 §4: the longest run of zeros, the first of equals, never a single group.
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['::1:0:0:0:0:0:0', '0:1::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1::', '1::'],
    ['::1', '::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['2001:DB8:AAAA::000A', '2001:db8:aaaa::a'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['::13.1.68.3', '::d01:4403'],
  ])('writes %s as %s', (text, canonical) => {
    expect(parseIp(text)).toEqual({ family: 6, ip: canonical });
  });

  it.each([
    ...['1.2.3', '1.2.3.4.5', '1.2.3.', '.1.2.3', '1..2.3', '01.2.3.4', '1.2.3.04', '256.1.1.1'],
    ...['1.2.3.1000', '0x1.2.3.4', '1.2.3.4a', '1.2.3.-4', '16909060', '1.2.772', '00.0.0.0'],
    ...[':', ':::', '1:', ':1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', '::12345'],
    ...['1:2:3:4:5:6:7::8', '::1:2:3:4:5:6:7:8', 'g::', '1:2:3:4:5:6:7:', '::1 ', ' ::1'],
    ...[
      '::1.2.3',
      '::1.2.3.4.5',
      '::1.2.3.04',
      '1:2:3:4:5:6:7:1.2.3.4',
      '::1.2.3.4:5',
      '1.2.3.4::',
    ],
    ...['fe80::1%eth0', 'fe80::1%1', '[::1]', '', 'attic', '::ffff:1.2.3.256', '::@', '::`'],
  ])('refuses %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('accepts what the platform accepts, and nothing else', () => {
    const group = fc.constantFrom('', '0', '1', 'ff', 'abcd', '12345', '1.2.3.4', '1.2.3', '01');
    const list = fc.array(group, { minLength: 1, maxLength: 10 });
    const texts = fc.oneof(
      list.map((groups) => groups.join(':')),
      fc.string({ unit: fc.constantFrom(...'0125.:af'), maxLength: 20 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseIp(text) !== undefined).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('writes IPv6 as the platform writes it', () => {
    fc.assert(
      fc.property(v6Octets, (list) => {
        const made = addressFromBytes(6, Uint8Array.from(list), 1);
        // A URL keeps the mixed form for none of these, so both must agree to the letter.
        const host = made && new URL(`http://[${made.ip}]/`).hostname;
        if (made !== undefined) expect(host).toBe(`[${made.ip}]`);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('hasZone', () => {
  it('tells an address with a zone from garbage and from an address without', () => {
    expect(['fe80::1%eth0', '[fe80::1%en0]:80', 'fe80::1%'].map(hasZone)).toEqual([
      true,
      true,
      true,
    ]);
    expect(['fe80::1', 'attic%eth0', '192.0.2.1%eth0', '%', ''].map(hasZone)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('octets of an address', () => {
  it('come back as the same address', () => {
    fc.assert(
      fc.property(anyAddress, (made) => {
        expect(ipBytes(made).length).toBe(made.family === 4 ? 4 : 16);
        expect(addressFromBytes(made.family, ipBytes(made), made.port)).toEqual(made);
      }),
    );
  });

  it('must be four or sixteen, as the family says, and not an IPv4-mapped form', () => {
    expect(addressFromBytes(4, new Uint8Array(16), 1)).toBeUndefined();
    expect(addressFromBytes(6, new Uint8Array(4), 1)).toBeUndefined();
    const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1);
    expect(addressFromBytes(6, mapped, 1)).toBeUndefined();
  });

  it.each([-1, 65_536, 1.5, NaN])('refuse port %d', (at) => {
    expect(addressFromBytes(4, new Uint8Array(4), at)).toBeUndefined();
    expect(address('192.0.2.1', at)).toBeUndefined();
  });

  it('cannot be had of an address that no parser made', () => {
    expect(() => ipBytes({ family: 4, ip: 'attic', port: 1 })).toThrow(InvariantError);
  });
});

describe('sameAddress and sameHost', () => {
  it('compare in canonical form, with and without the port', () => {
    expect(sameAddress(known('::FFFF:192.0.2.1'), known('192.0.2.1'))).toBe(true);
    expect(sameAddress(known('192.0.2.1', 1), known('192.0.2.1', 2))).toBe(false);
    expect(sameHost(known('2001:db8:0::1', 1), known('2001:db8::1', 2))).toBe(true);
    expect(sameHost(known('192.0.2.1'), known('192.0.2.2'))).toBe(false);
  });
});

describe('scopeOf', () => {
  // First and last address of each range, and the neighbours outside.
  it.each([
    ['private', '10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['private', '172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['private', '192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['private', '100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['loopback', '127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['link-local', '169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['private', 'fc00::', 'fdff::ffff', 'fbff::ffff', 'fe00::'],
    ['link-local', 'fe80::', 'febf::ffff', 'fe7f::ffff', 'fec0::'],
    ['loopback', '::1', '::1', '::2', '1::1'],
  ])('is %s from %s to %s and public beside it', (scope, first, last, before, behind) => {
    expect([first, last].map((ip) => scopeOf(known(ip)))).toEqual([scope, scope]);
    expect([before, behind].map((ip) => scopeOf(known(ip)))).toEqual(['public', 'public']);
  });
});

describe('networkOf', () => {
  it('is the /24 of IPv4 and the /48 of IPv6', () => {
    expect(networkOf(known('203.0.113.77'))).toBe('203.0.113.0/24');
    expect(networkOf(known('2001:db8:1:2:3:4:5:6'))).toBe('2001:db8:1::/48');
    expect(networkOf(known('::1'))).toBe('::/48');
  });

  it('does not change the address it is asked about', () => {
    const asked = known('203.0.113.77');
    networkOf(asked);
    expect(asked.ip).toBe('203.0.113.77');
  });
});

describe('usable', () => {
  it.each(['192.0.2.1', '1.0.0.0', '223.255.255.255', '240.0.0.1', '127.0.0.1', '::1', 'fe80::1'])(
    'allows sending to %s',
    (ip) => {
      expect(usable(known(ip))).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '239.255.255.255',
    '255.255.255.255',
    '::',
    'ff02::1',
  ])('forbids sending to %s', (ip) => {
    expect(usable(known(ip))).toBe(false);
  });

  it('needs a port', () => {
    expect(usable(known('192.0.2.1', 0))).toBe(false);
    expect(usable(known('192.0.2.1', 1))).toBe(true);
    expect(usable(known('192.0.2.1', 65_535))).toBe(true);
  });
});
