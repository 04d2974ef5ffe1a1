/** How much the clients of one network may ask: bounded work, so that nobody takes it all. */

import { address, networkOf } from '../../base/address.ts';
import { BoundedMap } from '../../base/bounded.ts';

/**
 * Questions a second that one network is answered for long, and at once. A house full of machines
 * asks a hundredth of it; a flood of it takes less than a fifth of a small machine's core
 * (docs/dns.md has the figures).
 */
const RATE = 5_000;
const BURST = 10_000;

/** Networks remembered: those that asked longest ago are forgotten, and begin anew. */
const NETWORKS_MAX = 4_096;

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** A bucket of questions for each network, a /24 or a /48. */
export class Limit {
  readonly #buckets = new BoundedMap<string, Bucket>(NETWORKS_MAX, { evict: 'oldest' });
  readonly #rate: number;
  readonly #burst: number;

  constructor(rate: number = RATE, burst: number = BURST) {
    this.#rate = rate;
    this.#burst = burst;
  }

  /** Whether this asker may ask once more; `nowMs` never goes back. */
  admits(asker: string, nowMs: number): boolean {
    const network = networkKey(asker);
    // The machine itself has other ways to keep itself busy.
    if (network === undefined) return true;
    let bucket = this.#buckets.get(network);
    if (bucket === undefined) {
      bucket = { tokens: this.#burst, filledMs: nowMs };
      this.#buckets.set(network, bucket);
    }
    const fresh = ((nowMs - bucket.filledMs) * this.#rate) / 1_000;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + fresh);
    bucket.filledMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

/** Of an address as a socket tells it; undefined for loopback. */
export function networkKey(asker: string): string | undefined {
  // As `[::]` tells of IPv4 clients (RFC 4291 §2.5.5.2).
  const ip = asker.startsWith('::ffff:') ? asker.slice(7) : asker;
  if (ip.startsWith('127.') || ip === '::1') return undefined;
  if (ip.includes('.')) return ip.slice(0, ip.lastIndexOf('.'));
  // A link-local address comes with its zone.
  const [bare = ip] = ip.split('%');
  const read = address(bare, 0);
  return read === undefined ? bare : networkOf(read);
}
