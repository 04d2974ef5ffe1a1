/** One join at a time, which the end of the node ends too. */

import { stopped } from './life.ts';
import { joinBusy } from './refusals.ts';
import type { Wait } from './results.ts';

/** The join under way, if there is one. */
export class Joining {
  #shut = false;
  #current: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  /**
   * Leaves for good by `act`, during and after which no join begins unless it failed. Rejects as
   * `act` does, or with join-busy during a join.
   */
  async leave(act: () => Promise<unknown>): Promise<void> {
    this.#refuseIfBusy();
    this.#shut = true;
    try {
      await act();
    } catch (error) {
      this.#shut = false;
      throw error;
    }
  }

  /** Runs a join to its end. Rejects as `act` does, with join-busy, or with closed after `end`. */
  async run(act: (signal: AbortSignal) => Promise<void>, wait?: Wait): Promise<void> {
    this.#refuseIfBusy();
    if (this.#shut) throw stopped();
    const stop = new AbortController();
    const given = wait?.signal;
    const joined = act(given === undefined ? stop.signal : AbortSignal.any([stop.signal, given]));
    this.#current = { stop, ended: joined.catch(() => undefined) };
    try {
      await joined;
    } catch (error) {
      throw stop.signal.aborted ? stopped() : error;
    } finally {
      this.#current = undefined;
    }
  }

  /** Ends the join under way, and settles when it has ended; never rejects. */
  async end(): Promise<void> {
    this.#current?.stop.abort();
    await this.#current?.ended;
  }

  #refuseIfBusy(): void {
    if (this.#current !== undefined) throw joinBusy();
  }
}
