/** Changes to inputs: blind ones, ones that numbers and lengths break at, and mixes of two. */

/** Numbers at which code that counts is wrong by one, in octets 1, 2 and 4, signs and all. */
const EDGES = [
  ...[0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 129, 254, 255, 256, 257],
  ...[1_023, 1_024, 1_099, 1_100, 1_101, 1_175, 1_200, 4_095, 4_096, 4_117, 32_767, 32_768],
  ...[65_534, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff],
];

/** Most changes to one input: far from its parent it is a stranger to the code. */
const CHANGES_MAX = 8;

/** A small seeded generator (mulberry32, public domain): a run can be repeated from its seed. */
export class Chance {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `limit` − 1; 0 when there is none. */
  below(limit) {
    if (limit <= 1) return 0;
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  pick(list) {
    return list[this.below(list.length)];
  }
}

/**
 * A changed copy of `input`. `other` lends pieces; `words` are texts or octets that the code under
 * test looks for.
 */
export function mutate(chance, input, other, words, lengthMax) {
  let octets = [...input];
  // One change most often, eight now and then.
  const times = 1 + chance.below(1 + chance.below(CHANGES_MAX));
  for (let time = 0; time < times; time += 1) octets = change(chance, octets, other, words);
  return Uint8Array.from(octets.slice(0, lengthMax));
}

function change(chance, octets, other, words) {
  const at = chance.below(octets.length);
  const size = 1 + chance.below(1 + chance.below(Math.min(64, octets.length - at)));
  switch (chance.below(words.length > 0 ? 13 : 12)) {
    case 0:
      return put(octets, at, [(octets[at] ?? 0) ^ (1 << chance.below(8))]);
    case 1:
      return put(octets, at, [chance.below(256)]);
    case 2:
      return put(octets, at, [((octets[at] ?? 0) + chance.below(33) - 16) & 0xff]);
    case 3:
    case 4:
      return put(octets, at, number(chance.pick(EDGES), chance.pick([1, 1, 2, 4])));
    case 5:
      // A length field that tells of what follows it, or of one octet more or less.
      return put(
        octets,
        at,
        number(Math.max(0, octets.length - at - chance.below(8)), chance.pick([1, 2, 4])),
      );
    case 6:
      return [...octets.slice(0, at), ...octets.slice(at + size)];
    case 7:
      return [...octets.slice(0, at + size), ...octets.slice(at)];
    case 8:
      return insert(
        octets,
        at,
        Array.from({ length: size }, () => chance.below(256)),
      );
    case 9: {
      // The head of one and the tail of another.
      return [...octets.slice(0, at), ...other.slice(chance.below(other.length))];
    }
    case 10: {
      const from = chance.below(other.length);
      const piece = [...other.slice(from, from + size)];
      return chance.below(2) === 0 ? insert(octets, at, piece) : put(octets, at, piece);
    }
    case 11: {
      const to = chance.below(octets.length);
      return put(octets, to, octets.slice(at, at + size));
    }
    default: {
      const word = [...chance.pick(words)];
      return chance.below(2) === 0 ? insert(octets, at, word) : put(octets, at, word);
    }
  }
}

function insert(octets, at, piece) {
  return [...octets.slice(0, at), ...piece, ...octets.slice(at)];
}

/** Overwrites, and lengthens when the piece reaches over the end. */
function put(octets, at, piece) {
  return [...octets.slice(0, at), ...piece, ...octets.slice(at + piece.length)];
}

/** Big-endian, as everything on the wire. */
function number(value, size) {
  return Array.from({ length: size }, (_, index) => {
    return Math.floor(value / 256 ** (size - 1 - index)) & 0xff;
  });
}
