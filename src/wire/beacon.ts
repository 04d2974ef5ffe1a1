/** The LAN beacon's bytes: a nonce, and a sealed, signed sender (PROTOCOL §10). */

import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { compare, concat, utf8 } from '../base/bytes.ts';
import { Reader, Writer } from '../base/cursor.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import { clusterIdBytes, nodeIdOf, publicKeyOf } from '../base/id.ts';
import { hkdf } from '../crypto/hash.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { KEY_SIZE, SIGNATURE_SIZE, readFixed, writeFixed } from './field.ts';
import { BEACON_SIZE } from './limits.ts';

// What an orphan calls out on its LAN. PROTOCOL.md, "Beacon": a key that all members share hides
// the call from everyone else; the signature inside says which member it is.

/** The first octet of a beacon. No other socket than the group's takes it. */
export const BEACON_TYPE = 0x24;

/** Octets of a beacon's nonce. */
export const BEACON_NONCE = 16;

/** A beacon taken apart, nothing of it opened. */
export interface Beacon {
  readonly type: 'beacon';
  readonly nonce: Bytes;
  /** Node ID and signature, with the authentication tag: 112 octets. */
  readonly sealed: Bytes;
}

/** Who says that it calls, and its word for it; see {@link verifyBeacon}. */
export interface Caller {
  readonly id: NodeId;
  readonly signature: Bytes;
}

const TAG_SIZE = 16;
const SEALED_SIZE = KEY_SIZE + SIGNATURE_SIZE + TAG_SIZE;
const LABEL: Bytes = utf8('flotilla v2 beacon');

/**
 * The key of a cluster whose founding act has this nonce and in which these leave and remove acts
 * (their SHA-256 hashes, in any order) are known. It changes with each departure, so that whoever
 * is gone no longer reads along.
 */
export function beaconKey(suite: Suite, foundingNonce: Bytes, departures: readonly Bytes[]): Bytes {
  const salt = suite.hash(concat(...departures.toSorted(compare)));
  return hkdf(suite, salt, foundingNonce, LABEL, 32);
}

/** A beacon of this node. The nonce, 16 unpredictable octets, must never be used again. */
export function sealBeacon(
  suite: Suite,
  identity: Identity,
  cluster: ClusterId,
  key: Bytes,
  nonce: Bytes,
): Bytes {
  const signature = identity.sign(signedInput(cluster, nonce));
  const plaintext = concat(publicKeyOf(identity.id), signature);
  const sealed = suite.seal(onceKey(suite, key, nonce), 0, header(nonce), plaintext);
  return encodeBeacon({ type: 'beacon', nonce, sealed });
}

/** The caller, when the beacon was sealed under this key; it may still be a liar. */
export function openBeacon(
  suite: Suite,
  key: Bytes,
  { nonce, sealed }: Beacon,
): Caller | undefined {
  const plaintext = suite.open(onceKey(suite, key, nonce), 0, header(nonce), sealed);
  if (plaintext?.length !== KEY_SIZE + SIGNATURE_SIZE) return undefined;
  const id = nodeIdOf(plaintext.slice(0, KEY_SIZE));
  return { id, signature: plaintext.slice(KEY_SIZE) };
}

/** True when the caller itself made this beacon, in this cluster. */
export function verifyBeacon(
  suite: Suite,
  cluster: ClusterId,
  { nonce }: Beacon,
  { id, signature }: Caller,
): boolean {
  return suite.verify(publicKeyOf(id), signedInput(cluster, nonce), signature);
}

/** The octets of a beacon. */
export function encodeBeacon({ nonce, sealed }: Beacon): Bytes {
  assert(nonce.length === BEACON_NONCE, 'a beacon has a nonce of 16 octets');
  const writer = new Writer(BEACON_SIZE).bytes(header(nonce));
  writeFixed(writer, sealed, SEALED_SIZE);
  return writer.finish();
}

/** The beacon in these octets; undefined for anything else. Never throws. */
export function decodeBeacon(bytes: Bytes): Beacon | undefined {
  if (bytes.length !== BEACON_SIZE || bytes[0] !== BEACON_TYPE) return undefined;
  const reader = new Reader(bytes);
  reader.u8();
  const nonce = readFixed(reader, BEACON_NONCE);
  const sealed = readFixed(reader, SEALED_SIZE);
  return reader.done ? { type: 'beacon', nonce, sealed } : undefined;
}

/** Class and nonce: in the clear, and associated data of the rest. */
function header(nonce: Bytes): Bytes {
  return concat(Uint8Array.of(BEACON_TYPE), nonce);
}

function signedInput(cluster: ClusterId, nonce: Bytes): Bytes {
  return concat(LABEL, clusterIdBytes(cluster), nonce);
}

/** A key for one beacon, since the counter of the seal is always 0. */
function onceKey(suite: Suite, key: Bytes, nonce: Bytes): Bytes {
  return suite.hmac(key, concat(LABEL, nonce));
}
