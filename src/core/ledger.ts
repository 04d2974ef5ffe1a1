/**
 * The signed chains as they arrived: checked, in order, one an author; forks settled the same way
 * everywhere.
 */

import { assert } from '../base/assert.ts';
import { BoundedMap } from '../base/bounded.ts';
import { compare, equal, toHex, type Bytes } from '../base/bytes.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import type { Suite } from '../crypto/suite.ts';
import { clusterOf, decodeAct, verifyAct, type FoundAct, type SignedAct } from '../wire/act.ts';
import { SIGNATURE_SIZE } from '../wire/field.ts';
import { ACTS_PER_AUTHOR_MAX, MEMBERS_MAX } from './config.ts';
import { Pins } from './pins.ts';

/**
 * Acts of all authors together. An honest cluster signs about two a member (an invite, an
 * admission); four times that leaves room, and keeps hostile members below 50 MB of memory.
 */
export const ACTS_MAX: number = 8 * MEMBERS_MAX;

/**
 * How often acts that came too early are tried again. In the order of their arrival one pass is
 * enough, but for what a fork put out of order; only a hostile maker sends its acts backwards.
 */
const PASSES_MAX = 64;

/**
 * Acts read before, by the octets they were read from. Nothing here changes an outcome: many
 * simulated nodes in one process begin with the same stored octets, and this way share what is
 * read of them, and each signature is verified once.
 */
const readBefore = new WeakMap<Suite, WeakMap<Bytes, SignedAct>>();
const verifiedBefore = new WeakMap<Suite, WeakSet<SignedAct>>();
const isCompact = new WeakSet<SignedAct>();

/** Keys of invites that are held once; of others each act holds its own. */
const KEYS_MAX = 256;

/** Why an act is none of ours, whatever else arrives later. For the counters. */
export type ActRefusal =
  | 'malformed'
  | 'foreign-cluster'
  | 'bad-signature'
  | 'author-left'
  | 'too-many-acts'
  | 'too-many-members';

/** What became of an act that was to be placed. */
export type Placement =
  | { readonly type: 'added'; readonly act: SignedAct }
  | { readonly type: 'known' }
  /** Not kept: what it builds on is missing. `have`: acts of the author that need no repeating. */
  | { readonly type: 'early'; readonly author: NodeId; readonly have: number }
  /** The author signed two acts of this number; `replaced`: the new one is kept from now on. */
  | {
      readonly type: 'fork';
      readonly author: NodeId;
      readonly number: number;
      readonly replaced: boolean;
      /** Others all of whose acts went too: nothing that is kept names them any more. */
      readonly dropped: readonly NodeId[];
    }
  | { readonly type: 'refused'; readonly reason: ActRefusal };

/**
 * The signed chains of one cluster, as they are stored and carried. What is kept depends on
 * signatures, chain links and forks alone, never on what acts bring about (standing.ts judges
 * that): so the same acts in any order make the same ledger.
 *
 * An author's acts are kept once some kept admission names it. Of two acts of one number on one
 * predecessor the one that leads to an act which a removal pins is kept (pins.ts), else the
 * *leave*, else the one with the lower hash; what was chained on the loser goes with it. What a
 * fork can do: its author takes back acts of its own, and with them the admissions of those it let
 * in, which a removal could end as well. It can do nothing to others.
 */
export class Ledger {
  readonly cluster: ClusterId;
  readonly founder: NodeId;
  readonly founding: FoundAct;
  readonly #suite: Suite;
  readonly #chains = new Map<NodeId, SignedAct[]>();
  /** In the order of arrival, with a rank that never repeats. */
  readonly #arrivals = new Map<SignedAct, number>();
  /** Keys of invites that admissions name, by their hexadecimal: thousands name one. */
  readonly #keys = new BoundedMap<string, Bytes>(KEYS_MAX, { evict: 'oldest' });
  readonly #pins = new Pins((id) => this.#distances().get(id) ?? Infinity);
  /** See {@link Ledger.#distances}; undefined after a change. */
  #known: ReadonlyMap<NodeId, number> | undefined;
  /** The founder, and all that a kept admission names. */
  #named: Set<NodeId>;
  #rank = 0;

  /** `found` must be a founding act with a good signature. */
  constructor(suite: Suite, found: SignedAct) {
    assert(found.act.type === 'found', 'a ledger begins with a founding');
    assert(isGenuine(suite, found), 'a ledger begins with a signed act');
    this.#suite = suite;
    this.founding = found.act;
    this.cluster = clusterOf(suite, found);
    this.founder = found.act.author;
    this.#named = new Set([this.founder]);
    this.#keep(found);
  }

  /**
   * The ledger these acts make, also when they are out of order; undefined when they don't found
   * exactly one cluster or one of them does not belong in it.
   */
  static read(suite: Suite, acts: readonly Bytes[]): Ledger | undefined {
    const decoded = acts.map((bytes) => readAct(suite, bytes));
    const found = decoded.find((signed) => signed?.act.type === 'found');
    if (found === undefined || !isGenuine(suite, found)) return undefined;
    const ledger = new Ledger(suite, found);
    let waiting: readonly Bytes[] = acts;
    for (let pass = 0; pass < PASSES_MAX && waiting.length > 0; pass += 1) {
      const early = waiting.filter((bytes) => {
        const { type } = ledger.place(bytes);
        return type !== 'added' && type !== 'known';
      });
      // A pass that placed nothing will not be followed by one that does.
      if (early.length === waiting.length) return undefined;
      waiting = early;
    }
    return waiting.length === 0 ? ledger : undefined;
  }

  /** The chains, author by author, each in the order of its numbers. */
  get chains(): ReadonlyMap<NodeId, readonly SignedAct[]> {
    return this.#chains;
  }

  get size(): number {
    return this.#arrivals.size;
  }

  /** Whether no further act has room but a leave. */
  get full(): boolean {
    return this.#arrivals.size >= ACTS_MAX;
  }

  /** The acts of one author; none when there are none. */
  chain(author: NodeId): readonly SignedAct[] {
    return this.#chains.get(author) ?? [];
  }

  /** All acts in the order in which they arrived: what {@link Ledger.read} makes the same of. */
  all(): readonly SignedAct[] {
    return [...this.#arrivals.keys()];
  }

  /** A number that is lower for an act that arrived earlier. */
  rankOf(signed: SignedAct): number {
    return this.#arrivals.get(signed) ?? Infinity;
  }

  /** Whether exactly this act is kept, in its place. */
  holds(bytes: Bytes): boolean {
    const signed = readAct(this.#suite, bytes);
    if (signed === undefined) return false;
    const held = this.chain(signed.act.author)[signed.act.number - 1];
    return held !== undefined && equal(held.hash, signed.hash);
  }

  /** Keeps an act, or says why not. The cheap questions come before the signature. */
  place(bytes: Bytes): Placement {
    const signed = readAct(this.#suite, bytes);
    if (signed === undefined) return refused('malformed');
    const { author, number, previous, cluster } = signed.act;
    const chain = this.chain(author);
    const held = chain[number - 1];
    if (held !== undefined && equal(held.hash, signed.hash)) return { type: 'known' };
    if (cluster !== this.cluster) return refused('foreign-cluster');
    // The cluster is named by its founding: no fork of its author puts another act in that place.
    if (author === this.founder && number === 1) return refused('foreign-cluster');
    if (number > ACTS_PER_AUTHOR_MAX) return refused('too-many-acts');
    if (!this.#named.has(author)) return { type: 'early', author, have: 0 };
    const before = chain[number - 2];
    const follows = number === 1 || (before !== undefined && equal(before.hash, previous));
    // It hangs on another act than ours, so the fork lies further down: halve the way to it.
    const have = number > chain.length + 1 ? chain.length : Math.floor((number - 1) / 2);
    const mayLead = this.#pins.mayLead(author, number, chain);
    if (!follows && !mayLead) return { type: 'early', author, have };
    if (follows && before?.act.type === 'leave') return refused('author-left');
    if (!isGenuine(this.#suite, signed)) return refused('bad-signature');
    const kept = this.#compact(signed);
    if (follows && held === undefined) return this.#append(kept);
    if (!mayLead) return this.#fork(held, kept, chain);
    const reached = this.#pins.setAside(kept, follows);
    const branch = this.#pins.branch(author, chain);
    if (branch !== undefined) return this.#replace(branch);
    if (follows && this.#mayReplace(held, kept, chain)) return this.#replace([kept]);
    return { type: 'early', author, have: reached ?? have };
  }

  /**
   * The same admission in a third of the room: keys and texts that thousands of acts have in common
   * are held once, and the long fields are views of the act's octets.
   */
  #compact(signed: SignedAct): SignedAct {
    const { act, bytes } = signed;
    if (act.type !== 'admit' || isCompact.has(signed)) return signed;
    const key = toHex(act.inviteKey);
    const inviteKey = this.#keys.get(key) ?? act.inviteKey;
    this.#keys.set(key, inviteKey);
    const author = this.#chains.get(act.author)?.[0]?.act.author ?? act.author;
    const end = bytes.length - SIGNATURE_SIZE;
    const [redemptionAt, consentAt] = [end - 2 * SIGNATURE_SIZE, end - SIGNATURE_SIZE];
    const compact: SignedAct = {
      ...signed,
      act: {
        ...act,
        cluster: this.cluster,
        author,
        inviteKey,
        previous: view(bytes, PREVIOUS_AT, act.previous),
        redemption: view(bytes, redemptionAt, act.redemption),
        consent: view(bytes, consentAt, act.consent),
      },
    };
    isCompact.add(compact);
    readBefore.get(this.#suite)?.set(bytes, compact);
    verifiedBefore.get(this.#suite)?.add(compact);
    return compact;
  }

  #append(signed: SignedAct): Placement {
    // A leave always finds room: there is one a member at the most, and it cannot wait.
    if (this.full && signed.act.type !== 'leave') return refused('too-many-acts');
    if (this.#overfills(signed)) return refused('too-many-members');
    this.#keep(signed);
    return { type: 'added', act: signed };
  }

  #fork(held: SignedAct | undefined, signed: SignedAct, chain: readonly SignedAct[]): Placement {
    const { author, number } = signed.act;
    if (this.#mayReplace(held, signed, chain)) return this.#replace([signed]);
    return { type: 'fork', author, number, replaced: false, dropped: [] };
  }

  /** Whether an act wins against the one held in its place, which no pin speaks for. */
  #mayReplace(
    held: SignedAct | undefined,
    signed: SignedAct,
    chain: readonly SignedAct[],
  ): boolean {
    const { author, number } = signed.act;
    if (held === undefined || !wins(signed, held)) return false;
    return this.#pins.mayYield(author, number, chain);
  }

  /** Keeps a branch in the place of what is held of this author from its first number on. */
  #replace(branch: readonly SignedAct[]): Placement {
    const { author, number } = (branch[0] as SignedAct).act;
    if (this.#overfills(...branch)) {
      return { type: 'fork', author, number, replaced: false, dropped: [] };
    }
    const lost = this.#chains.get(author)?.splice(number - 1) ?? [];
    for (const act of lost) this.#letGo(act);
    for (const act of branch) this.#keep(act);
    this.#pins.replaced(author);
    return { type: 'fork', author, number, replaced: true, dropped: this.#prune() };
  }

  #overfills(...branch: readonly SignedAct[]): boolean {
    const fresh = new Set<NodeId>();
    for (const { act } of branch) {
      if (act.type === 'admit' && !this.#named.has(act.id)) fresh.add(act.id);
    }
    return fresh.size > 0 && this.#named.size + fresh.size > MEMBERS_MAX;
  }

  #keep(signed: SignedAct): void {
    const chain = this.#chains.get(signed.act.author);
    if (chain === undefined) this.#chains.set(signed.act.author, [signed]);
    else chain.push(signed);
    this.#arrivals.set(signed, this.#rank++);
    this.#pins.keep(signed);
    if (signed.act.type !== 'admit') return;
    this.#named.add(signed.act.id);
    this.#known = undefined;
  }

  #letGo(signed: SignedAct): void {
    this.#arrivals.delete(signed);
    this.#pins.letGo(signed);
    this.#known = undefined;
  }

  /** After a fork: chains of authors whom no kept admission leads to any more are let go. */
  #prune(): readonly NodeId[] {
    const named = new Set(this.#distances().keys());
    this.#named = named;
    const dropped = [...this.#chains.keys()].filter((author) => !named.has(author));
    for (const author of dropped) {
      for (const signed of this.chain(author)) this.#letGo(signed);
      this.#chains.delete(author);
    }
    return dropped;
  }

  /** How many kept admissions each node is away from the founder, by the shortest way. */
  #distances(): ReadonlyMap<NodeId, number> {
    if (this.#known !== undefined) return this.#known;
    const distances = new Map([[this.founder, 0]]);
    // A map walks over what is added to it meanwhile: breadth first.
    for (const [author, distance] of distances) {
      for (const { act } of this.chain(author)) {
        if (act.type === 'admit' && !distances.has(act.id)) distances.set(act.id, distance + 1);
      }
    }
    this.#known = distances;
    return distances;
  }
}

/** Where an act names the one before it: behind version, kind, cluster, author and number. */
const PREVIOUS_AT = 54;

/** A field as a view of the octets it was read from at this place. */
function view(bytes: Bytes, at: number, field: Bytes): Bytes {
  const there = bytes.subarray(at, at + field.length);
  return equal(there, field) ? there : field;
}

/** {@link decodeAct}, once for the same array of octets. */
function readAct(suite: Suite, bytes: Bytes): SignedAct | undefined {
  const known = readBefore.get(suite) ?? new WeakMap<Bytes, SignedAct>();
  readBefore.set(suite, known);
  const before = known.get(bytes);
  // Whoever reused the array meanwhile gets what is in it now.
  if (before !== undefined && equal(before.bytes, bytes)) return before;
  const signed = decodeAct(suite, bytes);
  if (signed === undefined) return undefined;
  known.set(bytes, signed);
  known.set(signed.bytes, signed);
  return signed;
}

/** {@link verifyAct}, once for each act that was read. */
function isGenuine(suite: Suite, signed: SignedAct): boolean {
  const known = verifiedBefore.get(suite) ?? new WeakSet<SignedAct>();
  verifiedBefore.set(suite, known);
  if (known.has(signed)) return true;
  const genuine = verifyAct(suite, signed);
  if (genuine) known.add(signed);
  return genuine;
}

/**
 * Which of two acts of one number stays. A leave does, or a node that came back from an old copy
 * of its disk might undo it by chance.
 */
function wins(signed: SignedAct, held: SignedAct): boolean {
  const leaves = signed.act.type === 'leave';
  if (leaves !== (held.act.type === 'leave')) return leaves;
  return compare(signed.hash, held.hash) < 0;
}

function refused(reason: ActRefusal): Placement {
  return { type: 'refused', reason };
}
