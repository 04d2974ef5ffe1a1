/**
 * What members say of themselves (records, B2) and where they have been (history, R2). Nothing here
 * is a proof: addresses become `direct` in paths.ts alone.
 */

import { addressKey, sameHost, type Address, type AddressKey } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import { elapsed, millis, type Duration, type Instant, type WallTime } from '../base/time.ts';
import type { Suite } from '../crypto/suite.ts';
import { decodeRecord, verifyRecord, type SignedRecord } from '../wire/record.ts';
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

interface Remembered {
  readonly address: Address;
  at: WallTime;
  silent: number;
  refused: number;
}

interface Entry {
  record: SignedRecord | undefined;
  /** When the record with the present host arrived here, or the start. */
  since: Instant;
  /** Newest first. */
  history: Map<AddressKey, Remembered>;
  /** Records that will still be taken at once; refilled with time. */
  readonly bucket: { left: number; at: Instant };
  /** Where the orphan ladder stands in the history. */
  rung: number;
}

/** Records and address histories of all members, the own one included. */
export class AddressBook {
  readonly #suite: Suite;
  readonly #cluster: ClusterId;
  readonly #entries = new Map<NodeId, Entry>();

  constructor(
    suite: Suite,
    cluster: ClusterId,
    stored: StoredBook,
    isMember: (id: NodeId) => boolean,
  ) {
    this.#suite = suite;
    this.#cluster = cluster;
    for (const bytes of stored.records) this.offer(bytes, 0 as Instant, 0 as WallTime, isMember);
    for (const { id, addresses } of stored.history) {
      if (!isMember(id)) continue;
      const entry = this.#of(id, 0 as Instant);
      for (const { address, at } of addresses) {
        if (entry.history.size >= HISTORY_MAX) break;
        entry.history.set(addressKey(address), { address, at, silent: 0, refused: 0 });
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
    const record = decodeRecord(bytes);
    if (record === undefined) return { type: 'refused', reason: 'malformed' };
    if (record.cluster !== this.#cluster) return { type: 'refused', reason: 'foreign' };
    if (!isMember(record.id)) return { type: 'refused', reason: 'stranger' };
    const held = this.#entries.get(record.id)?.record;
    // The sequence is compared first: a verification costs a hundred times as much.
    if (held !== undefined && record.sequence <= held.sequence) return { type: 'known' };
    if (!verifyRecord(this.#suite, record)) return { type: 'refused', reason: 'forged' };
    if (!spend(this.#of(record.id, now).bucket, now)) return { type: 'refused', reason: 'hasty' };
    return { type: 'new', record, hostChanged: this.#keep(record, now, wall) };
  }

  /** The record this node has just signed. */
  keepOwn(record: SignedRecord, now: Instant, wall: WallTime): void {
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
    return this.record(id)?.addresses.map(({ address }) => address) ?? [];
  }

  /** Since when this node knows the member at its present host. */
  since(id: NodeId): Instant {
    return this.#entries.get(id)?.since ?? (0 as Instant);
  }

  /** The longest beat that any member announced. */
  slowestBeat(): Duration {
    let slowest = 0;
    for (const { record } of this.#entries.values()) slowest = Math.max(slowest, record?.beat ?? 0);
    return millis(slowest);
  }

  /**
   * An address was proven or told: first in the history, which forgets its last beyond the bound.
   */
  remember(id: NodeId, address: Address, now: Instant, wall: WallTime): void {
    const { history } = this.#of(id, now);
    const key = addressKey(address);
    const rest = [...history].filter(([other]) => other !== key).slice(0, HISTORY_MAX - 1);
    history.clear();
    history.set(key, { address, at: wall, silent: 0, refused: 0 });
    for (const [other, remembered] of rest) history.set(other, remembered);
  }

  /** The address answered: what failed before does not count any more. */
  answered(id: NodeId, address: Address): void {
    const remembered = this.#entries.get(id)?.history.get(addressKey(address));
    if (remembered === undefined) return;
    remembered.silent = 0;
    remembered.refused = 0;
  }

  /** A try of a remembered address stayed unanswered, or was refused; too often: given up. */
  failed(id: NodeId, address: Address, how: 'silent' | 'refused'): void {
    const entry = this.#entries.get(id);
    const key = addressKey(address);
    const remembered = entry?.history.get(key);
    if (entry === undefined || remembered === undefined) return;
    remembered[how] += 1;
    const givenUp =
      remembered.silent >= HISTORY_SILENCE_MAX || remembered.refused >= HISTORY_REFUSED_MAX;
    const newest = this.listed(id).some((listed) => addressKey(listed) === key);
    // The last address of all stays: a cluster that comes back together needs one that holds.
    if (givenUp && !newest && entry.history.size > 1) entry.history.delete(key);
  }

  /**
   * The next rung of the ladder: remembered addresses in turn, newest first; listed ones left out.
   */
  rung(id: NodeId): Address | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const listed = new Set(this.listed(id).map(addressKey));
    const rungs = [...entry.history].filter(([key]) => !listed.has(key));
    const rung = rungs[entry.rung % Math.max(1, rungs.length)];
    entry.rung += 1;
    return rung?.[1].address;
  }

  /** Addresses ever held, as far as remembered, newest first. */
  history(id: NodeId): readonly Address[] {
    return [...(this.#entries.get(id)?.history.values() ?? [])].map(({ address }) => address);
  }

  forget(id: NodeId): void {
    this.#entries.delete(id);
  }

  /** For the disk. */
  stored(): StoredBook {
    const records: Bytes[] = [];
    const history: { id: NodeId; addresses: { address: Address; at: WallTime }[] }[] = [];
    for (const [id, entry] of this.#entries) {
      if (entry.record !== undefined) records.push(entry.record.bytes);
      const addresses = [...entry.history.values()].map(({ address, at }) => ({ address, at }));
      if (addresses.length > 0) history.push({ id, addresses });
    }
    return { records, history };
  }

  #of(id: NodeId, now: Instant): Entry {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      const bucket = { left: RECORD_BURST, at: now };
      entry = { record: undefined, since: now, history: new Map(), bucket, rung: 0 };
      this.#entries.set(id, entry);
    }
    return entry;
  }
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
