/** The two clocks of the real world, and how late the process's own loop runs against them. */

import {
  elapsed,
  instant,
  millis,
  wallTime,
  type Duration,
  type Instant,
  type WallTime,
} from '../base/time.ts';

/** Where a driver reads the time; tests put their own in. */
export interface Clock {
  /** Milliseconds since the process began, never set back (CLOCK_MONOTONIC and its like). */
  now(): Instant;
  /** The machine's wall clock, as wrong as it is. */
  wall(): WallTime;
}

/** This machine's clocks. */
export const systemClock: Clock = {
  now: () => instant(performance.now()),
  wall: () => wallTime(Date.now()),
};

/** Node's timers count whole milliseconds in 32 bits with sign; a longer wait is cut in pieces. */
const TIMER_MAX = 2 ** 31 - 1;

/**
 * One alarm at a time, and from it the loop's lateness. Two things show that the loop runs late,
 * whatever else the process does: an alarm that is due and has not rung yet, and how long this turn
 * of the loop has lasted, since what it handles last was ready when the turn began. The first sees
 * a process that was stopped, too, whose sockets are read before its timers.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due: Instant | undefined;
  #turnBegan: Instant | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings once at `at`, or at once when that has passed; what was set before is forgotten. */
  set(at: Instant): void {
    this.clear();
    this.#due = at;
    this.#arm();
  }

  /** Nothing rings any more. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = undefined;
  }

  /** True when it should have rung by now. */
  overdue(now: Instant): boolean {
    return this.#due !== undefined && this.#due <= now;
  }

  /** How late the loop is for what it handles now, 0 or more; called once for each input. */
  lateness(now: Instant): Duration {
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now;
      // Runs when this turn has handled all that was ready.
      setImmediate(() => (this.#turnBegan = undefined));
    }
    const turn = elapsed(this.#turnBegan, now);
    const overdue = this.#due === undefined ? 0 : elapsed(this.#due, now);
    return millis(Math.max(0, turn, overdue));
  }

  #arm(): void {
    const due = this.#due;
    if (due === undefined) return;
    const wait = Math.ceil(elapsed(this.#clock.now(), due));
    this.#timer = setTimeout(
      () => {
        // Timers may fire a part of a millisecond early.
        if (this.#clock.now() < due) this.#arm();
        else this.#ring();
      },
      Math.min(Math.max(wait, 0), TIMER_MAX),
    );
  }
}
