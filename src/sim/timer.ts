/** A machine's one timer, which rings a little late, as timers of whole milliseconds do. */

import type { SeededRandom } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import { instant } from '../base/time.ts';
import type { VirtualClock } from './clock.ts';
import type { Timeline } from './timeline.ts';

/** A timer rings this late at most, and never early. */
const TIMER_LAG = 1;
const TIMER_LAG_LEAST = 0.001;

const NEVER: Instant = instant(Infinity);

/**
 * Rings once at the time set last. One that would ring earlier than that is left to ring and is set
 * on then: most wakes are put off by the next datagram, and each would cost an event.
 */
export class VirtualTimer {
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #clock: VirtualClock;
  readonly #ring: () => void;
  #at: Instant | undefined;
  /** When the event on the timeline happens that counts, in true time. */
  #due: Instant = NEVER;
  #settings = 0;

  constructor(timeline: Timeline, random: SeededRandom, clock: VirtualClock, ring: () => void) {
    this.#timeline = timeline;
    this.#random = random;
    this.#clock = clock;
    this.#ring = ring;
  }

  /** What it was set to and did not ring for yet, by the machine's monotonic clock. */
  get at(): Instant | undefined {
    return this.#at;
  }

  /** Rings at this time of the machine's monotonic clock, in place of any other. */
  set(at: Instant): void {
    this.#at = at;
    const lag = TIMER_LAG_LEAST + this.#random.next() * TIMER_LAG;
    const due = instant(this.#clock.worldTime(at) + lag);
    if (this.#due <= due) return;
    this.#settings += 1;
    this.#due = due;
    const setting = this.#settings;
    this.#timeline.at(due, () => {
      if (setting === this.#settings) this.#happen();
    });
  }

  /** Power is off: it rings no more. */
  clear(): void {
    this.#at = undefined;
    this.pause();
  }

  /** The machine sleeps: what it is set to stays, and nothing rings until it is set again. */
  pause(): void {
    this.#settings += 1;
    this.#due = NEVER;
  }

  #happen(): void {
    this.#due = NEVER;
    const at = this.#at;
    if (at === undefined) return;
    if (this.#clock.monotonic(this.#timeline.now) < at) {
      this.set(at);
      return;
    }
    this.#at = undefined;
    this.#ring();
  }
}
