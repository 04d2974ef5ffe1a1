import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressFromBytes, formatAddress, type Address } from '../../../src/base/address.ts';
import { nodeIdOf } from '../../../src/base/id.ts';
import { wallTime } from '../../../src/base/time.ts';
import {
  EMPTY_BOOK,
  readBook,
  readCluster,
  writeBook,
  writeCluster,
  type StoredBook,
  type StoredCluster,
} from '../../../src/core/documents.ts';
import { identityOf } from './acts.ts';
import { at } from './fixture.ts';

const bytes = fc.uint8Array({ maxLength: 40 });
const whole = fc.maxSafeNat();
const wall = whole.map(wallTime);

const anyCluster: fc.Arbitrary<StoredCluster> = fc.record({
  acts: fc.array(bytes, { maxLength: 4 }),
  invites: fc.array(fc.record({ secret: bytes, uses: whole, expires: wall }), { maxLength: 3 }),
  reserved: whole,
  tags: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 4 }),
});

const anyAddress: fc.Arbitrary<Address> = fc
  .tuple(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.boolean(),
    fc.nat(65_535),
  )
  .map(([four, sixteen, short, port]) => {
    const made = short ? addressFromBytes(4, four, port) : addressFromBytes(6, sixteen, port);
    return made ?? at('192.0.2.1:1');
  });

const anyBook: fc.Arbitrary<StoredBook> = fc.record({
  records: fc.array(bytes, { maxLength: 4 }),
  history: fc.array(
    fc.record({
      id: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(nodeIdOf),
      addresses: fc.array(fc.record({ address: anyAddress, at: wall }), { maxLength: 4 }),
    }),
    { maxLength: 4 },
  ),
});

/** What a file holds once it was written and read. */
function throughDisk(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json));
}

test('a cluster document comes back from the disk as it was', () => {
  fc.assert(
    fc.property(anyCluster, (stored) => {
      expect(readCluster(throughDisk(writeCluster(stored)))).toEqual(stored);
    }),
  );
});

test('a book document comes back from the disk as it was', () => {
  fc.assert(
    fc.property(anyBook, (stored) => {
      expect(readBook(throughDisk(writeBook(stored)))).toEqual(stored);
    }),
  );
  expect(readBook(throughDisk(writeBook(EMPTY_BOOK)))).toEqual(EMPTY_BOOK);
});

test('the documents on disk keep their form, so that older ones stay readable', () => {
  const address = { address: at('[2001:db8::7]:4117'), at: wallTime(5) };
  const secret = Uint8Array.of(0xab, 1);
  const cluster: StoredCluster = {
    acts: [Uint8Array.of(1, 2)],
    invites: [{ secret, uses: 3, expires: wallTime(9) }],
    reserved: 1_000,
    tags: [['room', 'roof']],
  };
  expect(writeCluster(cluster)).toEqual({
    acts: ['0102'],
    invites: [{ secret: 'ab01', uses: 3, expiresMs: 9 }],
    reserved: 1_000,
    tags: [['room', 'roof']],
  });
  const { id } = identityOf('pi');
  expect(writeBook({ records: [secret], history: [{ id, addresses: [address] }] })).toEqual({
    records: ['ab01'],
    history: [{ id, addresses: [{ address: '[2001:db8::7]:4117', atMs: 5 }] }],
  });
});

const cluster = writeCluster({
  acts: [Uint8Array.of(1)],
  invites: [{ secret: Uint8Array.of(2), uses: 1, expires: wallTime(1) }],
  reserved: 1,
  tags: [['a', 'b']],
});
const book = writeBook({
  records: [Uint8Array.of(1)],
  history: [
    { id: identityOf('pi').id, addresses: [{ address: at('192.0.2.1:1'), at: wallTime(1) }] },
  ],
});

/** A copy with one value, at a path through objects and lists, replaced. */
function replaced(json: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const copy = (Array.isArray(json) ? [...(json as unknown[])] : { ...(json as object) }) as Record<
    string | number,
    unknown
  >;
  copy[first] = replaced(copy[first], rest, value);
  return copy;
}

describe('what is no document of this kind is refused as a whole', () => {
  test.each([
    ['no acts', ['acts'], undefined],
    ['acts that are no list', ['acts'], { length: 0 }],
    ['an act that is no hexadecimal', ['acts', 0], 'xy'],
    ['an act that is a number', ['acts', 0], 7],
    ['an invite that is none', ['invites', 0], 'secret'],
    ['an invite without a secret', ['invites', 0, 'secret'], undefined],
    ['uses below zero', ['invites', 0, 'uses'], -1],
    ['an expiry of half a millisecond', ['invites', 0, 'expiresMs'], 0.5],
    ['a sequence beyond exact numbers', ['reserved'], 2 ** 53],
    ['a sequence in words', ['reserved'], '1000'],
    ['no sequence', ['reserved'], undefined],
    ['a tag without a value', ['tags', 0], ['a']],
    ['a tag of numbers', ['tags', 0], [1, 2]],
    ['null', [], null],
    ['a list', [], []],
    ['a text', [], 'cluster'],
  ])('cluster: %s', (_what, path, value) => {
    expect(readCluster(cluster)).toBeDefined();
    expect(readCluster(replaced(cluster, path, value))).toBeUndefined();
  });

  test.each([
    ['no records', ['records'], undefined],
    ['a record with half an octet', ['records', 0], 'abc'],
    ['history of a name', ['history', 0, 'id'], 'pi'],
    ['history without addresses', ['history', 0, 'addresses'], undefined],
    ['a host name', ['history', 0, 'addresses', 0, 'address'], 'pi.example:4117'],
    ['a time before 1970', ['history', 0, 'addresses', 0, 'atMs'], -1],
    ['nothing', [], undefined],
  ])('book: %s', (_what, path, value) => {
    expect(readBook(book)).toBeDefined();
    expect(readBook(replaced(book, path, value))).toBeUndefined();
  });

  test('any other JSON: no reader throws, and neither takes the other one’s document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        readCluster(json);
        readBook(json);
      }),
    );
    expect(readCluster(book)).toBeUndefined();
    expect(readBook(cluster)).toBeUndefined();
  });

  test('any one value of a document replaced: read as the same kind of thing or not at all', () => {
    const path = fc.constantFrom(
      ...[['acts', 0], ['invites', 0, 'uses'], ['reserved'], ['tags', 0, 1], ['invites']],
    );
    fc.assert(
      fc.property(path, fc.jsonValue(), (where, value) => {
        const read = readCluster(replaced(cluster, where, value));
        if (read !== undefined) expect(readCluster(writeCluster(read))).toEqual(read);
      }),
    );
  });
});

test('an address in the form that people type is kept in the one canonical form', () => {
  const typed = replaced(book, ['history', 0, 'addresses', 0, 'address'], '[2001:DB8:0::7]:4117');
  const address = readBook(typed)?.history[0]?.addresses[0]?.address;
  expect(address === undefined ? undefined : formatAddress(address)).toBe('[2001:db8::7]:4117');
});
