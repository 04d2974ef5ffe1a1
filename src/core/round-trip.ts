/** How long a peer takes to answer, and how long to wait for it (RFC 6298). */

import { millis, type Duration } from '../base/time.ts';
import { TIMEOUT_CEILING, TIMEOUT_FLOOR, TIMEOUT_UNKNOWN } from './config.ts';

/** Smoothed round trip and its variation. Each challenge is answered once, so no ambiguity (§3). */
export class RoundTrip {
  #smoothed: number | undefined;
  #variation = 0;

  /** One measured round trip; gains 1/8 and 1/4 (RFC 6298 §2.2, §2.3). */
  sample(measured: Duration): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = measured;
      this.#variation = measured / 2;
      return;
    }
    const error = Math.abs(this.#smoothed - measured);
    this.#variation = 0.75 * this.#variation + 0.25 * error;
    this.#smoothed = 0.875 * this.#smoothed + 0.125 * measured;
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
