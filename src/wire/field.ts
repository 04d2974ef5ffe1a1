/** Fields that several layouts share: addresses, IDs, labels, printable text. */

import type { Address } from '../base/address.ts';
import { addressFromBytes, ipBytes } from '../base/address.ts';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { fromUtf8, utf8 } from '../base/bytes.ts';
import type { Reader, Writer } from '../base/cursor.ts';
import type { ClusterId, NodeId, NodeName } from '../base/id.ts';
import { clusterIdBytes, clusterIdOf, nodeIdOf, parseName, publicKeyOf } from '../base/id.ts';

// Fields that several messages share. Like the Reader itself, each `read…` gives a placeholder
// after a failure, so that a decoder reads straight through and asks `done` once at its end.

/** Octets of a public key, a node ID and a SHA-256 value. */
export const KEY_SIZE = 32;

/** Octets of an Ed25519 signature (RFC 8032 §5.1.6). */
export const SIGNATURE_SIZE = 64;

const CLUSTER_SIZE = 16;

const NO_ADDRESS: Address = { family: 4, ip: '0.0.0.0', port: 0 };

/** Family 4 or 6 in one octet, the IP address in 4 or 16, the port in two. */
export function writeAddress(writer: Writer, address: Address): void {
  writer.u8(address.family).bytes(ipBytes(address)).u16(address.port);
}

/** Fails on another family and on an IPv4-mapped IPv6 address, which has a shorter form. */
export function readAddress(reader: Reader): Address {
  return readOptionalAddress(reader) ?? refuse(reader, NO_ADDRESS);
}

/** As {@link writeAddress}; an address not known is family 0 and nothing more. */
export function writeOptionalAddress(writer: Writer, address: Address | undefined): void {
  if (address === undefined) writer.u8(0);
  else writeAddress(writer, address);
}

/** Undefined for family 0, and after a failure. */
export function readOptionalAddress(reader: Reader): Address | undefined {
  const family = reader.u8();
  if (family === 0) return undefined;
  if (family !== 4 && family !== 6) return refuse(reader, NO_ADDRESS);
  const ip = reader.bytes(family === 4 ? 4 : 16);
  const port = reader.u16();
  return addressFromBytes(family, ip, port) ?? refuse(reader, NO_ADDRESS);
}

/** The 32 octets of a node ID. */
export function writeNodeId(writer: Writer, id: NodeId): void {
  writer.bytes(publicKeyOf(id));
}

/** Any 32 octets name a node: whether a key stands behind them shows at the first signature. */
export function readNodeId(reader: Reader): NodeId {
  return nodeIdOf(readFixed(reader, KEY_SIZE));
}

/** The 16 octets of a cluster ID. */
export function writeClusterId(writer: Writer, cluster: ClusterId): void {
  writer.bytes(clusterIdBytes(cluster));
}

/** The 16 octets of a cluster ID. */
export function readClusterId(reader: Reader): ClusterId {
  return clusterIdOf(readFixed(reader, CLUSTER_SIZE));
}

/** Exactly `size` octets, also after a failure: those are zeros then. */
export function readFixed(reader: Reader, size: number): Bytes {
  const bytes = reader.bytes(size);
  return bytes.length === size ? bytes : new Uint8Array(size);
}

/** Writes octets of a size that the layout fixes; another size is our own mistake. */
export function writeFixed(writer: Writer, bytes: Bytes, size: number): void {
  assert(bytes.length === size, `a field of ${String(size)} octets got another number of them`);
  writer.bytes(bytes);
}

/** A DNS label behind one octet of length. */
export function writeLabel(writer: Writer, label: string): void {
  assert(isLabel(label), 'a name on the wire is a lower-case DNS label');
  writer.lengthPrefixed8(utf8(label));
}

/** Fails unless the label is in the one form that {@link writeLabel} writes. */
export function readLabel(reader: Reader): NodeName {
  const label = fromUtf8(reader.lengthPrefixed8());
  const name = label === undefined ? undefined : parseName(label);
  return name !== undefined && name === label ? name : refuse(reader, 'x' as NodeName);
}

/** A lower-case DNS label: what nodes, clusters and services are called. */
export function isLabel(text: string): boolean {
  return parseName(text) === text;
}

/**
 * Characters that can be shown to a human on one line. Refused are control characters, line ends
 * and the marks that turn the direction of writing, all of which can make a terminal show
 * something else than what is there. Fixed ranges, not Unicode properties: two nodes with
 * different Unicode tables must not disagree about which record is valid.
 */
export function isPrintable(text: string): boolean {
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x20 || (point >= 0x7f && point <= 0x9f)) return false;
    if (point >= 0xd800 && point <= 0xdfff) return false;
    if (DISGUISES.some(([first, last]) => point >= first && point <= last)) return false;
  }
  return true;
}

const DISGUISES: readonly (readonly [first: number, last: number])[] = [
  [0x061c, 0x061c], // Arabic letter mark
  [0x200e, 0x200f], // left-to-right and right-to-left mark
  [0x2028, 0x202e], // line and paragraph separator, embeddings and overrides
  [0x2066, 0x2069], // isolates
  [0xfeff, 0xfeff], // byte-order mark
];

function refuse<T>(reader: Reader, placeholder: T): T {
  reader.fail();
  return placeholder;
}
