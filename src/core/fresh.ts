/**
 * What leaves from a fresh socket, and when one is opened and closed: bursts, and every other try
 * of a lost member (PROTOCOL §5, §6).
 */

import type { NodeId } from '../base/id.ts';
import { after, elapsed } from '../base/time.ts';
import { FRESH_LINGER, SMALL_CLUSTER, STALE_FLOW, TIDY_PAUSE } from './config.ts';
import { others, type Crew } from './crew.ts';
import { MAIN, type FreshSocket } from './io.ts';
import { publish } from './tidings.ts';
import { ask, mayBeStale, tryFrom, tryPeer, tryThrough } from './talk.ts';

/** A burst leaves from a fresh socket too; the round's questions follow when it is open. */
export function openFresh(crew: Crew): void {
  const { open, close } = crew.fresh.want(crew.now, (socket) => crew.paths.uses(socket));
  if (close !== undefined) closeFresh(crew, close);
  if (open === undefined) return;
  crew.outbox.put({ type: 'open-socket', socket: open });
  crew.timers.setEarlier('tidy', after(crew.now, FRESH_LINGER));
}

function closeFresh(crew: Crew, socket: FreshSocket): void {
  crew.outbox.put({ type: 'close-socket', socket });
  crew.paths.forgetSocket(socket);
  crew.reflections.forgetSocket(socket);
}

/**
 * A fresh socket is there: whoever was asked and did not answer yet is asked through it. One that
 * was opened for lost members alone asks these.
 */
export function freshOpened(crew: Crew, socket: FreshSocket): void {
  const { awaitFresh, rounds } = crew;
  crew.fresh.opened(socket);
  for (const peer of awaitFresh) tryFrom(crew, peer, socket);
  const silent = rounds.running ? rounds.unanswered : awaitFresh.size > 0 ? [] : others(crew);
  awaitFresh.clear();
  for (const peer of silent.slice(0, SMALL_CLUSTER)) tryThrough(crew, peer, socket);
}

/**
 * The next try of a silent member. A lost one is tried from the main socket and from a fresh one by
 * turns, whatever the main one is worth to others: tries from it keep alive the very flow in a home
 * router that stands in the way, and the pong of one member, which may be a liar, tells nothing of
 * the flows to the others.
 */
export function tryAgain(crew: Crew, peer: NodeId, failures: number): void {
  const lost = crew.suspicions.liveness(peer) === 'lost' && crew.orphan.since === undefined;
  if (!lost || failures % 2 === 0) {
    tryPeer(crew, peer);
    return;
  }
  openFresh(crew);
  const socket = crew.fresh.newest;
  if (socket === undefined) crew.awaitFresh.add(peer);
  tryFrom(crew, peer, socket);
}

/**
 * Every ten seconds while a fresh socket is open: close those that nothing needs, and try the main
 * one again where no old flow can be in its way, or where it was silent for long enough to die.
 */
export function tidy(crew: Crew): void {
  for (const peer of others(crew)) {
    const path = crew.paths.path(peer);
    if (path === undefined || path.socket === MAIN) continue;
    const sent = crew.mainSent.get(peer);
    const quiet = sent === undefined || elapsed(sent, crew.now) >= STALE_FLOW;
    if (quiet || !mayBeStale(crew, path.address)) ask(crew, peer, MAIN, path.address);
  }
  for (const socket of [...crew.fresh.idle(crew.now, (one) => crew.paths.uses(one))]) {
    closeFresh(crew, socket);
    crew.fresh.closed(socket);
  }
  publish(crew);
  if (crew.fresh.any) crew.timers.set('tidy', after(crew.now, TIDY_PAUSE));
}
