/** Names of things, as types the compiler tells apart: node IDs, cluster IDs, node names. */

import { assert } from './assert.ts';
import { fromBase32, toBase32 } from './base32.ts';
import type { Bytes } from './bytes.ts';

/** Who a node is: its 32-octet Ed25519 public key as 52 lower-case base32 characters. */
export type NodeId = string & { readonly __id: 'node' };

/** Which cluster: 16 unpredictable octets as 26 lower-case base32 characters. */
export type ClusterId = string & { readonly __id: 'cluster' };

/** What people call a node: a lower-case DNS label of 1–63 characters, unique in its cluster. */
export type NodeName = string & { readonly __id: 'name' };

const NODE_OCTETS = 32;
const CLUSTER_OCTETS = 16;

/** Eight characters are 40 bits: enough to tell a thousand nodes apart on a screen. */
const SHORT = 8;

/** RFC 1035 §2.3.1, with the leading digit that RFC 1123 §2.1 allows. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The ID of the node that holds this 32-octet public key. */
export function nodeIdOf(publicKey: Bytes): NodeId {
  assert(publicKey.length === NODE_OCTETS, 'a node ID is made of a 32-octet public key');
  return toBase32(publicKey) as NodeId;
}

/** The 32-octet public key a node ID stands for. */
export function publicKeyOf(id: NodeId): Bytes {
  return octetsOf(id, NODE_OCTETS);
}

/** A full node ID in either case; undefined for anything else. Prefixes are not resolved here. */
export function parseNodeId(text: string): NodeId | undefined {
  return canonical(text, NODE_OCTETS) as NodeId | undefined;
}

/** The ID of the cluster with these 16 octets. */
export function clusterIdOf(bytes: Bytes): ClusterId {
  assert(bytes.length === CLUSTER_OCTETS, 'a cluster ID is made of 16 octets');
  return toBase32(bytes) as ClusterId;
}

/** The 16 octets of a cluster ID. */
export function clusterIdBytes(id: ClusterId): Bytes {
  return octetsOf(id, CLUSTER_OCTETS);
}

/** A cluster ID in either case; undefined for anything else. */
export function parseClusterId(text: string): ClusterId | undefined {
  return canonical(text, CLUSTER_OCTETS) as ClusterId | undefined;
}

/**
 * A node's name, upper case folded to lower because DNS does not tell them apart (RFC 1035 §2.3.3);
 * undefined unless it is a DNS label of letters, digits and inner hyphens.
 */
export function parseName(text: string): NodeName | undefined {
  // Only ASCII is folded: toLowerCase would turn the Kelvin sign into a plain k.
  const folded = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return LABEL.test(folded) ? (folded as NodeName) : undefined;
}

/** The first eight characters, for logs and tables. Not unique enough to act on. */
export function shortId(id: string): string {
  return id.slice(0, SHORT);
}

function canonical(text: string, octets: number): string | undefined {
  if (text.length !== Math.ceil((octets * 8) / 5)) return undefined;
  const bytes = fromBase32(text);
  return bytes === undefined ? undefined : toBase32(bytes);
}

function octetsOf(id: string, octets: number): Bytes {
  const bytes = fromBase32(id);
  assert(bytes?.length === octets, 'a branded ID was not made by its parser');
  return bytes;
}
