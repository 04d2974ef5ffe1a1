/** The machine's own alarms: many named times, one wake asked of the host. */

import type { Instant } from '../base/time.ts';

/**
 * Named alarms. Setting a name again replaces its time. Looked through only when something is due:
 * with a peer a name, that is cheaper than keeping an order.
 */
export class Agenda {
  readonly #alarms = new Map<string, Instant>();
  /** No alarm is earlier than this; an early look finds nothing and is harmless. */
  #earliest: number = Infinity;

  get size(): number {
    return this.#alarms.size;
  }

  set(key: string, at: Instant): void {
    this.#alarms.set(key, at);
    this.#earliest = Math.min(this.#earliest, at);
  }

  /** Sets an alarm unless it rings earlier anyway. */
  setEarlier(key: string, at: Instant): void {
    const known = this.#alarms.get(key);
    if (known === undefined || known > at) this.set(key, at);
  }

  has(key: string): boolean {
    return this.#alarms.has(key);
  }

  clear(key: string): void {
    this.#alarms.delete(key);
  }

  /** When to look again; undefined: never. */
  get next(): Instant | undefined {
    return this.#alarms.size === 0 ? undefined : (this.#earliest as Instant);
  }

  /** Takes all that are due, the earliest first, and of equals the one set first. */
  take(now: Instant): readonly string[] {
    if (now < this.#earliest) return [];
    const due: [string, Instant][] = [];
    let earliest = Infinity;
    for (const [key, at] of this.#alarms) {
      if (at <= now) due.push([key, at]);
      else earliest = Math.min(earliest, at);
    }
    this.#earliest = earliest;
    for (const [key] of due) this.#alarms.delete(key);
    return due.sort((a, b) => a[1] - b[1]).map(([key]) => key);
  }
}
