/** The hub's mouth: everything that leaves for a peer is sealed and sent here. */

import { sameAddress, sameHost, scopeOf, usable, type Address } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, millis } from '../base/time.ts';
import { encodeMessage, type Message } from '../wire/message.ts';
import {
  BOOK_DELAY,
  BOOK_PAUSE,
  FRESH_LINGER,
  LISTED_PAUSE,
  LOST_AFTER,
  STALE_FLOW,
} from './config.ts';
import { nameOf, type Crew } from './crew.ts';
import { MAIN, type SocketId } from './io.ts';
import type { Path } from './path.ts';
import type { PathChange } from './paths.ts';

/** Addresses of a lost member asked in one try. */
const LOST_ADDRESSES = 2;
/** Jitter of a lost member's tries, as a part of the pause. */
const TRY_JITTER = 0.3;
/** Failed tries after which a hello goes along. */
const GREET_AFTER = 2;
/** Failed tries after which history is climbed, an address a try. */
const CLIMB_AFTER = 2;

/** Seals a message and sends it this way; nothing happens without a session. */
export function say(
  crew: Crew,
  peer: NodeId,
  socket: SocketId,
  to: Address,
  message: Message,
): void {
  const bytes = crew.sessions.seal(peer, encodeMessage(message), crew.now);
  if (bytes === undefined) return;
  crew.outbox.put({ type: 'send', socket, to, bytes });
}

/** Says something to a peer where it was proven last; nothing happens without such a place. */
export function tell(crew: Crew, peer: NodeId, message: Message): void {
  const route = crew.paths.route(peer);
  if (route !== undefined) say(crew, peer, route.socket, route.address, message);
}

/** Challenges a peer at an address; without keys, says hello there instead. */
export function ask(crew: Crew, peer: NodeId, socket: SocketId, to: Address): void {
  if (!worthAsking(crew, to) || !crew.fresh.isOpen(socket)) return;
  if (!crew.sessions.has(peer, crew.now)) {
    greet(crew, peer, socket, to);
    return;
  }
  if (socket === MAIN) usedMain(crew, peer, to);
  const challenge = crew.unpredictable.u32();
  const asking = { peer, challenge, socket, address: to, atRest: !crew.rounds.running };
  crew.paths.ask(asking, crew.now, crew.paths.timeout(peer));
  armQuestions(crew);
  const { sequence } = crew.own;
  say(crew, peer, socket, to, { type: 'ping', challenge, sequence, digest: crew.inventory.digest });
}

/** The same, unless that very question is under way already. */
export function askUnasked(crew: Crew, peer: NodeId, socket: SocketId, to: Address): void {
  if (!crew.paths.isAsked(peer, socket, to)) ask(crew, peer, socket, to);
}

/** Loopback is asked only by a node that is seen there itself, or that nobody has seen yet. */
function worthAsking(crew: Crew, to: Address): boolean {
  if (!usable(to)) return false;
  if (scopeOf(to) !== 'loopback') return true;
  const own = crew.reflections.own();
  return own.length === 0 || own.some(({ scope }) => scope === 'loopback');
}

/** Says hello to a peer at an address. */
export function greet(crew: Crew, peer: NodeId, socket: SocketId, to: Address): void {
  const agreement = crew.membership.get(peer)?.agreement;
  if (agreement === undefined || !worthAsking(crew, to) || !crew.fresh.isOpen(socket)) return;
  const bytes = crew.sessions.greet(peer, agreement, crew.now);
  if (bytes === undefined) return;
  if (socket === MAIN) usedMain(crew, peer, to);
  crew.outbox.put({ type: 'send', socket, to, bytes });
}

function usedMain(crew: Crew, peer: NodeId, to: Address): void {
  crew.mainSent.set(peer, crew.now);
  noteMainFlow(crew, to);
}

/** The main socket exchanges datagrams with this address: a router may hold a flow for it. */
export function noteMainFlow(crew: Crew, at: Address): void {
  crew.mainFlows.note(at, crew.now);
}

/**
 * The sockets that a question to a peer leaves from. While a fresh socket carries the path, nothing
 * leaves from the main one: the old flow in a home router must fall silent to die (PROTOCOL §5).
 */
export function socketsFor(crew: Crew, peer: NodeId, to: Address): readonly SocketId[] {
  const path = crew.paths.path(peer);
  const newest = crew.fresh.newest;
  const carried =
    path !== undefined && path.socket !== MAIN && crew.fresh.isOpen(path.socket)
      ? path.socket
      : MAIN;
  if (newest === undefined || newest === carried) return [carried];
  return mayBeStale(crew, to) ? [carried, newest] : [carried];
}

/**
 * Whether an old flow of the main socket may stand in the way to an address: it began before I
 * moved.
 */
export function mayBeStale(crew: Crew, to: Address): boolean {
  const { movedAt, mainFlows, now } = crew;
  // A router may remember flows of an earlier life of this node.
  if (!crew.mainEverProven) return true;
  if (!crew.mainDoubted && (movedAt === undefined || elapsed(movedAt, now) > FRESH_LINGER)) {
    return false;
  }
  const since = mainFlows.since(to);
  if (since === undefined) return mainFlows.full;
  return crew.mainDoubted || (movedAt !== undefined && since < movedAt);
}

/** A beat's ping: one datagram over the path in use; without one, a full try. */
export function beatTo(crew: Crew, peer: NodeId): void {
  const path = crew.paths.path(peer);
  if (path === undefined || path.silentSince !== undefined) {
    tryPeer(crew, peer);
    return;
  }
  beginTry(crew, peer, true);
  ask(crew, peer, path.socket, path.address);
  askListed(crew, peer, path);
  if (crew.sessions.wantsHello(peer, crew.now)) greet(crew, peer, path.socket, path.address);
}

/** While a better listed address than the path's is there, it is asked once a minute. */
function askListed(crew: Crew, peer: NodeId, path: Path): void {
  const better = betterListed(crew, peer, path.address);
  if (better.length === 0) return;
  const last = crew.listedAsked.get(peer);
  if (last !== undefined && elapsed(last, crew.now) < LISTED_PAUSE) return;
  crew.listedAsked.set(peer, crew.now);
  for (const to of better) ask(crew, peer, path.socket, to);
}

/**
 * Addresses that a peer's record puts before the one in use: all, if that is not listed. Of one
 * that moved lately, not other ports of its new host, unless it was heard from there: its router
 * may hold an old flow for the main one, and the peer tries that itself when the flow had time to
 * die (PROTOCOL §5).
 */
export function betterListed(crew: Crew, peer: NodeId, inUse: Address): readonly Address[] {
  const listed = crew.book.listed(peer);
  const rank = listed.findIndex((to) => sameAddress(to, inUse));
  const better = rank < 0 ? listed : listed.slice(0, rank);
  const { since, moves } = crew.paths.history(peer);
  if (moves === 0 || since === undefined || elapsed(since, crew.now) >= STALE_FLOW) return better;
  return better.filter((to) => !sameHost(to, inUse) || crew.paths.isStray(peer, to));
}

/** How a try is made when there is news of a peer. */
interface News {
  /** With a hello beside the ping where one is due, or the ping alone. */
  readonly how?: 'hello' | 'ping';
  /** Where the news has it: asked now, whoever's turn it is. */
  readonly at?: Address | undefined;
}

/**
 * Asks a peer at every address worth it, through every socket worth it. From the second try on a
 * hello goes along, since the peer may have lost its keys; from the third on, history is climbed.
 */
export function tryPeer(
  crew: Crew,
  peer: NodeId,
  put: typeof ask = ask,
  { how = 'hello', at }: News = {},
): void {
  beginTry(crew, peer, false);
  const lost = crew.suspicions.liveness(peer) === 'lost' && crew.orphan.since === undefined;
  const inTurn = addressesToTry(crew, peer, lost);
  const others = inTurn.filter((to) => at === undefined || !sameAddress(to, at));
  for (const to of at === undefined ? others : [at, ...others]) {
    for (const socket of socketsFor(crew, peer, to).slice(0, lost ? 1 : 2)) {
      put(crew, peer, socket, to);
      if (how === 'hello') greetToo(crew, peer, socket, to);
    }
  }
}

/**
 * The same for a lost member, from this fresh socket alone; without one, the try begins and what
 * it asks follows when one is open.
 */
export function tryFrom(crew: Crew, peer: NodeId, socket: SocketId | undefined): void {
  beginTry(crew, peer, false);
  if (socket === undefined) return;
  for (const to of addressesToTry(crew, peer, true)) {
    ask(crew, peer, socket, to);
    greetToo(crew, peer, socket, to);
  }
}

/** A hello beside the ping, to a peer that may have lost its keys. */
function greetToo(crew: Crew, peer: NodeId, socket: SocketId, to: Address): void {
  const { sessions, suspicions, now } = crew;
  const due = suspicions.failures(peer) >= GREET_AFTER || sessions.wantsHello(peer, now);
  if (due && sessions.has(peer, now)) greet(crew, peer, socket, to);
}

/**
 * The addresses of one try. A lost member's take turns, each of them twice in a row (from the main
 * socket and from a fresh one): nobody aims at a victim for long by listing it.
 */
function addressesToTry(crew: Crew, peer: NodeId, lost: boolean): readonly Address[] {
  const { book, paths, suspicions } = crew;
  const failures = suspicions.failures(peer);
  const all = paths.candidates(peer, book.listed(peer));
  const addresses = lost ? turns(all, Math.floor(failures / 2), LOST_ADDRESSES) : [...all];
  const rung = failures >= CLIMB_AFTER || addresses.length === 0 ? book.rung(peer) : undefined;
  return rung === undefined ? addresses : [...addresses, rung];
}

function turns<T>(all: readonly T[], turn: number, count: number): T[] {
  const from = all.length === 0 ? 0 : (turn * count) % all.length;
  return [...all.slice(from), ...all.slice(0, from)].slice(0, count);
}

/** Asks a peer the same as tryPeer, through one more socket that has just been opened. */
export function tryThrough(crew: Crew, peer: NodeId, socket: SocketId): void {
  for (const to of crew.paths.candidates(peer, crew.book.listed(peer))) {
    ask(crew, peer, socket, to);
  }
}

/** Begins a try unless one runs. */
function beginTry(crew: Crew, peer: NodeId, beat: boolean): void {
  // After a parting all have the same to try at the same time: jitter parts them again.
  const long = crew.suspicions.failures(peer) >= LOST_AFTER;
  const jitter = long ? crew.random.between(1 - TRY_JITTER, 1 + TRY_JITTER) : 1;
  const timeout = millis(crew.paths.timeout(peer) * jitter);
  const pace = millis(crew.settings.beat * jitter);
  const deadline = crew.suspicions.begin(peer, crew.now, timeout, beat, pace);
  if (deadline !== undefined) crew.timers.set(`try/${peer}`, deadline);
}

/** From now on silence may make this node an orphan; not armed while it is one, or alone. */
export function watchSilence(crew: Crew): void {
  if (crew.timers.has('orphan') || crew.orphan.since !== undefined) return;
  const due = crew.orphan.checkAt(crew.now, crew.suspicions.heardAny);
  crew.timers.set('orphan', due > crew.now ? due : crew.now);
}

/** Wakes when the next open question's time-out passes. */
export function armQuestions(crew: Crew): void {
  const next = crew.paths.nextDeadline;
  if (next === undefined) crew.timers.clear('questions');
  else crew.timers.set('questions', next);
}

/** News that makes a silent peer worth asking now, whatever its backoff. */
export function askAnew(crew: Crew, peer: NodeId, news: News = {}): void {
  const deadline = crew.suspicions.hurry(peer, crew.now, crew.paths.timeout(peer));
  if (deadline !== undefined) crew.timers.set(`try/${peer}`, deadline);
  tryPeer(crew, peer, askUnasked, news);
}

/** A path became another: shown, remembered, told. */
export function pathChanged(crew: Crew, change: PathChange): void {
  const { peer, from, to, moved } = change;
  crew.outbox.viewChanged(peer);
  firstPath(crew, peer, to);
  if (!moved) return;
  crew.outbox.event({ type: 'member-moved', id: peer, name: nameOf(crew, peer), from, to });
}

/**
 * A place where a peer was not reached before. One that a fresh socket found is asked from the main
 * one, too, which is the one that stays, unless an old flow may be in its way.
 */
export function firstPath(crew: Crew, peer: NodeId, to: Address): void {
  rememberPath(crew, peer, to);
  if (crew.paths.path(peer)?.socket !== MAIN && !mayBeStale(crew, to)) {
    askUnasked(crew, peer, MAIN, to);
  }
}

/** A proven address goes to the head of the peer's history, and to disk before long. */
function rememberPath(crew: Crew, peer: NodeId, to: Address): void {
  crew.book.remember(peer, to, crew.now, crew.wall);
  saveBookSoon(crew);
}

/** A new address is on disk within a moment, and in a burst of them once a second. */
export function saveBookSoon(crew: Crew): void {
  if (crew.timers.has('book')) return;
  const rested = elapsed(crew.bookSavedAt, crew.now) >= BOOK_PAUSE;
  crew.timers.set('book', after(crew.now, rested ? BOOK_DELAY : BOOK_PAUSE));
}
