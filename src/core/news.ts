/**
 * News under way: what was learned lately, and who is to hear of it next (PROTOCOL §8, SWIM §4.1).
 */

import type { NodeId } from '../base/id.ts';
import type { SeededRandom } from '../base/random.ts';
import { elapsed, type Instant } from '../base/time.ts';
import type { NewsItem } from '../wire/message.ts';
import { GOSSIP_FANOUT, NEWS_RECENT, SMALL_CLUSTER } from './config.ts';

interface Pending {
  readonly item: NewsItem;
  readonly about: NodeId;
  readonly at: Instant;
  /** Who showed that they have it. */
  readonly known: Set<NodeId>;
  /** Whether its author told this node: then everyone hears it from here, else two do. */
  readonly firsthand: boolean;
  /** How many more copies to send. */
  copies: number;
}

/** Items sent a tick and member: 8 records a datagram, 4 datagrams. */
const ITEMS_PER_SEND = 32;
/** Members of a small cluster that hear from here what this node heard from another. */
const SECONDHAND_FANOUT = 2;
/** Items kept; the oldest give way, and reconciliation by digest repairs what they miss. */
const PENDING_MAX = 4_096;

/**
 * News items, by what they are about: a newer record of the same node takes the older one's place.
 */
export class News {
  readonly #random: SeededRandom;
  readonly #pending = new Map<string, Pending>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Something new; `key` names what it replaces. */
  add(
    key: string,
    item: NewsItem,
    about: NodeId,
    from: NodeId | undefined,
    now: Instant,
    members: number,
  ): void {
    this.#pending.delete(key);
    const copies = copiesOf(members);
    const known = new Set(from === undefined ? [about] : [about, from]);
    const firsthand = from === undefined || from === about;
    this.#pending.set(key, { item, known, about, at: now, firsthand, copies });
    const [oldest] = this.#pending.keys();
    if (this.#pending.size > PENDING_MAX && oldest !== undefined) this.#pending.delete(oldest);
  }

  /** This member sent the same item: it needs no copy. */
  has(key: string, member: NodeId): void {
    this.#pending.get(key)?.known.add(member);
  }

  /** Whether anything waits to be sent. */
  get waiting(): boolean {
    for (const { copies } of this.#pending.values()) if (copies > 0) return true;
    return false;
  }

  /**
   * What to send to whom now. In a small cluster once: to everyone else what its author said to
   * this node, and to two others what somebody passed on, since that one told everyone it could
   * reach. In a larger cluster the least sent items to four members chosen at random.
   */
  send(
    peers: readonly NodeId[],
    now: Instant,
  ): readonly { to: NodeId; items: readonly NewsItem[] }[] {
    this.#forgetOld(now);
    const waiting = [...this.#pending.values()].filter(({ copies }) => copies > 0);
    const small = peers.length <= SMALL_CLUSTER;
    const targets = small ? peers : this.#random.sample(peers, GOSSIP_FANOUT);
    waiting.sort((a, b) => b.copies - a.copies);
    const chosen = small ? waiting : waiting.slice(0, ITEMS_PER_SEND);
    for (const pending of chosen) {
      pending.copies = small ? 0 : Math.max(0, pending.copies - targets.length);
    }
    const some = new Set(small ? this.#random.sample(peers, SECONDHAND_FANOUT) : targets);
    return targets
      .map((to) => ({
        to,
        items: chosen
          .filter(({ known, firsthand }) => !known.has(to) && (firsthand || some.has(to)))
          .map(({ item }) => item),
      }))
      .filter(({ items }) => items.length > 0);
  }

  /** News of the last half minute for a member that may have missed it; at most four datagrams. */
  recent(to: NodeId, now: Instant): readonly NewsItem[] {
    this.#forgetOld(now);
    return [...this.#pending.values()]
      .filter((pending) => pending.about !== to)
      .slice(-ITEMS_PER_SEND)
      .map(({ item }) => item);
  }

  /** News about a member that left are worth nothing. */
  drop(key: string): void {
    this.#pending.delete(key);
  }

  #forgetOld(now: Instant): void {
    for (const [key, { at, copies }] of this.#pending) {
      if (elapsed(at, now) > NEWS_RECENT && copies <= 0) this.#pending.delete(key);
    }
  }
}

/** One push to all in a small cluster; 4·⌈log₂ n⌉ copies in a larger one. */
function copiesOf(members: number): number {
  if (members <= SMALL_CLUSTER) return 1;
  return GOSSIP_FANOUT * Math.ceil(Math.log2(members));
}
