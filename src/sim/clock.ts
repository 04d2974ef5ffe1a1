/**
 * A machine's clocks: a monotonic one that drifts and stands still in sleep, and a wall clock that
 * people set.
 */

import type { Duration, Instant, WallTime } from '../base/time.ts';
import { instant, wallTime } from '../base/time.ts';

/** Virtual worlds begin on 2026-01-01T00:00Z; no rule may depend on it (B4). */
const EPOCH = 1_767_225_600_000;

/** What is wrong with a machine's clocks. */
export interface ClockFaults {
  /** Gain of both clocks, as a part: 1e-4 is 100 ppm, what a cheap crystal in a cold attic does. */
  readonly drift: number;
  /** What the wall clock is off by. */
  readonly wallOffset: Duration;
  /** What the monotonic clock shows at first: uptime, arbitrary. */
  readonly origin: Instant;
}

interface Segment {
  readonly world: Instant;
  readonly monotonic: Instant;
}

/**
 * The two clocks of one simulated machine as functions of true time. The monotonic one stands still
 * while the machine is suspended, as CLOCK_MONOTONIC does; the wall clock goes on, and may be set.
 */
export class VirtualClock {
  readonly #drift: number;
  #wallOffset: number;
  /** Since when the monotonic clock has run without a break; older ones for looking back. */
  readonly #segments: Segment[];
  #frozen: Instant | undefined;

  constructor(world: Instant, faults: ClockFaults) {
    this.#drift = faults.drift;
    this.#wallOffset = faults.wallOffset;
    this.#segments = [{ world, monotonic: faults.origin }];
  }

  /** What the monotonic clock shows at a true time, not before the last break. */
  monotonic(world: Instant): Instant {
    if (this.#frozen !== undefined) return this.#frozen;
    const segment = this.#last();
    return instant(segment.monotonic + (world - segment.world) * (1 + this.#drift));
  }

  /** What the wall clock shows at a true time. */
  wall(world: Instant): WallTime {
    return wallTime(Math.round(EPOCH + world * (1 + this.#drift) + this.#wallOffset));
  }

  /** When, in true time, the monotonic clock shows or showed this. */
  worldTime(monotonic: Instant): Instant {
    let segment = this.#last();
    for (const one of this.#segments) {
      if (one.monotonic <= monotonic) segment = one;
    }
    return instant(segment.world + (monotonic - segment.monotonic) / (1 + this.#drift));
  }

  /** The wall clock is set, by hand or by a time daemon. */
  setWall(by: Duration): void {
    this.#wallOffset += by;
  }

  /** The machine is suspended: the monotonic clock stands still. */
  suspend(world: Instant): void {
    this.#frozen = this.monotonic(world);
  }

  /** The machine runs again; with `from`, as what the monotonic clock showed in a snapshot. */
  resume(world: Instant, from?: Instant): void {
    const monotonic = from ?? this.#frozen ?? this.monotonic(world);
    this.#frozen = undefined;
    this.#segments.push({ world, monotonic });
  }

  #last(): Segment {
    // There is one from the constructor on, and none is ever taken out.
    return this.#segments[this.#segments.length - 1] as Segment;
  }
}
