/** Unproven sources of one peer's datagrams: which to challenge, and how many (RFC 9000 §9.3). */

import { addressKey, type Address, type AddressKey } from '../base/address.ts';
import { elapsed, type Instant } from '../base/time.ts';
import { STRAY_GAP, STRAY_MEMORY, STRAY_SOURCES_MAX, TIMEOUT_CEILING } from './config.ts';

interface Stray {
  /** Seen first, or challenged last. */
  readonly at: Instant;
  readonly asked: boolean;
}

/** At most four sources at once, none twice within 100 ms. */
export class Strays {
  readonly #seen = new Map<AddressKey, Stray>();

  /**
   * A genuine datagram came from an unproven source: whether to challenge it now. `patient`: it is
   * another port of a host that answers, a burst's fresh socket most often; asked if it stays.
   */
  challenge(from: Address, patient: boolean, now: Instant): boolean {
    this.#forget(now);
    const key = addressKey(from);
    const known = this.#seen.get(key);
    if (known !== undefined && elapsed(known.at, now) < STRAY_GAP) return false;
    const asked = known !== undefined || !patient;
    if (asked && known?.asked !== true && this.#asked() >= STRAY_SOURCES_MAX) return false;
    // Those not asked yet only wait to be seen again: the oldest of them gives way.
    if (known === undefined && this.#seen.size >= 2 * STRAY_SOURCES_MAX) this.#dropWaiting();
    this.#seen.set(key, { at: now, asked });
    return asked;
  }

  /** Whether a datagram came from there lately that nobody could prove yet. */
  has(address: Address): boolean {
    return this.#seen.has(addressKey(address));
  }

  /** The source was proven. */
  proven(address: Address): void {
    this.#seen.delete(addressKey(address));
  }

  #asked(): number {
    return [...this.#seen.values()].filter(({ asked }) => asked).length;
  }

  #dropWaiting(): void {
    for (const [key, { asked }] of this.#seen) {
      if (asked) continue;
      this.#seen.delete(key);
      return;
    }
  }

  /**
   * Challenged sources count until their challenge is old; others as long as they may come back.
   */
  #forget(now: Instant): void {
    for (const [key, { at, asked }] of this.#seen) {
      if (elapsed(at, now) > (asked ? TIMEOUT_CEILING : STRAY_MEMORY)) this.#seen.delete(key);
    }
  }
}
