/** The part that knows who is a member: signed acts in, members out (B5, PROTOCOL §7). */

import { assert } from '../base/assert.ts';
import { toHex, type Bytes } from '../base/bytes.ts';
import { UserError } from '../base/errors.ts';
import { parseNodeId, type ClusterId, type NodeId } from '../base/id.ts';
import { after, millis, type Instant, type WallTime } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { signAct, type Act, type AdmitAct, type InviteAct } from '../wire/act.ts';
import type { RemoveAct, SignedAct } from '../wire/act.ts';
import { ACTS_PER_AUTHOR_MAX, JUDGE_PAUSE_PER_ACT } from './config.ts';
import type { ActRefusal } from './ledger.ts';
import type { Library } from './library.ts';
import { renew, rollOf, show, type Change, type Member, type Roll } from './roll.ts';
import { judge, preferred } from './standing.ts';

export type { Change, Member } from './roll.ts';

type Body<A extends Act> = Omit<A, 'cluster' | 'author' | 'number' | 'previous'>;

/** An act without its place in a chain, which {@link Membership.sign} knows. */
export type ActBody =
  Body<AdmitAct> | Body<InviteAct> | { readonly type: 'leave' } | Body<RemoveAct>;

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
  #roll: Roll;
  /** Others look at the same roll: it is copied before it changes. */
  #isShared: boolean;
  /** When all acts were last judged, as far as the time was given. */
  #judgedAt: Instant | undefined;
  /** Some act that is kept was not judged yet. */
  #owed = false;
  /** The members but this node; undefined after a change. */
  #others: readonly NodeId[] | undefined;

  /**
   * Reads stored acts, in any order. Throws a `UserError` `state-damaged` when they don't found
   * exactly one cluster or one of them does not belong in it, `state-not-member` when they admit
   * `self` no more.
   */
  constructor(suite: Suite, self: NodeId, acts: readonly Bytes[], library?: Library) {
    this.#suite = suite;
    this.#self = self;
    this.#roll = library?.rolls.get(acts) ?? rollOf(suite, acts);
    this.#isShared = library !== undefined;
    if (!this.#roll.standings.nodes.has(self)) throw notAdmitted();
    if (library === undefined) return;
    library.rolls.set(acts, this.#roll);
    library.rolls.set(this.all(), this.#roll);
  }

  get cluster(): ClusterId {
    return this.#roll.ledger.cluster;
  }

  get clusterName(): string {
    return this.#roll.ledger.founding.clusterName;
  }

  /**
   * Keeps an act that arrived and says what it changed. Never throws. Where only all acts together
   * tell what that is and they were judged a moment before `now`, it says that nothing changed yet:
   * {@link settle} does when {@link judgeAt} has come. Without `now` nothing is put off.
   */
  add(bytes: Bytes, now?: Instant): ActVerdict {
    if (this.#isShared) {
      if (this.#roll.ledger.holds(bytes)) return { type: 'known' };
      this.#roll = rollOf(this.#suite, this.all());
      this.#isShared = false;
    }
    const placement = this.#roll.ledger.place(bytes);
    if (placement.type === 'added' || placement.type === 'fork') this.#roll.all = undefined;
    switch (placement.type) {
      case 'added':
        return { ...placement, ...(this.#absorb(placement.act) ?? this.#judgeSoon(now)) };
      case 'fork':
        return { ...placement, ...(placement.replaced ? this.#judgeSoon(now) : UNCHANGED) };
      default:
        return placement;
    }
  }

  /** When to {@link settle}; undefined while every act that is kept was judged. */
  get judgeAt(): Instant | undefined {
    if (!this.#owed || this.#judgedAt === undefined) return undefined;
    return after(this.#judgedAt, millis(this.#roll.ledger.size * JUDGE_PAUSE_PER_ACT));
  }

  /** Judges what was put off, and says what that changed. */
  settle(now: Instant): Change {
    this.#judgedAt = now;
    return this.#owed ? this.#judgeAnew() : UNCHANGED;
  }

  /**
   * False when this node left, or the whole ledger is full, or its chain but for one place: that is
   * kept for its leave, so that it may go at any time.
   */
  get maySign(): boolean {
    return (
      this.mayLeave && !this.#roll.ledger.full && this.count(this.#self) < ACTS_PER_AUTHOR_MAX - 1
    );
  }

  /** Whether a leave can be signed: false when this node left. */
  get mayLeave(): boolean {
    return this.isMember(this.#self) && this.count(this.#self) < ACTS_PER_AUTHOR_MAX;
  }

  /** Signs the next act of the own chain and adds it. Only while {@link maySign}. */
  sign(identity: Identity, body: ActBody): SignedAct {
    assert(identity.id === this.#self, 'a node signs its own acts');
    const may = body.type === 'leave' ? this.mayLeave : this.maySign;
    assert(may, 'a node signs acts while it is a member');
    const chain = this.#roll.ledger.chain(this.#self);
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
    this.#roll.members ??= this.everyone().filter(({ state }) => state === 'member');
    return this.#roll.members;
  }

  /** The members but this node: asked for in nearly every step, so built once a change. */
  others(): readonly NodeId[] {
    this.#others ??= this.members().flatMap(({ id }) => (id === this.#self ? [] : [id]));
    return this.#others;
  }

  /** All that ever were members, by name. */
  everyone(): readonly Member[] {
    const byName = (a: Member, b: Member): number => (a.name < b.name ? -1 : 1);
    this.#roll.everyone ??= [...this.#roll.nodes.values()].toSorted(byName);
    return this.#roll.everyone;
  }

  get(id: NodeId): Member | undefined {
    return this.#roll.nodes.get(id);
  }

  isMember(id: NodeId): boolean {
    return this.#roll.nodes.get(id)?.state === 'member';
  }

  /**
   * The member with this X25519 key. If a hostile member had another node admitted under it, the
   * one that this node knew first.
   */
  byAgreement(key: Bytes): Member | undefined {
    return this.#roll.byAgreement.get(toHex(key));
  }

  /**
   * The node that a human means by a name, an ID or the first characters of one alone, in either
   * case. Members go before those that left.
   */
  find(text: string): NodeId | 'unknown' | 'ambiguous' {
    const wanted = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    const id = parseNodeId(wanted);
    if (id !== undefined && this.#roll.nodes.has(id)) return id;
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
    const invite = preferred(this.#self, this.#roll.standings.invites.get(toHex(key)) ?? []);
    if (invite === undefined) return undefined;
    const { author, uses, expires } = invite.act;
    return { author, uses, expires, redeemed: invite.redeemed };
  }

  /** The author's acts numbered `from` and up, in their order. */
  acts(author: NodeId, from: number): readonly SignedAct[] {
    return this.#roll.ledger.chain(author).slice(Math.max(from - 1, 0));
  }

  /** How many acts of this author are held; they are numbered 1 to this. */
  count(author: NodeId): number {
    return this.#roll.ledger.chain(author).length;
  }

  /** Everyone of whom acts are held. */
  authors(): Iterable<NodeId> {
    return this.#roll.ledger.chains.keys();
  }

  /** All acts in the order in which they arrived: what is stored, and what a joiner is sent. */
  all(): readonly Bytes[] {
    this.#roll.all ??= this.#roll.ledger.all().map(({ bytes }) => bytes);
    return this.#roll.all;
  }

  /**
   * Takes in an act that was just kept, by itself where that gives what judging all would give.
   * Undefined: it does not. Each kind looks only at what its effect hangs on, so that one contested
   * act costs no later one anything.
   */
  #absorb(signed: SignedAct): Change | undefined {
    const { act } = signed;
    const { nodes, contested } = this.#roll.standings;
    const { limits } = contested;
    if (!nodes.has(act.author)) {
      // What somebody does who was not (validly) admitted waits until it is; but one whom a cut
      // shut out may have been there before the cut.
      return limits.size === 0 ? UNCHANGED : undefined;
    }
    if (limits.has(act.author)) return undefined;
    if (act.type === 'invite') return this.#absorbInvite(act, signed.hash);
    return act.type === 'admit' ? this.#absorbAdmission(act, signed) : undefined;
  }

  #absorbInvite(act: InviteAct, hash: Bytes): Change | undefined {
    const { invites, contested } = this.#roll.standings;
    const key = toHex(act.key);
    const known = invites.get(key) ?? [];
    // Of two by one author the first stands.
    if (known.some((invite) => invite.act.author === act.author)) return UNCHANGED;
    if (known.length > 0 || contested.keys.has(key) || contested.waiting.has(key)) return undefined;
    invites.set(key, [{ act, hash, redeemed: 0 }]);
    return UNCHANGED;
  }

  #absorbAdmission(act: AdmitAct, signed: SignedAct): Change | undefined {
    const { nodes, invites, depths, contested } = this.#roll.standings;
    const { id, name, agreement, author, number } = act;
    const key = toHex(act.inviteKey);
    if (contested.keys.has(key) || contested.ids.has(id)) return undefined;
    const [invite] = invites.get(key) ?? [];
    if (invite === undefined) {
      contested.waiting.add(key);
      contested.ids.add(id);
      return UNCHANGED;
    }
    // What a newcomer signed before, or another admission of it, may change more than itself.
    if (nodes.has(id) || this.count(id) > 0 || invite.redeemed >= invite.act.uses) return undefined;
    const agreed = toHex(agreement);
    if (this.#roll.shown.has(name) || this.#roll.byAgreement.has(agreed)) return undefined;
    invite.redeemed += 1;
    const depth = (depths.get(author) ?? Infinity) + 1;
    const arrival = this.#roll.ledger.rankOf(signed);
    const rank = { depth, number, admission: signed.hash, arrival };
    const standing = { id, name, agreement, admitter: author, ...rank, left: false };
    nodes.set(id, standing);
    depths.set(id, depth);
    this.#others = undefined;
    return { joined: [show(this.#roll, standing, name)], left: [], renamed: false };
  }

  /** Judges all acts, unless that was done so shortly before that it would take all the time. */
  #judgeSoon(now: Instant | undefined): Change {
    this.#owed = true;
    const at = this.judgeAt;
    if (now !== undefined && at !== undefined && now < at) return UNCHANGED;
    if (now !== undefined) this.#judgedAt = now;
    return this.#judgeAnew();
  }

  #judgeAnew(): Change {
    this.#owed = false;
    this.#roll.standings = judge(this.#roll.ledger);
    this.#others = undefined;
    return renew(this.#roll);
  }
}

/** Nothing is damaged: who admitted this node, or let that one in, signed other acts instead. */
function notAdmitted(): UserError {
  return new UserError(
    'state-not-member',
    'This node is no member of its cluster any more: its admission was taken back.',
    'Ask a member for an invite, move the state folder away and join anew.',
  );
}
