/** Addresses that somebody named for one peer: worth a challenge, proof of nothing (B2). */

import { sameAddress, type Address } from '../base/address.ts';
import { CANDIDATES_MAX, HISTORY_SILENCE_MAX } from './config.ts';

/** The newest few, each given up when it never answers (R2). */
export class Hints {
  #hints: { readonly address: Address; silent: number }[] = [];

  /** Somebody named this address. */
  add(address: Address): void {
    const rest = this.#hints.filter((hint) => !sameAddress(hint.address, address));
    this.#hints = [{ address, silent: 0 }, ...rest].slice(0, CANDIDATES_MAX / 2);
  }

  /** A question to this address stayed unanswered. */
  silent(address: Address): void {
    for (const hint of this.#hints) if (sameAddress(hint.address, address)) hint.silent += 1;
    this.#hints = this.#hints.filter(({ silent }) => silent < HISTORY_SILENCE_MAX);
  }

  /** Newest first. */
  get addresses(): readonly Address[] {
    return this.#hints.map(({ address }) => address);
  }
}
