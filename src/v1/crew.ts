/** What a v1 machine is made of, and the few things that all its arms do. */

import {
  elapsed,
  millis,
  wallTime,
  type Duration,
  type Instant,
  type WallTime,
} from '../base/time.ts';
import type { Bytes } from '../base/bytes.ts';
import type { SeededRandom } from '../base/random.ts';
import type { Agenda } from './agenda.ts';
import type { Calls } from './calls.ts';
import type { V1Why } from './commands.ts';
import {
  BURST,
  EXPECTED_WITHIN,
  HEARD_INTERVALS,
  HURRY_PAUSE,
  SILENCES_TO_LOSE,
  STEP_SAVE_PAUSE,
  type V1Settings,
  SKEW_MAX,
} from './config.ts';
import type { V1Event } from './events.ts';
import type { Guesses } from './guesses.ts';
import type { ClusterFacts, RequestId, V1Effect } from './io.ts';
import type { Logins } from './logins.ts';
import type { Peer } from './peer.ts';
import type { Peers } from './peers.ts';
import type { SlowDown } from './slow-down.ts';
import type { V1PeerState } from './view.ts';
import { elect, type Election } from './vote.ts';

/** A command that waits until the calls it asked for have ended. */
export interface Wait {
  readonly names: Set<string>;
  readonly failed: { readonly name: string; readonly why: V1Why }[];
}

/** The parts, and the state that belongs to none of them. */
export interface Crew {
  readonly name: string;
  readonly settings: V1Settings;
  readonly random: SeededRandom;
  readonly peers: Peers;
  readonly calls: Calls;
  readonly agenda: Agenda;
  readonly logins: Logins;
  readonly slowDown: SlowDown;
  readonly guesses: Guesses;
  readonly waits: Map<number, Wait>;
  /** Peers to be registered with as soon as their call under way has ended. */
  readonly registerNext: Set<string>;

  now: Instant;
  wall: WallTime;
  entropy: Bytes;
  effects: V1Effect[];
  viewChanged: boolean;
  unsaved: boolean;

  beating: boolean;
  orphan: boolean;
  cluster: ClusterFacts;
  election: Election;
  own: { public: string | undefined; private: string | undefined };
  movedAt: WallTime | undefined;
  heardAt: WallTime | undefined;
  hurriedAt: Instant | undefined;
}

export function reply(crew: Crew, request: RequestId, status: number, body: string): void {
  crew.effects.push({ type: 'reply', request, status, body, durable: false });
}

export function tell(crew: Crew, event: V1Event): void {
  crew.effects.push({ type: 'event', event });
}

/** A step of a code is worth a write, but not one each. */
export function saveLater(crew: Crew): void {
  crew.agenda.setEarlier('save', later(crew, STEP_SAVE_PAUSE));
}

export function later(crew: Crew, pause: Duration): Instant {
  return (crew.now + pause) as Instant;
}

/** True when `at` is not longer ago than `within`. */
export function recent(crew: Crew, at: Instant | undefined, within: Duration): boolean {
  return at !== undefined && elapsed(at, crew.now) <= within;
}

/** Two intervals: how long an answer counts as lately. */
export function lately(crew: Crew): Duration {
  return millis(HEARD_INTERVALS * crew.settings.interval);
}

/** Within this a peer that calls is expected to call again; its own interval is not known. */
export function expectedWithin(crew: Crew): Duration {
  return millis(Math.max(EXPECTED_WITHIN, lately(crew)));
}

/** True when its own codes came from its present address lately: nobody knows it better. */
export function callsUs(crew: Crew, peer: Peer, now: Instant = crew.now): boolean {
  const came = peer.cameFrom;
  if (came === undefined || came.ip !== peer.ip) return false;
  return elapsed(came.at, now) <= expectedWithin(crew);
}

export function stateOf(crew: Crew, peer: Peer, now: Instant = crew.now): V1PeerState {
  if (peer.lost) return 'lost';
  if (callsUs(crew, peer, now)) return 'alive';
  return peer.called && peer.retries === 0 && peer.answeredAt !== undefined ? 'alive' : 'suspect';
}

/** Its own codes are all that is known of it: it is lost when they stay away for long. */
export function expectCalls(crew: Crew, peer: Peer): void {
  const pause = millis(SILENCES_TO_LOSE * expectedWithin(crew));
  crew.agenda.set(`silence:${peer.name}`, later(crew, pause));
}

export function lose(crew: Crew, peer: Peer): void {
  if (peer.lost) return;
  peer.lost = true;
  crew.viewChanged = true;
  tell(crew, { type: 'v1-lost', name: peer.name });
}

export function find(crew: Crew, peer: Peer): void {
  if (!peer.lost) return;
  peer.lost = false;
  crew.viewChanged = true;
  tell(crew, { type: 'v1-found', name: peer.name, address: peer.ip ?? '' });
}

/**
 * The wall clock of a peer, by what is known of it: an original takes the code of its own step
 * alone. A peer whose clock seems further off gets the code of ours, lest somebody who only says so
 * collects codes of a day to come.
 */
export function clockOf(crew: Crew, peer: Peer): WallTime {
  const skew = peer.skew.ms ?? 0;
  return wallTime(crew.wall + (Math.abs(skew) <= SKEW_MAX ? skew : 0));
}

/** This node's idea of its own IP address, for what it sends. */
export function ownIp(crew: Crew): string | undefined {
  return crew.cluster.own[0]?.ip ?? crew.own.public ?? crew.own.private;
}

/** Counts the reflections anew; without any, what was known stays. */
export function vote(crew: Crew): void {
  const reflections: string[] = [];
  for (const { reflected } of crew.peers) if (reflected !== undefined) reflections.push(reflected);
  crew.election = elect(reflections, crew.own);
  if (reflections.length === 0) return;
  const before = crew.own.public ?? crew.own.private;
  crew.own = { public: crew.election.public?.ip, private: crew.election.private?.ip };
  const now = crew.own.public ?? crew.own.private;
  if (now === undefined || now === before) return;
  crew.movedAt = crew.wall;
  crew.unsaved = true;
  crew.viewChanged = true;
  tell(crew, { type: 'v1-self-moved', from: before, to: now });
}

/** Takes what a peer says of this node's address; one that differs has all peers told at once. */
export function reflect(crew: Crew, peer: Peer, ip: string | undefined): void {
  if (peer.reflected === ip) return;
  const moved = peer.reflected !== undefined && ip !== undefined;
  peer.reflected = ip;
  crew.viewChanged = true;
  vote(crew);
  if (moved && !recent(crew, crew.hurriedAt, HURRY_PAUSE)) {
    crew.hurriedAt = crew.now;
    beatAll(crew);
  }
}

/** Lets the cycle begin with all peers: the first at once, more of them over the interval. */
export function beatAll(crew: Crew): void {
  if (!crew.beating) return;
  let count = 0;
  for (const peer of crew.peers) {
    if (!peer.called || crew.calls.ofCycle(peer.name) !== undefined) continue;
    count += 1;
    const pause = count <= BURST ? 0 : crew.random.between(0, crew.settings.interval);
    crew.agenda.setEarlier(`beat:${peer.name}`, later(crew, millis(pause)));
  }
}

/** What a command asked of this peer has ended; `why` unless it went well. */
export function settleWaits(crew: Crew, name: string, why: V1Why | undefined): void {
  for (const [id, wait] of crew.waits) {
    if (!wait.names.delete(name)) continue;
    if (why !== undefined) wait.failed.push({ name, why });
    if (wait.names.size > 0) continue;
    crew.waits.delete(id);
    crew.effects.push({ type: 'answer', id, reply: { type: 'called', failed: wait.failed } });
  }
}
