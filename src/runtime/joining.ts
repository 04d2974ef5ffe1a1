/** One join at a time, which the end of the node ends too. */

import { stopped } from './life.ts';
import { joinBusy } from './refusals.ts';
import type { Wait } from './results.ts';

/** The join under way, if there is one. */
export class Joining {
  #current: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  /** Throws `UserError` join-busy during a join. */
  refuseIfBusy(): void {
    if (this.#current !== undefined) throw joinBusy();
  }

  /** Runs a join to its end. Rejects as `act` does, with join-busy, or with closed after `end`. */
  async run(act: (signal: AbortSignal) => Promise<void>, wait?: Wait): Promise<void> {
    this.refuseIfBusy();
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
}
