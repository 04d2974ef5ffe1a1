/**
 * Bytes nobody could foresee, for keys, challenges and indexes. They come from the host with every
 * input and are stretched here for that one step.
 */

import { InvariantError, assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat, utf8 } from '../base/bytes.ts';
import { Writer } from '../base/cursor.ts';
import type { Suite } from './suite.ts';

/** Octets the host hands over with each input, and octets of one block. */
const BLOCK_SIZE = 32;

const LABEL = utf8('flotilla v2 unpredictable');

/**
 * Unpredictable octets for one step: challenges, ephemeral keys, indices.
 *
 * They come from the host as input because the machine itself has no chance in it, which is what
 * lets a run be repeated from its inputs. They are fresh at each step because a machine may be a
 * resumed snapshot: a generator whose state was part of the snapshot would give the challenges and
 * keys it gave before, and a key that repeats with other plaintext opens both.
 *
 * Block n is SHA-256(label ‖ entropy ‖ n), so 32 fresh octets give as many as a step needs.
 */
export class Unpredictable {
  readonly #suite: Suite;
  #entropy: Bytes | undefined;
  #counter = 0;

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  /** Starts a step with 32 octets that nobody else knows and that were never used before. */
  refill(entropy: Bytes): void {
    assert(entropy.length === BLOCK_SIZE, 'a refill is 32 octets');
    this.#entropy = new Uint8Array(entropy);
    this.#counter = 0;
  }

  /** `n` octets that no earlier call gave; an `InvariantError` before the first refill. */
  bytes(n: number): Bytes {
    const filled = new Uint8Array(n);
    // A new block for each call: what is left of the last one is not worth keeping track of.
    for (let offset = 0; offset < n; offset += BLOCK_SIZE) {
      filled.set(this.#block().subarray(0, Math.min(BLOCK_SIZE, n - offset)), offset);
    }
    return filled;
  }

  /** 32 unpredictable bits as a number from 0 to 4,294,967,295. */
  u32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#block();
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  }

  #block(): Bytes {
    if (this.#entropy === undefined) {
      throw new InvariantError('unpredictable octets were asked for before the host gave any');
    }
    const counter = new Writer(4).u32(this.#counter).finish();
    this.#counter += 1;
    return this.#suite.hash(concat(LABEL, this.#entropy, counter));
  }
}
