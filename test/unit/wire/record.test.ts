import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat, utf8 } from '../../../src/base/bytes.ts';
import { nodeIdOf } from '../../../src/base/id.ts';
import { millis } from '../../../src/base/time.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { RECORD_MAX, RECORD_MIN } from '../../../src/wire/limits.ts';
import type { RecordFields } from '../../../src/wire/record.ts';
import { decodeRecord, isTag, recordFits, signRecord } from '../../../src/wire/record.ts';
import { verifyRecord } from '../../../src/wire/record.ts';
import { at, attic, cellar, octets, record } from './samples.ts';

const bare: RecordFields = { ...record, addresses: [], relays: [], services: [], tags: [] };
const voters = 1;

/** The octets with one of them set, the signature left as it was. */
function withOctet(bytes: Bytes, index: number, value: number): Bytes {
  const changed = bytes.slice();
  changed[index] = value;
  return changed;
}

/** A record of `bare` with these octets in place of its four empty lists; not signed. */
function withLists(...lists: readonly Bytes[]): Bytes {
  const { bytes } = signRecord(attic, bare);
  return concat(bytes.slice(0, 58), ...lists, bytes.slice(62));
}

describe('a record', () => {
  it('comes back as it was signed, and its signature holds', () => {
    const signed = signRecord(attic, record);
    expect(signed).toMatchObject(record);
    const read = decodeRecord(signed.bytes);
    expect(read).toEqual(signed);
    expect(read && verifyRecord(nodeSuite, read)).toBe(true);
  });

  it('is laid out in the order of the table', () => {
    const { bytes } = signRecord(attic, bare);
    const head = concat(Uint8Array.of(1), octets(16, 200), attic.publicKey);
    expect(bytes.slice(0, 62)).toEqual(
      concat(head, Uint8Array.of(0, 0, 3, 0xe9, 0, 0, 2, 0x58, 2, 0, 0, 0, 0)),
    );
    expect(bytes.length).toBe(RECORD_MIN);
  });

  it('is not believed when any one octet of it changed', () => {
    const { bytes } = signRecord(attic, bare);
    for (let index = 0; index < bytes.length; index += 1) {
      const read = decodeRecord(withOctet(bytes, index, (bytes[index] ?? 0) ^ 1));
      expect(read !== undefined && verifyRecord(nodeSuite, read), `octet ${String(index)}`).toBe(
        false,
      );
    }
  });

  it('is not believed when another node signed it', () => {
    const { bytes } = signRecord(attic, bare);
    const body = bytes.slice(0, -64);
    const forged = concat(body, cellar.sign(concat(utf8('flotilla v2 record'), body)));
    const read = decodeRecord(forged);
    expect(read).toBeDefined();
    expect(read && verifyRecord(nodeSuite, read)).toBe(false);
    expect(() => signRecord(cellar, record)).toThrow(InvariantError);
  });

  it('is not believed when the signature was made for something else', () => {
    const { bytes } = signRecord(attic, bare);
    const body = bytes.slice(0, -64);
    const read = decodeRecord(concat(body, attic.sign(concat(utf8('flotilla v2 act'), body))));
    expect(read && verifyRecord(nodeSuite, read)).toBe(false);
  });

  it('puts services and tags in the order of their octets', () => {
    // U+FF21 comes before U+1F3E0 in UTF-8 but after its first surrogate in UTF-16.
    const tags = ['b', '🏠', 'Ａ', 'a'].map((key) => ({ key, value: '' }));
    const signed = signRecord(attic, { ...record, services: ['web', 'ssh'], tags });
    expect(signed.services).toEqual(['ssh', 'web']);
    expect(signed.tags.map(({ key }) => key)).toEqual(['a', 'b', 'Ａ', '🏠']);
  });

  it('keeps the order of addresses and relays, which means something', () => {
    const relays = [nodeIdOf(octets(32, 9)), nodeIdOf(octets(32, 1))];
    const addresses = [
      { address: at('203.0.113.7:4117'), voters },
      { address: at('203.0.113.7:1024'), voters },
    ];
    expect(signRecord(attic, { ...record, relays, addresses })).toMatchObject({
      relays,
      addresses,
    });
  });
});

describe('a record is refused when', () => {
  const { bytes } = signRecord(attic, bare);
  const none = Uint8Array.of(0);
  const listed = Uint8Array.of(4, 203, 0, 113, 7, 16, 21, 1);
  const tag = (key: string, value: string): Bytes => {
    const [keyBytes, valueBytes] = [utf8(key), utf8(value)];
    return concat(
      Uint8Array.of(keyBytes.length),
      keyBytes,
      Uint8Array.of(valueBytes.length),
      valueBytes,
    );
  };
  const tags = (...list: readonly Bytes[]): Bytes =>
    withLists(none, none, none, Uint8Array.of(list.length), ...list);
  const services = (...list: readonly string[]): Bytes =>
    withLists(
      none,
      none,
      Uint8Array.of(list.length),
      ...list.flatMap((service) => [Uint8Array.of(service.length), utf8(service)]),
      none,
    );
  const cases: readonly [reason: string, bytes: Bytes][] = [
    ['it has another version', withOctet(bytes, 0, 2)],
    ['its sequence is 0', withOctet(withOctet(bytes, 51, 0), 52, 0)],
    ['its beat is below 100 ms', withOctet(withOctet(bytes, 55, 0), 56, 99)],
    ['its beat is above an hour', withOctet(bytes, 54, 0x37)],
    ['its reachability is not known', withOctet(bytes, 57, 5)],
    ['it is cut short', bytes.slice(0, -1)],
    ['something follows it', concat(bytes, none)],
    ['it lists an address twice', withLists(Uint8Array.of(2), listed, listed, none, none, none)],
    ['a relay comes twice', withLists(none, Uint8Array.of(2), octets(32), octets(32), none, none)],
    ['its services are out of order', services('web', 'ssh')],
    ['a service comes twice', services('ssh', 'ssh')],
    ['a service is in upper case', services('SSH')],
    ['its tags are out of order', tags(tag('b', ''), tag('a', ''))],
    ['a tag comes twice', tags(tag('a', '1'), tag('a', '2'))],
    ['a tag has no key', tags(tag('', 'x'))],
    ['a key has an equals sign', tags(tag('a=b', 'x'))],
    ['a value breaks the line', tags(tag('a', 'x\ny'))],
    ['a value is no UTF-8', tags(Uint8Array.of(1, 97, 1, 0xff))],
    ['a value is one octet too long', tags(tag('a', 'x'.repeat(65)))],
    ['a key is one octet too long', tags(tag('a'.repeat(33), ''))],
  ];
  it.each(cases)('%s', (_, octetsOfRecord) => {
    expect(decodeRecord(octetsOfRecord)).toBeUndefined();
  });

  it('nothing of the above is wrong with it, to be fair', () => {
    expect(decodeRecord(tags(tag('a', 'x'), tag('b', '')))).toBeDefined();
    expect(decodeRecord(services('ssh', 'web'))).toBeDefined();
    expect(decodeRecord(withLists(Uint8Array.of(1), listed, none, none, none))).toBeDefined();
  });
});

describe('a list in a record', () => {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const lists: readonly [name: string, max: number, of: (n: number) => Partial<RecordFields>][] = [
    [
      'addresses',
      6,
      (n) => ({
        addresses: numbers(n).map((i) => ({ address: at(`192.0.2.${String(i)}:4117`), voters })),
      }),
    ],
    ['relays', 3, (n) => ({ relays: numbers(n).map((i) => nodeIdOf(octets(32, i))) })],
    ['services', 32, (n) => ({ services: numbers(n).map((i) => `service-${String(i)}`) })],
    ['tags', 16, (n) => ({ tags: numbers(n).map((i) => ({ key: String(i), value: '' })) })],
  ];
  it.each(lists)('%s goes up to %d and no further', (_, max, of) => {
    expect(signRecord(attic, { ...bare, ...of(max) })).toBeDefined();
    expect(() => signRecord(attic, { ...bare, ...of(max + 1) })).toThrow(InvariantError);
  });
});

describe('the length of a record', () => {
  /** Nine full tags of 98 octets, and one that fills the rest. */
  const filled = (lastValue: number): RecordFields => ({
    ...bare,
    tags: Array.from({ length: 10 }, (_, index) => ({
      key: String(index).padStart(32, '0'),
      value: 'v'.repeat(index === 9 ? lastValue : 64),
    })),
  });

  it('may be 1,100 octets and not one more', () => {
    // 126 octets of frame, nine tags of 98, one of 34 and its value: 1,042 and what it says.
    const longest = filled(58);
    expect(recordFits(longest)).toBe(true);
    expect(signRecord(attic, longest).bytes.length).toBe(RECORD_MAX);
    expect(recordFits(filled(59))).toBe(false);
    expect(() => signRecord(attic, filled(59))).toThrow(InvariantError);
  });

  it('counts every list', () => {
    expect(recordFits(record)).toBe(true);
    const services = Array.from({ length: 32 }, (_, index) =>
      String(index).padStart(2, '0').padEnd(63, 'x'),
    );
    expect(recordFits({ ...bare, services })).toBe(false);
  });
});

describe('a beat', () => {
  it.each([100, 3_600_000])('of %d ms may be told', (beat) => {
    expect(signRecord(attic, { ...bare, beat: millis(beat) }).beat).toBe(beat);
  });

  it.each([99, 3_600_001])('of %d ms is our own mistake', (beat) => {
    expect(() => signRecord(attic, { ...bare, beat: millis(beat) })).toThrow(InvariantError);
  });
});

describe('a tag', () => {
  it.each([
    ['room', 'under the roof'],
    ['k'.repeat(32), 'é'.repeat(32)],
    ['emoji', '👩‍🚀'],
    ['empty', ''],
  ])('%s=%s may be told', (key, value) => {
    expect(isTag({ key, value })).toBe(true);
  });

  it.each([
    ['', 'no key'],
    ['k'.repeat(33), 'key too long'],
    ['a=b', 'equals sign'],
    ['bell', '\u0007'],
    ['delete', '\u007f'],
    ['next-line', '\u0085'],
    ['right-to-left', 'abc\u202edef'],
    ['line-separator', 'a\u2028b'],
    ['lone-surrogate', '\ud800'],
    ['value', 'é'.repeat(32) + 'x'],
  ])('%s=%j may not', (key, value) => {
    expect(isTag({ key, value })).toBe(false);
  });
});
