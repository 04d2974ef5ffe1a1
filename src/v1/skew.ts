/** How far a peer's clock is off, as far as its codes and answers tell. */

/** Where an observation comes from: the `Date` of an answer, or the step of a code. */
export type SkewSource = 'date' | 'code';

/**
 * The difference of two clocks, narrowed by each observation. Once a `Date` was seen codes count no
 * more: a node that knows of the difference signs with its peer's clock.
 */
export class Skew {
  #low = -Infinity;
  #high = Infinity;
  #dated = false;

  /**
   * The peer's clock less this one's lies between `low` and `high` milliseconds. Where that
   * contradicts all before, one of the clocks was set, and only the new counts.
   */
  note(low: number, high: number, source: SkewSource): void {
    if (this.#dated && source === 'code') return;
    if (!this.#dated && source === 'date') {
      this.#dated = true;
      this.#low = -Infinity;
      this.#high = Infinity;
    }
    const narrowLow = Math.max(low, this.#low);
    const narrowHigh = Math.min(high, this.#high);
    const contradicted = narrowLow > narrowHigh;
    this.#low = contradicted ? low : narrowLow;
    this.#high = contradicted ? high : narrowHigh;
  }

  /** The middle of what is possible, whole milliseconds; null: not known. */
  get ms(): number | null {
    if (this.#high === Infinity || this.#low === -Infinity) return null;
    return Math.round((this.#low + this.#high) / 2);
  }
}
