/**
 * Challenges and what they proved: for each peer the path in use, other proven ones, and addresses
 * worth a challenge (PROTOCOL §4, B1; RFC 9000 §8.2). The only place where an address becomes
 * `direct`.
 */

import { addressKey, sameAddress, sameHost, type Address } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, type Duration, type Instant } from '../base/time.ts';
import {
  CANDIDATES_MAX,
  CHALLENGES_MAX,
  CHALLENGE_LIFE,
  HISTORY_SILENCE_MAX,
  TIMEOUT_UNKNOWN,
  WRONG_PONGS_MAX,
} from './config.ts';
import { MAIN, type SocketId } from './io.ts';
import { laterProof, samePath, shouldReplace, type Path } from './path.ts';
import { blankPeerPaths, type PeerPaths, type Question } from './peer-paths.ts';

export type { Question } from './peer-paths.ts';

/** What a pong came to. */
export type PongVerdict =
  | { readonly type: 'unexpected' }
  | {
      readonly type: 'proven';
      readonly question: Question;
      readonly roundTrip: Duration;
      readonly change: PathChange | undefined;
    };

/** The path in use became another. `moved`: the host differs from the last one used. */
export interface PathChange {
  readonly peer: NodeId;
  readonly from: Address | undefined;
  readonly to: Address;
  readonly moved: boolean;
}

/**
 * Proven ways kept besides the one in use: main and fresh port of a new host, through two sockets.
 */
const OTHERS_MAX = 4;

/** All challenges and paths of this node. */
export class Paths {
  readonly #peers = new Map<NodeId, PeerPaths>();
  #nextDeadline: Instant | undefined;

  /** Notes a challenge that is being sent; the caller seals and sends the ping. */
  ask(
    peer: NodeId,
    challenge: number,
    socket: SocketId,
    address: Address,
    now: Instant,
    timeout: Duration,
  ): Question {
    const deadline = after(now, timeout);
    const question: Question = {
      peer,
      challenge,
      socket,
      address,
      sentAt: now,
      deadline,
      overdue: false,
    };
    const open = this.#of(peer).open;
    open.set(challenge, question);
    const [oldest] = open.keys();
    if (open.size > CHALLENGES_MAX && oldest !== undefined) open.delete(oldest);
    this.#awaitDeadline(deadline);
    return question;
  }

  /** A pong opened in a session of `peer`. */
  pong(peer: NodeId, challenge: number, now: Instant): PongVerdict {
    const peerPaths = this.#of(peer);
    const question = peerPaths.open.get(challenge);
    if (question === undefined || elapsed(question.sentAt, now) > CHALLENGE_LIFE) {
      this.#wrongPong(peerPaths);
      return { type: 'unexpected' };
    }
    peerPaths.open.delete(challenge);
    if (question.deadline === this.#nextDeadline) this.#nextDeadline = this.#earliest();
    if (peerPaths.open.size === 0) peerPaths.wrongPongs = 0;
    const roundTrip = elapsed(question.sentAt, now);
    peerPaths.roundTrip.sample(roundTrip);
    const proven: Path = {
      socket: question.socket,
      address: question.address,
      // As of the asking: a late pong says nothing of what became of the address since.
      provenAt: question.sentAt,
      silentSince: undefined,
      silences: 0,
    };
    peerPaths.strays.proven(question.address);
    const change = this.#prove(peer, peerPaths, proven, now);
    return { type: 'proven', question, roundTrip, change };
  }

  /**
   * Takes the questions whose time-out passed, and the path changes that follow: a path that stayed
   * silent gives way to another that answered. The questions can still be answered for a while.
   */
  expire(now: Instant): { readonly silent: readonly Question[]; readonly changes: PathChange[] } {
    const silent: Question[] = [];
    const changes: PathChange[] = [];
    if (this.#nextDeadline === undefined || this.#nextDeadline > now) return { silent, changes };
    this.#nextDeadline = undefined;
    for (const peerPaths of this.#peers.values()) {
      for (const [challenge, question] of peerPaths.open) {
        if (elapsed(question.sentAt, now) > CHALLENGE_LIFE) peerPaths.open.delete(challenge);
        else if (question.overdue) continue;
        else if (question.deadline > now) this.#awaitDeadline(question.deadline);
        else {
          peerPaths.open.set(challenge, { ...question, overdue: true });
          silent.push(question);
          const change = this.#silence(question, now);
          if (change !== undefined) changes.push(change);
        }
      }
    }
    return { silent, changes };
  }

  /** The earliest time-out of an open question. */
  get nextDeadline(): Instant | undefined {
    return this.#nextDeadline;
  }

  /** The own loop was blind for this long: every open question gets that much more time (B4). */
  postpone(late: Duration): void {
    for (const { open } of this.#peers.values()) {
      for (const [challenge, question] of open) {
        open.set(challenge, { ...question, deadline: after(question.deadline, late) });
      }
    }
    if (this.#nextDeadline !== undefined) this.#nextDeadline = after(this.#nextDeadline, late);
  }

  /** What could not be sent is no question; a path in use that it was sent over falls silent. */
  unsent(
    socket: SocketId,
    to: Address,
    now: Instant,
  ): {
    readonly peers: readonly NodeId[];
    readonly changes: readonly PathChange[];
    readonly inUse: boolean;
  } {
    const peers: NodeId[] = [];
    const changes: PathChange[] = [];
    let inUse = false;
    for (const [peer, peerPaths] of this.#peers) {
      for (const [challenge, question] of peerPaths.open) {
        if (question.socket !== socket || !sameAddress(question.address, to)) continue;
        peerPaths.open.delete(challenge);
        peers.push(peer);
        const { path } = peerPaths;
        inUse ||= path?.socket === socket && sameAddress(path.address, to);
        const change = this.#silence(question, now);
        if (change !== undefined) changes.push(change);
      }
    }
    return { peers, changes, inUse };
  }

  /** The peer's newest record lists these; may change the path in use. */
  list(peer: NodeId, addresses: readonly Address[], now: Instant): PathChange | undefined {
    const peerPaths = this.#of(peer);
    peerPaths.listed = new Map(addresses.map((entry, index) => [addressKey(entry), index]));
    return this.#choose(peer, peerPaths, now);
  }

  /** Somebody named this address: it will be among the candidates. */
  hint(peer: NodeId, address: Address): void {
    this.#of(peer).hints.add(address);
  }

  /** A hint was asked and stayed silent while others were heard. */
  hintFailed(peer: NodeId, address: Address): void {
    this.#peers.get(peer)?.hints.silent(address);
  }

  /**
   * A genuine datagram of the peer came from here. `stray`: not proven, ask it now. `quiet`: not
   * proven, but asked a moment ago or too many are. `known`: proven before.
   */
  source(peer: NodeId, from: Address, now: Instant): 'known' | 'stray' | 'quiet' {
    const peerPaths = this.#of(peer);
    const proven = (path: Path | undefined): boolean =>
      path !== undefined && path.silentSince === undefined && sameAddress(path.address, from);
    if (proven(peerPaths.path) || peerPaths.others.some(proven)) return 'known';
    const { strays, path } = peerPaths;
    const atHost =
      path?.silentSince === undefined && path !== undefined && sameHost(path.address, from);
    return strays.challenge(from, atHost, now) ? 'stray' : 'quiet';
  }

  /** The path in use, proven. */
  path(peer: NodeId): Path | undefined {
    return this.#peers.get(peer)?.path;
  }

  /** The path in use, and one proven since: while in doubt, what is said goes both ways. */
  routes(peer: NodeId): readonly Path[] {
    const peerPaths = this.#peers.get(peer);
    const path = peerPaths?.path;
    if (peerPaths === undefined || path === undefined) return [];
    const newer = peerPaths.others.find(
      (other) => other.silentSince === undefined && other.provenAt > path.provenAt,
    );
    return newer === undefined ? [path] : [path, newer];
  }

  /** Peers whose path in use leads to this address. */
  *at(address: Address): Generator<NodeId> {
    for (const [peer, { path }] of this.#peers) {
      if (path !== undefined && sameAddress(path.address, address)) yield peer;
    }
  }

  /**
   * Addresses worth a challenge, best first: the path, the record's, hints; at most CANDIDATES_MAX.
   */
  candidates(peer: NodeId, listed: readonly Address[]): readonly Address[] {
    const peerPaths = this.#peers.get(peer);
    const inUse = peerPaths?.path === undefined ? [] : [peerPaths.path.address];
    const others = (peerPaths?.others ?? []).map((path) => path.address);
    const hints = peerPaths?.hints.addresses ?? [];
    const all = [...inUse, ...listed, ...hints, ...others];
    const unique = new Map(all.map((entry) => [addressKey(entry), entry]));
    return [...unique.values()].slice(0, CANDIDATES_MAX);
  }

  /** How long to wait for a pong (RFC 6298 §2.3, with our floor). */
  timeout(peer: NodeId): Duration {
    return this.#peers.get(peer)?.roundTrip.timeout ?? TIMEOUT_UNKNOWN;
  }

  /** Smoothed round trip, if one was measured. */
  roundTrip(peer: NodeId): Duration | undefined {
    return this.#peers.get(peer)?.roundTrip.smoothed;
  }

  /** Since when the host in use is in use, and how often it changed. */
  history(peer: NodeId): { readonly since: Instant | undefined; readonly moves: number } {
    const peerPaths = this.#peers.get(peer);
    return { since: peerPaths?.since, moves: peerPaths?.moves ?? 0 };
  }

  /** Whether any path in use leaves from this socket. */
  uses(socket: SocketId): boolean {
    for (const { path } of this.#peers.values()) if (path?.socket === socket) return true;
    return false;
  }

  /** A fresh socket is gone: nothing proven through it holds any longer. */
  forgetSocket(socket: SocketId): void {
    for (const peerPaths of this.#peers.values()) {
      peerPaths.others = peerPaths.others.filter((path) => path.socket !== socket);
      if (peerPaths.path?.socket === socket) peerPaths.path = { ...peerPaths.path, socket: MAIN };
    }
  }

  /** Another member was proven at exactly this address: what this one had there is gone. */
  drop(peer: NodeId, address: Address): void {
    const peerPaths = this.#peers.get(peer);
    if (peerPaths === undefined) return;
    const gone = (path: Path | undefined): boolean =>
      path !== undefined && sameAddress(path.address, address);
    if (!gone(peerPaths.path)) {
      peerPaths.others = peerPaths.others.filter((other) => !gone(other));
      return;
    }
    // What was proven before is older still: nothing is proven now.
    peerPaths.path = undefined;
    peerPaths.others = [];
  }

  forget(peer: NodeId): void {
    this.#peers.delete(peer);
  }

  #prove(peer: NodeId, peerPaths: PeerPaths, proven: Path, now: Instant): PathChange | undefined {
    if (peerPaths.path !== undefined && samePath(peerPaths.path, proven)) {
      peerPaths.path = laterProof(peerPaths.path, proven);
      return this.#choose(peer, peerPaths, now);
    }
    peerPaths.others = peerPaths.others.filter((other) => !samePath(other, proven));
    peerPaths.others.unshift(proven);
    peerPaths.others.splice(OTHERS_MAX);
    return this.#choose(peer, peerPaths, now);
  }

  /** A question stayed unanswered: the path it asked is silent until it answers again. */
  #silence(question: Question, now: Instant): PathChange | undefined {
    const peerPaths = this.#peers.get(question.peer);
    if (peerPaths === undefined) return undefined;
    const mark = (path: Path): Path =>
      path.socket === question.socket &&
      sameAddress(path.address, question.address) &&
      path.provenAt < question.sentAt
        ? {
            ...path,
            silentSince: path.silentSince ?? question.sentAt,
            silences: path.silences + 1,
          }
        : path;
    if (peerPaths.path !== undefined) peerPaths.path = mark(peerPaths.path);
    peerPaths.others = peerPaths.others
      .map(mark)
      .filter(({ silences }) => silences < HISTORY_SILENCE_MAX);
    return this.#choose(question.peer, peerPaths, now);
  }

  #choose(peer: NodeId, peerPaths: PeerPaths, now: Instant): PathChange | undefined {
    const before = peerPaths.path;
    let best = before;
    for (const other of peerPaths.others) {
      if (best === undefined || shouldReplace(best, other, peerPaths.listed)) best = other;
    }
    if (best === undefined || best === before) return undefined;
    peerPaths.others = peerPaths.others.filter((other) => other !== best);
    if (before !== undefined) peerPaths.others.unshift(before);
    peerPaths.others.splice(OTHERS_MAX);
    peerPaths.path = best;
    const known = peerPaths.lastHost;
    const moved = known !== undefined && !sameHost(known, best.address);
    if (known === undefined || moved) {
      peerPaths.since = now;
      peerPaths.lastHost = best.address;
      if (moved) peerPaths.moves += 1;
    }
    if (before !== undefined && sameAddress(before.address, best.address)) return undefined;
    return { peer, from: before?.address, to: best.address, moved };
  }

  /** After eight wrong guesses in a row the open challenges of that peer are burned. */
  #wrongPong(peerPaths: PeerPaths): void {
    peerPaths.wrongPongs += 1;
    if (peerPaths.wrongPongs < WRONG_PONGS_MAX) return;
    peerPaths.wrongPongs = 0;
    peerPaths.open.clear();
  }

  /** Of the questions whose time-out is still to come. */
  #earliest(): Instant | undefined {
    let earliest: Instant | undefined;
    for (const { open } of this.#peers.values()) {
      for (const { deadline, overdue } of open.values()) {
        if (!overdue && (earliest === undefined || deadline < earliest)) earliest = deadline;
      }
    }
    return earliest;
  }

  #awaitDeadline(deadline: Instant): void {
    if (this.#nextDeadline === undefined || deadline < this.#nextDeadline) {
      this.#nextDeadline = deadline;
    }
  }

  #of(peer: NodeId): PeerPaths {
    let peerPaths = this.#peers.get(peer);
    if (peerPaths === undefined) {
      peerPaths = blankPeerPaths();
      this.#peers.set(peer, peerPaths);
    }
    return peerPaths;
  }
}
