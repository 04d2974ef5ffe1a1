/** The part that knows who is a member: signed acts in, members out (B5, PROTOCOL §7). */

import { assert } from '../base/assert.ts';
import { toHex, type Bytes } from '../base/bytes.ts';
import { UserError } from '../base/errors.ts';
import { parseNodeId, type ClusterId, type NodeId } from '../base/id.ts';
import type { WallTime } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { signAct, type Act, type AdmitAct, type InviteAct } from '../wire/act.ts';
import type { RemoveAct, SignedAct } from '../wire/act.ts';
import { ACTS_PER_AUTHOR_MAX } from './config.ts';
import { Ledger, type ActRefusal } from './ledger.ts';
import { nameNodes } from './names.ts';
import { judge, preferred, type Standing, type Standings } from './standing.ts';

/** A node of the cluster as the acts have it. */
export interface Member {
  readonly id: NodeId;
  /** As shown: unique, a DNS label. */
  readonly name: string;
  /** X25519 public key. */
  readonly agreement: Bytes;
  /** Undefined for the founder. */
  readonly admitter: NodeId | undefined;
  readonly state: 'member' | 'left';
}

type Body<A extends Act> = Omit<A, 'cluster' | 'author' | 'number' | 'previous'>;

/** An act without its place in a chain, which {@link Membership.sign} knows. */
export type ActBody =
  Body<AdmitAct> | Body<InviteAct> | { readonly type: 'leave' } | Body<RemoveAct>;

/** What an act changed among the members. */
interface Change {
  readonly joined: readonly Member[];
  readonly left: readonly NodeId[];
  /** A member that was there before is shown under another name now. */
  readonly renamed: boolean;
}

/** What became of an act that arrived. */
export type ActVerdict =
  | ({ readonly type: 'added'; readonly act: SignedAct } & Change)
  | { readonly type: 'known' }
  /**
   * Not kept: the author's act before it, or the author's admission, is missing. To be wanted from
   * the sender: the author's acts from `have + 1`. When the author is nobody known (`have` 0) its
   * admission is somewhere in the sender's acts, which a summary will find.
   */
  | { readonly type: 'early'; readonly author: NodeId; readonly have: number }
  /**
   * The author signed two acts of one number. `replaced`: the one held had the higher hash and is
   * gone, with all that was chained on it; otherwise the sender should be sent the author's acts
   * from `number`, or it will offer its branch again.
   */
  | ({
      readonly type: 'fork';
      readonly author: NodeId;
      readonly number: number;
      readonly replaced: boolean;
      /** Others of whom no acts are held any more. */
      readonly dropped: readonly NodeId[];
    } & Change)
  | { readonly type: 'refused'; readonly reason: ActRefusal };

/** An invite that some member announced. */
export interface AnnouncedInvite {
  readonly author: NodeId;
  readonly uses: number;
  readonly expires: WallTime;
  readonly redeemed: number;
}

const UNCHANGED: Change = { joined: [], left: [], renamed: false };

/**
 * Signed acts in, members out (PROTOCOL §7; B5). The acts are kept by a {@link Ledger}; who they
 * make a member is judged by standing.ts; this class keeps the outcome current, names the members
 * and says what changed.
 */
export class Membership {
  readonly #suite: Suite;
  readonly #self: NodeId;
  readonly #ledger: Ledger;
  #standings: Standings;
  #nodes = new Map<NodeId, Member>();
  #shown = new Set<string>();
  #byAgreement = new Map<string, Member>();
  /** Lists built of #nodes when asked for; undefined after a change. */
  #members: readonly Member[] | undefined;
  #everyone: readonly Member[] | undefined;

  /**
   * Reads stored acts, in any order. Throws a `UserError` `state-damaged` when they don't found
   * exactly one cluster, one of them does not belong in it, or `self` was never admitted to it.
   */
  constructor(suite: Suite, self: NodeId, acts: readonly Bytes[]) {
    const ledger = Ledger.read(suite, acts);
    if (ledger === undefined) throw damaged('its signed acts do not form one cluster');
    this.#suite = suite;
    this.#self = self;
    this.#ledger = ledger;
    this.#standings = judge(ledger);
    if (!this.#standings.nodes.has(self)) throw damaged('this node is no member of its cluster');
    this.#renew();
  }

  get cluster(): ClusterId {
    return this.#ledger.cluster;
  }

  get clusterName(): string {
    return this.#ledger.founding.clusterName;
  }

  get founder(): NodeId {
    return this.#ledger.founder;
  }

  /** Keeps an act that arrived and says what it changed. Never throws. */
  add(bytes: Bytes): ActVerdict {
    const placement = this.#ledger.place(bytes);
    switch (placement.type) {
      case 'added':
        return { ...placement, ...this.#absorb(placement.act) };
      case 'fork':
        return { ...placement, ...(placement.replaced ? this.#judgeAnew() : UNCHANGED) };
      default:
        return placement;
    }
  }

  /** False when this node left, or its chain or the whole ledger is full. */
  get maySign(): boolean {
    if (this.#ledger.full || !this.isMember(this.#self)) return false;
    return this.count(this.#self) < ACTS_PER_AUTHOR_MAX;
  }

  /** Signs the next act of the own chain and adds it. Only while {@link maySign}. */
  sign(identity: Identity, body: ActBody): SignedAct {
    assert(identity.id === this.#self, 'a node signs its own acts');
    assert(this.maySign, 'a node signs acts while it is a member');
    const chain = this.#ledger.chain(this.#self);
    const link = {
      cluster: this.cluster,
      author: this.#self,
      number: chain.length + 1,
      previous: chain.at(-1)?.hash ?? new Uint8Array(32),
    };
    const signed = signAct(this.#suite, identity, { ...body, ...link });
    const verdict = this.add(signed.bytes);
    assert(verdict.type === 'added', 'an act of the own chain was not accepted');
    return verdict.act;
  }

  /** Those in state `member`, this node included, by name. */
  members(): readonly Member[] {
    this.#members ??= this.everyone().filter(({ state }) => state === 'member');
    return this.#members;
  }

  /** All that ever were members, by name. */
  everyone(): readonly Member[] {
    this.#everyone ??= [...this.#nodes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return this.#everyone;
  }

  get(id: NodeId): Member | undefined {
    return this.#nodes.get(id);
  }

  isMember(id: NodeId): boolean {
    return this.#nodes.get(id)?.state === 'member';
  }

  /**
   * The member with this X25519 key. If a hostile member had another node admitted under it, the
   * one that this node knew first.
   */
  byAgreement(key: Bytes): Member | undefined {
    return this.#byAgreement.get(toHex(key));
  }

  /**
   * The node that a human means by a name, an ID or the first characters of one alone, in either
   * case. Members go before those that left.
   */
  find(text: string): NodeId | 'unknown' | 'ambiguous' {
    const wanted = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    const id = parseNodeId(wanted);
    if (id !== undefined && this.#nodes.has(id)) return id;
    for (const state of ['member', 'left']) {
      const group = this.everyone().filter((node) => node.state === state);
      const named = group.find(({ name }) => name === wanted);
      if (named !== undefined) return named.id;
      if (wanted.length === 0) continue;
      const [first, second] = group.filter((node) => node.id.startsWith(wanted));
      if (second !== undefined) return 'ambiguous';
      if (first !== undefined) return first.id;
    }
    return 'unknown';
  }

  /** The invite with this public key: this node's own, if it made one with it. */
  inviteBy(key: Bytes): AnnouncedInvite | undefined {
    const invite = preferred(this.#self, this.#standings.invites.get(toHex(key)) ?? []);
    if (invite === undefined) return undefined;
    const { author, uses, expires } = invite.act;
    return { author, uses, expires, redeemed: invite.redeemed };
  }

  /** The author's acts numbered `from` and up, in their order. */
  acts(author: NodeId, from: number): readonly SignedAct[] {
    return this.#ledger.chain(author).slice(Math.max(from - 1, 0));
  }

  /** How many acts of this author are held; they are numbered 1 to this. */
  count(author: NodeId): number {
    return this.#ledger.chain(author).length;
  }

  /** Everyone of whom acts are held. */
  authors(): Iterable<NodeId> {
    return this.#ledger.chains.keys();
  }

  /** All acts in the order in which they arrived: what is stored, and what a joiner is sent. */
  all(): readonly Bytes[] {
    return this.#ledger.all().map(({ bytes }) => bytes);
  }

  /** Takes in an act that was just kept: by itself where that gives what judging all would give. */
  #absorb(signed: SignedAct): Change {
    const { act } = signed;
    const { nodes, invites, plain } = this.#standings;
    if (!plain || act.type === 'remove') return this.#judgeAnew();
    const by = nodes.get(act.author);
    // What somebody does who was not (validly) admitted waits until it is.
    if (by === undefined) return UNCHANGED;
    if (act.type === 'invite') {
      const key = toHex(act.key);
      const known = invites.get(key) ?? [];
      // Of two by one author the first stands.
      if (known.some((invite) => invite.act.author === act.author)) return UNCHANGED;
      if (known.length > 0) return this.#judgeAnew();
      invites.set(key, [{ act, hash: signed.hash, redeemed: 0 }]);
      return UNCHANGED;
    }
    if (act.type !== 'admit') return this.#judgeAnew();
    const [invite] = invites.get(toHex(act.inviteKey)) ?? [];
    const contested = invite === undefined || invite.redeemed >= invite.act.uses;
    if (contested || nodes.has(act.id) || this.count(act.id) > 0) return this.#judgeAnew();
    invite.redeemed += 1;
    const { id, name, agreement, number } = act;
    const rank = { depth: by.depth + 1, number, admission: signed.hash };
    const arrival = this.#ledger.rankOf(signed);
    const standing = { id, name, agreement, admitter: by.id, ...rank, arrival, left: false };
    nodes.set(id, standing);
    if (this.#shown.has(name) || this.#byAgreement.has(toHex(agreement))) return this.#renew();
    return { joined: [this.#show(standing, name)], left: [], renamed: false };
  }

  #judgeAnew(): Change {
    this.#standings = judge(this.#ledger);
    return this.#renew();
  }

  /** Names all nodes anew and compares them with those before. */
  #renew(): Change {
    const before = this.#nodes;
    this.#nodes = new Map();
    this.#shown = new Set();
    this.#byAgreement = new Map();
    const names = nameNodes(this.#standings.nodes.values());
    const joined: Member[] = [];
    let renamed = false;
    // In the order of arrival, because of two keys that are the same: the first keeps it.
    const standings = [...this.#standings.nodes.values()];
    for (const standing of standings.toSorted((a, b) => a.arrival - b.arrival)) {
      const member = this.#show(standing, names.get(standing.id) ?? standing.id);
      const past = before.get(member.id);
      if (member.state === 'member' && past?.state !== 'member') joined.push(member);
      else if (past !== undefined && past.name !== member.name) renamed = true;
    }
    const left = [...before.values()]
      .filter(({ id, state }) => state === 'member' && !this.isMember(id))
      .map(({ id }) => id);
    return { joined, left, renamed };
  }

  #show(standing: Standing, name: string): Member {
    const { id, agreement, admitter, left } = standing;
    const member: Member = { id, name, agreement, admitter, state: left ? 'left' : 'member' };
    const key = toHex(agreement);
    this.#nodes.set(id, member);
    this.#shown.add(name);
    if (!left && !this.#byAgreement.has(key)) this.#byAgreement.set(key, member);
    this.#members = undefined;
    this.#everyone = undefined;
    return member;
  }
}

function damaged(why: string): UserError {
  return new UserError(
    'state-damaged',
    `The stored cluster cannot be used: ${why}.`,
    'Restore the state folder from a backup, or move it away and join the cluster anew.',
  );
}
