/**
 * Choices and jitter that a seed makes repeatable. Never keys, challenges or anything a stranger
 * must not guess.
 */

import { assert } from './assert.ts';
import type { Bytes } from './bytes.ts';

/**
 * A repeatable source of chance: xoshiro128** 1.1 by Blackman and Vigna ("Scrambled Linear
 * Pseudorandom Number Generators", ACM TOMS 2021; public domain), seeded through the MurmurHash3
 * finalizer. The same seed gives the same sequence for ever, which the simulator's trace hashes
 * rely on.
 *
 * For jitter and choices only. It is predictable by design: whoever sees a few outputs knows the
 * rest. Keys, challenges and nonces come from the host as input.
 */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** A number counts with all its 64 bits, octets with their length too: seeds do not collide. */
  constructor(seed: number | Bytes) {
    const state = absorb(typeof seed === 'number' ? octetsOf(seed) : seed);
    [this.#a, this.#b, this.#c, this.#d] = state;
  }

  /** A float in [0, 1), uniform, with 53 bits. */
  next(): number {
    const high = this.#u32() >>> 5;
    const low = this.#u32() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** A whole number in [0, n); `n` is a whole number of at least 1. */
  below(n: number): number {
    assert(Number.isSafeInteger(n) && n >= 1, 'below needs a whole number of at least 1');
    return Math.floor(this.next() * n);
  }

  /** A float in [min, max); `min` itself when both are equal. */
  between(min: number, max: number): number {
    assert(min <= max, 'between needs min ≤ max');
    return min + this.next() * (max - min);
  }

  /** One element, each as likely as the other; undefined for an empty list. */
  pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[this.below(list.length)];
  }

  /** A copy in random order (Fisher–Yates). */
  shuffle<T>(list: readonly T[]): T[] {
    return this.sample(list, list.length);
  }

  /** `count` different positions of the list in random order, or all when there are fewer. */
  sample<T>(list: readonly T[], count: number): T[] {
    const pool = [...list];
    const wanted = Math.min(Math.max(count, 0), pool.length);
    for (let index = 0; index < wanted; index += 1) {
      const other = index + this.below(pool.length - index);
      // Both indices are inside the pool, so what is swapped are elements, never holes.
      const kept = pool[other] as T;
      pool[other] = pool[index] as T;
      pool[index] = kept;
    }
    pool.length = wanted;
    return pool;
  }

  /** True with probability `p`; 0 is never, 1 is always. Takes one draw whatever `p` is. */
  chance(p: number): boolean {
    return this.next() < p;
  }

  /**
   * A generator of its own, seeded by this one: what one part draws then never shifts what another
   * part draws, so a change here does not alter every trace elsewhere.
   */
  fork(): SeededRandom {
    return new SeededRandom(this.bytes(16));
  }

  /** `n` octets, as predictable as everything else here. */
  bytes(n: number): Bytes {
    const filled = new Uint8Array(n);
    let word = 0;
    for (let index = 0; index < n; index += 1) {
      word = index % 4 === 0 ? this.#u32() : word >>> 8;
      filled[index] = word & 0xff;
    }
    return filled;
  }

  #u32(): number {
    const scrambled = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return scrambled;
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** The eight octets of the IEEE 754 double, so that 1, −1 and 2^40 are different seeds. */
function octetsOf(seed: number): Bytes {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setFloat64(0, seed);
  return octets;
}

/** Four words that depend on every octet and on how many there are; never all zero. */
function absorb(octets: Bytes): [number, number, number, number] {
  // The first 32 bits of the fractional part of the golden ratio, Weyl's usual step.
  const step = 0x9e3779b9;
  let mixed = finalize(octets.length + step);
  for (const octet of octets) mixed = finalize((mixed ^ octet) + step);
  // A second pass from another start makes 64 bits of state from the octets, not 32.
  let other = finalize(mixed ^ 0x85ebca6b);
  for (const octet of octets) other = finalize((rotate(other, 5) + octet + step) | 0);
  const a = finalize(mixed + step);
  const b = finalize(other + step);
  const c = finalize(a ^ rotate(other, 16));
  // xoshiro's one forbidden state is all zero; the constant bit in `d` rules it out.
  const d = finalize(b ^ mixed) | 1;
  return [a, b, c, d];
}

/** MurmurHash3's 32-bit finalizer (Appleby, public domain): each input bit reaches every bit. */
function finalize(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
