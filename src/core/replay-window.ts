/** Remembers which counters of a session were seen (RFC 6479), so that no datagram counts twice. */

import { REPLAY_WINDOW } from './config.ts';

const BITS_PER_WORD = 32;
const WORDS = REPLAY_WINDOW / BITS_PER_WORD;

/** A sliding window over the last 1,024 counters. Ask `fresh` before opening, `mark` after. */
export class ReplayWindow {
  #highest = -1;
  readonly #seen: Uint32Array = new Uint32Array(WORDS);

  /** Whether this counter was not marked and is not older than the window. */
  fresh(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (this.#highest - counter >= REPLAY_WINDOW) return false;
    return (this.#word(counter) & this.#bit(counter)) === 0;
  }

  /** Marks a counter whose datagram was opened; call only for fresh ones. */
  mark(counter: number): void {
    if (counter > this.#highest) this.#advance(counter);
    this.#seen[Math.floor(counter / BITS_PER_WORD) % WORDS] =
      this.#word(counter) | this.#bit(counter);
  }

  /** Clears the words between the old and the new highest counter: they hold bits of long ago. */
  #advance(counter: number): void {
    const from = Math.floor(this.#highest / BITS_PER_WORD);
    const to = Math.floor(counter / BITS_PER_WORD);
    for (let word = Math.max(from + 1, to - WORDS + 1); word <= to; word += 1) {
      this.#seen[word % WORDS] = 0;
    }
    this.#highest = counter;
  }

  #word(counter: number): number {
    return this.#seen[Math.floor(counter / BITS_PER_WORD) % WORDS] ?? 0;
  }

  #bit(counter: number): number {
    return (1 << (counter % BITS_PER_WORD)) >>> 0;
  }
}
