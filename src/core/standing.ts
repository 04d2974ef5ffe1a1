/** Judges the acts a ledger holds: who was admitted by whom, who left, whose acts count. */

import { compare, equal, toHex, type Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import type { AdmitAct, InviteAct, RemoveAct, SignedAct } from '../wire/act.ts';
import type { Ledger } from './ledger.ts';
import { bySeniority, type Named, type Seniority } from './names.ts';
import { validUpTo } from './pins.ts';

/** What the acts make of one node. */
export interface Standing extends Named {
  readonly agreement: Bytes;
  /** Undefined for the founder. */
  readonly admitter: NodeId | undefined;
  /** Lower for a node that this one heard of earlier; differs from node to node. */
  readonly arrival: number;
}

/** An invite that counts, and how many were admitted on it. */
export interface OpenInvite {
  readonly act: InviteAct;
  readonly hash: Bytes;
  redeemed: number;
}

/** The outcome of all acts together. */
export interface Standings {
  readonly nodes: Map<NodeId, Standing>;
  /** By key in hexadecimal; several only when somebody announced another's key again. */
  readonly invites: Map<string, OpenInvite[]>;
  /** How many admissions each node is away from the founder, by the shortest way. */
  readonly depths: Map<NodeId, number>;
  readonly contested: Contested;
}

/**
 * What more than one act laid hands on, in whichever pass. An act that touches none of it can be
 * judged by itself, since the order in which uncontested admissions are looked at changes nothing.
 */
export interface Contested {
  /** Invites announced twice, used up while more wanted in, or that came out otherwise by a cut. */
  readonly keys: Set<string>;
  /** Nodes that some admission named in vain, or that a cut took the admission from. */
  readonly ids: Set<NodeId>;
  /** Keys that admissions name and nobody announced. */
  readonly waiting: Set<string>;
  /** Up to which number the acts of those removed count. */
  readonly limits: ReadonlyMap<NodeId, number>;
}

interface Claim {
  readonly act: AdmitAct;
  /** The invite's key in hexadecimal. */
  readonly key: string;
  readonly signed: SignedAct;
}

interface Removal {
  readonly act: RemoveAct;
  readonly hash: Bytes;
}

/**
 * Judges a ledger: who is a member, on which admission. A function of the set of acts alone (but
 * for whom a node admitted more than once counts as a guest of, see `sponsor`), so that nodes which
 * hold the same acts agree whatever order they came in.
 *
 * Removals are found in passes: who is a member without them; then those that members signed, the
 * lowest hash first, each cutting its target's chain (so a removal signed beyond a cut does not
 * count); and again, until none is new. A cut is never taken back.
 */
export function judge(ledger: Ledger): Standings {
  const limits = new Map<NodeId, number>();
  const applied = new Set<RemoveAct>();
  const contested: Contested = { keys: new Set(), ids: new Set(), waiting: new Set(), limits };
  let before: Pass | undefined;
  for (;;) {
    const pass = new Pass(ledger, contested);
    pass.run();
    if (before !== undefined) pass.contrast(before);
    before = pass;
    const pending = pass.removals
      .filter(({ act }) => !applied.has(act))
      .toSorted((a, b) => compare(a.hash, b.hash));
    if (pending.length === 0) return pass.outcome();
    for (const { act } of pending) {
      if (act.number > (limits.get(act.author) ?? Infinity)) continue;
      applied.add(act);
      const valid = validUpTo(act, ledger.chain(act.id));
      limits.set(act.id, Math.min(valid, limits.get(act.id) ?? Infinity));
      contested.ids.add(act.id);
    }
  }
}

/** One walk from the founder outwards, in waves: whom the members so far admitted comes next. */
class Pass {
  readonly removals: Removal[] = [];
  readonly #ledger: Ledger;
  readonly #contested: Contested;
  readonly #nodes = new Map<NodeId, Standing>();
  readonly #invites = new Map<string, OpenInvite[]>();
  /** Admissions by members on keys that no member announced so far. */
  readonly #waiting = new Map<string, Claim[]>();
  /** The admissions of each node but the founder; the one that let it in comes first. */
  readonly #claims = new Map<NodeId, Claim[]>();
  #ready: Claim[] = [];

  constructor(ledger: Ledger, contested: Contested) {
    this.#ledger = ledger;
    this.#contested = contested;
  }

  run(): void {
    const { founder, founding } = this.#ledger;
    const [first] = this.#ledger.chain(founder);
    const admission = first?.hash ?? new Uint8Array(0);
    const { name, agreement } = founding;
    const rank = { depth: 0, number: 1, admission, arrival: 0 };
    this.#enter({ id: founder, name, agreement, admitter: undefined, ...rank });
    while (this.#ready.length > 0) {
      const wave = this.#ready.toSorted((a, b) => this.#order(a, b));
      this.#ready = [];
      for (const claim of wave) this.#redeem(claim);
    }
    for (const [key, claims] of this.#waiting) {
      this.#contested.waiting.add(key);
      for (const { act } of claims) this.#contested.ids.add(act.id);
    }
  }

  /** What came out otherwise in the pass before this one: a cut let others in, or kept them out. */
  contrast(before: Pass): void {
    const { keys, ids } = this.#contested;
    for (const id of before.#nodes.keys()) if (!this.#nodes.has(id)) ids.add(id);
    for (const [key, [then]] of before.#invites) {
      const [now] = this.#invites.get(key) ?? [];
      if (now?.act !== then?.act || now?.redeemed !== then?.redeemed) keys.add(key);
    }
  }

  outcome(): Standings {
    const nodes = new Map(this.#nodes);
    const depths = this.#depths();
    for (const [id, claims] of this.#claims) {
      const standing = nodes.get(id);
      if (standing === undefined) continue;
      nodes.set(id, { ...standing, ...seniority(claims, depths), ...this.#sponsor(claims) });
    }
    return { nodes, invites: this.#invites, depths, contested: this.#contested };
  }

  /**
   * Who admitted a node that several admissions name: the one that reached *this* node first, and
   * it passes acts on in that order. By a rule over the acts alone a hostile member could take
   * others over by admitting them once more, and with them their votes (PROTOCOL §4.1).
   */
  #sponsor(claims: readonly Claim[]): Partial<Standing> {
    const rank = ({ signed }: Claim): number => this.#ledger.rankOf(signed);
    const first = claims.toSorted((a, b) => rank(a) - rank(b))[0];
    return first === undefined ? {} : { admitter: first.act.author, arrival: rank(first) };
  }

  /** How many admissions each node is away from the founder, by the shortest way. */
  #depths(): Map<NodeId, number> {
    const guests = new Map<NodeId, NodeId[]>();
    for (const [id, claims] of this.#claims) {
      for (const { act } of claims) listIn(guests, act.author).push(id);
    }
    const depths = new Map<NodeId, number>([[this.#ledger.founder, 0]]);
    // A map walks over what is added to it meanwhile: breadth first.
    for (const [author, depth] of depths) {
      for (const id of guests.get(author) ?? []) if (!depths.has(id)) depths.set(id, depth + 1);
    }
    return depths;
  }

  #enter(node: Omit<Standing, 'left'>): void {
    const limit = this.#contested.limits.get(node.id);
    const chain = this.#ledger.chain(node.id).slice(0, limit);
    const left = limit !== undefined || chain.at(-1)?.act.type === 'leave';
    this.#nodes.set(node.id, { ...node, left });
    for (const signed of chain) this.#take(signed);
  }

  #take(signed: SignedAct): void {
    const { act, hash } = signed;
    if (act.type === 'remove') this.removals.push({ act, hash });
    if (act.type === 'invite') {
      const key = toHex(act.key);
      const invites = listIn(this.#invites, key);
      // Announced twice by one author, the first stands.
      if (invites.some((invite) => invite.act.author === act.author)) return;
      if (invites.length > 0) this.#contested.keys.add(key);
      invites.push({ act, hash, redeemed: 0 });
      this.#ready.push(...(this.#waiting.get(key) ?? []));
      this.#waiting.delete(key);
    }
    if (act.type === 'admit') {
      const claim = { act, key: toHex(act.inviteKey), signed };
      if (this.#invites.has(claim.key)) this.#ready.push(claim);
      else listIn(this.#waiting, claim.key).push(claim);
    }
  }

  #redeem(claim: Claim): void {
    const { act, signed } = claim;
    const invite = this.#inviteOf(claim);
    if (invite === undefined) return;
    const { id, name, agreement, author } = act;
    if (this.#nodes.has(id)) {
      // Admitted before, it spends nothing; nor does it change the key that a node consented to.
      const claims = this.#claims.get(id);
      if (claims?.[0] !== undefined && equal(claims[0].act.agreement, agreement)) {
        claims.push(claim);
      }
      return;
    }
    if (invite.redeemed >= invite.act.uses) {
      this.#contested.keys.add(claim.key);
      this.#contested.ids.add(id);
      return;
    }
    invite.redeemed += 1;
    this.#claims.set(id, [claim]);
    const arrival = this.#ledger.rankOf(signed);
    // How far from the founder is seen at the end, when all admissions are known.
    const rank = { depth: Infinity, number: act.number, admission: signed.hash, arrival };
    this.#enter({ id, name, agreement, admitter: author, ...rank });
  }

  #inviteOf({ act, key }: Claim): OpenInvite | undefined {
    return preferred(act.author, this.#invites.get(key) ?? []);
  }

  /** With its maker first; then by number, so that a later act of one author undoes no earlier. */
  #order(a: Claim, b: Claim): number {
    const withMaker = (claim: Claim): number =>
      this.#inviteOf(claim)?.act.author === claim.act.author ? 0 : 1;
    return (
      withMaker(a) - withMaker(b) ||
      a.act.number - b.act.number ||
      compare(a.signed.hash, b.signed.hash)
    );
  }
}

/**
 * The invite among those of one key that an admission by `author` redeems: its own, else the one of
 * lowest number and hash. Whoever announces another's key again takes nothing from its maker.
 */
export function preferred(author: NodeId, invites: readonly OpenInvite[]): OpenInvite | undefined {
  const own = invites.find((invite) => invite.act.author === author);
  if (own !== undefined) return own;
  const order = (a: OpenInvite, b: OpenInvite): number =>
    a.act.number - b.act.number || compare(a.hash, b.hash);
  return invites.length > 1 ? invites.toSorted(order)[0] : invites[0];
}

/** The best of a node's admissions under the name that it has: others can only add better ones. */
function seniority(
  claims: readonly Claim[],
  depths: ReadonlyMap<NodeId, number>,
): Partial<Seniority> {
  const name = claims[0]?.act.name;
  const ranks = claims
    .filter(({ act }) => act.name === name)
    .map(({ act, signed }): Seniority => {
      const depth = (depths.get(act.author) ?? Infinity) + 1;
      return { depth, number: act.number, admission: signed.hash };
    });
  return ranks.toSorted(bySeniority)[0] ?? {};
}

function listIn<K, V>(map: Map<K, V[]>, key: K): V[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}
