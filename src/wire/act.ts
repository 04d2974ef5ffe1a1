/** Membership acts as signed bytes: found, admit, invite, leave, remove (PROTOCOL §7). */

import { assert, unreachable } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat, utf8 } from '../base/bytes.ts';
import { Reader, Writer } from '../base/cursor.ts';
import type { ClusterId, NodeId, NodeName } from '../base/id.ts';
import { clusterIdBytes, clusterIdOf, publicKeyOf } from '../base/id.ts';
import type { WallTime } from '../base/time.ts';
import { wallTime } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { KEY_SIZE, SIGNATURE_SIZE, readClusterId, readFixed, readLabel } from './field.ts';
import { readNodeId, writeClusterId, writeFixed, writeLabel, writeNodeId } from './field.ts';
import { ACT_MAX } from './limits.ts';

/** Where an act stands: in its author's chain. PROTOCOL.md §7. */
interface Link {
  readonly author: NodeId;
  /** From 1. */
  readonly number: number;
  /** SHA-256 of the author's act before this one; zeros for number 1. */
  readonly previous: Bytes;
}

/** Any act but the first of all; that one has no cluster yet. */
interface Within extends Link {
  readonly cluster: ClusterId;
}

/** The founder's first act; its hash names the cluster. */
export interface FoundAct extends Link {
  readonly type: 'found';
  readonly cluster: undefined;
  /** 16 unpredictable octets, so that founding twice gives two clusters. */
  readonly nonce: Bytes;
  /** The founder's X25519 key. */
  readonly agreement: Bytes;
  /** A DNS label. */
  readonly clusterName: string;
  readonly name: NodeName;
}

/** Makes `id` a member: whoever holds the invite's secret asked for it, and `id` itself agreed. */
export interface AdmitAct extends Within {
  readonly type: 'admit';
  readonly id: NodeId;
  /** The new member's X25519 key. */
  readonly agreement: Bytes;
  readonly name: NodeName;
  readonly inviteKey: Bytes;
  /** Ed25519 by the invite's key over {@link redemptionInput}. */
  readonly redemption: Bytes;
  /** Ed25519 by `id` over {@link consentInput}: nobody else binds a key and a name to it. */
  readonly consent: Bytes;
}

/** Opens an invite; members know only the public key of the secret in the token. */
export interface InviteAct extends Within {
  readonly type: 'invite';
  readonly key: Bytes;
  /** 1–65,535. */
  readonly uses: number;
  /** By the author's clock, in whole milliseconds. */
  readonly expires: WallTime;
}

/** The author goes for good. */
export interface LeaveAct extends Within {
  readonly type: 'leave';
}

/** Ends the membership of `id`; its acts above number `last` never counted. */
export interface RemoveAct extends Within {
  readonly type: 'remove';
  readonly id: NodeId;
  /** The last act of `id` that stays valid; 0: none does. */
  readonly last: number;
  /**
   * SHA-256 of that act as it is carried; zeros for 0. As each act names the one before it, this
   * pins all that stays valid: whoever is removed cannot put other acts in their place.
   */
  readonly lastHash: Bytes;
}

/** What members do to the cluster. */
export type Act = FoundAct | AdmitAct | InviteAct | LeaveAct | RemoveAct;

/** An act as it is carried. Not yet verified unless its maker says so. */
export interface SignedAct {
  readonly act: Act;
  /** Body and signature. */
  readonly bytes: Bytes;
  /** SHA-256 of `bytes`: what the next act of the chain carries. */
  readonly hash: Bytes;
}

/** The octet of each kind of act. */
export const ACT_KINDS: Readonly<Record<Act['type'], number>> = {
  found: 1,
  admit: 2,
  invite: 3,
  leave: 4,
  remove: 5,
};

const ACT_VERSION = 1;
const CLUSTER_SIZE = 16;
const NONCE_SIZE = 16;
const SIGNED_AS: Bytes = utf8('flotilla v2 act');
const REDEEMED_AS: Bytes = utf8('flotilla v2 redeem');
const CONSENTED_AS: Bytes = utf8('flotilla v2 consent');
const NO_CLUSTER: Bytes = new Uint8Array(CLUSTER_SIZE);

/** Signs an act of `identity`'s own chain. An act no other node would accept is our own mistake. */
export function signAct(suite: Suite, identity: Identity, act: Act): SignedAct {
  assert(act.author === identity.id, 'a node signs its own acts only');
  const body = encodeBody(act);
  const bytes = concat(body, identity.sign(concat(SIGNED_AS, body)));
  const signed = decodeAct(suite, bytes);
  assert(signed !== undefined, 'an act was signed that nobody will accept');
  return signed;
}

/**
 * The act in these octets; undefined unless they are in the canonical form. Signatures are not
 * looked at ({@link verifyAct}), nor whether the author may do this.
 */
export function decodeAct(suite: Suite, bytes: Bytes): SignedAct | undefined {
  if (bytes.length > ACT_MAX) return undefined;
  const reader = new Reader(bytes);
  if (reader.u8() !== ACT_VERSION) return undefined;
  const act = readAct(reader);
  reader.bytes(SIGNATURE_SIZE);
  if (act === undefined || !reader.done) return undefined;
  if (act.number === 0 || (act.number === 1 && !isZero(act.previous))) return undefined;
  return { act, bytes: new Uint8Array(bytes), hash: suite.hash(bytes) };
}

/**
 * True when the author signed the act and, for an admission, both the holder of the invite's
 * secret and the joiner itself signed the joiner into it. Whether author and invite count is for
 * the chains to say.
 */
export function verifyAct(suite: Suite, signed: SignedAct): boolean {
  const { act, bytes } = signed;
  const end = bytes.length - SIGNATURE_SIZE;
  const input = concat(SIGNED_AS, bytes.subarray(0, end));
  if (!suite.verify(publicKeyOf(act.author), input, bytes.subarray(end))) return false;
  if (act.type !== 'admit') return true;
  const { cluster, inviteKey, id, agreement, name } = act;
  const joined = joining(cluster, inviteKey, id, agreement, name);
  if (!suite.verify(inviteKey, concat(REDEEMED_AS, joined), act.redemption)) return false;
  return suite.verify(publicKeyOf(id), concat(CONSENTED_AS, joined), act.consent);
}

/** The cluster that a founding act founds: the first 16 octets of its hash. */
export function clusterOf(suite: Suite, found: SignedAct): ClusterId {
  assert(found.act.type === 'found', 'a cluster is named by its founding act');
  return clusterIdOf(suite.hash(found.bytes).slice(0, CLUSTER_SIZE));
}

/** What a joiner signs with the invite's one-off key. */
export function redemptionInput(
  cluster: ClusterId,
  inviteKey: Bytes,
  id: NodeId,
  agreement: Bytes,
  name: NodeName,
): Bytes {
  return concat(REDEEMED_AS, joining(cluster, inviteKey, id, agreement, name));
}

/** What a joiner signs with its identity key: that this X25519 key and this name are its own. */
export function consentInput(
  cluster: ClusterId,
  inviteKey: Bytes,
  id: NodeId,
  agreement: Bytes,
  name: NodeName,
): Bytes {
  return concat(CONSENTED_AS, joining(cluster, inviteKey, id, agreement, name));
}

/** Who joins where, and on what. The name is last: it alone varies in size. */
function joining(
  cluster: ClusterId,
  inviteKey: Bytes,
  id: NodeId,
  agreement: Bytes,
  name: NodeName,
): Bytes {
  const keys = concat(inviteKey, publicKeyOf(id), agreement);
  assert(keys.length === 3 * KEY_SIZE, 'keys have 32 octets');
  return concat(clusterIdBytes(cluster), keys, utf8(name));
}

function encodeBody(act: Act): Bytes {
  const writer = new Writer(ACT_MAX).u8(ACT_VERSION).u8(ACT_KINDS[act.type]);
  if (act.cluster === undefined) writer.bytes(NO_CLUSTER);
  else writeClusterId(writer, act.cluster);
  writeNodeId(writer, act.author);
  writeFixed(writer.u32(act.number), act.previous, KEY_SIZE);
  switch (act.type) {
    case 'found':
      writeFixed(writer, act.nonce, NONCE_SIZE);
      writeFixed(writer, act.agreement, KEY_SIZE);
      writeLabel(writer, act.clusterName);
      writeLabel(writer, act.name);
      break;
    case 'admit':
      writeNodeId(writer, act.id);
      writeFixed(writer, act.agreement, KEY_SIZE);
      writeLabel(writer, act.name);
      writeFixed(writer, act.inviteKey, KEY_SIZE);
      writeFixed(writer, act.redemption, SIGNATURE_SIZE);
      writeFixed(writer, act.consent, SIGNATURE_SIZE);
      break;
    case 'invite':
      writeFixed(writer, act.key, KEY_SIZE);
      writer.u16(act.uses).u64(Math.floor(act.expires));
      break;
    case 'leave':
      break;
    case 'remove':
      writeNodeId(writer, act.id);
      writeFixed(writer.u32(act.last), act.lastHash, KEY_SIZE);
      break;
    default:
      unreachable(act);
  }
  return writer.finish();
}

function readAct(reader: Reader): Act | undefined {
  const kind = reader.u8();
  const cluster = readClusterId(reader);
  const author = readNodeId(reader);
  const number = reader.u32();
  const head = { cluster, author, number, previous: readFixed(reader, KEY_SIZE) };
  switch (kind) {
    case ACT_KINDS.found:
      // The founding opens its author's chain and the cluster's history.
      if (!isZero(clusterIdBytes(cluster)) || number !== 1) return undefined;
      return readFound(reader, { ...head, cluster: undefined });
    case ACT_KINDS.admit:
      return readAdmit(reader, head);
    case ACT_KINDS.invite: {
      const key = readFixed(reader, KEY_SIZE);
      const uses = reader.u16();
      if (uses === 0) return undefined;
      return { type: 'invite', ...head, key, uses, expires: wallTime(reader.u64()) };
    }
    case ACT_KINDS.leave:
      return { type: 'leave', ...head };
    case ACT_KINDS.remove: {
      const id = readNodeId(reader);
      const last = reader.u32();
      const lastHash = readFixed(reader, KEY_SIZE);
      if (last === 0 && !isZero(lastHash)) return undefined;
      return { type: 'remove', ...head, id, last, lastHash };
    }
    default:
      return undefined;
  }
}

function readFound(reader: Reader, head: Link & { readonly cluster: undefined }): FoundAct {
  const nonce = readFixed(reader, NONCE_SIZE);
  const agreement = readFixed(reader, KEY_SIZE);
  const clusterName = readLabel(reader);
  return { type: 'found', ...head, nonce, agreement, clusterName, name: readLabel(reader) };
}

function readAdmit(reader: Reader, head: Within): AdmitAct {
  const id = readNodeId(reader);
  const agreement = readFixed(reader, KEY_SIZE);
  const name = readLabel(reader);
  const inviteKey = readFixed(reader, KEY_SIZE);
  const redemption = readFixed(reader, SIGNATURE_SIZE);
  const consent = readFixed(reader, SIGNATURE_SIZE);
  return { type: 'admit', ...head, id, agreement, name, inviteKey, redemption, consent };
}

function isZero(bytes: Bytes): boolean {
  return bytes.every((octet) => octet === 0);
}
