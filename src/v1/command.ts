/** What an operator asks. */

import { usable } from '../base/address.ts';
import { unreachable } from '../base/assert.ts';
import { isLogin, isName, isPath } from './codec.ts';
import type { Login, NewPeer, V1Command, V1Refusal, V1Reply } from './commands.ts';
import { COMMANDS_MAX } from './config.ts';
import { beatAll, settleWaits, vote, type Crew } from './crew.ts';
import { register, visit } from './cycle.ts';
import type { StoredPeer } from './document.ts';
import type { Endpoint } from './io.ts';
import { attempt, place } from './move.ts';
import { Peer } from './peer.ts';

/** Carries out a command; the answer comes at once, or when the calls it makes have ended. */
export function command(crew: Crew, id: number, wish: V1Command): void {
  const answer = (reply: V1Reply | undefined): void => {
    if (reply !== undefined) crew.effects.push({ type: 'answer', id, reply });
  };
  switch (wish.type) {
    case 'add-peer':
      return answer(add(crew, wish.peer));
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

const DONE: V1Reply = { type: 'done' };

function refused(reason: V1Refusal): V1Reply {
  return { type: 'refused', reason };
}

type OfPeer = Extract<V1Command, { readonly name: string }>;

function ofPeer(crew: Crew, id: number, peer: Peer, wish: OfPeer): V1Reply | undefined {
  switch (wish.type) {
    case 'remove-peer':
      return remove(crew, peer);
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

function add(crew: Crew, wanted: NewPeer): V1Reply {
  const { name, endpoint, login, insecure } = wanted;
  const reason = wrong(crew, name, endpoint, login, insecure);
  if (reason !== undefined) return refused(reason);
  const known = crew.peers.get(name);
  const peer = known ?? new Peer(name);
  if (!crew.peers.put(peer)) return refused('too-many-peers');
  const before = peer.endpoint;
  if (peer.ip !== endpoint.at.ip) {
    peer.answeredAt = undefined;
    peer.addressSince = crew.now;
  }
  if (before?.https === true && !endpoint.https) peer.pin = undefined;
  peer.endpoint = endpoint;
  peer.bareIp = undefined;
  peer.typed = endpoint.at;
  peer.insecure = insecure;
  peer.login = login ?? peer.login;
  peer.removed = false;
  peer.retries = 0;
  peer.problem = undefined;
  peer.registerAfter = undefined;
  crew.agenda.clear(`silence:${name}`);
  crew.unsaved = true;
  crew.viewChanged = true;
  if (crew.beating) crew.agenda.set(`beat:${name}`, crew.now);
  return DONE;
}

/** Why a peer can't be as an operator typed it; undefined: it can. */
function wrong(
  crew: Crew,
  name: string,
  endpoint: Endpoint,
  login: Login | undefined,
  insecure: boolean,
): V1Refusal | undefined {
  if (!isName(name)) return 'name-invalid';
  if (name === crew.name) return 'own-name';
  if (!usable(endpoint.at) || !isPath(endpoint.path)) return 'endpoint-invalid';
  if (login !== undefined && !isLogin(login)) return 'login-invalid';
  return login !== undefined && !endpoint.https && !insecure ? 'insecure-http' : undefined;
}

/** A name that somebody registered stays taken for its owner, who could come back as another. */
function remove(crew: Crew, peer: Peer): V1Reply {
  if (peer.keyring.empty) crew.peers.delete(peer.name);
  else peer.forget();
  for (const alarm of ['beat', 'doubt', 'grace', 'back', 'ask', 'silence']) {
    crew.agenda.clear(`${alarm}:${peer.name}`);
  }
  crew.registerNext.delete(peer.name);
  settleWaits(crew, peer.name, 'removed');
  crew.unsaved = true;
  crew.viewChanged = true;
  vote(crew);
  return DONE;
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
  if (crew.calls.ofCycle(peer.name) === undefined) register(crew, peer, true);
  else crew.registerNext.add(peer.name);
  return undefined;
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

/** Peers of an import: secrets and all, so that nobody has to register again. */
function takeIn(crew: Crew, stored: readonly StoredPeer[]): V1Reply {
  if (stored.some(({ name }) => name === crew.name)) return refused('own-name');
  if (stored.some(({ name }) => !isName(name))) return refused('name-invalid');
  const added = stored.filter(({ name }) => crew.peers.get(name) === undefined).length;
  if (!crew.peers.room(added)) return refused('too-many-peers');
  for (const one of stored) {
    const peer = Peer.restore(one);
    // The file knows no logins: those that were typed here, and who owns the name, are kept.
    const known = crew.peers.get(one.name);
    peer.login ??= known?.login;
    peer.owner ??= known?.owner;
    peer.insecure ||= known?.insecure ?? false;
    crew.peers.put(peer);
  }
  crew.unsaved = true;
  crew.viewChanged = true;
  vote(crew);
  beatAll(crew);
  return DONE;
}
