import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, usable } from '../../../src/base/address.ts';
import { readHostPort } from '../../../src/base/host-port.ts';

/** What is said about a text that is no address of a node. */
function wrong(text: string): string {
  const read = readHostPort(text);
  return read.type === 'wrong' ? `${read.quote}: ${read.why}` : `taken as ${read.type}`;
}

describe('HOST:PORT', () => {
  it.each([
    ['192.0.2.7:4117', '192.0.2.7:4117'],
    ['[2001:DB8:0::7]:1', '[2001:db8::7]:1'],
    ['[::ffff:192.0.2.7]:65535', '192.0.2.7:65535'],
    ['127.0.0.1:1', '127.0.0.1:1'],
  ])('%s is the address %s', (text, canonical) => {
    const read = readHostPort(text);
    expect(read.type === 'address' ? formatAddress(read.address) : read).toBe(canonical);
  });

  it.each(['attic:1', 'attic.example.:4117', 'my_pi.local:4117', '4attic:1', 'a.b1:2'])(
    '%s names a host, to be looked up by who needs it',
    (text) => {
      const [host, port] = text.split(':');
      expect(readHostPort(text)).toEqual({ type: 'name', host, port: Number(port) });
    },
  );

  it.each([
    ['', 'it is empty'],
    ['nonsense', 'it has no port'],
    ['1.2.3.4', 'it has no port'],
    ['1.2.3.4:', 'it has no port'],
    ['[2001:db8::7]', 'it has no port'],
    [':4117', 'it has no host'],
    ['1.2.3.4:0', 'nothing can be reached at port 0'],
    ['attic:0', 'nothing can be reached at port 0'],
    ['attic:65536', 'its port is above 65535 (65536)'],
    ['attic:080', 'its port begins with a zero (080)'],
    ['attic:http', 'http is no port, which is a number'],
    ['0.0.0.0:5', '0.0.0.0 stands for no machine, or for every address of this one'],
    ['[::]:5', ':: stands for no machine, or for every address of this one'],
    ['224.0.0.1:1', '224.0.0.1 is a multicast address, which no machine has alone'],
    ['[ff02::1]:1', 'ff02::1 is a multicast address, which no machine has alone'],
    ['255.255.255.255:1', '255.255.255.255 stands for all machines of a network'],
    ['300.1.1.1:4117', '300.1.1.1 looks like an IPv4 address, but 300 is above 255'],
    ['10.01.1.1:4117', '10.01.1.1 looks like an IPv4 address, but 01 begins with a zero'],
    ['10.1.1:4117', '10.1.1 looks like an IPv4 address, but that has four numbers, not 3'],
    ['0x7f.1:4117', '0x7f.1 looks like an IPv4 address, but is none'],
    ['fe80::1', 'an IPv6 address stands in brackets before its port, as [fe80::1]:4117'],
    ['1:2:3:4:5:6:7:8:9', 'an IPv6 address stands in brackets, as [1:2:3:4:5:6:7:8]:9'],
    [':::.', 'an IPv6 address stands in brackets, as [::]:PORT'],
    ['attic:1:2', 'there is more than one colon in it'],
    ['[192.0.2.7]:1', 'only an IPv6 address stands in brackets'],
    ['[2001:db8::zz]:1', '2001:db8::zz is no IPv6 address'],
    ['http://attic:80', 'a host and a port are enough, without http://'],
    ['attic :4117', 'there is white space in it'],
    ['-?-:4117', '-?- is no host name and no IP address'],
    ['a..b:4117', 'a..b is no host name and no IP address'],
  ])('%j is refused, because: %s', (text, why) => {
    expect(wrong(text)).toBe(`${JSON.stringify(text)}: ${why}`);
  });

  it.each(['[fe80::1%eth0]:4117', 'fe80::1%eth0', '[fe80::1%25eth0]:1', '[fe80::1%]:1'])(
    '%s is refused for its zone ID, which is told apart',
    (text) => {
      expect(readHostPort(text)).toMatchObject({ type: 'wrong', zone: true });
      expect(wrong(text)).toContain('means something on one machine only');
    },
  );

  it('takes host names of 253 characters and labels of 63, and no longer ones', () => {
    const label = 'a'.repeat(63);
    const longest = [label, label, label, 'a'.repeat(61)].join('.');
    expect(readHostPort(`${longest}:1`).type).toBe('name');
    expect(readHostPort(`${longest}a:1`).type).toBe('wrong');
    expect(readHostPort(`${label}a.example:1`).type).toBe('wrong');
  });

  it('quotes no more than the beginning of a long text', () => {
    expect(wrong('x'.repeat(4_000)).length).toBeLessThan(150);
    for (const text of [
      '9'.repeat(4_000),
      `1:2:3:4:5:6:7:8:${'9'.repeat(4_000)}`,
      '[:'.repeat(999),
    ]) {
      expect(wrong(text).length).toBeLessThan(400);
      expect(wrong(`${text}]:1`).length).toBeLessThan(400);
    }
  });

  it('never throws, and gives no address that nothing can be sent to', () => {
    const texts = fc.string({ unit: fc.constantFrom(...'012569.:[]%fae/x- '), maxLength: 24 });
    fc.assert(
      fc.property(texts, (text) => {
        const read = readHostPort(text);
        if (read.type === 'address') expect(usable(read.address)).toBe(true);
        if (read.type === 'wrong') expect(read.why).toMatch(/^.{5,}[^.]$/);
      }),
      { numRuns: 3_000 },
    );
  });
});
