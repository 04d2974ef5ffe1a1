/**
 * Reading and writing octets in order, big-endian. Reading never throws: it fails, and says so at
 * the end.
 */

import { assert } from './assert.ts';
import type { Bytes } from './bytes.ts';

/** Large enough for most datagrams' headers without growing. */
const INITIAL_SIZE = 64;

/** Keys and shorter fields: a view to copy through costs more than such a field itself. */
const COPIED_SINGLY = 32;

const TWO_32 = 0x1_0000_0000;
const EMPTY: Bytes = new Uint8Array(0);

/**
 * Writes big-endian (network order) fields one after the other into a buffer that grows. A value
 * outside its field's range is our own mistake and an `InvariantError`: it must never be cut to
 * fit and sent.
 */
export class Writer {
  #buffer: Uint8Array;
  #length = 0;

  /** `initialSize` in bytes only saves copying; it is no limit. */
  constructor(initialSize: number = INITIAL_SIZE) {
    this.#buffer = new Uint8Array(initialSize);
  }

  /** Octets written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    return this.#unsigned(value, 1, 0xff);
  }

  u16(value: number): this {
    return this.#unsigned(value, 2, 0xffff);
  }

  u32(value: number): this {
    return this.#unsigned(value, 4, 0xffff_ffff);
  }

  /** Six octets: milliseconds since 1970 fit until the year 10889. */
  u48(value: number): this {
    return this.#unsigned(value, 6, 0xffff_ffff_ffff);
  }

  /** Eight octets for a safe integer, 0 to 2^53 − 1; {@link Reader.u64} refuses what is larger. */
  u64(value: number): this {
    return this.#unsigned(value, 8, Number.MAX_SAFE_INTEGER);
  }

  /** The octets as they are; the reader must know how many. */
  bytes(bytes: Bytes): this {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** One octet of length, then at most 255 octets. */
  lengthPrefixed8(bytes: Bytes): this {
    return this.u8(bytes.length).bytes(bytes);
  }

  /** Two octets of length, then at most 65,535 octets. */
  lengthPrefixed16(bytes: Bytes): this {
    return this.u16(bytes.length).bytes(bytes);
  }

  /** A copy of all that was written; the writer may go on. */
  finish(): Bytes {
    return this.#buffer.slice(0, this.#length);
  }

  #unsigned(value: number, size: number, max: number): this {
    assert(
      Number.isInteger(value) && value >= 0 && value <= max,
      `a field of ${String(size)} octets cannot hold this value`,
    );
    this.#reserve(size);
    // Two halves, because bitwise operators see 32 bits only.
    let high = Math.floor(value / TWO_32);
    let low = value >>> 0;
    for (let index = size - 1; index >= 0; index -= 1) {
      this.#buffer[this.#length + index] = low & 0xff;
      low = (low >>> 8) | ((high & 0xff) << 24);
      high >>>= 8;
    }
    this.#length += size;
    return this;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/**
 * Reads what {@link Writer} wrote, from octets that a stranger may have made. It never throws: the
 * first read past the end, or {@link Reader.fail}, sets `failed`, and from then on every read
 * gives 0 or no octets. A decoder therefore reads straight through and asks {@link Reader.done}
 * once. Octets handed out are copies, so what is kept neither pins nor aliases a socket's buffer.
 */
export class Reader {
  readonly #buffer: Bytes;
  #offset = 0;
  #failed = false;

  constructor(bytes: Bytes) {
    this.#buffer = bytes;
  }

  /** True once a read went past the end or the caller found a field it refuses. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Octets not yet read; 0 after a failure. */
  get remaining(): number {
    return this.#failed ? 0 : this.#buffer.length - this.#offset;
  }

  /** True when all was read, to the last octet, and nothing failed. */
  get done(): boolean {
    return !this.#failed && this.#offset === this.#buffer.length;
  }

  /** Marks the input as refused; there is no way back. */
  fail(): void {
    this.#failed = true;
  }

  u8(): number {
    return this.#unsigned(1);
  }

  u16(): number {
    return this.#unsigned(2);
  }

  u32(): number {
    return this.#unsigned(4);
  }

  u48(): number {
    return this.#unsigned(6);
  }

  /** Eight octets as a number; fails above 2^53 − 1, where numbers lose exactness. */
  u64(): number {
    const value = this.#unsigned(8);
    if (Number.isSafeInteger(value)) return value;
    this.fail();
    return 0;
  }

  /** The next `count` octets; none, and a failure, when there are fewer or `count` is no count. */
  bytes(count: number): Bytes {
    if (!this.#has(count)) return EMPTY;
    const start = this.#offset;
    this.#offset += count;
    // Not `slice`: on a Node Buffer that is a view.
    const copy = new Uint8Array(count);
    if (count > COPIED_SINGLY) copy.set(this.#buffer.subarray(start, this.#offset));
    else
      for (let index = 0; index < count; index += 1) copy[index] = this.#buffer[start + index] ?? 0;
    return copy;
  }

  /** Octets behind one octet of length. */
  lengthPrefixed8(): Bytes {
    return this.bytes(this.u8());
  }

  /** Octets behind two octets of length. */
  lengthPrefixed16(): Bytes {
    return this.bytes(this.u16());
  }

  /** All octets not yet read, possibly none. */
  rest(): Bytes {
    return this.bytes(this.remaining);
  }

  #has(count: number): boolean {
    if (Number.isInteger(count) && count >= 0 && count <= this.remaining) return !this.#failed;
    this.#failed = true;
    return false;
  }

  #unsigned(size: number): number {
    if (!this.#has(size)) return 0;
    let value = 0;
    for (let index = 0; index < size; index += 1) {
      value = value * 256 + (this.#buffer[this.#offset + index] ?? 0);
    }
    this.#offset += size;
    return value;
  }
}
