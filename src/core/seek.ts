/** Looking for a member that does not answer: whom to ask, how often, and how often to be asked. */

import { BoundedMap } from '../base/bounded.ts';
import type { NodeId } from '../base/id.ts';
import type { SeededRandom } from '../base/random.ts';
import { after, elapsed, millis, type Duration, type Instant } from '../base/time.ts';
import { SEEK_ASKED, SEEK_FIRST, SEEK_MAX, SMALL_CLUSTER } from './config.ts';

/**
 * Jitter of the pauses, as a part of them: nodes that lost the same member must not ask in step.
 */
const SEEK_JITTER = 0.2;
/** Answers given to one member about another are at least this far apart. */
const ANSWER_GAP: Duration = millis(100);
/** Introductions acted on a second and a member. */
const INTRODUCTIONS_PER_SECOND = 8;

/** A member that can be asked, and since when its address has held. */
export interface Asked {
  readonly id: NodeId;
  readonly steadySince: Instant;
}

interface Search {
  pause: Duration;
  next: Instant;
}

/** The searches under way, and the limits for those of others. */
export class Seek {
  readonly #random: SeededRandom;
  readonly #searches = new Map<NodeId, Search>();
  readonly #answered = new BoundedMap<string, Instant>(4_096, { evict: 'oldest' });
  readonly #introduced = new BoundedMap<NodeId, { since: Instant; count: number }>(1_024, {
    evict: 'oldest',
  });

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Begins looking for a member now; false when that is under way already. */
  begin(lost: NodeId, now: Instant): boolean {
    if (this.#searches.has(lost)) return false;
    this.#searches.set(lost, { pause: SEEK_FIRST, next: now });
    return true;
  }

  /**
   * How long a search that begins now waits for its first turn: nothing, as long as there are few;
   * else so long at random that all together stay at one in four beats.
   */
  firstPause(beat: Duration): Duration {
    const queue = this.#queue(beat);
    return queue === 0 ? queue : millis(queue * this.#random.next());
  }

  /** Whether this member is being looked for. */
  looksFor(peer: NodeId): boolean {
    return this.#searches.has(peer);
  }

  /** Found, or left. */
  end(peer: NodeId): void {
    this.#searches.delete(peer);
  }

  /**
   * The member's turn has come: returns when the next one does. Of many lost members all together
   * are sought no more often than once in four beats, four being asked each time.
   */
  turn(lost: NodeId, now: Instant, beat: Duration): Instant | undefined {
    const search = this.#searches.get(lost);
    if (search === undefined) return undefined;
    const jitter = 1 + SEEK_JITTER * (2 * this.#random.next() - 1);
    search.next = after(now, millis(Math.max(search.pause, this.#queue(beat)) * jitter));
    search.pause = millis(Math.min(SEEK_MAX, search.pause * 2));
    return search.next;
  }

  /** The pause between two turns of one search with which all keep to their pace together. */
  #queue(beat: Duration): Duration {
    return millis(Math.max(0, this.#searches.size - SMALL_CLUSTER) * SEEK_ASKED * beat);
  }

  /** Of those who can be asked: the longest steady ones and one at random, four in all. */
  choose(askable: readonly Asked[]): readonly NodeId[] {
    const steady = [...askable].sort((a, b) => a.steadySince - b.steadySince);
    const chosen = steady.slice(0, SEEK_ASKED - 1).map(({ id }) => id);
    const rest = steady.slice(SEEK_ASKED - 1).map(({ id }) => id);
    const one = this.#random.pick(rest);
    return one === undefined ? chosen : [...chosen, one];
  }

  /** Whether to answer this member about that one now. */
  mayAnswer(seeker: NodeId, target: NodeId, now: Instant): boolean {
    const key = `${seeker}/${target}`;
    const last = this.#answered.get(key);
    if (last !== undefined && elapsed(last, now) < ANSWER_GAP) return false;
    this.#answered.set(key, now);
    return true;
  }

  /** Whether to act on one more address that this member names: introduced, or sought. */
  mayFollow(introducer: NodeId, now: Instant): boolean {
    const last = this.#introduced.get(introducer);
    if (last === undefined || elapsed(last.since, now) >= 1_000) {
      this.#introduced.set(introducer, { since: now, count: 1 });
      return true;
    }
    last.count += 1;
    return last.count <= INTRODUCTIONS_PER_SECOND;
  }
}
