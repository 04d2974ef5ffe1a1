/** The cycle: each peer is registered with, sent a heartbeat, or sought through another. */

import { sameAddress } from '../base/address.ts';
import { millis } from '../base/time.ts';
import { codeAt, stepOf } from '../crypto/totp.ts';
import type { Call, Errand } from './calls.ts';
import { writeConnect, writeHeartbeat, writeSync } from './codec.ts';
import type { V1Why } from './commands.ts';
import {
  CALL_TIMEOUT,
  CONNECT_TIMEOUT,
  DOUBT,
  LOST_AFTER,
  REGISTER_PAUSE,
  REGISTER_PAUSE_MAX,
} from './config.ts';
import {
  clockOf,
  callsUs,
  expectedWithin,
  lately,
  later,
  lose,
  ownIp,
  recent,
  settleWaits,
  stateOf,
  tell,
  vote,
  type Crew,
} from './crew.ts';
import type { Endpoint } from './io.ts';
import type { Peer } from './peer.ts';
import type { V1Problem } from './view.ts';

/** A peer's turn in the cycle; the next comes after one interval, whatever happens to this one. */
export function beatDue(crew: Crew, peer: Peer): void {
  if (!crew.beating) return;
  crew.agenda.set(`beat:${peer.name}`, later(crew, crew.settings.interval));
  visit(crew, peer);
}

/** One heartbeat, or what has to come in its place. Nothing while one is under way. */
export function visit(crew: Crew, peer: Peer): void {
  if (crew.calls.ofCycle(peer.name) !== undefined) return;
  if (!peer.called) return ended(crew, peer, 'not-callable');
  if (peer.sendSecret === undefined) return register(crew, peer, false);
  const came = peer.cameFrom?.ip === peer.ip ? peer.cameFrom?.at : undefined;
  // Where its own codes reach this node lately, nobody knows better.
  const known = peer.retries < LOST_AFTER || recent(crew, came, lately(crew));
  if (known) return heartbeat(crew, peer, false);
  seek(crew, peer);
}

type CycleErrand = Extract<Errand, { readonly again: boolean }>;

/** `again`: after a registration, so a second 401 is not answered by another one. */
export function heartbeat(crew: Crew, peer: Peer, again: boolean): void {
  crew.agenda.set(`doubt:${peer.name}`, later(crew, DOUBT));
  signed(crew, peer, { type: 'heartbeat', again });
}

function signed(crew: Crew, peer: Peer, errand: CycleErrand): void {
  if (peer.endpoint === undefined || peer.sendSecret === undefined) return;
  const code = codeAt(peer.sendSecret, stepOf(clockOf(crew, peer)));
  send(crew, peer, errand, peer.endpoint, writeHeartbeat(crew.name, code, ownIp(crew)));
}

/** Registers with a peer, if its credentials may go where it is. `forced`: a human asked for it. */
export function register(crew: Crew, peer: Peer, forced: boolean): void {
  const { login, endpoint } = peer;
  const withheld = whyNot(crew, peer, forced);
  if (login === undefined || endpoint === undefined || withheld !== undefined) {
    const why = withheld ?? 'not-callable';
    if (why === 'credentials-withheld') report(crew, peer, why);
    // What it was registered with may still be good: the one who said otherwise may be another.
    if (peer.sendSecret !== undefined && !forced && why === 'credentials-refused') {
      return heartbeat(crew, peer, true);
    }
    return ended(crew, peer, why);
  }
  if (peer.sendSecret !== undefined) {
    peer.unsure = true;
    crew.unsaved = true;
  }
  send(crew, peer, { type: 'connect', login }, endpoint, writeConnect(crew.name, login));
}

/** What stands against registering now. */
function whyNot(crew: Crew, peer: Peer, forced: boolean): V1Why | undefined {
  if (peer.login === undefined || peer.endpoint === undefined) return 'not-callable';
  if (!credentialsMayGo(crew, peer, peer.endpoint)) return 'credentials-withheld';
  const early = peer.registerAfter !== undefined && peer.registerAfter > crew.now;
  return early && !forced ? 'credentials-refused' : undefined;
}

/**
 * Where credentials may go: over HTTPS to the pinned key, which the first use at a typed address
 * pins; over plain HTTP, if that was allowed, to the address typed, or to one where a code of that
 * peer's came from lately. An address that only used to be the peer's is none of these.
 */
export function credentialsMayGo(crew: Crew, peer: Peer, to: Endpoint): boolean {
  const typed = peer.typed !== undefined && sameAddress(peer.typed, to.at);
  if (to.https) return typed || peer.pin !== undefined;
  if (!peer.insecure) return false;
  const came = peer.cameFrom;
  // Who signs as that peer elsewhere has left this address to somebody else.
  if (came !== undefined && recent(crew, came.at, expectedWithin(crew))) {
    return came.ip === to.at.ip;
  }
  return typed;
}

/** A registration was refused, or did not help: the next one waits, longer each time. */
export function registerLater(crew: Crew, peer: Peer): void {
  const pause = Math.min(REGISTER_PAUSE * 2 ** peer.refusals, REGISTER_PAUSE_MAX);
  peer.refusals = Math.min(peer.refusals + 1, 30);
  peer.registerAfter = later(crew, millis(pause));
}

/** Notes what an operator should see to. */
export function report(crew: Crew, peer: Peer, problem: V1Problem): void {
  if (peer.problem === problem) return;
  peer.problem = problem;
  crew.viewChanged = true;
  if (problem === 'credentials-withheld') {
    tell(crew, { type: 'v1-credentials-withheld', name: peer.name });
  }
  if (problem === 'certificate') tell(crew, { type: 'v1-certificate', name: peer.name });
}

/** A lost peer: one that answered lately, drawn at random, is asked where it is (the sync). */
function seek(crew: Crew, peer: Peer): void {
  if (ask(crew, peer, true)) return;
  const others = [...crew.peers].filter((one) => recent(crew, one.answeredAt, lately(crew)));
  // Those who could be asked are busy with other questions: at the next turn, then.
  if (others.length > 0) return ended(crew, peer, 'orphan');
  if (!crew.orphan) {
    crew.orphan = true;
    tell(crew, { type: 'v1-orphan' });
  }
  peer.retries = 0;
  heartbeat(crew, peer, false);
}

/** Asks one peer that answered lately about another; false: there is none. */
export function ask(crew: Crew, peer: Peer, lost: boolean): boolean {
  const able = [...crew.peers].filter(
    (one) =>
      one !== peer &&
      one.called &&
      one.sendSecret !== undefined &&
      recent(crew, one.answeredAt, lately(crew)) &&
      crew.calls.mayAsk(one.name),
  );
  // One that has just failed to answer is asked only when there is no other.
  const well = able.filter((one) => one.retries === 0);
  const helper = crew.random.pick(well.length > 0 ? well : able);
  if (helper?.endpoint === undefined || helper.sendSecret === undefined) return false;
  const code = codeAt(helper.sendSecret, stepOf(clockOf(crew, helper)));
  const body = writeSync(crew.name, code, peer.name);
  send(crew, helper, { type: 'question', about: peer.name, lost }, helper.endpoint, body);
  return true;
}

/** No answer for a while: the connection may be dead, and others may know more, each second. */
export function doubtDue(crew: Crew, peer: Peer): void {
  const call = crew.calls.ofCycle(peer.name);
  if (call === undefined || call.errand.type === 'connect') return;
  if (call.errand.type === 'heartbeat' && !crew.calls.repeated(peer.name)) {
    signed(crew, peer, { type: 'repeat', again: call.errand.again });
  }
  crew.agenda.set(`doubt:${peer.name}`, later(crew, DOUBT));
  const came = peer.cameFrom;
  // Its own code has just come from where it is believed to be: nobody knows better.
  if (came?.ip === peer.ip && recent(crew, came?.at, DOUBT)) return;
  doubt(crew, peer);
}

/** Asks others where a peer is that does not answer, long before it is lost. */
function doubt(crew: Crew, peer: Peer): void {
  if (peer.retries < LOST_AFTER) ask(crew, peer, false);
}

/** A call of the cycle failed. */
export function failed(crew: Crew, peer: Peer, why: V1Why): void {
  const before = stateOf(crew, peer);
  crew.agenda.clear(`doubt:${peer.name}`);
  peer.retries = Math.min(peer.retries + 1, LOST_AFTER);
  peer.reflected = undefined;
  vote(crew);
  if (peer.retries >= LOST_AFTER && !callsUs(crew, peer)) lose(crew, peer);
  else doubt(crew, peer);
  if (stateOf(crew, peer) !== before) crew.viewChanged = true;
  ended(crew, peer, why);
}

/** What was begun by `visit`, `register` or a command is over for this peer. */
export function ended(crew: Crew, peer: Peer, why: V1Why | undefined): void {
  if (crew.registerNext.delete(peer.name) && peer.called) return register(crew, peer, true);
  settleWaits(crew, peer.name, why);
}

const OPERATIONS = { connect: 'c', heartbeat: 'h', repeat: 'h', question: 's' } as const;

function send(
  crew: Crew,
  peer: Peer,
  errand: Exclude<Errand, { readonly type: 'trial' }>,
  to: Endpoint,
  body: string,
): Call {
  const call = crew.calls.begin(peer.name, errand, to, crew.now);
  crew.effects.push({
    type: 'call',
    call: call.id,
    to,
    pin: peer.pin,
    operation: OPERATIONS[errand.type],
    body,
    timeout: errand.type === 'connect' ? CONNECT_TIMEOUT : CALL_TIMEOUT,
    fresh: errand.type !== 'heartbeat',
    durable: errand.type === 'connect' && peer.unsure,
  });
  return call;
}
