/**
 * The hub's nerve: from a doubt to a round, from a round to a new record; and what is done about
 * those who do not answer (PROTOCOL §4.1, §5, §6).
 */

import { networkOf, sameAddress, type Address } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, millis, type Duration } from '../base/time.ts';
import type { Message } from '../wire/message.ts';
import {
  INTRODUCE_FRESH,
  ORPHAN_CALLS,
  SEND_CALM,
  SEND_RETRY,
  SEND_RETRY_MAX,
  SMALL_CLUSTER,
  START_CALLS,
  START_CALLS_LARGE,
  START_PAUSE,
} from './config.ts';
import { nameOf, others, othersCount, type Crew } from './crew.ts';
import type { Doubt } from './events.ts';
import { openFresh, tryAgain } from './fresh.ts';
import { MAIN, type SendFailure, type SocketId } from './io.ts';
import type { Question } from './paths.ts';
import { publish } from './tidings.ts';
import { armQuestions, ask, askAnew, pathChanged, tell, tryPeer, watchSilence } from './talk.ts';

/** Of so many times as many as are needed, the best are chosen, in a large cluster. */
const CHOICE = 8;

/** A reason to think that I moved: ask the others, unless that was done a moment ago. */
export function doubt(crew: Crew, why: Doubt, by?: NodeId): boolean {
  const { rounds, now } = crew;
  if (othersCount(crew) === 0) return false;
  if (by !== undefined && rounds.isMuted(by, now)) return false;
  if (!rounds.may(why, now)) {
    if (!rounds.running && rounds.postponedUntil !== undefined) {
      crew.timers.set('postponed', rounds.postponedUntil);
    }
    return false;
  }
  const asked = choose(crew, rounds.firstWidth(othersCount(crew)), new Set());
  if (asked.length === 0) return false;
  openFresh(crew);
  crew.mainDoubted = true;
  rounds.begin(why, by, asked, now, longestTimeout(crew, asked));
  crew.reflections.open(now);
  crew.outbox.event({ type: 'doubt', why, asked: asked.length });
  for (const peer of asked) tryPeer(crew, peer);
  armRound(crew);
  return true;
}

/**
 * Members to ask: not lost unless all are; in a larger cluster the steady ones heard lately first.
 */
function choose(crew: Crew, width: number, except: ReadonlySet<NodeId>): readonly NodeId[] {
  const { suspicions, book } = crew;
  const few = sampleOf(crew, CHOICE * width);
  const lively = few.filter((peer) => !except.has(peer) && suspicions.liveness(peer) === 'alive');
  const all = (lively.length >= width ? lively : others(crew)).filter((peer) => !except.has(peer));
  const present = all.filter((peer) => suspicions.liveness(peer) !== 'lost');
  const eligible = present.length > 0 ? present : all;
  if (eligible.length <= width) return eligible;
  const rank = (peer: NodeId): number =>
    suspicions.liveness(peer) === 'alive' ? book.since(peer) : Infinity;
  const shuffled = crew.random.shuffle(eligible);
  return shuffled.sort((a, b) => rank(a) - rank(b)).slice(0, width);
}

/**
 * All others, or so many of them at random: whoever picks the best of thousands picks the same as
 * everyone else, and looks at all of them for it.
 */
function sampleOf(crew: Crew, count: number): readonly NodeId[] {
  const all = others(crew);
  return all.length <= count ? all : crew.random.sample(all, count);
}

function longestTimeout(crew: Crew, asked: readonly NodeId[]): Duration {
  return millis(Math.max(...asked.map((peer) => crew.paths.timeout(peer))));
}

/** A pong that answers a question of the round: one member's ballot. */
export function ballot(crew: Crew, peer: NodeId, question: Question, seen: Address): void {
  const path = crew.paths.path(peer);
  const voter = {
    id: peer,
    network: path === undefined ? undefined : networkOf(path.address),
    admitter: crew.membership.get(peer)?.admitter,
  };
  crew.reflections.cast(voter, question.socket, seen);
  const step = crew.rounds.answered(peer, question.socket === MAIN, crew.now);
  if (step === 'decide' || step === 'finish') decide(crew, step === 'finish');
  armRound(crew);
}

/** The round's gather time or time-out may have come. */
export function roundDue(crew: Crew): void {
  const step = crew.rounds.due(crew.now);
  if (step === 'decide') decide(crew, false);
  if (step === 'finish') decide(crew, true);
  if (step === 'extend') extend(crew);
  armRound(crew);
}

/** Too few answered: ask as many again, if there are more; else this is all there is. */
function extend(crew: Crew): void {
  const { rounds } = crew;
  const more = choose(crew, rounds.width, rounds.asked).filter((peer) => !rounds.asked.has(peer));
  if (more.length === 0) {
    decide(crew, true);
    return;
  }
  rounds.extend(more, crew.now, longestTimeout(crew, more));
  for (const peer of more) tryPeer(crew, peer);
}

/** Counts the ballots; what comes out is said in a new record. */
function decide(crew: Crew, final: boolean): void {
  const { moved, changed, named } = crew.reflections.decide(crew.now, final);
  if (moved.some(({ from }) => from !== undefined)) crew.movedAt = crew.now;
  for (const { from, to, votes, voters } of moved) {
    crew.outbox.event({ type: 'self-moved', from, to, votes, voters });
    crew.outbox.viewChanged(crew.id);
  }
  for (const id of named) crew.outbox.event({ type: 'outvoted', id, name: nameOf(crew, id) });
  publish(crew);
  if (!final) return;
  if (crew.rounds.answers === 0) crew.fresh.exhaust();
  crew.rounds.finish(changed, crew.now);
  crew.timers.clear('round');
  const next = crew.rounds.postponedUntil;
  if (next !== undefined) crew.timers.set('postponed', next);
}

function armRound(crew: Crew): void {
  const due = crew.rounds.nextDue();
  if (due !== undefined) crew.timers.set('round', due);
}

/** What a pong outside of a round says of my address. */
export function reflected(crew: Crew, { peer, socket, sentAt }: Question, seen: Address): void {
  const { rounds, reflections } = crew;
  if (!reflections.differs(socket, seen)) {
    rounds.note(peer, socket, seen);
    return;
  }
  if (rounds.isOld(sentAt) || !rounds.isNews(peer, socket, seen)) return;
  if (reflections.isNamed(peer, crew.now)) return;
  // A report that no round took up, because one was running, counts again when it comes again.
  if (doubt(crew, 'reflection', peer)) rounds.note(peer, socket, seen);
}

/** Questions whose time-out passed: paths fall silent, history forgets what never answers. */
export function questionsDue(crew: Crew): void {
  const { silent, changes } = crew.paths.expire(crew.now);
  // Silence tells of an address only when somebody was heard meanwhile: else I am the one cut off.
  const { heardAny } = crew.suspicions;
  for (const { peer, address, sentAt } of silent) {
    if (heardAny === undefined || heardAny <= sentAt) continue;
    crew.book.failed(peer, address, 'silent');
    crew.paths.hintFailed(peer, address);
  }
  for (const change of changes) pathChanged(crew, change);
  armQuestions(crew);
}

/** A try came to its end without a pong: doubt, suspicion, search, the next try. */
export function tryDue(crew: Crew, peer: NodeId): void {
  const failed = crew.suspicions.fail(peer, crew.now);
  if (failed === undefined) return;
  const id = peer;
  if (failed.became === 'suspect') {
    crew.outbox.event({ type: 'member-suspect', id, name: nameOf(crew, id) });
  }
  if (failed.became === 'lost') {
    crew.outbox.event({ type: 'member-lost', id, name: nameOf(crew, id) });
  }
  watchSilence(crew);
  tryAgain(crew, peer, failed.failures);
  if (failed.failures >= 2) search(crew, peer);
  if (failed.beat && failed.failures === 1) doubt(crew, 'unanswered', peer);
}

/** Looks for a silent member: at once, but not for hundreds at once. */
function search(crew: Crew, target: NodeId): void {
  const { seek, timers, settings, now } = crew;
  if (!seek.begin(target, now)) return;
  const pause = seek.firstPause(settings.beat);
  if (pause === 0) seekDue(crew, target);
  else timers.set(`seek/${target}`, after(now, pause));
}

/** The search for a silent member goes on: ask four who may know. */
export function seekDue(crew: Crew, target: NodeId): void {
  const next = crew.seek.turn(target, crew.now, crew.settings.beat);
  if (next === undefined) return;
  crew.timers.set(`seek/${target}`, next);
  const askable = sampleOf(crew, CHOICE * SMALL_CLUSTER)
    .filter((id) => id !== target && crew.suspicions.liveness(id) === 'alive')
    .map((id) => ({ id, steadySince: crew.book.since(id) }));
  const sequence = crew.book.sequence(target);
  for (const peer of crew.seek.choose(askable)) {
    tell(crew, peer, { type: 'seek', target, sequence });
  }
}

/** Somebody seeks a member: say what is known, and tell the sought one who is looking. */
export function answerSeek(
  crew: Crew,
  seeker: NodeId,
  { target, sequence }: Extract<Message, { type: 'seek' }>,
): void {
  if (target === crew.id || target === seeker || !crew.membership.isMember(target)) return;
  if (!crew.seek.mayAnswer(seeker, target, crew.now)) return;
  const path = crew.paths.path(target);
  const record = crew.book.record(target);
  const age = path === undefined ? undefined : elapsed(path.provenAt, crew.now);
  const heard = crew.suspicions.liveness(target) === 'alive' && path?.silentSince === undefined;
  tell(crew, seeker, {
    type: 'sought',
    target,
    age: heard ? age : undefined,
    seen: heard ? path?.address : undefined,
    record: record !== undefined && record.sequence > sequence ? record.bytes : undefined,
  });
  const toSeeker = crew.paths.path(seeker);
  if (age === undefined || age > INTRODUCE_FRESH || !heard || toSeeker === undefined) return;
  tell(crew, target, {
    type: 'introduce',
    seeker,
    address: toSeeker.address,
    record: crew.book.record(seeker)?.bytes,
  });
}

/**
 * An address that somebody named for a member, who proved it this long ago: worth a challenge
 * unless it is proven here already, or known here and proven there no later than the member was
 * heard here.
 */
export function named(crew: Crew, peer: NodeId, address: Address, age: Duration): void {
  if (peer === crew.id || !crew.membership.isMember(peer)) return;
  const path = crew.paths.path(peer);
  const alive = crew.suspicions.liveness(peer) === 'alive' && path?.silentSince === undefined;
  if (alive && path !== undefined && path.address.ip === address.ip) return;
  const known = crew.paths.candidates(peer, crew.book.listed(peer));
  const heardAt = crew.suspicions.heardAt(peer);
  const older = heardAt !== undefined && age >= elapsed(heardAt, crew.now);
  if (older && known.some((other) => sameAddress(other, address))) return;
  crew.paths.hint(peer, address);
  askAnew(crew, peer, { at: address });
}

/** Silence since the start or the last datagram: this node may be an orphan now. */
export function orphanDue(crew: Crew): void {
  const { orphan, suspicions, now } = crew;
  const all = others(crew);
  if (all.length === 0 || orphan.since !== undefined) return;
  const allSilent = all.every((peer) => suspicions.failures(peer) > 0);
  if (orphan.check(now, suspicions.heardAny, allSilent)) {
    crew.outbox.event({ type: 'orphan', advice: orphanAdvice(crew) });
    callAll(crew);
    crew.timers.set('beacon', now);
    return;
  }
  const next = orphan.checkAt(now, suspicions.heardAny);
  // Already silent for that long: the next failed try asks again.
  if (next > now) crew.timers.set('orphan', next);
}

/** An orphan calls: the last addresses of 16 members and one of each one's history. */
export function callAll(crew: Crew): void {
  if (crew.orphan.since === undefined) return;
  openFresh(crew);
  for (const peer of crew.orphan.calls(others(crew))) {
    tryPeer(crew, peer);
    const rung = crew.book.rung(peer);
    if (rung !== undefined) ask(crew, peer, MAIN, rung);
  }
  crew.timers.set('call', after(crew.now, crew.orphan.pace(crew.now)));
}

/**
 * After the start of a larger cluster: sixteen more that were neither heard nor asked yet. At
 * random, or everyone would call the same ones, those whose names come first.
 */
export function callMore(crew: Crew): void {
  const { suspicions } = crew;
  const most = othersCount(crew) <= START_CALLS ? START_CALLS : START_CALLS_LARGE;
  if (crew.startCalls >= most) return;
  const dark = others(crew).filter(
    (peer) =>
      suspicions.heardAt(peer) === undefined &&
      suspicions.failures(peer) === 0 &&
      !suspicions.trying(peer),
  );
  const called = crew.random.sample(dark, ORPHAN_CALLS);
  for (const peer of called) tryPeer(crew, peer);
  crew.startCalls += called.length;
  if (dark.length > called.length) crew.timers.set('call-more', after(crew.now, START_PAUSE));
}

/** The one line that helps when nobody is heard (R5). */
export function orphanAdvice(crew: Crew): string {
  const name = nameOf(crew, others(crew)[0] ?? crew.id);
  const what = "nobody answers: find out one member's present address and say";
  return `${what}: flotilla hint ${name} HOST:PORT`;
}

/**
 * A datagram could not be sent. Over a path in use, or while there is none, that is a doubt:
 * everyone is asked again in a moment, later each time. Elsewhere it only says that this address is
 * not to be had from here, whoever listed it.
 */
export function sendFailed(crew: Crew, socket: SocketId, to: Address, why: SendFailure): void {
  const { peers, changes, inUse } = crew.paths.unsent(socket, to, crew.now);
  for (const change of changes) pathChanged(crew, change);
  for (const peer of peers) {
    crew.book.failed(peer, to, why === 'refused' ? 'refused' : 'silent');
    crew.paths.hintFailed(peer, to);
  }
  const none = others(crew).every((peer) => crew.paths.path(peer) === undefined);
  if (peers.length === 0 || (!inUse && !none) || crew.timers.has('send-error')) return;
  const { sendFailedAt, now } = crew;
  if (sendFailedAt === undefined || elapsed(sendFailedAt, now) > SEND_CALM) crew.sendRetries = 0;
  crew.sendFailedAt = now;
  const pause = Math.min(SEND_RETRY_MAX, SEND_RETRY * 2 ** crew.sendRetries);
  crew.sendRetries += 1;
  crew.timers.set('send-error', after(now, millis(pause)));
}

/** What could not be sent is asked again: as a round, since I may have moved. */
export function sendErrorDue(crew: Crew): void {
  if (crew.rounds.running) {
    for (const peer of crew.rounds.asked) tryPeer(crew, peer);
    return;
  }
  doubt(crew, 'send-error');
}
