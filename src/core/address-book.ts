/**
 * What members say of themselves (records, B2) and where they have been (history, R2). Nothing here
 * is a proof: addresses become `direct` in paths.ts alone.
 */

import { addressKey, sameAddress, sameHost, type Address } from '../base/address.ts';
import { equal, type Bytes } from '../base/bytes.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import { elapsed, millis, type Duration, type Instant, type WallTime } from '../base/time.ts';
import type { Suite } from '../crypto/suite.ts';
import { decodeRecord, peekRecord, verifyRecord, type SignedRecord } from '../wire/record.ts';
import {
  HISTORY_MAX,
  HISTORY_REFUSED_MAX,
  HISTORY_SILENCE_MAX,
  RECORD_BURST,
  RECORD_PAUSE,
} from './config.ts';
import type { StoredAddress, StoredBook } from './documents.ts';

/** What came of a record that somebody handed on. */
export type RecordVerdict =
  | { readonly type: 'new'; readonly record: SignedRecord; readonly hostChanged: boolean }
  | { readonly type: 'known' }
  | {
      readonly type: 'refused';
      readonly reason: 'malformed' | 'foreign' | 'stranger' | 'forged' | 'hasty';
    };

const NONE: readonly Address[] = [];

/** What was read and verified with a suite. It changes no outcome. */
interface Read {
  /** The newest record of each member: many simulated nodes in one process share these. */
  readonly newest: Map<NodeId, SignedRecord>;
  /** Records by the very octets they hold, as a disk of values gives them back. */
  readonly byBytes: WeakMap<Bytes, SignedRecord>;
  /** By the first 32 bits of the ID, so that its text is not made anew for each copy that comes. */
  readonly byHead: Map<number, SignedRecord>;
}

/** Octets of a record before its sequence, and before the ID in it (PROTOCOL §7). */
const HEAD_SIZE = 49;
const ID_OFFSET = 17;

const readBefore = new WeakMap<Suite, Read>();

/** How often an address of the history failed since it answered. */
interface Failures {
  readonly address: Address;
  readonly silent: number;
  readonly refused: number;
}

interface Entry {
  record: SignedRecord | undefined;
  /** The addresses of the record, best first. */
  listed: readonly Address[];
  /** When the record with the present host arrived here, or the start. */
  since: Instant;
  /** Newest first; a list, since a map of one or two costs four times its room. */
  history: readonly StoredAddress[];
  /** Of those addresses of the history that failed lately. */
  failures: readonly Failures[];
  /** Records that will still be taken at once; refilled with time. Undefined while full. */
  bucket: { readonly left: number; readonly at: Instant } | undefined;
  /** Where the orphan ladder stands in the history. */
  rung: number;
}

/** Entries that many nodes look at; whoever changes one copies it first. */
export type Shelf = ReadonlyMap<NodeId, Readonly<Entry>>;

/** By the stored book that they were read from. */
export type Shelves = WeakMap<StoredBook, Shelf>;

const NO_HISTORY: readonly StoredAddress[] = [];
const NO_FAILURES: readonly Failures[] = [];

/** Records and address histories of all members, the own one included. */
export class AddressBook {
  readonly #suite: Suite;
  readonly #cluster: ClusterId;
  readonly #entries = new Map<NodeId, Entry>();
  /** What was on disk at the start, when others look at it too; entries here go before. */
  #shelf: Shelf | undefined;
  readonly #read: Read;
  /** The longest beat announced; undefined when it has to be looked for anew. */
  #slowest: Duration | undefined;

  /** `shelves`: what others with the same acts read of stored books (simulations only). */
  constructor(
    suite: Suite,
    cluster: ClusterId,
    stored: StoredBook,
    isMember: (id: NodeId) => boolean,
    shelves?: Shelves,
  ) {
    this.#suite = suite;
    this.#cluster = cluster;
    this.#read = readBefore.get(suite) ?? {
      newest: new Map(),
      byBytes: new WeakMap(),
      byHead: new Map(),
    };
    readBefore.set(suite, this.#read);
    this.#shelf = shelves?.get(stored);
    if (this.#shelf !== undefined) return;
    for (const bytes of stored.records) this.offer(bytes, 0 as Instant, 0 as WallTime, isMember);
    for (const { id, addresses } of stored.history) {
      if (isMember(id)) this.#of(id, 0 as Instant).history = this.#joined(id, addresses);
    }
    if (shelves === undefined) return;
    this.#shelf = new Map(this.#entries);
    this.#entries.clear();
    shelves.set(stored, this.#shelf);
  }

  /** The history of a member and what is stored of it, each address once, as many as are kept. */
  #joined(id: NodeId, stored: readonly StoredAddress[]): readonly StoredAddress[] {
    const history = [...(this.#get(id)?.history ?? NO_HISTORY)];
    for (const { address, at } of stored) {
      if (history.length >= HISTORY_MAX) break;
      if (indexIn(history, address) < 0) history.push({ address, at });
    }
    return history;
  }

  /** {@link peekRecord}; cheap where a record of the same node was read before. */
  peek(bytes: Bytes): ReturnType<typeof peekRecord> {
    const near = bytes.length < HEAD_SIZE + 4 ? undefined : this.#near(bytes);
    if (near === undefined) return peekRecord(bytes);
    const { cluster, id } = near;
    return { cluster, id, sequence: word(bytes, HEAD_SIZE) };
  }

  #near(bytes: Bytes): SignedRecord | undefined {
    const near = this.#read.byHead.get(word(bytes, ID_OFFSET));
    for (let at = 0; near !== undefined && at < HEAD_SIZE; at += 1) {
      if (near.bytes[at] !== bytes[at]) return undefined;
    }
    return near;
  }

  /**
   * A record as carried. It counts when a member signed it and its sequence is the highest seen.
   */
  offer(
    bytes: Bytes,
    now: Instant,
    wall: WallTime,
    isMember: (id: NodeId) => boolean,
  ): RecordVerdict {
    const exact = this.#read.byBytes.get(bytes);
    const head = exact ?? this.peek(bytes);
    const held = head === undefined ? undefined : this.#get(head.id)?.record;
    // The sequence is compared first: a verification costs a hundred times as much.
    if (head?.cluster === this.#cluster && held !== undefined && head.sequence <= held.sequence) {
      return { type: 'known' };
    }
    const newest = head === undefined ? undefined : this.#read.newest.get(head.id);
    const shared = newest !== undefined && equal(newest.bytes, bytes) ? newest : exact;
    const decoded = shared ?? decodeRecord(bytes);
    // The cluster's name is held once, not once a member.
    const isOurs = shared === undefined && decoded?.cluster === this.#cluster;
    const record = isOurs ? { ...decoded, cluster: this.#cluster } : decoded;
    if (record === undefined) return { type: 'refused', reason: 'malformed' };
    if (record.cluster !== this.#cluster) return { type: 'refused', reason: 'foreign' };
    if (!isMember(record.id)) return { type: 'refused', reason: 'stranger' };
    if (shared === undefined && !verifyRecord(this.#suite, record)) {
      return { type: 'refused', reason: 'forged' };
    }
    this.#note(record);
    const entry = this.#of(record.id, now);
    const bucket = spend(entry.bucket ?? { left: RECORD_BURST, at: now }, now);
    entry.bucket = bucket;
    if (!bucket.enough) return { type: 'refused', reason: 'hasty' };
    return { type: 'new', record, hostChanged: this.#keep(record, now, wall) };
  }

  /** The record this node has just signed. */
  keepOwn(record: SignedRecord, now: Instant, wall: WallTime): void {
    this.#note(record);
    this.#keep(record, now, wall);
  }

  /** It is genuine. */
  #note(record: SignedRecord): void {
    this.#read.newest.set(record.id, record);
    this.#read.byBytes.set(record.bytes, record);
    this.#read.byHead.set(word(record.bytes, ID_OFFSET), record);
  }

  /** Whether its first host is another one than before. */
  #keep(record: SignedRecord, now: Instant, wall: WallTime): boolean {
    const entry = this.#of(record.id, now);
    const held = entry.record;
    const first = record.addresses[0]?.address;
    const before = held?.addresses[0]?.address;
    const hostChanged = first !== undefined && (before === undefined || !sameHost(first, before));
    entry.record = record;
    entry.listed = record.addresses.map(({ address }) => address);
    // It is asked for at each beat, and hardly ever changes: only then all are looked at.
    if (held?.beat !== record.beat) this.#slowest = undefined;
    if (hostChanged) entry.since = now;
    for (const { address } of [...record.addresses].reverse()) {
      this.remember(record.id, address, now, wall);
    }
    return hostChanged;
  }

  /** The newest record of a member. */
  record(id: NodeId): SignedRecord | undefined {
    return this.#get(id)?.record;
  }

  /** Its sequence; 0 without one. */
  sequence(id: NodeId): number {
    return this.record(id)?.sequence ?? 0;
  }

  /** The addresses of the newest record, best first. */
  listed(id: NodeId): readonly Address[] {
    return this.#get(id)?.listed ?? NONE;
  }

  /** Since when this node knows the member at its present host. */
  since(id: NodeId): Instant {
    return this.#get(id)?.since ?? (0 as Instant);
  }

  /** The longest beat that any member announced. */
  slowestBeat(): Duration {
    if (this.#slowest !== undefined) return this.#slowest;
    let slowest = 0;
    for (const [, { record }] of this.#all()) slowest = Math.max(slowest, record?.beat ?? 0);
    this.#slowest = millis(slowest);
    return this.#slowest;
  }

  /**
   * An address was proven or told: first in the history, which forgets its last beyond the bound.
   */
  remember(id: NodeId, address: Address, now: Instant, wall: WallTime): void {
    const entry = this.#of(id, now);
    const others = entry.history.filter((one) => !sameAddress(one.address, address));
    entry.history = [{ address, at: wall }, ...others.slice(0, HISTORY_MAX - 1)];
    if (entry.failures.length === 0) return;
    // It is new again; and of what was forgotten nothing is counted.
    const rest = entry.failures.filter((one) => indexIn(others, one.address) >= 0);
    entry.failures = rest.length > 0 ? rest : NO_FAILURES;
  }

  /** The address answered: what failed before does not count any more. */
  answered(id: NodeId, address: Address): void {
    const failures = this.#get(id)?.failures ?? NO_FAILURES;
    if (indexIn(failures, address) < 0) return;
    const others = failures.filter((one) => !sameAddress(one.address, address));
    this.#of(id, 0 as Instant).failures = others.length > 0 ? others : NO_FAILURES;
  }

  /** A try of a remembered address stayed unanswered, or was refused; too often: given up. */
  failed(id: NodeId, address: Address, how: 'silent' | 'refused'): void {
    if (indexIn(this.#get(id)?.history ?? NO_HISTORY, address) < 0) return;
    const entry = this.#of(id, 0 as Instant);
    const before = entry.failures.find((one) => sameAddress(one.address, address));
    const blank = { address, silent: 0, refused: 0 };
    const failure = { ...blank, ...before, [how]: (before?.[how] ?? 0) + 1 };
    const others = entry.failures.filter((one) => one !== before);
    entry.failures = [...others, failure];
    const givenUp = failure.silent >= HISTORY_SILENCE_MAX || failure.refused >= HISTORY_REFUSED_MAX;
    const newest = this.listed(id).some((listed) => sameAddress(listed, address));
    // The last address of all stays: a cluster that comes back together needs one that holds.
    if (!givenUp || newest || entry.history.length <= 1) return;
    entry.history = entry.history.filter((one) => !sameAddress(one.address, address));
    entry.failures = others;
  }

  /**
   * The next rung of the ladder: remembered addresses in turn, newest first; listed ones left out.
   */
  rung(id: NodeId): Address | undefined {
    if (this.#get(id) === undefined) return undefined;
    const entry = this.#of(id, 0 as Instant);
    const listed = new Set(this.listed(id).map(addressKey));
    const rungs = entry.history.filter(({ address }) => !listed.has(addressKey(address)));
    const rung = rungs[entry.rung % Math.max(1, rungs.length)];
    entry.rung += 1;
    return rung?.address;
  }

  forget(id: NodeId): void {
    const newest = this.#read.newest.get(id);
    if (newest !== undefined) this.#read.byHead.delete(word(newest.bytes, ID_OFFSET));
    this.#read.newest.delete(id);
    this.#slowest = undefined;
    this.#entries.delete(id);
    if (this.#shelf?.has(id) !== true) return;
    this.#shelf = new Map([...this.#shelf].filter(([other]) => other !== id));
  }

  /** For the disk. */
  stored(): StoredBook {
    const records: Bytes[] = [];
    const history: { readonly id: NodeId; readonly addresses: readonly StoredAddress[] }[] = [];
    for (const [id, entry] of this.#all()) {
      if (entry.record !== undefined) records.push(entry.record.bytes);
      if (entry.history.length > 0) history.push({ id, addresses: entry.history });
    }
    return { records, history };
  }

  #get(id: NodeId): Readonly<Entry> | undefined {
    return this.#entries.get(id) ?? this.#shelf?.get(id);
  }

  *#all(): Generator<readonly [NodeId, Readonly<Entry>]> {
    for (const [id, entry] of this.#shelf ?? []) yield [id, this.#entries.get(id) ?? entry];
    for (const item of this.#entries) if (this.#shelf?.has(item[0]) !== true) yield item;
  }

  /** The entry of a member, to be changed. */
  #of(id: NodeId, now: Instant): Entry {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      const nothing = { record: undefined, listed: NONE, bucket: undefined };
      const blank = { ...nothing, since: now, history: NO_HISTORY, failures: NO_FAILURES, rung: 0 };
      entry = { ...(this.#shelf?.get(id) ?? blank) };
      this.#entries.set(id, entry);
    }
    return entry;
  }
}

/** Four octets as a number. */
function word(bytes: Bytes, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

function indexIn(list: readonly { readonly address: Address }[], address: Address): number {
  return list.findIndex((one) => sameAddress(one.address, address));
}

/** One record a second, a few at once: each earns challenges to the addresses it lists. */
function spend(
  bucket: { readonly left: number; readonly at: Instant },
  now: Instant,
): { readonly left: number; readonly at: Instant; readonly enough: boolean } {
  const refill = elapsed(bucket.at, now) / RECORD_PAUSE;
  const left = Math.min(RECORD_BURST, bucket.left + Math.max(0, refill));
  const enough = left >= 1;
  return { left: enough ? left - 1 : left, at: now, enough };
}
