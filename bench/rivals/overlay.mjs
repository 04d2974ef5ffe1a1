/** What nebula, tinc and yggdrasil share: they carry packets, so packets tell whether they work. */
import { monotonic } from './program.mjs';

/** Between two questions of one node to another, in ms; a heal is known no more exactly. */
const ECHO_PERIOD = 100;
/** A pair whose newest answered question is older than this does not work, in ms. */
const ECHO_FRESH = 1_000;

/** Asks from every node whether each other one answers at its overlay address. */
export class Echoes {
  /**
   * @param {import('./program.mjs').Programs} programs
   * @param {readonly string[]} addresses the overlay's, by node
   */
  constructor(programs, addresses) {
    this.programs = programs;
    this.addresses = addresses;
    this.newest = addresses.map(() => addresses.map(() => 0));
  }

  /** Starts asking on all nodes. */
  watch() {
    for (const index of this.addresses.keys()) {
      const words = ['echo.mjs', String(index), String(ECHO_PERIOD), ...this.addresses];
      this.programs.watch(index, words, (newest) => {
        this.newest[index] = newest;
      });
    }
  }

  /**
   * Whether `one` reaches `other` now, by a question sent after `sinceMs` (of `performance.now()`).
   */
  works(one, other, sinceMs) {
    const sent = this.newest[one]?.[other] ?? 0;
    return sent > monotonic(sinceMs) && monotonic(performance.now()) - sent < ECHO_FRESH;
  }
}

/** Whether a network device has come up on node `index`, with an address. */
export async function deviceServes(lab, index, device) {
  const shown = await lab.run(index, ['ip', '-o', 'addr', 'show', 'dev', device]).catch(() => '');
  return shown.includes('inet');
}
