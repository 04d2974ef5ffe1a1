/** The state of a node that hears nobody, and the pace of its calls (PROTOCOL §6). */

import type { NodeId } from '../base/id.ts';
import { after, elapsed, type Duration, type Instant } from '../base/time.ts';
import { ORPHAN_CALLS, ORPHAN_PACE, ORPHAN_SILENCE } from './config.ts';

/** Whether this node is an orphan, since when, and whom it calls next. */
export class Orphan {
  #since: Instant | undefined;
  #startedAt: Instant | undefined;
  #turn = 0;

  /** The node began to run: silence counts from here until somebody is heard. */
  start(now: Instant): void {
    this.#startedAt = now;
  }

  get since(): Instant | undefined {
    return this.#since;
  }

  /**
   * True when this silence makes the node an orphan now. `allSilent`: each member left a question
   * unanswered; without that, a quiet time is only a slow beat.
   */
  check(now: Instant, heardAny: Instant | undefined, allSilent: boolean): boolean {
    if (this.#since !== undefined || !allSilent) return false;
    const from = heardAny ?? this.#startedAt ?? now;
    if (elapsed(from, now) < ORPHAN_SILENCE) return false;
    this.#since = now;
    return true;
  }

  /** When to check again. */
  checkAt(now: Instant, heardAny: Instant | undefined): Instant {
    return after(heardAny ?? this.#startedAt ?? now, ORPHAN_SILENCE);
  }

  /** Somebody was heard; true when that ends an orphanhood. */
  heard(): boolean {
    const was = this.#since !== undefined;
    this.#since = undefined;
    return was;
  }

  /** The members of the next call: 16 in turn. */
  calls(members: readonly NodeId[]): readonly NodeId[] {
    if (members.length <= ORPHAN_CALLS) return members;
    const from = this.#turn % members.length;
    this.#turn = from + ORPHAN_CALLS;
    return [...members.slice(from), ...members.slice(0, from)].slice(0, ORPHAN_CALLS);
  }

  /**
   * The pause until the call after this one: short at first, since all may be starting together.
   */
  pace(now: Instant): Duration {
    const age = elapsed(this.#since ?? now, now);
    for (const [from, pause] of ORPHAN_PACE) if (age >= from) return pause;
    return ORPHAN_PACE[0]?.[1] ?? ORPHAN_SILENCE;
  }
}
