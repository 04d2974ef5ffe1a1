/**
 * The part that knows where the others see this node: ballots in, own addresses out (B3, PROTOCOL
 * §4.1).
 */

import { sameAddress, scopeOf, usable, type Address, type Scope } from '../base/address.ts';
import { BoundedMap } from '../base/bounded.ts';
import type { NodeId } from '../base/id.ts';
import { after, type Instant } from '../base/time.ts';
import { MEMBERS_MAX, OUTVOTED_LIMIT, OUTVOTED_REST } from './config.ts';
import { MAIN, type SocketId } from './io.ts';
import { elect, groupVoters, type Ballot, type Grouping, type Voter } from './vote.ts';

export type { Voter } from './vote.ts';

/** Where the members see this node, within one scope. */
export interface OwnAddress {
  readonly family: 4 | 6;
  readonly ip: string;
  readonly scope: Scope;
  /** Port of each socket that somebody saw there. */
  readonly ports: ReadonlyMap<SocketId, number>;
  /** Members that saw this host in the round, of those that saw any in this scope. */
  readonly votes: number;
  readonly voters: number;
  /** Since when host and main port are these. */
  readonly since: Instant;
}

/** What a round came to. */
export interface Decision {
  /**
   * A host or a main port differs from when the round began: it was not for nothing. Ports of fresh
   * sockets come and go with the rounds themselves.
   */
  readonly changed: boolean;
  /** Scopes whose host or main port is another one now. */
  readonly moved: readonly {
    readonly from: Address | undefined;
    readonly to: Address;
    readonly votes: number;
    readonly voters: number;
  }[];
  /** Members that reported a host which clearly lost; final decisions only. */
  readonly outvoted: readonly NodeId[];
  /** Those of them for whom it was once too often: they start no round for ten minutes. */
  readonly named: readonly NodeId[];
}

type ScopeKey = `${4 | 6}/${Scope}`;
type Nat = 'unknown' | 'mapped' | 'random';

interface Belief extends OwnAddress {
  readonly nat: Nat;
}

/** One member's newest ballots of the round, by socket, the newest last. */
interface Slip {
  readonly voter: Voter;
  readonly seen: Map<SocketId, Address>;
}

const NOTHING: Decision = { changed: false, moved: [], outvoted: [], named: [] };

/**
 * What this node believes of its own address: what most of the members say that it asked in this
 * round (B3, PROTOCOL §4.1). It never asks the machine (R1). IPv4 and IPv6, public, private,
 * loopback and link-local addresses are voted apart, and so are host and port, because a NAT may
 * show every peer another port and the same host.
 */
export class Reflections {
  #own = new Map<ScopeKey, Belief>();
  /** As believed when the round began: ties keep this, not what an early decision made of it. */
  #before = this.#own;
  /** Rounds before the present one that found this node at another host. */
  #moves = 0;
  /** By family and voter: a member has one say a family, though its newest may change the scope. */
  readonly #slips = new BoundedMap<string, Slip>(2 * MEMBERS_MAX, { evict: 'refuse' });
  #counted = false;
  /** Rounds lost in a row. */
  readonly #losses = new BoundedMap<NodeId, number>(MEMBERS_MAX, { evict: 'oldest' });
  /** Until when each named member starts no round. */
  readonly #named = new BoundedMap<NodeId, Instant>(MEMBERS_MAX, { evict: 'oldest' });

  /** A round begins: earlier ballots count no more. */
  open(now: Instant): void {
    this.#slips.clear();
    this.#moves = this.moves;
    this.#before = this.#own;
    this.#counted = false;
    for (const [id, until] of this.#named) if (until <= now) this.#named.delete(id);
  }

  /** A member's pong says where it saw one of this node's sockets. The newest of each counts. */
  cast(voter: Voter, socket: SocketId, seen: Address): void {
    // Nobody can be at port 0 or a multicast address: not worth a vote, let alone a record.
    if (!usable(seen)) return;
    const key = `${String(seen.family)} ${voter.id}`;
    const slip = { voter, seen: this.#slips.get(key)?.seen ?? new Map<SocketId, Address>() };
    // Taken out first, so that both orders end with the newest.
    slip.seen.delete(socket);
    slip.seen.set(socket, seen);
    this.#slips.delete(key);
    this.#slips.set(key, slip);
  }

  /**
   * Counts the ballots of this round. May be asked again as more arrive; `final` is the last time.
   * Without any ballot nothing changes: silence is no vote.
   */
  decide(now: Instant, final: boolean): Decision {
    const scopes = this.#byScope();
    if (scopes.size === 0) return NOTHING;
    const past = this.#own;
    const own = new Map(final ? [] : past);
    const losers = new Set<NodeId>();
    const winners = new Set<NodeId>();
    for (const [key, slips] of scopes) {
      const belief = this.#vote(key, slips, now, winners, losers);
      if (belief !== undefined) own.set(key, belief);
    }
    this.#own = own;
    const moved = movesBetween(past, own);
    const changed = hasChanged(this.#before, own);
    if (!final || this.#counted) return { ...NOTHING, changed, moved };
    this.#counted = true;
    return { changed, moved, ...this.#count(winners, losers, now) };
  }

  /** Public before private scopes, IPv4 before IPv6. */
  own(): readonly OwnAddress[] {
    const order: readonly Scope[] = ['public', 'private', 'link-local', 'loopback'];
    return [...this.#own.values()].toSorted(
      (a, b) => order.indexOf(a.scope) - order.indexOf(b.scope) || a.family - b.family,
    );
  }

  /**
   * True when a reflection does not fit what is believed of its scope: another host, or another
   * port of the main socket. Behind a NAT with random ports the port says nothing.
   */
  differs(socket: SocketId, seen: Address): boolean {
    if (!usable(seen)) return false;
    const belief = this.#own.get(scopeKey(seen));
    if (belief?.ip !== seen.ip) return true;
    if (socket !== MAIN || belief.nat === 'random') return false;
    return belief.ports.get(MAIN) !== seen.port;
  }

  /** True while this member's reflections start no round, because it was outvoted so often. */
  isNamed(id: NodeId, now: Instant): boolean {
    return now < (this.#named.get(id) ?? -Infinity);
  }

  /** A socket was closed: its ports are nobody's now. */
  forgetSocket(socket: SocketId): void {
    for (const [key, slip] of this.#slips) {
      slip.seen.delete(socket);
      if (slip.seen.size === 0) this.#slips.delete(key);
    }
    this.#own = withoutSocket(this.#own, socket);
    this.#before = withoutSocket(this.#before, socket);
  }

  /** `mapped`: every peer sees one port. `random`: each sees another; this worst case is told. */
  get nat(): Nat {
    const kinds = new Set([...this.#own.values()].map(({ nat }) => nat));
    if (kinds.has('random')) return 'random';
    return kinds.has('mapped') ? 'mapped' : 'unknown';
  }

  /** How often this node's host changed, by what was believed at the end of each round. */
  get moves(): number {
    return this.#moves + (hostChanged(this.#before, this.#own) ? 1 : 0);
  }

  /** The slips of each scope: a voter's newest ballot of a family says which one it votes in. */
  #byScope(): Map<ScopeKey, Slip[]> {
    const scopes = new Map<ScopeKey, Slip[]>();
    for (const slip of this.#slips.values()) {
      const seen = newest(slip);
      if (seen === undefined) continue;
      const key = scopeKey(seen);
      const slips = scopes.get(key) ?? [];
      scopes.set(key, slips);
      slips.push(slip);
    }
    return scopes;
  }

  /** One scope's vote: first the host, then each socket's port among those who saw that host. */
  #vote(
    key: ScopeKey,
    slips: readonly Slip[],
    now: Instant,
    winners: Set<NodeId>,
    losers: Set<NodeId>,
  ): Belief | undefined {
    const grouping = groupVoters(slips.map(({ voter }) => voter));
    const ballots = slips.map((slip) => ({ voter: slip.voter, choice: newest(slip)?.ip ?? '' }));
    const outcome = elect(ballots, grouping, this.#before.get(key)?.ip);
    if (outcome === undefined) return undefined;
    for (const { voter, choice } of ballots) {
      if (choice === outcome.choice) winners.add(voter.id);
      // In a tie the present address stays, but nobody knows who is right.
      else if (outcome.clear) losers.add(voter.id);
    }
    const { choice: ip, votes, voters } = outcome;
    const past = this.#own.get(key);
    const { ports, nat } = electPorts(slips, ip, grouping, this.#before.get(key), past);
    // The fresh sockets' ports come and go; they are no sign of a move.
    const same = past?.ip === ip && past.ports.get(MAIN) === ports.get(MAIN);
    const [family, scope] = splitKey(key);
    return { family, ip, scope, ports, votes, voters, since: same ? past.since : now, nat };
  }

  #count(
    winners: ReadonlySet<NodeId>,
    losers: ReadonlySet<NodeId>,
    now: Instant,
  ): Pick<Decision, 'outvoted' | 'named'> {
    const named: NodeId[] = [];
    for (const id of winners) if (!losers.has(id)) this.#losses.delete(id);
    for (const id of losers) {
      const losses = (this.#losses.get(id) ?? 0) + 1;
      if (losses < OUTVOTED_LIMIT) {
        this.#losses.set(id, losses);
        continue;
      }
      this.#losses.delete(id);
      this.#named.set(id, after(now, OUTVOTED_REST));
      named.push(id);
    }
    return { outvoted: [...losers], named };
  }
}

/**
 * Each socket's port. A socket that nobody saw keeps the port it had: a guess that costs a peer
 * one challenge, and right wherever no NAT is, or one that forwards the port.
 */
function electPorts(
  slips: readonly Slip[],
  ip: string,
  grouping: Grouping,
  before: Belief | undefined,
  past: Belief | undefined,
): { readonly ports: ReadonlyMap<SocketId, number>; readonly nat: Nat } {
  const ports = new Map(past?.ports);
  let nat: Nat = past?.ip === ip ? past.nat : 'unknown';
  const sockets = new Set(slips.flatMap(({ seen }) => [...seen.keys()]));
  for (const socket of sockets) {
    const ballots = slips.flatMap(({ voter, seen }): Ballot[] => {
      const address = seen.get(socket);
      return address?.ip === ip ? [{ voter, choice: String(address.port) }] : [];
    });
    const present = before?.ports.get(socket);
    const outcome = elect(ballots, grouping, present === undefined ? undefined : String(present));
    const last = ballots.at(-1);
    if (outcome === undefined || last === undefined) continue;
    const random = new Set(ballots.map(({ choice }) => choice)).size === ballots.length;
    if (socket === MAIN && ballots.length > 1) nat = random ? 'random' : 'mapped';
    // All different: no port is right for everyone, but one that still is in use need not change.
    const kept = outcome.choice === String(present);
    const choice = random && ballots.length > 1 && !kept ? last.choice : outcome.choice;
    ports.set(socket, Number(choice));
  }
  return { ports: new Map([...ports].toSorted(([a], [b]) => a - b)), nat };
}

function movesBetween(
  past: ReadonlyMap<ScopeKey, Belief>,
  own: ReadonlyMap<ScopeKey, Belief>,
): Decision['moved'] {
  const moved: Decision['moved'][number][] = [];
  for (const [key, belief] of own) {
    const old = past.get(key);
    const from = old === undefined ? undefined : mainAddress(old);
    const to = mainAddress(belief);
    if (to !== undefined && (from === undefined || !sameAddress(from, to))) {
      moved.push({ from, to, votes: belief.votes, voters: belief.voters });
    }
  }
  return moved;
}

/** Whether a scope is gone, or its host or main port is another, or it is new. */
function hasChanged(
  before: ReadonlyMap<ScopeKey, Belief>,
  now: ReadonlyMap<ScopeKey, Belief>,
): boolean {
  return [...before.keys()].some((key) => !now.has(key)) || movesBetween(before, now).length > 0;
}

/**
 * Whether what is believed now is a move from what was: another host in a scope, or in a family all
 * scopes gone and others come, as between home and a phone's network. To find a first address, or
 * one more, is none.
 */
function hostChanged(
  before: ReadonlyMap<ScopeKey, Belief>,
  now: ReadonlyMap<ScopeKey, Belief>,
): boolean {
  if ([...now].some(([key, { ip }]) => before.has(key) && before.get(key)?.ip !== ip)) return true;
  return ([4, 6] as const).some((family) => {
    const past = [...before.values()].filter((belief) => belief.family === family);
    const present = [...now.values()].filter((belief) => belief.family === family);
    const stays = present.some(({ scope }) => past.some((belief) => belief.scope === scope));
    return past.length > 0 && present.length > 0 && !stays;
  });
}

/** Host and main port; while nobody saw the main socket, the port of another. */
function mainAddress(belief: Belief): Address | undefined {
  const port = belief.ports.get(MAIN) ?? [...belief.ports.values()][0];
  return port === undefined ? undefined : { family: belief.family, ip: belief.ip, port };
}

function withoutSocket(
  own: ReadonlyMap<ScopeKey, Belief>,
  socket: SocketId,
): Map<ScopeKey, Belief> {
  const kept = new Map<ScopeKey, Belief>();
  for (const [key, belief] of own) {
    const ports = new Map([...belief.ports].filter(([other]) => other !== socket));
    kept.set(key, { ...belief, ports });
  }
  return kept;
}

function newest(slip: Slip): Address | undefined {
  return [...slip.seen.values()].at(-1);
}

function scopeKey(seen: Address): ScopeKey {
  return `${seen.family}/${scopeOf(seen)}`;
}

function splitKey(key: ScopeKey): readonly [4 | 6, Scope] {
  const slash = key.indexOf('/');
  return [key.startsWith('4') ? 4 : 6, key.slice(slash + 1) as Scope];
}
