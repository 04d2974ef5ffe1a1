/** What became of a call. */

import { address, sameAddress } from '../base/address.ts';
import { elapsed, type WallTime } from '../base/time.ts';
import type { Call } from './calls.ts';
import { readConnected, readReflection } from './codec.ts';
import { LOST_AFTER } from './config.ts';
import { callsUs, find, reflect, settleWaits, stateOf, tell, type Crew } from './crew.ts';
import {
  credentialsMayGo,
  ended,
  failed,
  heartbeat,
  register,
  registerLater,
  report,
} from './cycle.ts';
import type { CallFailure, CallId } from './io.ts';
import { attempt, callBack, calledInVain, graceOver, place, plausible, trialGood } from './move.ts';
import type { Peer } from './peer.ts';

/** An answer as it came. */
export interface Answered {
  readonly call: CallId;
  readonly status: number;
  readonly body: string;
  readonly date: WallTime | undefined;
  readonly pin: string | undefined;
}

/** A `Date` header counts whole seconds. */
const DATE_STEP = 1000;

export function response(crew: Crew, answer: Answered): void {
  const call = crew.calls.end(answer.call);
  if (call === undefined) return;
  const peer = crew.peers.listed(call.name);
  if (peer === undefined) return settleWaits(crew, call.name, 'removed');
  const stranger = peer.pin !== undefined && answer.pin !== peer.pin;
  if (call.to.https && (answer.pin === undefined || stranger)) {
    return noAnswer(crew, peer, call, stranger ? 'certificate' : 'malformed');
  }
  if (answer.status === 200) observeClock(crew, peer, call, answer.date);
  switch (call.errand.type) {
    case 'connect':
      return connected(crew, peer, call, answer);
    case 'heartbeat':
    case 'repeat':
      crew.calls.endCycle(peer.name);
      return heartbeatAnswered(crew, peer, call, answer, call.errand.again);
    case 'trial':
      return trialAnswered(crew, peer, call, answer);
    case 'question':
      return told(crew, peer, call.errand.about, call.errand.lost, answer);
  }
}

export function callFailed(crew: Crew, id: CallId, reason: CallFailure): void {
  const call = crew.calls.end(id);
  if (call === undefined) return;
  const peer = crew.peers.listed(call.name);
  if (peer === undefined) return settleWaits(crew, call.name, 'removed');
  noAnswer(crew, peer, call, reason);
}

function noAnswer(crew: Crew, peer: Peer, call: Call, reason: CallFailure): void {
  if (reason === 'certificate') report(crew, peer, 'certificate');
  if (call.errand.type === 'trial') return trialFailed(crew, peer, call);
  if (call.errand.type === 'question') {
    return notTold(crew, call.errand.about, call.errand.lost);
  }
  // Its twin may still be answered.
  if (crew.calls.ofCycle(peer.name) !== undefined) return;
  if (!isPresent(peer, call)) return ended(crew, peer, reason);
  // What was waiting for a sign of life from the present address has waited enough.
  if (peer.pending !== undefined) {
    graceOver(crew, peer);
    return ended(crew, peer, undefined);
  }
  failed(crew, peer, reason);
}

/** True when the call went to where the peer is still believed to be. */
function isPresent(peer: Peer, { to }: Call): boolean {
  return peer.endpoint !== undefined && sameAddress(peer.endpoint.at, to.at);
}

/** The first good answer over HTTPS pins the key. */
function pin(crew: Crew, peer: Peer, call: Call, key: string | undefined): void {
  if (!call.to.https || key === undefined || peer.pin !== undefined) return;
  peer.pin = key;
  crew.unsaved = true;
}

function observeClock(crew: Crew, peer: Peer, call: Call, date: WallTime | undefined): void {
  peer.rttMs = elapsed(call.sentAt, crew.now);
  if (date === undefined || !isPresent(peer, call)) return;
  // The header was written at some time between sending and now.
  const low = date - crew.wall;
  peer.skew.note(low, low + DATE_STEP + peer.rttMs, 'date');
}

function connected(crew: Crew, peer: Peer, call: Call, answer: Answered): void {
  if (!isPresent(peer, call)) return ended(crew, peer, 'not-registered');
  if (answer.status === 401) {
    report(crew, peer, 'credentials-refused');
    registerLater(crew, peer);
    return failed(crew, peer, 'credentials-refused');
  }
  const said = answer.status === 200 ? readConnected(answer.body) : undefined;
  if (said === undefined) {
    registerLater(crew, peer);
    return failed(crew, peer, 'answer-unknown');
  }
  pin(crew, peer, call, answer.pin);
  peer.sendSecret = said.secret;
  peer.unsure = false;
  crew.unsaved = true;
  crew.viewChanged = true;
  tell(crew, { type: 'v1-registered', name: peer.name, direction: 'out' });
  if (said.reflected !== undefined) reflect(crew, peer, said.reflected);
  heartbeat(crew, peer, true);
}

function heartbeatAnswered(
  crew: Crew,
  peer: Peer,
  call: Call,
  answer: Answered,
  again: boolean,
): void {
  if (!isPresent(peer, call)) return ended(crew, peer, undefined);
  const reflected = answer.status === 200 ? readReflection(answer.body) : undefined;
  if (reflected !== undefined) return good(crew, peer, call, answer, reflected);
  if (answer.status === 400 && !peer.unsure) return failed(crew, peer, 'code-refused');
  if (answer.status !== 401 && answer.status !== 400) return failed(crew, peer, 'answer-unknown');
  peer.reflected = undefined;
  if (again) {
    // Registered a moment ago, and not known: asking on and on would not help.
    registerLater(crew, peer);
    return failed(crew, peer, 'not-registered');
  }
  crew.agenda.clear(`doubt:${peer.name}`);
  registerAgain(crew, peer);
}

/**
 * It said 401: an original registers again, and so does this node, where credentials may go; after
 * a registration without an answer also when it said 400, for it may have handed out a new secret.
 */
function registerAgain(crew: Crew, peer: Peer): void {
  // Whoever said 401 may be another who has this address now. A peer that calls this node shows
  // within an interval whether it is still there: a code has to come from there after the 401.
  peer.refusedAt ??= crew.now;
  const shown = peer.cameFrom !== undefined && elapsed(peer.refusedAt, peer.cameFrom.at) > 0;
  if (callsUs(crew, peer) && peer.endpoint?.https === false && !shown) {
    return failed(crew, peer, 'not-registered');
  }
  if (peer.login === undefined) report(crew, peer, 'no-login');
  const early = peer.registerAfter !== undefined && peer.registerAfter > crew.now;
  const may = peer.endpoint !== undefined && credentialsMayGo(crew, peer, peer.endpoint);
  if (peer.login !== undefined && may && !early) return register(crew, peer, false);
  if (peer.login !== undefined && !may) {
    report(crew, peer, 'credentials-withheld');
    return failed(crew, peer, 'credentials-withheld');
  }
  failed(crew, peer, 'not-registered');
}

/** The peer answered at its present address as it should. */
function good(crew: Crew, peer: Peer, call: Call, answer: Answered, reflected: string): void {
  const before = stateOf(crew, peer);
  pin(crew, peer, call, answer.pin);
  crew.agenda.clear(`doubt:${peer.name}`);
  crew.agenda.clear(`grace:${peer.name}`);
  crew.orphan = false;
  crew.heardAt = crew.wall;
  if (peer.answeredAt === undefined) {
    crew.viewChanged = true;
    peer.addressSince ??= crew.now;
  }
  peer.answeredAt = crew.now;
  if (peer.retries > 0) crew.viewChanged = true;
  peer.retries = 0;
  if (peer.unsure) crew.unsaved = true;
  peer.unsure = false;
  peer.refusals = 0;
  peer.registerAfter = undefined;
  peer.refusedAt = undefined;
  if (peer.problem !== undefined) crew.viewChanged = true;
  peer.problem = undefined;
  find(crew, peer);
  if (stateOf(crew, peer) !== before) crew.viewChanged = true;
  if (peer.pending !== undefined) {
    // Answered here and elsewhere: the code from there was a replay, or was forwarded.
    peer.pending = undefined;
    calledInVain(crew, peer);
  }
  reflect(crew, peer, reflected);
  ended(crew, peer, undefined);
}

function trialAnswered(crew: Crew, peer: Peer, call: Call, answer: Answered): void {
  if (call.errand.type !== 'trial') return;
  const { because } = call.errand;
  const known = !call.to.https || peer.pin !== undefined || because.type === 'typed';
  const reflected = answer.status === 200 ? readReflection(answer.body) : undefined;
  if (reflected !== undefined && known) {
    pin(crew, peer, call, answer.pin);
    if (trialGood(crew, peer, call, reflected)) {
      crew.orphan = false;
      settleWaits(crew, peer.name, undefined);
    }
    return callBack(crew, peer);
  }
  const sure = because.type === 'code' && because.first;
  const unknown = answer.status === 401 || (answer.status === 400 && peer.unsure);
  if (unknown && sure && credentialsMayGo(crew, peer, call.to)) {
    // It moved and forgot this node, and its own code says that it is there.
    place(crew, peer, call.to.at.ip);
    if (crew.calls.ofCycle(peer.name) === undefined) return registerAgain(crew, peer);
    return;
  }
  trialFailed(crew, peer, call);
}

function trialFailed(crew: Crew, peer: Peer, call: Call): void {
  if (call.errand.type !== 'trial') return;
  if (call.errand.because.type === 'code') return void calledInVain(crew, peer);
  retryItself(peer);
  settleWaits(crew, peer.name, 'not-found');
  callBack(crew, peer);
}

/** Heartbeat and sync take turns, as the original's diagram has it. */
function retryItself(peer: Peer): void {
  if (peer.retries >= LOST_AFTER) peer.retries = LOST_AFTER - 1;
}

/** A peer answered where a lost one is. */
function told(crew: Crew, helper: Peer, about: string, lost: boolean, answer: Answered): void {
  const peer = crew.peers.listed(about);
  const ip = answer.status === 200 ? readReflection(answer.body) : undefined;
  const port = peer?.endpoint?.at.port;
  const at = ip === undefined || port === undefined ? undefined : address(ip, port);
  const teller = helper.endpoint?.at;
  if (peer === undefined || at === undefined || teller === undefined || at.ip === peer.ip) {
    return notTold(crew, about, lost);
  }
  const to = peer.endpointAt(at.ip);
  if (to === undefined || !plausible(at, teller)) return notTold(crew, about, lost);
  if (!attempt(crew, peer, to, { type: 'told' })) notTold(crew, about, lost);
}

function notTold(crew: Crew, about: string, lost: boolean): void {
  const peer = crew.peers.listed(about);
  if (peer === undefined) return settleWaits(crew, about, 'removed');
  if (!lost) return;
  retryItself(peer);
  ended(crew, peer, 'not-found');
}
