/** A node's record as signed bytes: what it says of itself (PROTOCOL §7). */

import type { Address } from '../base/address.ts';
import { addressKey } from '../base/address.ts';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { compare, concat, fromUtf8, utf8 } from '../base/bytes.ts';
import { Reader, Writer } from '../base/cursor.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import { publicKeyOf } from '../base/id.ts';
import type { Duration } from '../base/time.ts';
import { millis } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { SIGNATURE_SIZE, isLabel, isPrintable, readAddress, readClusterId } from './field.ts';
import { readLabel, readNodeId, writeAddress, writeClusterId, writeNodeId } from './field.ts';
import { ADDRESSES_MAX, BEAT_MAX_MS, BEAT_MIN_MS, RECORD_MAX, RELAYS_MAX } from './limits.ts';
import { SERVICES_MAX, TAGS_MAX, TAG_KEY_MAX, TAG_VALUE_MAX } from './limits.ts';

/**
 * How a node finds it can be reached: `open`, unasked; `mapped`, through a NAT that shows everyone
 * one port (RFC 4787 §4.1); `random`, through one that does not; `blocked`, not over UDP.
 */
export type Reachability = 'unknown' | 'open' | 'mapped' | 'random' | 'blocked';

/** One of a node's own addresses, and how many members saw it there, 0–255. */
export interface ListedAddress {
  readonly address: Address;
  readonly voters: number;
}

/** What an operator says of a node. */
export interface Tag {
  /** 1–32 octets, printable, without `=`. */
  readonly key: string;
  /** 0–64 octets, printable. */
  readonly value: string;
}

/** What a node says of itself. PROTOCOL.md §7. */
export interface RecordFields {
  readonly cluster: ClusterId;
  readonly id: NodeId;
  /** From 1; the highest wins. */
  readonly sequence: number;
  /** 100 ms to one hour, in whole milliseconds. */
  readonly beat: Duration;
  readonly reachability: Reachability;
  /** No two the same; the main socket's before those of fresh ones. */
  readonly addresses: readonly ListedAddress[];
  /** No two the same; the preferred one first. */
  readonly relays: readonly NodeId[];
  /** DNS labels, in their order, no two the same. */
  readonly services: readonly string[];
  /** In the order of the octets of their keys, no two of one key. */
  readonly tags: readonly Tag[];
}

/** A record as it is carried. Not yet verified unless its maker says so. */
export interface SignedRecord extends RecordFields {
  /** Body and signature. */
  readonly bytes: Bytes;
}

/** The octet of each kind of reachability. */
export const REACHABILITY_CODES: Readonly<Record<Reachability, number>> = {
  unknown: 0,
  open: 1,
  mapped: 2,
  random: 3,
  blocked: 4,
};

const REACHABILITIES: readonly Reachability[] = ['unknown', 'open', 'mapped', 'random', 'blocked'];
const RECORD_VERSION = 1;
const SIGNED_AS: Bytes = utf8('flotilla v2 record');

/**
 * Signs what `identity` says of itself. Services and tags are put in order here; all else must
 * already be as {@link RecordFields} says and fit ({@link recordFits}), or it is our own mistake.
 */
export function signRecord(identity: Identity, fields: RecordFields): SignedRecord {
  assert(fields.id === identity.id, 'a node signs its own record only');
  const body = encodeBody(fields);
  const bytes = concat(body, identity.sign(concat(SIGNED_AS, body)));
  const record = decodeRecord(bytes);
  assert(record !== undefined, 'a record was signed that nobody will accept');
  return record;
}

/** True when a record of these fields is no longer than 1,100 octets. */
export function recordFits(fields: RecordFields): boolean {
  return encodeBody(fields).length + SIGNATURE_SIZE <= RECORD_MAX;
}

/** True when a tag's key and value may stand in a record. */
export function isTag(tag: Tag): boolean {
  const { key, value } = tag;
  if (!isPrintable(key) || !isPrintable(value) || key.includes('=')) return false;
  const keySize = utf8(key).length;
  return keySize >= 1 && keySize <= TAG_KEY_MAX && utf8(value).length <= TAG_VALUE_MAX;
}

/**
 * The record in these octets; undefined unless they are in the canonical form. The signature is
 * not looked at: {@link verifyRecord}.
 */
export function decodeRecord(bytes: Bytes): SignedRecord | undefined {
  if (bytes.length > RECORD_MAX) return undefined;
  const reader = new Reader(bytes);
  if (reader.u8() !== RECORD_VERSION) return undefined;
  const cluster = readClusterId(reader);
  const id = readNodeId(reader);
  const sequence = reader.u32();
  const beat = millis(reader.u32());
  const reachability = REACHABILITIES[reader.u8()];
  const addresses = readUnique(reader, ADDRESSES_MAX, readListed, (l) => addressKey(l.address));
  const relays = readUnique(reader, RELAYS_MAX, readNodeId, (relay) => relay);
  const services = readSorted(reader, SERVICES_MAX, readLabel, (service) => service);
  const tags = readSorted(reader, TAGS_MAX, readTag, (tag) => tag.key);
  reader.bytes(SIGNATURE_SIZE);
  if (!reader.done || reachability === undefined) return undefined;
  if (sequence === 0 || beat < BEAT_MIN_MS || beat > BEAT_MAX_MS) return undefined;
  const fields = { cluster, id, sequence, beat, reachability, addresses, relays, services, tags };
  return { ...fields, bytes: new Uint8Array(bytes) };
}

/**
 * Whose record these octets claim to be and which, without a look at the rest: most records that
 * arrive are known already. Undefined when they are too short for one or of another version.
 */
export function peekRecord(
  bytes: Bytes,
): Pick<RecordFields, 'cluster' | 'id' | 'sequence'> | undefined {
  const reader = new Reader(bytes);
  if (reader.u8() !== RECORD_VERSION) return undefined;
  const head = {
    cluster: readClusterId(reader),
    id: readNodeId(reader),
    sequence: reader.u32(),
  };
  return reader.failed ? undefined : head;
}

/** True when the record's signature is that of the node it speaks of (B2). */
export function verifyRecord(suite: Suite, record: SignedRecord): boolean {
  const end = record.bytes.length - SIGNATURE_SIZE;
  const signed = concat(SIGNED_AS, record.bytes.subarray(0, end));
  return suite.verify(publicKeyOf(record.id), signed, record.bytes.subarray(end));
}

function encodeBody(fields: RecordFields): Bytes {
  const writer = new Writer(RECORD_MAX).u8(RECORD_VERSION);
  writeClusterId(writer, fields.cluster);
  writeNodeId(writer, fields.id);
  writer.u32(fields.sequence).u32(Math.round(fields.beat));
  writer.u8(REACHABILITY_CODES[fields.reachability]).u8(fields.addresses.length);
  for (const listed of fields.addresses) {
    writeAddress(writer, listed.address);
    writer.u8(listed.voters);
  }
  writer.u8(fields.relays.length);
  for (const relay of fields.relays) writeNodeId(writer, relay);
  writer.u8(fields.services.length);
  for (const service of inOrder(fields.services, (name) => name)) {
    assert(isLabel(service), 'a service is called by a lower-case DNS label');
    writer.lengthPrefixed8(utf8(service));
  }
  writer.u8(fields.tags.length);
  for (const tag of inOrder(fields.tags, ({ key }) => key)) {
    assert(isTag(tag), 'a tag was let in that no record may hold');
    writer.lengthPrefixed8(utf8(tag.key)).lengthPrefixed8(utf8(tag.value));
  }
  return writer.finish();
}

function readListed(reader: Reader): ListedAddress {
  return { address: readAddress(reader), voters: reader.u8() };
}

function readTag(reader: Reader): Tag {
  const key = fromUtf8(reader.lengthPrefixed8());
  const value = fromUtf8(reader.lengthPrefixed8());
  const tag = { key: key ?? '', value: value ?? '' };
  if (value === undefined || !isTag(tag)) reader.fail();
  return tag;
}

/** A counted list without repetition. */
function readUnique<T>(
  reader: Reader,
  max: number,
  read: (reader: Reader) => T,
  keyOf: (item: T) => string,
): T[] {
  const count = reader.u8();
  if (count > max) reader.fail();
  const list: T[] = [];
  while (list.length < count && !reader.failed) list.push(read(reader));
  if (new Set(list.map(keyOf)).size !== list.length) reader.fail();
  return list;
}

/** As {@link readUnique}, in rising order of the keys' octets: one set has one form. */
function readSorted<T>(
  reader: Reader,
  max: number,
  read: (reader: Reader) => T,
  keyOf: (item: T) => string,
): T[] {
  const list = readUnique(reader, max, read, keyOf);
  const ordered = inOrder(list, keyOf);
  if (list.some((item, index) => item !== ordered[index])) reader.fail();
  return list;
}

/** By octets, not by UTF-16 units, which would put U+10000 before U+E000. */
function inOrder<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => compare(utf8(keyOf(a)), utf8(keyOf(b))));
}
