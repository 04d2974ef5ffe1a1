/**
 * How long a member has not answered, and what that makes it: alive, suspect, lost (PROTOCOL §6).
 * Silence never removes a member (B5). Paced by tries: one try asks all addresses worth asking at
 * once.
 */

import type { NodeId } from '../base/id.ts';
import { after, elapsed, instant, millis, type Duration, type Instant } from '../base/time.ts';
import { LOST_AFTER, LOST_SILENCE, SEEK_MAX, SMALL_CLUSTER, SUSPECT_AFTER } from './config.ts';

/** What a member is to this node right now. */
export type Liveness = 'alive' | 'suspect' | 'lost';

interface Suspicion {
  liveness: Liveness;
  /** Whether it ever answered. */
  met: boolean;
  /** Tries in a row that nobody answered. */
  failures: number;
  /** Doublings of the next try's time-out; news about the member takes it back to 0. */
  backoff: number;
  /** When the running try will have failed. */
  deadline: Instant | undefined;
  /** Whether that try was a beat's ping; repeats and rounds raise no doubt of their own. */
  beat: boolean;
  /** When silence began: the first try that failed, or the start. */
  silentSince: Instant;
  heardAt: Instant | undefined;
}

/** A try that nobody answered. */
export interface FailedTry {
  readonly peer: NodeId;
  readonly failures: number;
  readonly beat: boolean;
  /** What the member became by it, if anything changed. */
  readonly became: Liveness | undefined;
}

/** Twice a minute is often enough to try whom nobody heard for long (PROTOCOL §6). */
const TRY_MAX: Duration = SEEK_MAX;
/** 2⁹ × 150 ms is above TRY_MAX. */
const BACKOFF_MAX = 9;

/** The suspicions of this node against the others. */
export class Suspicions {
  readonly #members = new Map<NodeId, Suspicion>();
  #heardAny: Instant | undefined;
  /** How many are of each liveness: asked at each beat, and members may be thousands. */
  readonly #counts: Record<Liveness, number> = { alive: 0, suspect: 0, lost: 0 };

  /** A member to watch; suspect until it is heard. */
  add(peer: NodeId, now: Instant): void {
    if (this.#members.has(peer)) return;
    this.#members.set(peer, {
      liveness: 'suspect',
      met: false,
      failures: 0,
      backoff: 0,
      deadline: undefined,
      beat: false,
      silentSince: now,
      heardAt: undefined,
    });
    this.#counts.suspect += 1;
  }

  forget(peer: NodeId): void {
    const member = this.#members.get(peer);
    if (member === undefined) return;
    this.#counts[member.liveness] -= 1;
    this.#members.delete(peer);
  }

  /** How many of those watched are of this liveness. */
  count(liveness: Liveness): number {
    return this.#counts[liveness];
  }

  liveness(peer: NodeId): Liveness {
    return this.#members.get(peer)?.liveness ?? 'suspect';
  }

  failures(peer: NodeId): number {
    return this.#members.get(peer)?.failures ?? 0;
  }

  /** When a sealed datagram of this member was opened last. */
  heardAt(peer: NodeId): Instant | undefined {
    return this.#members.get(peer)?.heardAt;
  }

  /** When anybody's was. */
  get heardAny(): Instant | undefined {
    return this.#heardAny;
  }

  /** A sealed datagram of this member was opened: somebody is there, if perhaps elsewhere. */
  heard(peer: NodeId, now: Instant): void {
    const member = this.#members.get(peer);
    if (member === undefined) return;
    member.heardAt = now;
    this.#heardAny = now;
  }

  /**
   * A try begins now and has failed at the returned time, unless answered; undefined when one is
   * running already. Each failure doubles the wait, up to a minute. Of many lost members no more
   * than one is tried in a `pace`, however many they are.
   */
  begin(
    peer: NodeId,
    now: Instant,
    timeout: Duration,
    beat: boolean,
    pace: Duration,
  ): Instant | undefined {
    const member = this.#members.get(peer);
    if (member === undefined || member.deadline !== undefined) return undefined;
    const queue = member.liveness === 'lost' ? this.#counts.lost - SMALL_CLUSTER : 0;
    const doubled = Math.min(TRY_MAX, timeout * 2 ** member.backoff);
    const wait = millis(member.backoff === 0 ? doubled : Math.max(doubled, queue * pace));
    member.deadline = after(now, wait);
    member.beat = beat;
    return member.deadline;
  }

  /** Whether a try is running. */
  trying(peer: NodeId): boolean {
    return this.#members.get(peer)?.deadline !== undefined;
  }

  /** The running try's time has come; undefined when it was answered or put off meanwhile. */
  fail(peer: NodeId, now: Instant): FailedTry | undefined {
    const member = this.#members.get(peer);
    if (member?.deadline === undefined || member.deadline > now) return undefined;
    member.deadline = undefined;
    member.failures += 1;
    if (member.failures > 1) member.backoff = Math.min(BACKOFF_MAX, member.backoff + 1);
    const silence = elapsed(member.silentSince, now);
    const verdict: Liveness =
      member.failures >= LOST_AFTER && silence >= LOST_SILENCE
        ? 'lost'
        : member.failures >= SUSPECT_AFTER && member.liveness === 'alive'
          ? 'suspect'
          : member.liveness;
    const became = verdict === member.liveness ? undefined : verdict;
    this.#become(member, verdict);
    return { peer, failures: member.failures, beat: member.beat, became };
  }

  /**
   * A pong came: the member is alive. `found` when it was not, `wasLost` when it was lost;
   * `silence` since the pong before, undefined when there was none.
   */
  answered(
    peer: NodeId,
    now: Instant,
  ): {
    readonly found: boolean;
    readonly wasLost: boolean;
    readonly silence: Duration | undefined;
  } {
    const member = this.#members.get(peer);
    if (member === undefined) return { found: false, wasLost: false, silence: undefined };
    const found = member.liveness !== 'alive';
    const wasLost = member.liveness === 'lost';
    const silence = member.met ? elapsed(member.silentSince, now) : undefined;
    member.met = true;
    this.#become(member, 'alive');
    member.failures = 0;
    member.backoff = 0;
    member.deadline = undefined;
    member.silentSince = now;
    return { found, wasLost, silence };
  }

  /**
   * News of a silent member: the tries after this come quickly again. A running one fails no later
   * than in one time-out, and no earlier than it would have; returns when, if one runs.
   */
  hurry(peer: NodeId, now: Instant, timeout: Duration): Instant | undefined {
    const member = this.#members.get(peer);
    if (member === undefined) return undefined;
    member.backoff = 0;
    const soon = after(now, timeout);
    if (member.deadline !== undefined && member.deadline > soon) member.deadline = soon;
    return member.deadline;
  }

  /** The own loop was blind for this long: every running try gets that much more time (B4). */
  postpone(late: Duration): readonly { readonly peer: NodeId; readonly deadline: Instant }[] {
    const moved: { peer: NodeId; deadline: Instant }[] = [];
    for (const [peer, member] of this.#members) {
      if (member.deadline === undefined) continue;
      member.deadline = instant(member.deadline + late);
      moved.push({ peer, deadline: member.deadline });
    }
    return moved;
  }

  #become(member: Suspicion, liveness: Liveness): void {
    this.#counts[member.liveness] -= 1;
    this.#counts[liveness] += 1;
    member.liveness = liveness;
  }

  /** Members of this liveness. */
  *which(liveness: Liveness): Generator<NodeId> {
    for (const [peer, member] of this.#members) if (member.liveness === liveness) yield peer;
  }
}
