/** The rotation of pings: one a beat in all, each member in its turn (DESIGN §4, SWIM §4.3). */

import type { NodeId } from '../base/id.ts';
import type { SeededRandom } from '../base/random.ts';
import { after, elapsed, millis, type Duration, type Instant } from '../base/time.ts';
import { BEAT_JITTER, SMALL_CLUSTER } from './config.ts';

/** Beats without a ping from anybody until that is a reason to doubt; see `silent`. */
const SILENT_BEATS = 6;
/** In a larger cluster pings come as rain does: by chance none in twelve beats once in e¹². */
const SILENT_BEATS_LARGE = 12;

/** Whose turn it is, when, and whether the others' turns reach this node. */
export class Heartbeat {
  readonly #random: SeededRandom;
  readonly #beat: Duration;
  #rotation: NodeId[] = [];
  readonly #members = new Set<NodeId>();
  #at = 0;
  #pingedAt: Instant | undefined;

  constructor(random: SeededRandom, beat: Duration) {
    this.#random = random;
    this.#beat = beat;
  }

  /** A new member takes a random place, so that rotations of different nodes don't fall in step. */
  add(peer: NodeId): void {
    if (this.#members.has(peer)) return;
    this.#members.add(peer);
    this.#rotation.splice(this.#random.below(this.#rotation.length + 1), 0, peer);
  }

  forget(peer: NodeId): void {
    this.#members.delete(peer);
    const place = this.#rotation.indexOf(peer);
    if (place < 0) return;
    this.#rotation.splice(place, 1);
    if (place < this.#at) this.#at -= 1;
  }

  /** The next member that `wanted` accepts; each pass goes through all in a new order. */
  next(wanted: (peer: NodeId) => boolean): NodeId | undefined {
    // A pass may end inside, and the one wanted be behind in the next: two passes see everyone.
    for (let left = 2 * this.#rotation.length; left > 0; left -= 1) {
      if (this.#at >= this.#rotation.length) {
        this.#rotation = this.#random.shuffle(this.#rotation);
        this.#at = 0;
      }
      const peer = this.#rotation[this.#at];
      this.#at += 1;
      if (peer !== undefined && wanted(peer)) return peer;
    }
    return undefined;
  }

  /** When the beat after this one comes. */
  following(now: Instant): Instant {
    const jitter = 1 + BEAT_JITTER * (2 * this.#random.next() - 1);
    return after(now, millis(this.#beat * jitter));
  }

  /** Somebody pinged me. */
  pinged(now: Instant): void {
    this.#pingedAt = now;
  }

  /**
   * Whether the pings that should have come did not: each node gets one a beat on average, so that
   * six beats without (of the slowest member) happen by chance once in 20,000 (nine members, (1 −
   * 6/9)⁹). True once; the count then begins anew.
   */
  silent(now: Instant, slowest: Duration): boolean {
    if (this.#pingedAt === undefined) this.#pingedAt = now;
    const beats = this.#members.size > SMALL_CLUSTER ? SILENT_BEATS_LARGE : SILENT_BEATS;
    if (elapsed(this.#pingedAt, now) < beats * Math.max(this.#beat, slowest)) return false;
    this.#pingedAt = now;
    return true;
  }
}
