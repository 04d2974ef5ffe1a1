/** What this node says of itself: its sequence numbers, its tags, and the record made of a vote. */

import { address, addressKey, type Address, type AddressKey } from '../base/address.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import type { Duration } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import { ADDRESSES_MAX, TAGS_MAX } from '../wire/limits.ts';
import {
  isTag,
  recordFits,
  signRecord,
  type Reachability,
  type SignedRecord,
  type Tag,
} from '../wire/record.ts';
import { SEQUENCE_BLOCK, SEQUENCE_REFILL } from './config.ts';
import { MAIN, type SocketId } from './io.ts';

/** A record carries its sequence in 32 bits; after the last one there is nothing more to say. */
const SEQUENCE_MAX = 0xffff_ffff;

/** A host the others voted, with the port each of my sockets shows there. */
export interface VotedHost {
  readonly ip: string;
  readonly ports: ReadonlyMap<SocketId, number>;
  readonly voters: number;
}

/** The own record and the sequence numbers it may use. */
export class OwnRecord {
  readonly #own: Identity;
  readonly #cluster: ClusterId;
  readonly #beat: Duration;
  /** Highest sequence used. */
  #used: number;
  /** Highest sequence that the disk knows may have been used. */
  #durable: number;
  /** Highest one asked of the disk. */
  #reserved: number;
  readonly #tags: Map<string, string>;
  #current: SignedRecord | undefined;
  #metAt = 0;

  constructor(
    own: Identity,
    cluster: ClusterId,
    beat: Duration,
    reserved: number,
    tags: readonly (readonly [string, string])[],
  ) {
    this.#own = own;
    this.#cluster = cluster;
    this.#beat = beat;
    // Any number up to here may have been used before the last stop.
    this.#used = Math.min(reserved, SEQUENCE_MAX);
    this.#durable = this.#used;
    this.#reserved = this.#used;
    this.#tags = new Map(tags);
  }

  /**
   * The record found on the disk at the start: it stands for as long as it is true, so that a
   * restart alone is no news to anybody. One that says another beat does not count.
   */
  resume(record: SignedRecord): boolean {
    if (record.sequence > this.#used || record.beat !== this.#beat) return false;
    this.#current = record;
    return true;
  }

  get current(): SignedRecord | undefined {
    return this.#current;
  }

  /** The sequence to announce; 0 before the first record. */
  get sequence(): number {
    return this.#current?.sequence ?? 0;
  }

  /** What the cluster document must say is reserved. */
  get reserved(): number {
    return this.#reserved;
  }

  get tags(): ReadonlyMap<string, string> {
    return this.#tags;
  }

  setTag(key: string, value: string | undefined): void {
    if (value === undefined) this.#tags.delete(key);
    else this.#tags.set(key, value);
  }

  /**
   * Whether another block should be written to disk now; then it counts as asked for. Never again
   * after the last of all numbers, up to which only who holds this node's key can drive it.
   */
  reserve(): boolean {
    if (this.#reserved - this.#used > SEQUENCE_REFILL || this.#reserved === SEQUENCE_MAX) {
      return false;
    }
    this.#reserved = Math.min(this.#used + SEQUENCE_BLOCK, SEQUENCE_MAX);
    return true;
  }

  /** The cluster document with this reservation is on disk. */
  durable(reserved: number): void {
    this.#durable = Math.max(this.#durable, reserved);
  }

  /** Whether a sequence is left that the disk knows of. */
  get ready(): boolean {
    return this.#used < this.#durable;
  }

  /** Whether a record of mine with this sequence would be news to me. */
  isHigher(sequence: number): boolean {
    return sequence > this.#used;
  }

  /**
   * Somebody holds a record of mine with this sequence. `above`: it is higher than any I used since
   * I started, and I went above it. `twin`: again, so another machine signs with my key.
   */
  met(sequence: number): 'old' | 'above' | 'twin' {
    if (sequence <= this.#used) return 'old';
    this.#used = sequence;
    this.#metAt += 1;
    return this.#metAt > 1 ? 'twin' : 'above';
  }

  /** Signs the next record; undefined when no sequence is reserved (`ready`). */
  sign(hosts: readonly VotedHost[], reachability: Reachability): SignedRecord | undefined {
    if (!this.ready) return undefined;
    this.#used += 1;
    this.#current = signRecord(this.#own, {
      cluster: this.#cluster,
      id: this.#own.id,
      sequence: this.#used,
      beat: this.#beat,
      reachability,
      addresses: listedAddresses(hosts),
      relays: [],
      services: [],
      tags: this.#tagList(),
    });
    return this.#current;
  }

  #tagList(): readonly Tag[] {
    return [...this.#tags]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ key, value }));
  }
}

/** What an operator is told whose tags do not fit. */
export const TAGS_HINT: string =
  'up to 16 tags, keys up to 32 and values up to 64 bytes of printable text, 800 bytes in all';

/** Whether tags fit every record this node may have to sign: with six IPv6 addresses as well. */
export function tagsFit(
  id: NodeId,
  cluster: ClusterId,
  beat: Duration,
  tags: ReadonlyMap<string, string>,
): boolean {
  const list = [...tags].map(([key, value]) => ({ key, value }));
  if (list.length > TAGS_MAX || !list.every(isTag)) return false;
  const addresses: { address: Address; voters: number }[] = [];
  for (let index = 1; index <= ADDRESSES_MAX; index += 1) {
    const widest = address(`2001:db8::${index}`, 65_535);
    if (widest !== undefined) addresses.push({ address: widest, voters: 255 });
  }
  const fields = { cluster, id, sequence: 1, beat, reachability: 'unknown', addresses } as const;
  return recordFits({ ...fields, relays: [], services: [], tags: list });
}

/** Each host with the main port before fresh ones; hosts with most voters first. */
export function listedAddresses(
  hosts: readonly VotedHost[],
): readonly { address: Address; voters: number }[] {
  const listed = new Map<AddressKey, { address: Address; voters: number }>();
  const sorted = [...hosts].sort((a, b) => b.voters - a.voters);
  for (const { ip, ports, voters } of sorted) {
    for (const [, port] of [...ports].sort(([a], [b]) => a - b)) {
      const at = address(ip, port);
      if (at === undefined || listed.has(addressKey(at))) continue;
      listed.set(addressKey(at), { address: at, voters: Math.min(255, voters) });
    }
  }
  return [...listed.values()].slice(0, ADDRESSES_MAX);
}

/** The ports to list: the main one, and fresh ones until the main one is proven again. */
export function portsToList(
  ports: ReadonlyMap<SocketId, number>,
  mainProven: boolean,
  fallbackMain: number | undefined,
): ReadonlyMap<SocketId, number> {
  const main = ports.get(MAIN) ?? fallbackMain;
  const listed = new Map<SocketId, number>();
  if (main !== undefined) listed.set(MAIN, main);
  if (mainProven && main !== undefined) return listed;
  for (const [socket, port] of ports) if (socket !== MAIN) listed.set(socket, port);
  return listed;
}
