/**
 * Virtual time: what is to happen, in order; ties in the order of their scheduling, so that one
 * seed gives one trace.
 */

import { assert } from '../base/assert.ts';
import type { Duration, Instant } from '../base/time.ts';
import { after, instant } from '../base/time.ts';

interface Entry {
  readonly time: Instant;
  /**
   * Breaks ties, so that two events of one instant always happen in the order they were asked for.
   */
  readonly order: number;
  readonly run: () => void;
}

/**
 * Virtual time and all that is still to happen in it: a binary heap of events. Time only passes
 * from event to event, so a minute of a quiet cluster costs as long as its datagrams take to
 * compute.
 */
export class Timeline {
  #now: Instant = instant(0);
  #order = 0;
  readonly #heap: Entry[] = [];

  /** True time of the simulated world; what each machine takes for it is its own clock's affair. */
  get now(): Instant {
    return this.#now;
  }

  /** Events that have not happened yet. */
  get pending(): number {
    return this.#heap.length;
  }

  /** Lets something happen at a time; at once after what is under way when that time has passed. */
  at(time: Instant, run: () => void): void {
    assert(!Number.isNaN(time), 'an event has no time');
    const due = time < this.#now ? this.#now : time;
    this.#heap.push({ time: due, order: this.#order, run });
    this.#order += 1;
    this.#rise(this.#heap.length - 1);
  }

  /** Lets something happen after a delay. */
  in(delay: Duration, run: () => void): void {
    this.at(after(this.#now, delay), run);
  }

  /** Makes the next event happen if it is due by `until`; else moves time there and says false. */
  next(until: Instant): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.time > until) {
      if (until > this.#now) this.#now = until;
      return false;
    }
    this.#removeFirst();
    this.#now = first.time;
    first.run();
    return true;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(start: number): void {
    let position = start;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (!this.#swapIfBefore(position, parent)) return;
      position = parent;
    }
  }

  #sink(start: number): void {
    let position = start;
    for (;;) {
      const left = 2 * position + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (!this.#swapIfBefore(child, position)) return;
      position = child;
    }
  }

  #swapIfBefore(lower: number, upper: number): boolean {
    if (!this.#isBefore(lower, upper)) return false;
    // Both positions are inside the heap, as the callers checked.
    const held = this.#heap[lower] as Entry;
    this.#heap[lower] = this.#heap[upper] as Entry;
    this.#heap[upper] = held;
    return true;
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#heap[one] as Entry;
    const b = this.#heap[other] as Entry;
    return a.time < b.time || (a.time === b.time && a.order < b.order);
  }
}
