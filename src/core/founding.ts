/** How a cluster begins, and how a node comes into one: the pure halves of `up` and `join`. */

import { parseAddress, sameAddress, usable, type Address } from '../base/address.ts';
import { equal, type Bytes } from '../base/bytes.ts';
import type { NodeId, NodeName } from '../base/id.ts';
import type { WallTime } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { consentInput, redemptionInput, signAct } from '../wire/act.ts';
import { decodeFrameBody, encodeFrame, type RefusalReason } from '../wire/join.ts';
import { decodeRecord, verifyRecord, type SignedRecord } from '../wire/record.ts';
import { inviteKeyOf, type Token } from '../wire/token.ts';
import { MEMBERS_MAX } from './config.ts';
import type { StoredAddress, StoredBook, StoredCluster } from './documents.ts';
import { ACTS_MAX, Ledger } from './ledger.ts';
import { judge } from './standing.ts';

/** A cluster of one: what its founder keeps. The nonce is 16 unpredictable octets. */
export function foundCluster(
  suite: Suite,
  identity: Identity,
  names: {
    readonly clusterName: string;
    readonly nodeName: NodeName;
    readonly nonce: Bytes;
  },
): StoredCluster {
  const found = signAct(suite, identity, {
    type: 'found',
    cluster: undefined,
    author: identity.id,
    number: 1,
    previous: new Uint8Array(32),
    nonce: names.nonce,
    agreement: identity.agreement.public,
    clusterName: names.clusterName,
    name: names.nodeName,
  });
  return storedCluster([found.bytes]);
}

/**
 * The frame that asks the token's maker for admission, its length prefix included. One signature is
 * by the invite's own key, so that it proves the invite and is of no use to anybody else; the other
 * by this node's, so that no member ever admits it under another key or name.
 */
export function joinRequest(suite: Suite, identity: Identity, token: Token, name: NodeName): Bytes {
  const { seed, public: inviteKey } = inviteKeyOf(suite, token.secret);
  const agreement = identity.agreement.public;
  const input = redemptionInput(token.cluster, inviteKey, identity.id, agreement, name);
  const redemption = suite.sign(seed, input);
  const { id } = identity;
  const consent = identity.sign(consentInput(token.cluster, inviteKey, id, agreement, name));
  return encodeFrame({ type: 'request', id, agreement, name, inviteKey, redemption, consent });
}

/** How far a join has come. */
export type AdmissionStep =
  | { readonly type: 'more' }
  | {
      readonly type: 'admitted';
      readonly cluster: StoredCluster;
      readonly book: StoredBook;
      /** Where the maker saw this node's connection come from. */
      readonly seen: Address | undefined;
    }
  | { readonly type: 'refused'; readonly reason: RefusalReason }
  /** The answer proves nothing: no member of this cluster wrote it, or it was cut short. */
  | { readonly type: 'broken'; readonly why: string };

/**
 * The joiner's side of a join: takes the frames of the answer one after the other and, at its end,
 * checks that the acts lead from the founding of the token's cluster to this node's admission. The
 * maker is not taken at its word for anything that a signature can prove.
 */
export class Admission {
  readonly #suite: Suite;
  readonly #identity: Identity;
  readonly #token: Token;
  readonly #dialed: Address;
  readonly #wall: WallTime;
  readonly #acts: Bytes[] = [];
  /** The newest genuine record of each node; whether that is a member shows at the end. */
  readonly #records = new Map<NodeId, SignedRecord>();
  #ended: AdmissionStep | undefined;

  /** `dialed` is the address at which the maker answered. */
  constructor(suite: Suite, identity: Identity, token: Token, dialed: Address, wall: WallTime) {
    this.#suite = suite;
    this.#identity = identity;
    this.#token = token;
    this.#dialed = dialed;
    this.#wall = wall;
  }

  /** Takes the body of one frame. After an end it stays at that end. Never throws. */
  push(body: Bytes): AdmissionStep {
    if (this.#ended !== undefined) return this.#ended;
    const step = this.#step(body);
    if (step.type !== 'more') this.#ended = step;
    return step;
  }

  #step(body: Bytes): AdmissionStep {
    const frame = decodeFrameBody(body);
    switch (frame?.type) {
      case 'item':
        return this.#take(frame.item.kind, frame.item.bytes);
      case 'done':
        return this.#finish(frame.seen);
      case 'refused':
        return { type: 'refused', reason: frame.reason };
      default:
        return broken('a frame of the answer cannot be read');
    }
  }

  #take(kind: 'record' | 'act', bytes: Bytes): AdmissionStep {
    // Acts are read when all are here, since one alone proves nothing.
    if (kind === 'act') {
      if (this.#acts.length >= ACTS_MAX) return broken('it has too many acts');
      this.#acts.push(bytes);
      return { type: 'more' };
    }
    const record = decodeRecord(bytes);
    if (record?.cluster !== this.#token.cluster) return { type: 'more' };
    const held = this.#records.get(record.id)?.sequence ?? 0;
    // Verified before it takes a place, or a forged one would push a genuine one out.
    if (record.sequence <= held || !verifyRecord(this.#suite, record)) return { type: 'more' };
    if (held === 0 && this.#records.size >= MEMBERS_MAX) return broken('it has too many records');
    this.#records.set(record.id, record);
    return { type: 'more' };
  }

  #finish(seen: Address | undefined): AdmissionStep {
    const ledger = Ledger.read(this.#suite, this.#acts);
    if (ledger === undefined) return broken('its signed acts do not form one cluster');
    if (ledger.cluster !== this.#token.cluster) return broken('it is of another cluster');
    const { nodes } = judge(ledger);
    const maker = nodes.get(this.#token.maker);
    if (maker === undefined || maker.left) return broken('the inviter is no member');
    const self = nodes.get(this.#identity.id);
    if (self === undefined) return broken('it does not admit this node');
    if (self.left) return broken('this node left that cluster before; it needs a new identity');
    // Only this node's own consent binds a key to it, so somebody holds its seed and another key.
    if (!equal(self.agreement, this.#identity.agreement.public)) {
      return broken('it admits this node under a key of somebody else');
    }
    // In the order in which they came: it is the maker's word on what it knew first (standing.ts).
    const cluster = storedCluster(ledger.all().map(({ bytes }) => bytes));
    const isMember = (id: NodeId): boolean => nodes.get(id)?.left === false;
    return { type: 'admitted', cluster, book: this.#book(isMember), seen };
  }

  /** Records of members, and where the maker may be found: dialed and in the token. */
  #book(isMember: (id: NodeId) => boolean): StoredBook {
    const records = [...this.#records.values()]
      .filter((record) => isMember(record.id))
      .map(({ bytes }) => bytes);
    const addresses: StoredAddress[] = [{ address: this.#dialed, at: this.#wall }];
    for (const text of this.#token.at) {
      // Names are the resolver's business at the join; only addresses are remembered (R2).
      const address = parseAddress(text);
      if (address === undefined || !usable(address)) continue;
      if (addresses.some((known) => sameAddress(known.address, address))) continue;
      addresses.push({ address, at: this.#wall });
    }
    return { records, history: [{ id: this.#token.maker, addresses }] };
  }
}

function storedCluster(acts: readonly Bytes[]): StoredCluster {
  return { acts, invites: [], reserved: 0, tags: [] };
}

function broken(why: string): AdmissionStep {
  return { type: 'broken', why: `The answer to the join is not valid: ${why}.` };
}
