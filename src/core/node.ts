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
  MEET_EVERY,
  ORPHAN_SILENCE,
  START_CALLS,
  ROUND_GAP,
  START_PAUSE,
} from './config.ts';
import { gather, nameOf, othersCount, type Crew, type NodeConfig } from './crew.ts';
import { writeBook, writeCluster } from './documents.ts';
import type { DocumentName, StoredBook, StoredCluster } from './documents.ts';
import { freshOpened, tidy } from './fresh.ts';
import {
  callAll,
  callMore,
  doubt,
  orphanDue,
  questionsDue,
  roundDue,
  seekDue,
  sendErrorDue,
  sendFailed,
  tryDue,
} from './heal.ts';
import { datagram } from './hear.ts';
import { beaconAnswerDue, beaconDue, overheard } from './lan.ts';
import type { Effect, Input, Machine, Moment } from './io.ts';
import { reviveDue } from './revive.ts';
import { membersDocument, selfState, statusDocument } from './show.ts';
import { flushNews, judgeDue, reserveSequences, welcome } from './tidings.ts';
import { beatTo, tryPeer } from './talk.ts';
import type { MembersDocument, SelfState, StatusDocument } from './view.ts';

export type { NodeConfig } from './crew.ts';

/** After a standstill the sockets are read before anything else times out. */
const READING_TIME = 20;
/** Wakes more than this in one step would mean that an alarm sets itself to now. */
const ALARMS_PER_STEP = 100_000;

/** A node in three numbers. */
export interface Glance {
  /** Over all records and acts held: equal for nodes that hold the same. */
  readonly digest: number;
  /** Members that it has lost. */
  readonly lost: number;
  /** Of its own newest record. */
  readonly sequence: number;
}

/** One node. Drive it with `step`; read it with `members` and `status`. */
export class Node implements Machine {
  readonly #crew: Crew;
  #wakeAt: Instant | undefined;
  /** When all were asked last because the clocks had drifted apart or the loop stood still. */
  #jumpedAt: Instant | undefined;
  #last: Moment | undefined;
  #beats = 0;

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

  /** What is to be written to disk under this name: plain data, as JSON can hold it. */
  document(name: DocumentName): unknown {
    return name === 'book' ? writeBook(this.storedBook()) : writeCluster(this.storedCluster());
  }

  /** The book as values. Simulations of thousands of nodes keep these in place of text. */
  storedBook(): StoredBook {
    return this.#crew.book.stored();
  }

  /** The cluster document as values. */
  storedCluster(): StoredCluster {
    const { membership, invites, own } = this.#crew;
    return {
      acts: membership.all(),
      invites: invites.stored(),
      reserved: own.reserved,
      tags: [...own.tags],
    };
  }

  /** What tells at a glance whether two nodes hold the same, at a cost that no member adds to. */
  get glance(): Glance {
    const { inventory, suspicions, own } = this.#crew;
    const { digest } = inventory;
    return { digest, lost: suspicions.count('lost'), sequence: own.sequence };
  }

  /** The sequence of the newest record held of a member; 0: none. */
  sequenceOf(id: NodeId): number {
    return this.#crew.book.sequence(id);
  }

  /** What `members --json` shows; of these members alone, if they are given. */
  members(now: Instant, of?: readonly NodeId[]): MembersDocument {
    return membersDocument(this.#crew, now, of);
  }

  /** All that ever were members, by name. */
  get ids(): readonly NodeId[] {
    return this.#crew.membership.everyone().map(({ id }) => id);
  }

  /** What `status --json` shows; `wall` for the expiry of invites alone. */
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
    crew.digestRestlessAt = crew.now;
    const kept = crew.book.record(crew.id);
    crew.publishWanted =
      kept === undefined || !crew.own.resume(kept) || crew.settings.tags.length > 0;
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
    const crew = this.#crew;
    if (drift > CLOCK_JUMP) crew.sessions.forgetAll();
    else if (moment.late <= LOOP_STALL) return;
    // All that waited while the loop stood still comes late: everyone is asked once because of it.
    const rest = drift > CLOCK_JUMP ? ROUND_GAP : LOOP_STALL;
    if (this.#jumpedAt !== undefined && elapsed(this.#jumpedAt, moment.now) < rest) return;
    this.#jumpedAt = moment.now;
    // The pings of a round under way died with their keys: say hello where they went, and begin
    // another round when this one is over.
    if (!doubt(crew, 'clock-jump')) for (const peer of crew.rounds.asked) tryPeer(crew, peer);
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

  /** A document is on disk, and all that were asked for before it: what waited for it goes on. */
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

  /** An alarm is named by what it is for and, behind a slash, by whom or which it is about. */
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
      case 'revive':
        return reviveDue(crew);
      case 'judge':
        return judgeDue(crew);
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
    this.#beats += 1;
    const everyone = othersCount(crew) <= START_CALLS || this.#beats % MEET_EVERY === 0;
    // Who was never heard and never asked waits for its turn in a large cluster.
    const meets = everyone || suspicions.count('alive') === 0;
    const peer = heartbeat.next(
      (id) =>
        !suspicions.trying(id) &&
        (suspicions.liveness(id) === 'alive' || (meets && suspicions.failures(id) === 0)),
    );
    if (peer !== undefined) beatTo(crew, peer);
    const anyone = suspicions.count('alive') > 0;
    if (anyone && heartbeat.silent(now, crew.book.slowestBeat())) doubt(crew, 'silence');
  }

  /** A doubt that came too soon after a round is acted on now. */
  #postponed(): void {
    const why = this.#crew.rounds.takePostponed();
    if (why !== undefined) doubt(this.#crew, why);
  }

  /** One wake is enough, for the earliest alarm; an earlier one replaces it at the host. */
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
