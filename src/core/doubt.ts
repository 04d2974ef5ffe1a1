/** Rounds: asking the others where I am, when there is a reason to (PROTOCOL §4.1, §5). */

import { formatAddress, type Address } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, millis, type Duration, type Instant } from '../base/time.ts';
import {
  BURST_FIRST,
  GATHER_FLOOR,
  MUTE_REST,
  MUTE_WINDOW,
  OUTVOTED_LIMIT,
  REFLECTION_GAP,
  ROUND_CALM,
  ROUND_GAP,
  ROUND_GAP_MAX,
  SMALL_CLUSTER,
  UNMUTED_MIN,
} from './config.ts';
import type { Doubt } from './events.ts';
import type { SocketId } from './io.ts';

interface Round {
  /** Whose silence or report began it. */
  readonly by: NodeId | undefined;
  readonly why: Doubt;
  readonly since: Instant;
  readonly asked: Set<NodeId>;
  readonly answered: Set<NodeId>;
  /** How many to ask at the next time-out, in a larger cluster. */
  width: number;
  deadline: Instant;
  gatherAt: Instant | undefined;
  mainAnswered: boolean;
}

/** What is to be done about the round now. */
export type RoundStep = 'wait' | 'decide' | 'extend' | 'finish';

/** At most one round at a time. */
export class Rounds {
  #round: Round | undefined;
  #last: Instant | undefined;
  /** When the last round was over that anybody answered. */
  #decided: Instant | undefined;
  #postponed: Doubt | undefined;
  #gap: Duration = ROUND_GAP;
  /** The two newest reports of each member of each socket; three sockets a member. */
  readonly #reports = new Map<string, readonly string[]>();
  /** Rounds in a row that each member began for nothing, and until when it begins no more. */
  readonly #idle = new Map<
    NodeId,
    { readonly times: readonly Instant[]; readonly until: Instant | undefined }
  >();

  /** The round under way. */
  get running(): boolean {
    return this.#round !== undefined;
  }

  /** Whether a pong of this round came in through the main socket. */
  get mainAnswered(): boolean {
    return this.#round?.mainAnswered ?? false;
  }

  /** How many answered so far. */
  get answers(): number {
    return this.#round?.answered.size ?? 0;
  }

  /** Members asked that did not answer yet. */
  get unanswered(): readonly NodeId[] {
    const round = this.#round;
    return round === undefined ? [] : [...round.asked].filter((peer) => !round.answered.has(peer));
  }

  /** Members asked so far. */
  get asked(): ReadonlySet<NodeId> {
    return this.#round?.asked ?? new Set();
  }

  /**
   * Whether a round may begin now. A doubt that comes too soon after the last round is kept, and
   * `postponedUntil` says until when. Rounds that changed nothing double the gap, so that neither a
   * lossy network nor a member that is silent on purpose keeps everyone asking.
   */
  may(why: Doubt, now: Instant): boolean {
    if (this.#round !== undefined) {
      // Its answers are of before the jump: the next one follows as soon as it is over.
      if (why === 'clock-jump') this.#postponed = why;
      return false;
    }
    if (this.#last === undefined || why === 'send-error' || why === 'clock-jump') return true;
    if (elapsed(this.#last, now) >= (why === 'reflection' ? REFLECTION_GAP : this.#gap))
      return true;
    this.#postponed = why;
    return false;
  }

  /**
   * Whether a member's report of where it saw this socket is another than its last two: the same
   * report begins a round once, and so do two that take turns, so that a router which invents
   * ports, or a peer that is seen over two addresses, begins no more.
   */
  isNews(peer: NodeId, socket: SocketId, seen: Address): boolean {
    const reports = this.#reports.get(`${peer}/${socket}`) ?? [];
    return !reports.includes(formatAddress(seen));
  }

  /**
   * Whether a question left before the last vote was over. Its answer tells nothing newer, however
   * late it comes: of a peer that is asked at two addresses the second pong often does.
   */
  isOld(sentAt: Instant): boolean {
    return this.#decided !== undefined && sentAt <= this.#decided;
  }

  /** The report was acted on, or agrees with what is believed. */
  note(peer: NodeId, socket: SocketId, seen: Address): void {
    const key = `${peer}/${socket}`;
    const text = formatAddress(seen);
    const others = (this.#reports.get(key) ?? []).filter((report) => report !== text);
    this.#reports.set(key, [...others.slice(-1), text]);
  }

  /** Whether this member begins no rounds now: too many in a row were for nothing. */
  isMuted(peer: NodeId, now: Instant): boolean {
    const idle = this.#idle.get(peer);
    return idle?.until !== undefined && now < idle.until;
  }

  /**
   * A member whose silence or reports began three rounds within half a minute that changed nothing
   * begins none for a minute: that may be on purpose. Never so many that fewer than three are left
   * that count, or a lossy link would hide a move.
   */
  #judge({ by, asked, answered }: Round, changed: boolean, now: Instant): void {
    if (by === undefined || answered.size * 2 < asked.size) return;
    if (changed) {
      this.#idle.delete(by);
      return;
    }
    const before = this.#idle.get(by)?.times ?? [];
    const times = [...before, now].filter((at) => elapsed(at, now) <= MUTE_WINDOW);
    const muted = [...this.#idle.keys()].filter((peer) => this.isMuted(peer, now)).length;
    const enough = times.length >= OUTVOTED_LIMIT && asked.size - muted > UNMUTED_MIN;
    const until = enough ? after(now, MUTE_REST) : undefined;
    this.#idle.set(by, { times: enough ? [] : times.slice(-OUTVOTED_LIMIT), until });
  }

  /** A member left: its reports go. */
  forget(peer: NodeId): void {
    this.#idle.delete(peer);
    for (const key of this.#reports.keys()) {
      if (key.startsWith(`${peer}/`)) this.#reports.delete(key);
    }
  }

  get postponedUntil(): Instant | undefined {
    if (this.#postponed === undefined || this.#last === undefined) return undefined;
    if (this.#postponed === 'clock-jump') return this.#last;
    const gap = this.#postponed === 'reflection' ? REFLECTION_GAP : this.#gap;
    // A millisecond more, so that rounding cannot make it too soon again.
    return after(this.#last, millis(gap + 1));
  }

  /** The doubt that was kept; it is forgotten by asking. */
  takePostponed(): Doubt | undefined {
    const why = this.#postponed;
    this.#postponed = undefined;
    return why;
  }

  /** How many members to ask first: everyone in a small cluster. */
  firstWidth(members: number): number {
    return members <= SMALL_CLUSTER ? members : BURST_FIRST;
  }

  begin(
    why: Doubt,
    by: NodeId | undefined,
    asked: readonly NodeId[],
    now: Instant,
    timeout: Duration,
  ): void {
    if (this.#last !== undefined && elapsed(this.#last, now) > this.#gap + ROUND_CALM) {
      this.#gap = ROUND_GAP;
    }
    this.#last = now;
    this.#postponed = undefined;
    this.#round = {
      why,
      by,
      since: now,
      asked: new Set(asked),
      answered: new Set(),
      width: asked.length,
      deadline: after(now, timeout),
      gatherAt: undefined,
      mainAnswered: false,
    };
  }

  /** Whether this pong belongs to the round: asked since it began. */
  counts(peer: NodeId, sentAt: Instant): boolean {
    const round = this.#round;
    return round !== undefined && round.asked.has(peer) && sentAt >= round.since;
  }

  /** A member answered. The first answer sets the gather time: twice its delay and a little. */
  answered(peer: NodeId, main: boolean, now: Instant): RoundStep {
    const round = this.#round;
    if (round === undefined) return 'wait';
    round.answered.add(peer);
    round.mainAnswered ||= main;
    if (round.gatherAt === undefined) {
      const delay = elapsed(round.since, now);
      round.gatherAt = after(round.since, millis(2 * delay + GATHER_FLOOR));
    }
    const all = round.answered.size >= round.asked.size;
    // A fresh socket's answers may be first; the main one's, just behind, tell the port that stays.
    if (all && round.mainAnswered) return 'finish';
    return all || now >= round.gatherAt ? 'decide' : 'wait';
  }

  /** The gather time or the time-out may have come. */
  due(now: Instant): RoundStep {
    const round = this.#round;
    if (round === undefined) return 'wait';
    if (now >= round.deadline)
      return round.answered.size * 2 < round.asked.size ? 'extend' : 'finish';
    if (round.gatherAt === undefined || now < round.gatherAt) return 'wait';
    round.gatherAt = round.deadline;
    return 'decide';
  }

  /** When `due` should be asked. */
  nextDue(): Instant | undefined {
    const round = this.#round;
    if (round === undefined) return undefined;
    const { gatherAt, deadline } = round;
    return gatherAt !== undefined && gatherAt < deadline ? gatherAt : deadline;
  }

  /** How many more to ask in a larger cluster: as many again. */
  get width(): number {
    return this.#round?.width ?? 0;
  }

  /** More members were asked at a time-out. */
  extend(more: readonly NodeId[], now: Instant, timeout: Duration): void {
    const round = this.#round;
    if (round === undefined) return;
    for (const peer of more) round.asked.add(peer);
    round.width += more.length;
    round.deadline = after(now, timeout);
  }

  /** The own loop was blind for this long (B4). */
  postpone(late: Duration): void {
    if (this.#round !== undefined) this.#round.deadline = after(this.#round.deadline, late);
  }

  /** The round is over; `changed`: host or main port came out other than when it began. */
  finish(changed: boolean, now: Instant): void {
    const round = this.#round;
    if (round === undefined) return;
    this.#round = undefined;
    if (round.answered.size > 0) this.#decided = now;
    // All is new, or the main socket got no answer: what they report later is news again.
    if (changed || !round.mainAnswered) this.#reports.clear();
    this.#judge(round, changed, now);
    const fruitless = !changed && round.answered.size * 2 >= round.asked.size;
    this.#gap = fruitless ? millis(Math.min(ROUND_GAP_MAX, this.#gap * 2)) : ROUND_GAP;
  }
}
