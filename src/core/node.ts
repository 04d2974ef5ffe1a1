/**
 * The hub: one node of a flotilla as a machine without I/O. Each input goes to the arm that deals
 * with it, each alarm to the part that set it; the effects of the step are what is returned.
 */

import { unreachable } from '../base/assert.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, millis, type Instant, type WallTime } from '../base/time.ts';
import { knock, linkClosed, linkFrame, linkOpen } from './admit.ts';
import { command, leaveDue, pingDue } from './command.ts';
import {
  BEACON_FIRST,
  CLOCK_JUMP,
  LOOP_LATE,
  LOOP_STALL,
  ORPHAN_SILENCE,
  START_PAUSE,
} from './config.ts';
import { gather, nameOf, others, type Crew, type NodeConfig } from './crew.ts';
import { writeBook, writeCluster, type DocumentName } from './documents.ts';
import {
  callAll,
  callMore,
  doubt,
  freshOpened,
  orphanDue,
  questionsDue,
  roundDue,
  seekDue,
  sendErrorDue,
  sendFailed,
  tidy,
  tryDue,
} from './heal.ts';
import { datagram } from './hear.ts';
import { beaconAnswerDue, beaconDue, overheard } from './lan.ts';
import type { Effect, Input, Machine, Moment } from './io.ts';
import { membersDocument, selfState, statusDocument } from './show.ts';
import { flushNews, reserveSequences, welcome } from './tidings.ts';
import { beatTo } from './talk.ts';
import type { MembersDocument, SelfState, StatusDocument } from './view.ts';

export type { NodeConfig } from './crew.ts';

/** After a standstill the sockets are read before anything else times out. */
const READING_TIME = 20;
/** Wakes more than this in one step would mean that an alarm sets itself to now. */
const ALARMS_PER_STEP = 100_000;

/** One node. Drive it with `step`; read it with `members` and `status`. */
export class Node implements Machine {
  readonly #crew: Crew;
  #wakeAt: Instant | undefined;
  #last: Moment | undefined;

  /**
   * Throws UserError `state-damaged` when the stored acts found no cluster that this node is in.
   */
  constructor(config: NodeConfig) {
    this.#crew = gather(config);
  }

  get id(): NodeId {
    return this.#crew.id;
  }

  get name(): string {
    return nameOf(this.#crew, this.#crew.id);
  }

  get clusterName(): string {
    return this.#crew.membership.clusterName;
  }

  get clusterId(): string {
    return this.#crew.cluster;
  }

  /** Members, this node included. */
  get memberCount(): number {
    return this.#crew.membership.members().length;
  }

  get state(): SelfState {
    return selfState(this.#crew);
  }

  /** Takes one input and returns what is to be done about it, in order. */
  step(moment: Moment, input: Input): readonly Effect[] {
    const crew = this.#crew;
    crew.now = moment.now;
    crew.wall = moment.wall;
    crew.unpredictable.refill(moment.entropy);
    this.#compareClocks(moment);
    this.#take(moment, input);
    this.#ring();
    this.#askToBeWoken();
    return crew.outbox.take();
  }

  document(name: DocumentName): unknown {
    const { membership, invites, own, book } = this.#crew;
    if (name === 'book') return writeBook(book.stored());
    return writeCluster({
      acts: membership.all(),
      invites: invites.stored(),
      reserved: own.reserved,
      tags: [...own.tags],
    });
  }

  members(now: Instant): MembersDocument {
    return membersDocument(this.#crew, now);
  }

  status(now: Instant, wall: WallTime): StatusDocument {
    this.#crew.wall = wall;
    return statusDocument(this.#crew, now);
  }

  /** The member of this name, ID or unique ID prefix. */
  find(text: string): NodeId | 'unknown' | 'ambiguous' {
    return this.#crew.membership.find(text);
  }

  #take(moment: Moment, input: Input): void {
    const crew = this.#crew;
    switch (input.type) {
      case 'start':
        return this.#start();
      case 'datagram':
        return datagram(crew, input.socket, input.from, input.bytes);
      case 'beacon':
        return overheard(crew, input.from, input.bytes);
      case 'send-failed':
        return sendFailed(crew, input.socket, input.to, input.reason);
      case 'socket-opened':
        return freshOpened(crew, input.socket);
      case 'socket-failed':
        return crew.fresh.closed(input.socket);
      case 'wake':
        return this.#woken(moment);
      case 'saved':
        return this.#saved(input.ticket);
      case 'save-failed':
        return this.#saveFailed(input.ticket, input.reason);
      case 'command':
        return command(crew, input.id, input.command);
      case 'knock':
        return knock(crew, input.link, input.tag, input.from);
      case 'link-open':
        return linkOpen(crew, input.link, input.peer);
      case 'link-frame':
        return linkFrame(crew, input.link, input.body);
      case 'link-closed':
        return linkClosed(crew, input.link);
      default:
        return unreachable(input);
    }
  }

  /** The host is ready: call everyone at the last addresses known, and ask where I am. */
  #start(): void {
    const crew = this.#crew;
    if (crew.started) return;
    crew.started = true;
    crew.orphan.start(crew.now);
    crew.outbox.event({ type: 'started' });
    for (const author of crew.membership.authors()) {
      const hashes = crew.membership.acts(author, 1).map(({ hash }) => hash);
      crew.inventory.setActs(author, hashes);
    }
    for (const { id } of crew.membership.members()) {
      const record = crew.book.record(id);
      if (record !== undefined) crew.inventory.setRecord(id, record.sequence, record.bytes);
      welcome(crew, id);
      crew.paths.list(id, crew.book.listed(id), crew.now);
    }
    crew.digestChangedAt = crew.now;
    crew.publishWanted = crew.book.record(crew.id) === undefined || crew.settings.tags.length > 0;
    reserveSequences(crew);
    crew.timers.set('beat', crew.heartbeat.following(crew.now));
    crew.timers.set('orphan', after(crew.now, ORPHAN_SILENCE));
    crew.timers.set('beacon', after(crew.now, BEACON_FIRST));
    doubt(crew, 'start');
    crew.timers.set('call-more', after(crew.now, START_PAUSE));
  }

  /**
   * Wall and monotonic clock that drift apart between two inputs mean a resumed snapshot, a machine
   * that slept, or a clock set by hand. No belief hangs on it: keys are agreed anew, and all are
   * asked.
   */
  #compareClocks(moment: Moment): void {
    const last = this.#last;
    this.#last = moment;
    if (last === undefined || !this.#crew.started) return;
    const monotonic = elapsed(last.now, moment.now);
    const drift = Math.abs(moment.wall - last.wall - monotonic);
    if (drift > CLOCK_JUMP) this.#crew.sessions.forgetAll();
    if (drift > CLOCK_JUMP || moment.late > LOOP_STALL) doubt(this.#crew, 'clock-jump');
  }

  /** A loop that ran late has not read its sockets yet: nothing times out for that long (B4). */
  #woken(moment: Moment): void {
    this.#wakeAt = undefined;
    if (moment.late < LOOP_LATE) return;
    const { paths, rounds, suspicions, timers } = this.#crew;
    const late = millis(moment.late + READING_TIME);
    paths.postpone(late);
    rounds.postpone(late);
    for (const { peer, deadline } of suspicions.postpone(late)) {
      timers.set(`try/${peer}`, deadline);
    }
    if (paths.nextDeadline !== undefined) timers.set('questions', paths.nextDeadline);
    const due = rounds.nextDue();
    if (due !== undefined) timers.set('round', due);
  }

  #saved(ticket: number): void {
    const { whenSaved } = this.#crew;
    const done = whenSaved.filter((waiting) => waiting.ticket <= ticket);
    const rest = whenSaved.filter((waiting) => waiting.ticket > ticket);
    whenSaved.splice(0, whenSaved.length, ...rest);
    for (const { then } of done) then();
  }

  /** The host goes on trying; whoever waits at a prompt is told. */
  #saveFailed(ticket: number, reason: string): void {
    const { outbox, waiting } = this.#crew;
    outbox.event({ type: 'save-failed', reason });
    for (const [id, { ticket: awaited }] of waiting) {
      if (awaited > ticket) continue;
      waiting.delete(id);
      const message = `the state could not be written: ${reason}`;
      const hint = 'make room or mend the disk; the node goes on trying, nothing is lost';
      const reply = { type: 'refused', code: 'state-not-saved', message, hint } as const;
      outbox.put({ type: 'answer', id, reply });
    }
  }

  /** Rings every alarm whose time has come. */
  #ring(): void {
    const { timers, now } = this.#crew;
    for (let rung = 0; rung < ALARMS_PER_STEP; rung += 1) {
      const key = timers.take(now);
      if (key === undefined) return;
      this.#alarm(key);
    }
  }

  #alarm(key: string): void {
    const crew = this.#crew;
    const [kind, which] = split(key);
    switch (kind) {
      case 'beat':
        return this.#beat();
      case 'try':
        return tryDue(crew, which as NodeId);
      case 'seek':
        return seekDue(crew, which as NodeId);
      case 'questions':
        return questionsDue(crew);
      case 'round':
        return roundDue(crew);
      case 'postponed':
        return this.#postponed();
      case 'news':
        return flushNews(crew);
      case 'orphan':
        return orphanDue(crew);
      case 'call':
        return callAll(crew);
      case 'call-more':
        return callMore(crew);
      case 'beacon':
        return beaconDue(crew);
      case 'beacon-answer':
        return beaconAnswerDue(crew);
      case 'send-error':
        return sendErrorDue(crew);
      case 'tidy':
        return tidy(crew);
      case 'book':
        crew.bookSavedAt = crew.now;
        crew.outbox.save('book', true);
        return;
      case 'ping':
        return pingDue(crew, Number(which));
      case 'left':
        return leaveDue(crew, Number(which));
    }
  }

  /** The next member's turn. Suspects have tries of their own, and the lost are sought instead. */
  #beat(): void {
    const crew = this.#crew;
    const { heartbeat, suspicions, timers, now } = crew;
    timers.set('beat', heartbeat.following(now));
    // Who was never heard and never asked waits for its turn in a large cluster.
    const peer = heartbeat.next(
      (id) =>
        !suspicions.trying(id) &&
        (suspicions.liveness(id) === 'alive' || suspicions.failures(id) === 0),
    );
    if (peer !== undefined) beatTo(crew, peer);
    const anyone = others(crew).some((id) => suspicions.liveness(id) === 'alive');
    if (anyone && heartbeat.silent(now, crew.book.slowestBeat())) doubt(crew, 'silence');
  }

  #postponed(): void {
    const why = this.#crew.rounds.takePostponed();
    if (why !== undefined) doubt(this.#crew, why);
  }

  #askToBeWoken(): void {
    const { timers, outbox } = this.#crew;
    const next = timers.next();
    if (next === undefined || next.at === this.#wakeAt) return;
    this.#wakeAt = next.at;
    outbox.put({ type: 'wake', at: next.at, why: next.key });
  }
}

function split(key: string): readonly [string, string] {
  const slash = key.indexOf('/');
  return slash < 0 ? [key, ''] : [key.slice(0, slash), key.slice(slash + 1)];
}
