/** Wrong codes: six digits can be guessed, so few may be wrong in a step. */

import { BoundedMap } from '../base/bounded.ts';
import { GUESSERS_MAX, PEERS_MAX, WRONG_CODES_PER_STEP } from './config.ts';

interface Wrong {
  readonly step: number;
  count: number;
  /** Networks that were wrong in this step. */
  readonly networks: Set<string>;
}

/**
 * Counts wrong codes by name and step. When there were too many, networks that were wrong in this
 * step are not listened to until the next; one that was not may still try, because that may be the
 * peer itself, which has just moved.
 */
export class Guesses {
  readonly #wrong = new BoundedMap<string, Wrong>(PEERS_MAX, { evict: 'oldest' });

  /** True when a code from this network is to be taken for wrong without a look. */
  blocked(name: string, network: string, step: number): boolean {
    const wrong = this.#wrong.get(name);
    if (wrong?.step !== step || wrong.count < WRONG_CODES_PER_STEP) return false;
    return wrong.networks.has(network) || wrong.networks.size >= GUESSERS_MAX;
  }

  wrong(name: string, network: string, step: number): void {
    const known = this.#wrong.get(name);
    const wrong = known?.step === step ? known : { step, count: 0, networks: new Set<string>() };
    wrong.count += 1;
    if (wrong.networks.size < GUESSERS_MAX) wrong.networks.add(network);
    this.#wrong.set(name, wrong);
  }
}
