/**
 * News under way: what was learned lately, and who is to hear of it next (PROTOCOL §8, SWIM §4.1).
 */

import type { NodeId } from '../base/id.ts';
import type { SeededRandom } from '../base/random.ts';
import { elapsed, type Duration, type Instant } from '../base/time.ts';
import type { NewsItem } from '../wire/message.ts';
import { GOSSIP_COPIES, GOSSIP_FANOUT, NEWS_RECENT, SMALL_CLUSTER } from './config.ts';

interface Pending {
  readonly item: NewsItem;
  readonly about: NodeId;
  readonly at: Instant;
  /** Who showed that they have it; in a larger cluster its author and who brought it alone. */
  readonly known: NodeId[];
  /** Who was sent it, and when last; in a larger cluster nobody keeps count. */
  readonly told: Map<NodeId, Instant> | undefined;
  /** Whether its author told this node: then everyone hears it from here, else two do. */
  readonly firsthand: boolean;
  /** How many more copies to send. */
  copies: number;
  /** Another item took its place, or it is forgotten. */
  gone: boolean;
}

/** Items sent a tick and member: 8 records a datagram, 4 datagrams. */
const ITEMS_PER_SEND = 32;
/** Members of a small cluster that hear from here what this node heard from another. */
const SECONDHAND_FANOUT = 2;
/** Items kept; the oldest give way, and reconciliation by digest repairs what they miss. */
const PENDING_MAX = 4_096;

/** A member is sent the newest but those about itself, of which there may be a few in a row. */
const LATEST_KEPT: number = 4 * ITEMS_PER_SEND;
const LATEST_SLACK: number = 2 * LATEST_KEPT;

/**
 * News items, by what they are about: a newer record of the same node takes the older one's place.
 */
export class News {
  readonly #random: SeededRandom;
  /** In the order of arrival, so that the oldest come first. */
  readonly #pending = new Map<string, Pending>();
  /** What waits, by the copies that are left: nothing here is sorted, however much there is. */
  readonly #waiting: Set<Pending>[] = [];
  #waitingCount = 0;
  /** The newest items, oldest first, some of them gone. */
  #latest: Pending[] = [];

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
    this.drop(key);
    const copies = copiesOf(members);
    const known = from === undefined ? [about] : [about, from];
    const firsthand = from === undefined || from === about;
    const told = members <= SMALL_CLUSTER ? new Map<NodeId, Instant>() : undefined;
    const pending = { item, known, told, about, at: now, firsthand, copies: 0, gone: false };
    this.#pending.set(key, pending);
    this.#leave(pending, copies);
    this.#latest.push(pending);
    if (this.#latest.length > LATEST_SLACK) this.#trim();
    const [oldest] = this.#pending.keys();
    if (this.#pending.size > PENDING_MAX && oldest !== undefined) this.drop(oldest);
  }

  /** This member sent the same item: it needs no copy. */
  has(key: string, member: NodeId): void {
    const pending = this.#pending.get(key);
    if (pending !== undefined) note(pending, member);
  }

  /** This member holds the same as this node: it needs no copy of what is new. */
  hasAll(member: NodeId): void {
    for (const pending of this.#latest) if (!pending.gone) note(pending, member);
  }

  /** Whether anything waits to be sent. */
  get waiting(): boolean {
    return this.#waitingCount > 0;
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
    const small = peers.length <= SMALL_CLUSTER;
    const targets = small ? peers : this.#random.sample(peers, GOSSIP_FANOUT);
    const chosen = this.#leastSent(small ? PENDING_MAX : ITEMS_PER_SEND);
    for (const pending of chosen) {
      this.#leave(pending, small ? 0 : Math.max(0, pending.copies - targets.length));
    }
    const some = new Set(small ? this.#random.sample(peers, SECONDHAND_FANOUT) : targets);
    return targets
      .map((to) => ({
        to,
        items: chosen
          .filter((pending) => lacks(pending, to) && (pending.firsthand || some.has(to)))
          .map((pending) => handOver(pending, to, now)),
      }))
      .filter(({ items }) => items.length > 0);
  }

  /**
   * News of the last half minute for a member that may have missed it: what it was not sent yet, or
   * was sent while it was `silent`; at most four datagrams.
   */
  recent(to: NodeId, now: Instant, silent: Duration): readonly NewsItem[] {
    this.#forgetOld(now);
    const recent: NewsItem[] = [];
    for (let at = this.#latest.length - 1; at >= 0 && recent.length < ITEMS_PER_SEND; at -= 1) {
      const pending = this.#latest[at];
      if (pending?.gone !== false || pending.known.includes(to)) continue;
      const told = pending.told?.get(to);
      if (told !== undefined && elapsed(told, now) >= silent) continue;
      recent.push(handOver(pending, to, now));
    }
    return recent.reverse();
  }

  /** News about a member that left are worth nothing. */
  drop(key: string): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    this.#leave(pending, 0);
    pending.gone = true;
    this.#pending.delete(key);
  }

  /** So many that wait, those with most copies left first, else as they came. */
  #leastSent(count: number): readonly Pending[] {
    const chosen: Pending[] = [];
    for (let copies = this.#waiting.length - 1; copies > 0; copies -= 1) {
      for (const pending of this.#waiting[copies] ?? []) {
        if (chosen.length >= count) return chosen;
        chosen.push(pending);
      }
    }
    return chosen;
  }

  /** So many copies are left to send. */
  #leave(pending: Pending, copies: number): void {
    if (pending.copies > 0) {
      this.#waiting[pending.copies]?.delete(pending);
      this.#waitingCount -= 1;
    }
    pending.copies = copies;
    if (copies === 0) return;
    while (this.#waiting.length <= copies) this.#waiting.push(new Set());
    this.#waiting[copies]?.add(pending);
    this.#waitingCount += 1;
  }

  /** The rest is younger: they are in the order in which they came. */
  #forgetOld(now: Instant): void {
    for (const [key, { at, copies }] of this.#pending) {
      if (elapsed(at, now) <= NEWS_RECENT) return;
      if (copies <= 0) this.drop(key);
    }
  }

  /** Of the newest, those that are gone; and all but as many as anybody is ever sent at once. */
  #trim(): void {
    this.#latest = this.#latest.filter(({ gone }) => !gone).slice(-LATEST_KEPT);
  }
}

/** Whether this member neither has the item, as far as this node knows, nor was sent it. */
function lacks({ known, told }: Pending, member: NodeId): boolean {
  return !known.includes(member) && told?.has(member) !== true;
}

/** Should the copy get lost, then digests differ, and a summary brings it (PROTOCOL §8). */
function handOver({ item, told }: Pending, to: NodeId, now: Instant): NewsItem {
  told?.set(to, now);
  return item;
}

/** Worth remembering where everyone is told; not of four in thousands. */
function note({ known, told }: Pending, member: NodeId): void {
  if (told !== undefined && !known.includes(member)) known.push(member);
}

/** One push to all in a small cluster. */
function copiesOf(members: number): number {
  return members <= SMALL_CLUSTER ? 1 : GOSSIP_COPIES;
}
