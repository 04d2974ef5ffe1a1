/**
 * A datagram's way in: packet → session → message → what it means. Whatever cannot be opened is
 * counted and dropped in silence (B6); what a member says is handed to the arm that deals with it.
 */

import { usable, type Address } from '../base/address.ts';
import { unreachable } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import { elapsed, millis, type Duration } from '../base/time.ts';
import { decodeMessage, type Message } from '../wire/message.ts';
import { decodePacket } from '../wire/packet.ts';
import { count, nameOf, othersCount, type Crew } from './crew.ts';
import { HELLO_FRESH, NEWS_RECENT, REUSE_GAP, SMALL_CLUSTER } from './config.ts';
import { answerSeek, ballot, named, reflected } from './heal.ts';
import { MAIN, type SocketId } from './io.ts';
import type { Question } from './paths.ts';
import { answerSummary, answerWant, compareNotes } from './reconcile.ts';
import { reviveLost } from './revive.ts';
import { catchUp, learn, learnRecord } from './tidings.ts';
import {
  armQuestions,
  ask,
  askAnew,
  askUnasked,
  betterListed,
  noteMainFlow,
  pathChanged,
  firstPath,
  say,
  watchSilence,
} from './talk.ts';

/** Bytes came in through one of my sockets. */
export function datagram(crew: Crew, socket: SocketId, from: Address, bytes: Bytes): void {
  // Port 0 and the like can be forged and not answered.
  if (!usable(from)) {
    count(crew, 'source-unusable');
    return;
  }
  const packet = decodePacket(bytes);
  if (typeof packet === 'string') {
    count(crew, `packet-${packet}`);
    return;
  }
  const member = (agreement: Bytes): NodeId | undefined =>
    crew.membership.byAgreement(agreement)?.id;
  const verdict = crew.sessions.receive(packet, crew.now, member);
  switch (verdict.type) {
    case 'dropped':
      count(crew, verdict.reason);
      return;
    case 'reply':
      crew.outbox.put({ type: 'send', socket, to: from, bytes: verdict.bytes });
      return;
    case 'established':
      established(crew, verdict.peer, socket, from);
      return;
    case 'opened':
      opened(crew, verdict.peer, socket, from, verdict.message);
      return;
    default:
      unreachable(verdict);
  }
}

/**
 * A hello of mine was answered. It left from several sockets to several addresses, and by chance
 * this answer was the first; the others are dropped. So the main socket asks, too, and so are the
 * addresses that the record puts first, or the path would stay with a fresh port.
 */
function established(crew: Crew, peer: NodeId, socket: SocketId, from: Address): void {
  ask(crew, peer, socket, from);
  for (const to of betterListed(crew, peer, from)) ask(crew, peer, socket, to);
  const lately = crew.mainSent.get(peer);
  if (socket === MAIN || lately === undefined) return;
  if (elapsed(lately, crew.now) <= HELLO_FRESH) ask(crew, peer, MAIN, from);
}

/** A member said something, from an address that may be new. */
function opened(crew: Crew, peer: NodeId, socket: SocketId, from: Address, bytes: Bytes): void {
  const message = decodeMessage(bytes);
  if (message === undefined) {
    count(crew, 'message-malformed');
    return;
  }
  crew.suspicions.heard(peer, crew.now);
  if (socket === MAIN) noteMainFlow(crew, from);
  if (crew.orphan.heard()) {
    crew.timers.clear('call');
    crew.outbox.event({ type: 'afloat' });
    watchSilence(crew);
  }
  if (message.type === 'ping') answerPing(crew, peer, socket, from, message.challenge);
  const source = crew.paths.source(peer, from, crew.now);
  // A genuine datagram proves only that somebody passed it on: both addresses are asked (B1).
  if (source === 'stray') {
    ask(crew, peer, socket, from);
    const old = crew.paths.path(peer);
    if (old !== undefined) askUnasked(crew, peer, old.socket, old.address);
  }
  heed(crew, peer, message, source === 'known');
}

/**
 * The pong leaves from the socket the ping came to, to where it came from: that is what it proves.
 */
function answerPing(
  crew: Crew,
  peer: NodeId,
  socket: SocketId,
  from: Address,
  challenge: number,
): void {
  const { sequence } = crew.own;
  const { digest } = crew.inventory;
  say(crew, peer, socket, from, { type: 'pong', challenge, sequence, digest, seen: from });
}

/** `placed`: it came from where the member was proven. */
function heed(crew: Crew, peer: NodeId, message: Message, placed: boolean): void {
  switch (message.type) {
    case 'ping':
      crew.heartbeat.pinged(crew.now);
      // From elsewhere it can wait for the pong, which proves where to answer.
      if (placed) compareNotes(crew, peer, message.sequence, message.digest);
      return;
    case 'pong':
      pong(crew, peer, message);
      return;
    case 'news':
      for (const item of message.items) learn(crew, item, peer);
      return;
    case 'want':
      answerWant(crew, peer, message.wants);
      return;
    case 'summary':
      answerSummary(crew, peer, message);
      return;
    case 'seek':
      answerSeek(crew, peer, message);
      return;
    case 'sought':
      sought(crew, peer, message);
      return;
    case 'introduce':
      if (!crew.seek.mayFollow(peer, crew.now)) {
        count(crew, 'introduce-flood');
        return;
      }
      if (message.record !== undefined) learnRecord(crew, message.record, peer);
      named(crew, message.seeker, message.address, millis(0));
      return;
    default:
      unreachable(message);
  }
}

/** An answer to a search: only as long as the search is on, and not too many of one member. */
function sought(crew: Crew, peer: NodeId, message: Extract<Message, { type: 'sought' }>): void {
  if (!crew.seek.looksFor(message.target) || !crew.seek.mayFollow(peer, crew.now)) {
    count(crew, 'sought-unasked');
    return;
  }
  if (message.record !== undefined) learnRecord(crew, message.record, peer);
  if (message.seen === undefined || message.age === undefined) return;
  named(crew, message.target, message.seen, millis(message.age));
}

/** A pong: when its challenge is mine, the path it was sent over is proven. */
function pong(crew: Crew, peer: NodeId, message: Extract<Message, { type: 'pong' }>): void {
  const before = crew.paths.path(peer);
  const verdict = crew.paths.pong(peer, message.challenge, crew.now);
  if (verdict.type === 'unexpected') {
    count(crew, 'pong-unexpected');
    return;
  }
  const { question, change, roundTrip } = verdict;
  armQuestions(crew);
  crew.book.answered(peer, question.address);
  if (question.socket === MAIN) {
    crew.mainDoubted = false;
    crew.mainEverProven = true;
  }
  if (change !== undefined) pathChanged(crew, change);
  else if (before === undefined) firstPath(crew, peer, question.address);
  const wasSilent = before?.silentSince !== undefined;
  const missed = message.digest !== crew.inventory.digest;
  answeredAlive(crew, peer, question, missed, change !== undefined || wasSilent);
  doubtReused(crew, peer, question.address);
  if (crew.rounds.counts(peer, question.sentAt)) ballot(crew, peer, question, message.seen);
  else reflected(crew, question, message.seen);
  if (lacksNews(crew, message.digest)) catchUp(crew, peer, millis(0));
  compareNotes(crew, peer, message.sequence, message.digest);
  answerAwaited(crew, peer, question, roundTrip);
}

/** In a small cluster who answers hears what it has not heard; in a larger one gossip does it. */
function lacksNews(crew: Crew, digest: number): boolean {
  return digest !== crew.inventory.digest && othersCount(crew) <= SMALL_CLUSTER;
}

/** The member is alive: suspicion and search end, and it hears what it may have missed. */
function answeredAlive(
  crew: Crew,
  peer: NodeId,
  question: Question,
  differs: boolean,
  wasAway: boolean,
): void {
  const { found, wasLost, silence } = crew.suspicions.answered(peer, crew.now);
  crew.timers.clear(`try/${peer}`);
  crew.timers.clear(`seek/${peer}`);
  crew.seek.end(peer);
  if (found) {
    const { address } = question;
    const name = nameOf(crew, peer);
    crew.outbox.event({ type: 'member-found', id: peer, name, address, after: silence });
  }
  // Whoever is met for the first time in a larger cluster has its news by pushes and digests.
  const isNew = silence === undefined && othersCount(crew) > SMALL_CLUSTER;
  if (differs && !isNew && (found || wasAway)) catchUp(crew, peer, silence ?? NEWS_RECENT);
  if (wasLost) reviveLost(crew);
}

/** An address proven for one member cannot be another's any more: that one is asked anew. */
function doubtReused(crew: Crew, peer: NodeId, address: Address): void {
  for (const other of [...crew.paths.at(address)]) {
    // Two that answer at one place (one liar, or a forwarder for both) keep nobody busy with it.
    const last = crew.reusedAt.get(other);
    if (other === peer || (last !== undefined && elapsed(last, crew.now) < REUSE_GAP)) continue;
    crew.reusedAt.set(other, crew.now);
    crew.paths.drop(other, address);
    crew.outbox.viewChanged(other);
    if (!crew.suspicions.trying(other)) askAnew(crew, other);
  }
}

function answerAwaited(crew: Crew, peer: NodeId, question: Question, roundTrip: Duration): void {
  for (const [id, awaited] of crew.awaited) {
    if (awaited.peer !== peer || elapsed(awaited.since, question.sentAt) < 0) continue;
    crew.awaited.delete(id);
    crew.timers.clear(`ping/${id}`);
    const { address } = question;
    const reply = { type: 'pong', address, path: 'udp', roundTrip } as const;
    crew.outbox.put({ type: 'answer', id, reply });
  }
}
