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
import type { StoredBook } from './documents.ts';

/** What came of a record that somebody handed on. */
export type RecordVerdict =
  | { readonly type: 'new'; readonly record: SignedRecord; readonly hostChanged: boolean }
  | { readonly type: 'known' }
  | {
      readonly type: 'refused';
      readonly reason: 'malformed' | 'foreign' | 'stranger' | 'forged' | 'hasty';
    };

const NONE: readonly Address[] = [];

/**
 * The newest record of each member that was read and verified with a suite. It changes no outcome:
 * many simulated nodes in one process share what they all read, and verify it once.
 */
const readBefore = new WeakMap<Suite, Map<NodeId, SignedRecord>>();

interface Remembered {
  readonly address: Address;
  at: WallTime;
  silent: number;
  refused: number;
}

interface Entry {
  record: SignedRecord | undefined;
  /** The addresses of the record, best first. */
  listed: readonly Address[];
  /** When the record with the present host arrived here, or the start. */
  since: Instant;
  /** Newest first; a list, since a map of one or two costs four times its room. */
  history: Remembered[];
  /** Records that will still be taken at once; refilled with time. Undefined while full. */
  bucket: { left: number; at: Instant } | undefined;
  /** Where the orphan ladder stands in the history. */
  rung: number;
}

/** Records and address histories of all members, the own one included. */
export class AddressBook {
  readonly #suite: Suite;
  readonly #cluster: ClusterId;
  readonly #entries = new Map<NodeId, Entry>();
  readonly #read: Map<NodeId, SignedRecord>;
  /** The longest beat announced; undefined when it has to be looked for anew. */
  #slowest: Duration | undefined;

  constructor(
    suite: Suite,
    cluster: ClusterId,
    stored: StoredBook,
    isMember: (id: NodeId) => boolean,
  ) {
    this.#suite = suite;
    this.#cluster = cluster;
    this.#read = readBefore.get(suite) ?? new Map<NodeId, SignedRecord>();
    readBefore.set(suite, this.#read);
    for (const bytes of stored.records) this.offer(bytes, 0 as Instant, 0 as WallTime, isMember);
    for (const { id, addresses } of stored.history) {
      if (!isMember(id)) continue;
      const entry = this.#of(id, 0 as Instant);
      for (const { address, at } of addresses) {
        if (entry.history.length >= HISTORY_MAX) break;
        if (indexIn(entry.history, address) >= 0) continue;
        entry.history.push({ address, at, silent: 0, refused: 0 });
      }
    }
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
    const head = peekRecord(bytes);
    const held = head === undefined ? undefined : this.#entries.get(head.id)?.record;
    // The sequence is compared first: a verification costs a hundred times as much.
    if (head?.cluster === this.#cluster && held !== undefined && head.sequence <= held.sequence) {
      return { type: 'known' };
    }
    const shared = head === undefined ? undefined : this.#read.get(head.id);
    const isShared = shared !== undefined && equal(shared.bytes, bytes);
    const record = isShared ? shared : decodeRecord(bytes);
    if (record === undefined) return { type: 'refused', reason: 'malformed' };
    if (record.cluster !== this.#cluster) return { type: 'refused', reason: 'foreign' };
    if (!isMember(record.id)) return { type: 'refused', reason: 'stranger' };
    if (!isShared && !verifyRecord(this.#suite, record)) {
      return { type: 'refused', reason: 'forged' };
    }
    this.#read.set(record.id, record);
    const entry = this.#of(record.id, now);
    entry.bucket ??= { left: RECORD_BURST, at: now };
    if (!spend(entry.bucket, now)) return { type: 'refused', reason: 'hasty' };
    return { type: 'new', record, hostChanged: this.#keep(record, now, wall) };
  }

  /** The record this node has just signed. */
  keepOwn(record: SignedRecord, now: Instant, wall: WallTime): void {
    this.#read.set(record.id, record);
    this.#keep(record, now, wall);
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
    return this.#entries.get(id)?.record;
  }

  /** Its sequence; 0 without one. */
  sequence(id: NodeId): number {
    return this.record(id)?.sequence ?? 0;
  }

  /** The addresses of the newest record, best first. */
  listed(id: NodeId): readonly Address[] {
    return this.#entries.get(id)?.listed ?? NONE;
  }

  /** Since when this node knows the member at its present host. */
  since(id: NodeId): Instant {
    return this.#entries.get(id)?.since ?? (0 as Instant);
  }

  /** The longest beat that any member announced. */
  slowestBeat(): Duration {
    if (this.#slowest !== undefined) return this.#slowest;
    let slowest = 0;
    for (const { record } of this.#entries.values()) slowest = Math.max(slowest, record?.beat ?? 0);
    this.#slowest = millis(slowest);
    return this.#slowest;
  }

  /**
   * An address was proven or told: first in the history, which forgets its last beyond the bound.
   */
  remember(id: NodeId, address: Address, now: Instant, wall: WallTime): void {
    const { history } = this.#of(id, now);
    const place = indexIn(history, address);
    if (place >= 0) history.splice(place, 1);
    history.unshift({ address, at: wall, silent: 0, refused: 0 });
    history.splice(HISTORY_MAX);
  }

  /** The address answered: what failed before does not count any more. */
  answered(id: NodeId, address: Address): void {
    const history = this.#entries.get(id)?.history ?? [];
    const remembered = history[indexIn(history, address)];
    if (remembered === undefined) return;
    remembered.silent = 0;
    remembered.refused = 0;
  }

  /** A try of a remembered address stayed unanswered, or was refused; too often: given up. */
  failed(id: NodeId, address: Address, how: 'silent' | 'refused'): void {
    const entry = this.#entries.get(id);
    const place = indexIn(entry?.history ?? [], address);
    const remembered = entry?.history[place];
    if (entry === undefined || remembered === undefined) return;
    remembered[how] += 1;
    const givenUp =
      remembered.silent >= HISTORY_SILENCE_MAX || remembered.refused >= HISTORY_REFUSED_MAX;
    const newest = this.listed(id).some((listed) => sameAddress(listed, address));
    // The last address of all stays: a cluster that comes back together needs one that holds.
    if (givenUp && !newest && entry.history.length > 1) entry.history.splice(place, 1);
  }

  /**
   * The next rung of the ladder: remembered addresses in turn, newest first; listed ones left out.
   */
  rung(id: NodeId): Address | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const listed = new Set(this.listed(id).map(addressKey));
    const rungs = entry.history.filter(({ address }) => !listed.has(addressKey(address)));
    const rung = rungs[entry.rung % Math.max(1, rungs.length)];
    entry.rung += 1;
    return rung?.address;
  }

  forget(id: NodeId): void {
    this.#read.delete(id);
    this.#slowest = undefined;
    this.#entries.delete(id);
  }

  /** For the disk. */
  stored(): StoredBook {
    const records: Bytes[] = [];
    const history: { id: NodeId; addresses: { address: Address; at: WallTime }[] }[] = [];
    for (const [id, entry] of this.#entries) {
      if (entry.record !== undefined) records.push(entry.record.bytes);
      const addresses = entry.history.map(({ address, at }) => ({ address, at }));
      if (addresses.length > 0) history.push({ id, addresses });
    }
    return { records, history };
  }

  #of(id: NodeId, now: Instant): Entry {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      const nothing = { record: undefined, listed: NONE, bucket: undefined };
      entry = { ...nothing, since: now, history: [], rung: 0 };
      this.#entries.set(id, entry);
    }
    return entry;
  }
}

function indexIn(history: readonly Remembered[], address: Address): number {
  return history.findIndex((remembered) => sameAddress(remembered.address, address));
}

/** One record a second, a few at once: each earns challenges to the addresses it lists. */
function spend(bucket: { left: number; at: Instant }, now: Instant): boolean {
  const refill = elapsed(bucket.at, now) / RECORD_PAUSE;
  bucket.left = Math.min(RECORD_BURST, bucket.left + Math.max(0, refill));
  bucket.at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}
