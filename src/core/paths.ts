/**
 * Challenges and what they proved: for each peer the path in use, other proven ones, and addresses
 * worth a challenge (PROTOCOL §4, B1; RFC 9000 §8.2). The only place where an address becomes
 * `direct`.
 */

import { addressKey, sameAddress, sameHost } from '../base/address.ts';
import type { Address, AddressKey } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, type Duration, type Instant } from '../base/time.ts';
import { CANDIDATES_MAX, HISTORY_SILENCE_MAX, TIMEOUT_UNKNOWN, WRONG_PONGS_MAX } from './config.ts';
import { MAIN, type SocketId } from './io.ts';
import { laterProof, samePath, shouldReplace, type Path } from './path.ts';
import { blankPeerPaths, type PeerPaths } from './peer-paths.ts';
import { Questions, type Asking, type Question } from './questions.ts';
import { Strays } from './strays.ts';

export type { Question } from './questions.ts';

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

const NONE: readonly Address[] = [];

/** All challenges and paths of this node. */
export class Paths {
  readonly #peers = new Map<NodeId, PeerPaths>();
  /** Addresses of newest records, in their order; kept of peers that were never asked, too. */
  readonly #listed = new Map<NodeId, readonly Address[]>();
  readonly #questions = new Questions();
  /** Whose path in use leads to an address: among thousands of peers nobody looks through all. */
  readonly #inUse = new Map<AddressKey, Set<NodeId>>();

  /** Notes a challenge that is being sent; the caller seals and sends the ping. */
  ask(asking: Asking, now: Instant, timeout: Duration): Question {
    const deadline = after(now, timeout);
    const question: Question = { ...asking, sentAt: now, deadline, overdue: false };
    this.#of(asking.peer);
    this.#questions.add(question);
    return question;
  }

  /** A pong opened in a session of `peer`. */
  pong(peer: NodeId, challenge: number, now: Instant): PongVerdict {
    const peerPaths = this.#of(peer);
    const question = this.#questions.take(peer, challenge, now);
    if (question === undefined) {
      this.#wrongPong(peer, peerPaths);
      return { type: 'unexpected' };
    }
    if (!this.#questions.any(peer)) peerPaths.wrongPongs = 0;
    const roundTrip = elapsed(question.sentAt, now);
    peerPaths.roundTrip.sample(roundTrip, question.atRest);
    const proven: Path = {
      socket: question.socket,
      address: question.address,
      // As of the asking: a late pong says nothing of what became of the address since.
      provenAt: question.sentAt,
      silentSince: undefined,
      silences: 0,
    };
    peerPaths.strays?.proven(question.address);
    const change = this.#prove(peer, peerPaths, proven, now);
    return { type: 'proven', question, roundTrip, change };
  }

  /**
   * Takes the questions whose time-out passed, and the path changes that follow: a path that stayed
   * silent gives way to another that answered. The questions can still be answered for a while.
   */
  expire(now: Instant): { readonly silent: readonly Question[]; readonly changes: PathChange[] } {
    const silent = this.#questions.expire(now);
    return { silent, changes: this.#silenced(silent, now) };
  }

  /** The earliest time-out of an open question. */
  get nextDeadline(): Instant | undefined {
    return this.#questions.nextDeadline;
  }

  /** The own loop was blind for this long: every open question gets that much more time (B4). */
  postpone(late: Duration): void {
    this.#questions.postpone(late);
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
    const unsent = this.#questions.unsent(socket, to);
    const peers = unsent.map(({ peer }) => peer);
    const inUse = peers.some((peer) => {
      const path = this.path(peer);
      return path?.socket === socket && sameAddress(path.address, to);
    });
    return { peers, changes: this.#silenced(unsent, now), inUse };
  }

  /** The peer's newest record lists these; may change the path in use. */
  list(peer: NodeId, addresses: readonly Address[], now: Instant): PathChange | undefined {
    if (addresses.length === 0) this.#listed.delete(peer);
    else this.#listed.set(peer, addresses);
    const peerPaths = this.#peers.get(peer);
    return peerPaths === undefined ? undefined : this.#choose(peer, peerPaths, now);
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
    const { path } = peerPaths;
    peerPaths.strays ??= new Strays();
    const { strays } = peerPaths;
    const atHost =
      path?.silentSince === undefined && path !== undefined && sameHost(path.address, from);
    return strays.challenge(from, atHost, now) ? 'stray' : 'quiet';
  }

  /** Whether a genuine datagram of the peer came from there lately, where it was not proven. */
  isStray(peer: NodeId, address: Address): boolean {
    return this.#peers.get(peer)?.strays?.has(address) === true;
  }

  /** The path in use, proven. */
  path(peer: NodeId): Path | undefined {
    return this.#peers.get(peer)?.path;
  }

  /**
   * Where to say something: over the path in use, or over one proven since. While the old one has
   * not answered its newest challenge it is most likely dead; when it answers, it is newer again.
   */
  route(peer: NodeId): Path | undefined {
    const peerPaths = this.#peers.get(peer);
    const path = peerPaths?.path;
    if (peerPaths === undefined || path === undefined) return undefined;
    const newer = peerPaths.others.find(
      (other) => other.silentSince === undefined && other.provenAt > path.provenAt,
    );
    return newer ?? path;
  }

  /** Whether a challenge to exactly this place is under way, its time-out still to come. */
  isAsked(peer: NodeId, socket: SocketId, address: Address): boolean {
    return this.#questions.isOpen(peer, socket, address);
  }

  /** Peers whose path in use leads to this address. */
  at(address: Address): Iterable<NodeId> {
    return this.#inUse.get(addressKey(address)) ?? [];
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
    this.#use(peer, peerPaths, undefined);
    peerPaths.others = [];
  }

  forget(peer: NodeId): void {
    this.#listed.delete(peer);
    const peerPaths = this.#peers.get(peer);
    if (peerPaths === undefined) return;
    this.#use(peer, peerPaths, undefined);
    this.#questions.burn(peer);
    this.#peers.delete(peer);
  }

  /** Another path is in use from now on, or none. */
  #use(peer: NodeId, peerPaths: PeerPaths, path: Path | undefined): void {
    const before = peerPaths.path;
    peerPaths.path = path;
    if (before !== undefined) {
      const key = addressKey(before.address);
      const there = this.#inUse.get(key);
      there?.delete(peer);
      if (there?.size === 0) this.#inUse.delete(key);
    }
    if (path === undefined) return;
    const key = addressKey(path.address);
    const there = this.#inUse.get(key);
    if (there === undefined) this.#inUse.set(key, new Set([peer]));
    else there.add(peer);
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

  /** Questions that stayed unanswered, and the changes of paths that follow. */
  #silenced(questions: readonly Question[], now: Instant): PathChange[] {
    return questions.flatMap((question) => this.#silence(question, now) ?? []);
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
    const listed = this.#listed.get(peer) ?? NONE;
    for (const other of peerPaths.others) {
      if (best === undefined || shouldReplace(best, other, listed)) best = other;
    }
    if (best === undefined || best === before) return undefined;
    peerPaths.others = peerPaths.others.filter((other) => other !== best);
    if (before !== undefined) peerPaths.others.unshift(before);
    peerPaths.others.splice(OTHERS_MAX);
    this.#use(peer, peerPaths, best);
    const known = peerPaths.lastHost;
    const moved = known !== undefined && !sameHost(known, best.address);
    if (known === undefined || moved) {
      peerPaths.since = now;
      peerPaths.lastHost = best.address;
      if (moved) {
        peerPaths.moves += 1;
        peerPaths.roundTrip.unsettle();
      }
    }
    if (before !== undefined && sameAddress(before.address, best.address)) return undefined;
    return { peer, from: before?.address, to: best.address, moved };
  }

  /** After eight wrong guesses in a row the open challenges of that peer are burned. */
  #wrongPong(peer: NodeId, peerPaths: PeerPaths): void {
    peerPaths.wrongPongs += 1;
    if (peerPaths.wrongPongs < WRONG_PONGS_MAX) return;
    peerPaths.wrongPongs = 0;
    this.#questions.burn(peer);
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
