/** The machine's own alarm clock: many named times, one wake asked of the host. */

import type { Instant } from '../base/time.ts';

interface Alarm {
  readonly key: string;
  readonly at: Instant;
  /** Order of setting; ties ring in this order, so that equal inputs give equal traces. */
  readonly order: number;
}

/** Replaced alarms that are let be. */
const SLACK = 64;

/** Named alarms on a binary heap. Setting a name again replaces its time. */
export class Timers {
  readonly #heap: Alarm[] = [];
  readonly #current = new Map<string, Alarm>();
  #order = 0;

  /** Rings `key` at `at`, in place of any earlier setting. */
  set(key: string, at: Instant): void {
    if (this.#current.get(key)?.at === at) return;
    const alarm: Alarm = { key, at, order: this.#order };
    this.#order += 1;
    this.#current.set(key, alarm);
    this.#push(alarm);
    if (this.#heap.length > 2 * this.#current.size + SLACK) this.#rebuild();
  }

  /** Sets `key` unless it would ring earlier than `at` anyway. */
  setEarlier(key: string, at: Instant): void {
    const alarm = this.#current.get(key);
    if (alarm === undefined || alarm.at > at) this.set(key, at);
  }

  clear(key: string): void {
    this.#current.delete(key);
  }

  has(key: string): boolean {
    return this.#current.has(key);
  }

  /** The next alarm, left in place. */
  next(): { readonly key: string; readonly at: Instant } | undefined {
    this.#dropReplaced();
    return this.#heap[0];
  }

  /** Takes the next alarm whose time has come. */
  take(now: Instant): string | undefined {
    this.#dropReplaced();
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#pop();
    this.#current.delete(first.key);
    return first.key;
  }

  #dropReplaced(): void {
    let first = this.#heap[0];
    while (first !== undefined && this.#current.get(first.key) !== first) {
      this.#pop();
      first = this.#heap[0];
    }
  }

  /** Alarms that were replaced stay in the heap until their time; too many are thrown out. */
  #rebuild(): void {
    this.#heap.length = 0;
    for (const alarm of this.#current.values()) this.#push(alarm);
  }

  #push(alarm: Alarm): void {
    const heap = this.#heap;
    let at = heap.push(alarm) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(alarm, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = alarm;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      if (left === undefined) break;
      const right = heap[2 * at + 2];
      const takeRight = right !== undefined && before(right, left);
      const child = takeRight ? right : left;
      if (!before(child, last)) break;
      heap[at] = child;
      at = 2 * at + (takeRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function before(a: Alarm, b: Alarm): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
