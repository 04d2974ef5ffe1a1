/** How long a peer takes to answer, and how long to wait for it (RFC 6298). */

import { millis, type Duration } from '../base/time.ts';
import { TIMEOUT_CEILING, TIMEOUT_FLOOR, TIMEOUT_UNKNOWN } from './config.ts';

/**
 * Smoothed round trip and its variation. Each challenge is answered once, so no ambiguity (§3).
 *
 * Two departures from RFC 6298, which is made for many samples a second, where here one comes in
 * seconds and the first ones come in a crowd, while everybody proves everybody:
 * of answers to a round only late ones count, and only until one comes at rest, which starts the
 * estimate anew; and an answer sooner than expected does not raise the variation (the Eifel
 * algorithm, Ludwig and Katz 2000): it is no sign that the next may come late.
 */
export class RoundTrip {
  #smoothed: number | undefined;
  #variation = 0;
  #settled = false;

  /** One measured round trip; gains 1/8 and 1/4 (RFC 6298 §2.2, §2.3). */
  sample(measured: Duration, atRest: boolean): void {
    if (this.#settled && !atRest) {
      if (measured <= this.timeout) return;
      // Late: perhaps the crowd's doing, perhaps the path grew long. The next one at rest will say.
      this.unsettle();
    }
    if (this.#smoothed === undefined || (atRest && !this.#settled)) {
      this.#settled = atRest;
      this.#smoothed = measured;
      this.#variation = measured / 2;
      return;
    }
    const error = this.#smoothed - measured;
    const strayed = Math.min(Math.abs(error), error > 0 ? this.#variation : Infinity);
    this.#variation = 0.75 * this.#variation + 0.25 * strayed;
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * measured;
  }

  /** The peer may be further away now: until an answer at rest, those to a round say how far. */
  unsettle(): void {
    this.#settled = false;
  }

  /** Smoothed; undefined before a first sample. */
  get smoothed(): Duration | undefined {
    return this.#smoothed === undefined ? undefined : millis(this.#smoothed);
  }

  /** After this long a pong is missing: `srtt + 4·rttvar` within our floor and ceiling. */
  get timeout(): Duration {
    if (this.#smoothed === undefined) return TIMEOUT_UNKNOWN;
    const wait = this.#smoothed + 4 * this.#variation;
    return millis(Math.min(TIMEOUT_CEILING, Math.max(TIMEOUT_FLOOR, wait)));
  }
}
