/**
 * Answers kept ready, found by the octets of a question as they came in: no text is made of them,
 * no object is kept for each. All lie in a few large blocks, which the garbage collector never
 * walks through.
 *
 * Two generations: what is asked for moves into the younger one, and when that is full the older
 * one is emptied and becomes the younger. So memory is bounded, nothing is ever sorted out at
 * length, and what is not asked for is forgotten.
 */

/** Octets of answers that one generation holds: some 30,000 of the usual ones. */
const BLOCK = 2 ** 21;

/** Places in a generation's index: a power of two, half of which are used at the most. */
const PLACES = 2 ** 16;

/** FNV-1a's first number and prime, for 32 bits (RFC 9923 §5). */
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * Octets before the name of an answer that is kept:
 *
 *     0 type asked for, 0 when it was dropped · 2 length of the name · 3 length of the answer
 */
const HEAD = 5;

/** A stretch of octets. */
export interface Span {
  readonly octets: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Answers by name and type; names with their root, of any case. */
export class Ready {
  readonly #block: number;
  #young: Generation;
  #old: Generation;

  /** `block` and `places` of each generation; see {@link BLOCK}, {@link PLACES}. */
  constructor(block: number = BLOCK, places: number = PLACES) {
    this.#block = block;
    this.#young = new Generation(block, places);
    this.#old = new Generation(block, places);
  }

  /** What is kept of that name and type. It holds until the next call. */
  find(octets: Uint8Array, from: number, to: number, type: number): Span | undefined {
    const hash = hashOf(octets, from, to, type);
    const young = this.#young.find(hash, octets, from, to, type);
    if (young >= 0) return this.#young.answerAt(young);
    const old = this.#old.find(hash, octets, from, to, type);
    if (old < 0) return undefined;
    const { octets: block, from: begin, to: end } = this.#old.answerAt(old);
    const answer = block.slice(begin, end);
    this.#old.drop(old);
    this.keep(octets, from, to, type, answer);
    return { octets: answer, from: 0, to: answer.length };
  }

  /** Keeps an answer that {@link find} did not find; not at all when it is too large. */
  keep(octets: Uint8Array, from: number, to: number, type: number, answer: Uint8Array): void {
    const size = HEAD + to - from + answer.length;
    if (answer.length > 0xffff || size > this.#block) return;
    if (!this.#young.hasRoom(size)) {
      const emptied = this.#old;
      emptied.clear();
      this.#old = this.#young;
      this.#young = emptied;
    }
    this.#young.add(hashOf(octets, from, to, type), octets, from, to, type, answer);
  }

  /** Forgets the answers of a name, for all these types. */
  drop(name: Uint8Array, types: readonly number[]): void {
    for (const type of types) {
      const hash = hashOf(name, 0, name.length, type);
      for (const generation of [this.#young, this.#old]) {
        const entry = generation.find(hash, name, 0, name.length, type);
        if (entry >= 0) generation.drop(entry);
      }
    }
  }
}

/** A block of answers and an index into it: open addressing, the next place when one is taken. */
class Generation {
  readonly #block: Uint8Array;
  /** By the lower bits of the hash: where an answer begins in the block, plus one; 0: free. */
  readonly #index: Uint32Array;
  #used = 0;
  #count = 0;

  constructor(block: number, places: number) {
    this.#block = new Uint8Array(block);
    this.#index = new Uint32Array(places);
  }

  hasRoom(size: number): boolean {
    return this.#used + size <= this.#block.length && 2 * this.#count < this.#index.length;
  }

  clear(): void {
    this.#index.fill(0);
    this.#used = 0;
    this.#count = 0;
  }

  /** Where such an answer begins, −1: there is none. */
  find(hash: number, octets: Uint8Array, from: number, to: number, type: number): number {
    const index = this.#index;
    const mask = index.length - 1;
    for (let place = hash & mask; ; place = (place + 1) & mask) {
      const entry = (index[place] ?? 0) - 1;
      if (entry < 0 || this.#isOf(entry, octets, from, to, type)) return entry;
    }
  }

  answerAt(entry: number): Span {
    const block = this.#block;
    const from = entry + HEAD + octet(block, entry + 2);
    return { octets: block, from, to: from + u16(block, entry + 3) };
  }

  drop(entry: number): void {
    this.#block[entry] = 0;
    this.#block[entry + 1] = 0;
  }

  /** The caller saw to it that there is room, and no other answer to the same question. */
  add(
    hash: number,
    octets: Uint8Array,
    from: number,
    to: number,
    type: number,
    answer: Uint8Array,
  ): void {
    const block = this.#block;
    const entry = this.#used;
    const name = entry + HEAD;
    block[entry] = type >> 8;
    block[entry + 1] = type & 0xff;
    block[entry + 2] = to - from;
    block[entry + 3] = answer.length >> 8;
    block[entry + 4] = answer.length & 0xff;
    for (let at = from; at < to; at += 1) block[name + at - from] = folded(octet(octets, at));
    block.set(answer, name + to - from);
    this.#used = name + to - from + answer.length;
    this.#count += 1;
    const mask = this.#index.length - 1;
    let place = hash & mask;
    while (this.#index[place] !== 0) place = (place + 1) & mask;
    this.#index[place] = entry + 1;
  }

  #isOf(entry: number, octets: Uint8Array, from: number, to: number, type: number): boolean {
    const block = this.#block;
    if (u16(block, entry) !== type || octet(block, entry + 2) !== to - from) return false;
    const shift = entry + HEAD - from;
    for (let at = from; at < to; at += 1) {
      const kept = octet(block, shift + at);
      const asked = octet(octets, at);
      if (kept !== asked && kept !== folded(asked)) return false;
    }
    return true;
  }
}

/**
 * Only names of the zone are kept, so nobody who asks can fill one place with many; a member that
 * did would slow down what it shares with all.
 */
function hashOf(octets: Uint8Array, from: number, to: number, type: number): number {
  let hash = FNV_BASIS;
  // With this bit set letters are without case; all else need not be told apart here.
  for (let at = from; at < to; at += 1) {
    hash = Math.imul(hash ^ (octet(octets, at) | 0x20), FNV_PRIME);
  }
  hash = Math.imul(hash ^ type, FNV_PRIME);
  // The lower bits choose the place: let the upper ones have a say.
  return hash ^ (hash >>> 15);
}

/** ASCII letters alone are without case (RFC 4343 §3). Lengths of labels are below all letters. */
function folded(value: number): number {
  return value >= 0x41 && value <= 0x5a ? value | 0x20 : value;
}

function octet(octets: Uint8Array, at: number): number {
  return octets[at] ?? 0;
}

function u16(octets: Uint8Array, at: number): number {
  return (octet(octets, at) << 8) | octet(octets, at + 1);
}
