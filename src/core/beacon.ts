/**
 * Beacons of orphans on the LAN (PROTOCOL, "Beacon"): which keys they are sealed with, which are
 * genuine, and who waits for the one hello that a genuine one earns. Nothing is believed here.
 */

import type { Address } from '../base/address.ts';
import { BoundedMap } from '../base/bounded.ts';
import { toHex, type Bytes } from '../base/bytes.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import { elapsed, type Instant } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { ACT_KINDS, decodeAct } from '../wire/act.ts';
import {
  beaconKey,
  openBeacon,
  sealBeacon,
  verifyBeacon,
  type Beacon,
  type Caller,
} from '../wire/beacon.ts';
import {
  BEACON_ANSWERS,
  BEACON_BUDGET,
  BEACON_GAP,
  BEACON_KEYS,
  BEACON_NONCES,
  MEMBERS_MAX,
} from './config.ts';

/** What came of a beacon. Only `called` may lead to anything. */
export type BeaconVerdict =
  | { readonly type: 'called'; readonly by: NodeId }
  | {
      readonly type: 'dropped';
      readonly reason:
        | 'beacon-repeated'
        | 'beacon-budget'
        | 'beacon-unopened'
        | 'beacon-own'
        | 'beacon-stranger'
        | 'beacon-forged';
    };

/** A member that called, and where its beacon came from. */
export interface Waiting {
  readonly peer: NodeId;
  readonly from: Address;
  readonly at: Instant;
}

/** Where an act says of what kind it is: after its version. */
const KIND_AT = 1;

/** The beacons that this node makes and hears. */
export class Beacons {
  readonly #suite: Suite;
  readonly #identity: Identity;
  readonly #cluster: ClusterId;
  /** Newest first: of now, and of before each of the last departures. Empty until asked for. */
  #keys: readonly Bytes[] = [];
  #departures: readonly Bytes[] | undefined;
  readonly #nonces = new BoundedMap<string, true>(BEACON_NONCES, { evict: 'oldest' });
  readonly #answeredAt = new BoundedMap<NodeId, Instant>(MEMBERS_MAX, { evict: 'oldest' });
  #waiting: Waiting[] = [];
  #budget = BEACON_BUDGET;
  #budgetAt: Instant | undefined;

  constructor(suite: Suite, identity: Identity, cluster: ClusterId) {
    this.#suite = suite;
    this.#identity = identity;
    this.#cluster = cluster;
  }

  /** A beacon of this node, under the key of now. `acts`: all held, in the order of arrival. */
  make(acts: readonly Bytes[], nonce: Bytes): Bytes | undefined {
    const [key] = this.#keysOf(acts);
    if (key === undefined) return undefined;
    return sealBeacon(this.#suite, this.#identity, this.#cluster, key, nonce);
  }

  /** Who called, if it is a member that did and this call was not heard before. */
  hear(
    beacon: Beacon,
    acts: readonly Bytes[],
    now: Instant,
    isMember: (id: NodeId) => boolean,
  ): BeaconVerdict {
    const nonce = toHex(beacon.nonce);
    if (this.#nonces.has(nonce)) return dropped('beacon-repeated');
    if (!this.#spendBudget(now)) return dropped('beacon-budget');
    const caller = this.#open(beacon, acts);
    if (caller === undefined) return dropped('beacon-unopened');
    // A multicast comes back to its sender's machine, where other nodes may listen.
    if (caller.id === this.#identity.id) return dropped('beacon-own');
    if (!isMember(caller.id)) return dropped('beacon-stranger');
    const genuine = verifyBeacon(this.#suite, this.#cluster, beacon, caller);
    if (!genuine) return dropped('beacon-forged');
    // Only now: what anybody can make up must not push out what is remembered.
    this.#nonces.set(nonce, true);
    return { type: 'called', by: caller.id };
  }

  /** Lets a caller wait for its answer until `at`; false when it or too many wait already. */
  hold(waiting: Waiting, now: Instant): boolean {
    const { peer } = waiting;
    const last = this.#answeredAt.get(peer);
    if (last !== undefined && elapsed(last, now) < BEACON_GAP) return false;
    if (this.#waiting.length >= BEACON_ANSWERS) return false;
    this.#answeredAt.set(peer, now);
    this.#waiting.push(waiting);
    return true;
  }

  /** Takes those whose time has come. */
  due(now: Instant): readonly Waiting[] {
    const due = this.#waiting.filter(({ at }) => at <= now);
    this.#waiting = this.#waiting.filter(({ at }) => at > now);
    return due;
  }

  /** When the next one's time comes. */
  get nextDue(): Instant | undefined {
    const [first, ...rest] = this.#waiting.map(({ at }) => at);
    return rest.reduce(
      (soonest, at) => (soonest === undefined || at < soonest ? at : soonest),
      first,
    );
  }

  #open(beacon: Beacon, acts: readonly Bytes[]): Caller | undefined {
    for (const key of this.#keysOf(acts)) {
      const caller = openBeacon(this.#suite, key, beacon);
      if (caller !== undefined) return caller;
    }
    return undefined;
  }

  /** Counted when needed, which is seldom, rather than at each act: most clusters never call. */
  #keysOf(acts: readonly Bytes[]): readonly Bytes[] {
    const departures = acts.filter(
      ({ [KIND_AT]: kind }) => kind === ACT_KINDS.leave || kind === ACT_KINDS.remove,
    );
    const known = this.#departures;
    if (known?.length === departures.length && known.every((act, at) => act === departures[at])) {
      return this.#keys;
    }
    const found = acts.find((bytes) => bytes[KIND_AT] === ACT_KINDS.found);
    const founding = found === undefined ? undefined : decodeAct(this.#suite, found)?.act;
    if (founding?.type !== 'found') return [];
    const hashes = departures.map((bytes) => this.#suite.hash(bytes));
    const keys: Bytes[] = [];
    for (let count = hashes.length; count >= 0 && keys.length < BEACON_KEYS; count -= 1) {
      keys.push(beaconKey(this.#suite, founding.nonce, hashes.slice(0, count)));
    }
    this.#departures = departures;
    this.#keys = keys;
    return keys;
  }

  /** A token bucket of one second's depth: what strangers can make this node compute. */
  #spendBudget(now: Instant): boolean {
    const since = this.#budgetAt === undefined ? 0 : elapsed(this.#budgetAt, now);
    this.#budget = Math.min(BEACON_BUDGET, this.#budget + (since * BEACON_BUDGET) / 1000);
    this.#budgetAt = now;
    if (this.#budget < 1) return false;
    this.#budget -= 1;
    return true;
  }
}

function dropped(reason: Extract<BeaconVerdict, { type: 'dropped' }>['reason']): BeaconVerdict {
  return { type: 'dropped', reason };
}
