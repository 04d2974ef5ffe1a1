/**
 * Challenges under way, of all peers together: what a beat costs must not grow with the members, so
 * nothing here looks at a peer that was not asked.
 */

import { sameAddress, type Address } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, type Duration, type Instant } from '../base/time.ts';
import { CHALLENGES_MAX, CHALLENGE_LIFE } from './config.ts';
import type { SocketId } from './io.ts';

/** A challenge under way. */
export interface Question {
  readonly peer: NodeId;
  readonly challenge: number;
  readonly socket: SocketId;
  readonly address: Address;
  /** Asked while no round ran; the time its answer takes is the path's, not that of a burst. */
  readonly atRest: boolean;
  readonly sentAt: Instant;
  readonly deadline: Instant;
  /** The time-out passed; a late pong still proves. */
  readonly overdue: boolean;
}

/** What is asked, before it is known until when. */
export type Asking = Omit<Question, 'sentAt' | 'deadline' | 'overdue'>;

/** All open questions; at most CHALLENGES_MAX a peer, the oldest gives way. */
export class Questions {
  /** By peer and challenge, oldest first; a peer without any has no entry. */
  readonly #open = new Map<NodeId, Map<number, Question>>();
  /** Those whose time-out is still to come, and those that may be answered late. */
  readonly #awaited = new Set<Question>();
  readonly #overdue = new Set<Question>();
  #nextDeadline: Instant | undefined;

  /** The earliest time-out that is still to come. */
  get nextDeadline(): Instant | undefined {
    return this.#nextDeadline;
  }

  /** A challenge is being sent. */
  add(question: Question): void {
    const open = this.#open.get(question.peer) ?? new Map<number, Question>();
    this.#open.set(question.peer, open);
    open.set(question.challenge, question);
    this.#awaited.add(question);
    const [oldest] = open.values();
    if (open.size > CHALLENGES_MAX && oldest !== undefined) this.#drop(oldest);
    const { deadline } = question;
    if (this.#nextDeadline === undefined || deadline < this.#nextDeadline) {
      this.#nextDeadline = deadline;
    }
  }

  /** Takes the question that this pong answers; undefined when none does, or it is too old. */
  take(peer: NodeId, challenge: number, now: Instant): Question | undefined {
    const question = this.#open.get(peer)?.get(challenge);
    if (question === undefined || elapsed(question.sentAt, now) > CHALLENGE_LIFE) return undefined;
    this.#drop(question);
    if (question.deadline === this.#nextDeadline) this.#nextDeadline = this.#earliest();
    return question;
  }

  /** Whether any question to this peer can still be answered. */
  any(peer: NodeId): boolean {
    return this.#open.has(peer);
  }

  /** Whether such a question to this peer waits for its time-out. */
  isOpen(peer: NodeId, socket: SocketId, to: Address): boolean {
    for (const question of this.#open.get(peer)?.values() ?? []) {
      if (question.overdue || question.socket !== socket) continue;
      if (sameAddress(question.address, to)) return true;
    }
    return false;
  }

  /** The peer left, or guessed too often: no pong of it counts any more. */
  burn(peer: NodeId): void {
    for (const question of [...(this.#open.get(peer)?.values() ?? [])]) this.#drop(question);
  }

  /** Takes note of the time-outs that passed; those questions can be answered for a while yet. */
  expire(now: Instant): readonly Question[] {
    if (this.#nextDeadline === undefined || this.#nextDeadline > now) return [];
    for (const question of this.#overdue) {
      if (elapsed(question.sentAt, now) > CHALLENGE_LIFE) this.#drop(question);
    }
    const silent = [...this.#awaited].filter(({ deadline }) => deadline <= now);
    for (const question of silent) this.#replace(question, { ...question, overdue: true });
    this.#nextDeadline = this.#earliest();
    return silent;
  }

  /** Takes the questions that were to go this way: they could not be sent, so they are none. */
  unsent(socket: SocketId, to: Address): readonly Question[] {
    const taken = [...this.#overdue, ...this.#awaited].filter(
      (question) => question.socket === socket && sameAddress(question.address, to),
    );
    for (const question of taken) this.#drop(question);
    this.#nextDeadline = this.#earliest();
    return taken;
  }

  /** The own loop was blind for this long: every question gets that much more time (B4). */
  postpone(late: Duration): void {
    for (const question of [...this.#awaited]) {
      this.#replace(question, { ...question, deadline: after(question.deadline, late) });
    }
    this.#nextDeadline = this.#earliest();
  }

  #drop(question: Question): void {
    const open = this.#open.get(question.peer);
    open?.delete(question.challenge);
    if (open?.size === 0) this.#open.delete(question.peer);
    this.#awaited.delete(question);
    this.#overdue.delete(question);
  }

  #replace(old: Question, question: Question): void {
    this.#open.get(old.peer)?.set(old.challenge, question);
    this.#awaited.delete(old);
    (question.overdue ? this.#overdue : this.#awaited).add(question);
  }

  #earliest(): Instant | undefined {
    let earliest: Instant | undefined;
    for (const { deadline } of this.#awaited) {
      if (earliest === undefined || deadline < earliest) earliest = deadline;
    }
    return earliest;
  }
}
