/** What an operator asks. */

import { usable } from '../base/address.ts';
import { unreachable } from '../base/assert.ts';
import type { Call } from './calls.ts';
import { isLogin } from './codec.ts';
import type { Login, V1Command, V1Reply } from './commands.ts';
import { COMMANDS_MAX } from './config.ts';
import { beatAll, settleWaits, type Crew } from './crew.ts';
import { register, visit } from './cycle.ts';
import type { Endpoint } from './io.ts';
import { add, configured, DONE, refused, remove, takeIn } from './listing.ts';
import { attempt, place } from './move.ts';
import type { Peer } from './peer.ts';

/** Carries out a command; the answer comes at once, or when the calls it makes have ended. */
export function command(crew: Crew, id: number, wish: V1Command): void {
  const answer = (reply: V1Reply | undefined): void => {
    if (reply !== undefined) crew.effects.push({ type: 'answer', id, reply });
  };
  switch (wish.type) {
    case 'add-peer':
      return answer(add(crew, wish.peer, wish.said));
    case 'configured':
      return answer(configured(crew, wish.entries));
    case 'import':
      return answer(takeIn(crew, wish.peers));
    case 'cycle':
      return answer(cycle(crew, id));
    case 'beat':
      crew.beating = wish.on;
      beatAll(crew);
      return answer(DONE);
    case 'remove-peer':
    case 'trust-again':
    case 'register':
    case 'heartbeat':
    case 'try': {
      const peer = crew.peers.listed(wish.name);
      if (peer === undefined) return answer({ type: 'unknown-peer', name: wish.name });
      return answer(ofPeer(crew, id, peer, wish));
    }
    default:
      return unreachable(wish);
  }
}

type OfPeer = Extract<V1Command, { readonly name: string }>;

function ofPeer(crew: Crew, id: number, peer: Peer, wish: OfPeer): V1Reply | undefined {
  switch (wish.type) {
    case 'remove-peer':
      return peer.said === undefined ? remove(crew, peer) : refused('in-config');
    case 'trust-again':
      peer.pin = undefined;
      if (peer.problem === 'certificate') peer.problem = undefined;
      crew.unsaved = true;
      crew.viewChanged = true;
      return DONE;
    case 'register':
      return registerNow(crew, id, peer, wish.login);
    case 'heartbeat':
      if (!wait(crew, id, [peer.name])) return refused('busy');
      visit(crew, peer);
      return undefined;
    case 'try': {
      const to = peer.endpoint === undefined ? undefined : { ...peer.endpoint, at: wish.at };
      if (to === undefined || !usable(wish.at)) return refused('endpoint-invalid');
      if (!wait(crew, id, [peer.name])) return refused('busy');
      tryAt(crew, peer, to);
      return undefined;
    }
    default:
      return unreachable(wish);
  }
}

/**
 * A peer that was never registered with is simply typed anew; others must answer there first. While
 * another address of it is tried, this one is not (`other`).
 */
function tryAt(crew: Crew, peer: Peer, to: Endpoint): void {
  if (attempt(crew, peer, to, { type: 'typed' })) return;
  if (peer.sendSecret !== undefined) return settleWaits(crew, peer.name, 'other');
  place(crew, peer, to.at.ip);
  peer.endpoint = to;
  peer.typed = to.at;
  peer.retries = 0;
  crew.unsaved = true;
  crew.viewChanged = true;
  visit(crew, peer);
}

function registerNow(
  crew: Crew,
  id: number,
  peer: Peer,
  login: Login | undefined,
): V1Reply | undefined {
  if (login !== undefined) {
    if (!isLogin(login)) return refused('login-invalid');
    if (peer.endpoint?.https !== true && !peer.insecure) return refused('insecure-http');
    peer.login = login;
    crew.unsaved = true;
  }
  if (!wait(crew, id, [peer.name])) return refused('busy');
  const under = crew.calls.ofCycle(peer.name);
  if (under === undefined) register(crew, peer, true);
  else if (!isWanted(under, peer)) crew.registerNext.add(peer.name);
  return undefined;
}

/** True for a call that registers just so: a password goes over the wire no more than it has to. */
function isWanted({ errand, to }: Call, { endpoint, login }: Peer): boolean {
  if (errand.type !== 'connect' || to !== endpoint) return false;
  return errand.login.username === login?.username && errand.login.password === login.password;
}

function cycle(crew: Crew, id: number): V1Reply | undefined {
  const called = [...crew.peers].filter((peer) => peer.called);
  if (called.length === 0) return { type: 'called', failed: [] };
  const names = called.map(({ name }) => name);
  if (!wait(crew, id, names)) return refused('busy');
  for (const peer of called) visit(crew, peer);
  return undefined;
}

/** Has a command answered when the calls to these peers have ended; false: too many wait. */
function wait(crew: Crew, id: number, names: readonly string[]): boolean {
  if (crew.waits.size >= COMMANDS_MAX) return false;
  crew.waits.set(id, { names: new Set(names), failed: [] });
  return true;
}
