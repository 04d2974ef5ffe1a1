import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { toHex } from '../../../src/base/bytes.ts';
import { Reader, Writer } from '../../../src/base/cursor.ts';

type Sized = 'u8' | 'u16' | 'u32' | 'u48' | 'u64';

const LARGEST: Readonly<Record<Sized, number>> = {
  u8: 0xff,
  u16: 0xffff,
  u32: 0xffff_ffff,
  u48: 0xffff_ffff_ffff,
  u64: Number.MAX_SAFE_INTEGER,
};
const SIZES = Object.keys(LARGEST) as Sized[];

describe('Writer', () => {
  it('writes big-endian', () => {
    const writer = new Writer().u8(1).u16(0x0203).u32(0x04050607).u48(0x08090a0b0c0d);
    expect(toHex(writer.u64(0x0e0f10111213).finish())).toBe(
      '0102030405060708090a0b0c0d00000e0f10111213',
    );
  });

  it.each(SIZES)('takes the largest %s and refuses the next number', (size) => {
    const largest = LARGEST[size];
    expect(new Reader(new Writer()[size](largest).finish())[size]()).toBe(largest);
    expect(() => new Writer()[size](largest + 1)).toThrow(InvariantError);
  });

  it.each([-1, 0.5, NaN, Infinity])('refuses %d, which no field can hold', (value) => {
    for (const size of SIZES) expect(() => new Writer()[size](value)).toThrow(InvariantError);
  });

  it('grows from any initial size, nothing included', () => {
    for (const initial of [0, 1, 3, 1000]) {
      const writer = new Writer(initial);
      for (let value = 0; value < 300; value += 1) writer.u16(value);
      expect(writer.length).toBe(600);
      const reader = new Reader(writer.finish());
      for (let value = 0; value < 300; value += 1) expect(reader.u16()).toBe(value);
      expect(reader.done).toBe(true);
    }
  });

  it('gives a copy that later writing does not change', () => {
    const writer = new Writer().u8(1);
    const finished = writer.finish();
    writer.u8(2);
    expect([...finished]).toEqual([1]);
  });

  it('prefixes at most as many octets as the length can say', () => {
    const most8 = new Writer().lengthPrefixed8(new Uint8Array(255)).finish();
    const most16 = new Writer().lengthPrefixed16(new Uint8Array(65_535)).finish();
    expect([most8.length, most16.length]).toEqual([256, 65_537]);
    expect(() => new Writer().lengthPrefixed8(new Uint8Array(256))).toThrow(InvariantError);
    expect(() => new Writer().lengthPrefixed16(new Uint8Array(65_536))).toThrow(InvariantError);
  });
});

describe('Reader', () => {
  it('reads back any sequence of fields and is then done', () => {
    const field = fc.oneof(
      ...SIZES.map((size) =>
        fc.record({ size: fc.constant(size), value: fc.nat({ max: LARGEST[size] }) }),
      ),
    );
    fc.assert(
      fc.property(fc.array(field), fc.uint8Array(), fc.uint8Array(), (fields, tail, rest) => {
        const writer = new Writer();
        for (const { size, value } of fields) writer[size](value);
        const all = writer.lengthPrefixed8(tail).lengthPrefixed16(tail).bytes(rest).finish();
        const reader = new Reader(all);
        for (const { size, value } of fields) expect(reader[size]()).toBe(value);
        expect(reader.lengthPrefixed8()).toEqual(tail);
        expect(reader.lengthPrefixed16()).toEqual(tail);
        expect(reader.rest()).toEqual(rest);
        expect(reader.done).toBe(true);
      }),
    );
  });

  it('counts what is left and is done only after the last octet', () => {
    const reader = new Reader(Uint8Array.of(1, 2, 3));
    expect([reader.remaining, reader.done]).toEqual([3, false]);
    reader.u16();
    expect([reader.remaining, reader.done]).toEqual([1, false]);
    reader.u8();
    expect([reader.remaining, reader.done]).toEqual([0, true]);
  });

  it.each(SIZES)('gives 0 and fails when a %s is cut short', (size) => {
    const whole = new Writer()[size](1).finish();
    const reader = new Reader(whole.subarray(1));
    expect(reader[size]()).toBe(0);
    expect([reader.failed, reader.done, reader.remaining]).toEqual([true, false, 0]);
  });

  it('stays failed: nothing more is read, even what would fit', () => {
    const reader = new Reader(Uint8Array.of(7, 7, 7));
    expect(reader.bytes(4)).toEqual(new Uint8Array(0));
    expect([reader.u8(), reader.bytes(1).length, reader.rest().length]).toEqual([0, 0, 0]);
    expect(reader.bytes(0)).toEqual(new Uint8Array(0));
    expect(reader.done).toBe(false);
  });

  it('fails at the word of the caller', () => {
    const reader = new Reader(new Uint8Array(0));
    expect(reader.done).toBe(true);
    reader.fail();
    expect([reader.done, reader.failed]).toEqual([false, true]);
  });

  it('fails on a u64 that a number cannot hold exactly', () => {
    const over = new Reader(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0));
    expect([over.u64(), over.failed]).toEqual([0, true]);
    const most = new Reader(new Uint8Array(8).fill(0xff));
    expect([most.u64(), most.failed]).toEqual([0, true]);
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53])('fails when asked for %d octets', (count) => {
    const reader = new Reader(new Uint8Array(8));
    expect(reader.bytes(count)).toEqual(new Uint8Array(0));
    expect(reader.failed).toBe(true);
  });

  it('fails when a length promises more than there is', () => {
    for (const lying of [Uint8Array.of(3, 1, 2), Uint8Array.of(0xff)]) {
      const reader = new Reader(lying);
      expect(reader.lengthPrefixed8()).toEqual(new Uint8Array(0));
      expect(reader.failed).toBe(true);
    }
  });

  it('gives plain copies, also out of a Node Buffer', () => {
    const buffer = Buffer.from([1, 2, 3, 4]);
    const reader = new Reader(buffer);
    const first = reader.bytes(2);
    const rest = reader.rest();
    buffer.fill(9);
    expect([...first, ...rest]).toEqual([1, 2, 3, 4]);
    expect(Buffer.isBuffer(first) || Buffer.isBuffer(rest)).toBe(false);
  });

  it('never throws, whatever is read from whatever octets', () => {
    const read = fc.constantFrom<(reader: Reader) => unknown>(
      ...SIZES.map((size) => (reader: Reader) => reader[size]()),
      (reader) => reader.bytes(5),
      (reader) => reader.lengthPrefixed8(),
      (reader) => reader.lengthPrefixed16(),
      (reader) => reader.rest(),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(read), (bytes, reads) => {
        const reader = new Reader(bytes);
        for (const each of reads) each(reader);
        expect(reader.remaining).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
