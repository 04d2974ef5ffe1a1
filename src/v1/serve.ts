/** What others ask of this node: to be registered, where it sees them, and where a lost node is. */

import { formatAddress, networkOf, type Address } from '../base/address.ts';
import { unreachable } from '../base/assert.ts';
import { STEP_MS, stepOf } from '../crypto/totp.ts';
import { ANSWERS, isLogin, isName, readRequest, writeConnected } from './codec.ts';
import { expectCalls, find, reply, saveLater, tell, type Crew } from './crew.ts';
import type { RequestId } from './io.ts';
import type { Applicant } from './logins.ts';
import { cameFromElsewhere, place } from './move.ts';
import { Peer } from './peer.ts';
import { newSecret, type Match } from './secret.ts';

/** A request as it came. */
export interface Asked {
  readonly request: RequestId;
  readonly from: Address;
  readonly operation: string | undefined;
  readonly body: string;
}

export function request(crew: Crew, asked: Asked): void {
  const { request: id, from } = asked;
  const said = readRequest(asked.operation, asked.body);
  switch (said.type) {
    case 'malformed':
      return reply(crew, id, 400, said.why);
    case 'connect':
      return connect(crew, { request: id, from, name: said.name, login: said.login });
    case 'heartbeat':
      return heartbeat(crew, id, from, said.name, said.code);
    case 'sync':
      return sync(crew, id, from, said.name, said.code, said.lost);
    default:
      return unreachable(said);
  }
}

/** The host judged a login that `connect` let through. */
export function loginChecked(crew: Crew, id: RequestId, login: string | undefined): void {
  const applicant = crew.logins.end(id);
  if (applicant === undefined) return;
  if (login === undefined) {
    crew.slowDown.failed(sourceKey(applicant.from), crew.now);
    crew.slowDown.failed(nameKey(applicant.name), crew.now);
    reply(crew, id, 401, ANSWERS.wrongLogin);
  } else register(crew, applicant, login);
  judgeNext(crew);
}

function connect(crew: Crew, applicant: Applicant): void {
  if (!isName(applicant.name)) return reply(crew, applicant.request, 400, ANSWERS.badRequest);
  // A removed node asks again and again, as originals do: its login is not worth a look.
  const removed = crew.peers.get(applicant.name)?.removed === true;
  if (removed || !isLogin(applicant.login) || held(crew, applicant)) {
    return reply(crew, applicant.request, 401, ANSWERS.wrongLogin);
  }
  if (!crew.logins.offer(applicant)) return reply(crew, applicant.request, 503, ANSWERS.busy);
  judgeNext(crew);
}

/** Lets the host judge as many logins as may be under way; each is looked at anew at its turn. */
function judgeNext(crew: Crew): void {
  let applicant = crew.logins.next();
  while (applicant !== undefined) {
    if (held(crew, applicant)) reply(crew, applicant.request, 401, ANSWERS.wrongLogin);
    else {
      crew.logins.begin(applicant);
      const { request: id, login } = applicant;
      crew.effects.push({ type: 'check-login', request: id, ...login });
    }
    applicant = crew.logins.next();
  }
}

/** True while failures make this one wait. A name's own address does not wait for its guessers. */
function held(crew: Crew, { from, name }: Applicant): boolean {
  if (crew.slowDown.held(sourceKey(from), crew.now)) return true;
  return crew.peers.get(name)?.ip !== from.ip && crew.slowDown.held(nameKey(name), crew.now);
}

function sourceKey(from: Address): string {
  return `source ${networkOf(from)}`;
}

function nameKey(name: string): string {
  return `name ${name}`;
}

/** A good login: the name is its owner's, who gets a new secret for it. */
function register(crew: Crew, { request: id, from, name }: Applicant, login: string): void {
  const known = crew.peers.get(name);
  if (name === crew.name || (known !== undefined && !mayHave(known, login, from))) {
    tell(crew, { type: 'v1-name-taken', name, from });
    return reply(crew, id, 401, ANSWERS.wrongLogin);
  }
  const peer = known ?? new Peer(name);
  if (!crew.peers.put(peer)) return reply(crew, id, 503, ANSWERS.full);
  const secret = newSecret(crew.entropy);
  peer.owner = login;
  peer.keyring.hand(secret, from.ip, peer.ip);
  crew.slowDown.succeeded(nameKey(name));
  crew.unsaved = true;
  crew.viewChanged = true;
  if (known === undefined) expectCalls(crew, peer);
  // An original whose new secret was lost here would be told 400 for ever, and never ask again.
  const body = writeConnected(secret, formatAddress(from));
  crew.effects.push({ type: 'reply', request: id, status: 200, body, durable: true });
  tell(crew, { type: 'v1-registered', name, direction: 'in' });
}

/**
 * True when a login may register a name: its owner always; of an imported name, whose login nobody
 * knows, only where that peer is; and anybody a name that nobody registered yet.
 */
function mayHave(peer: Peer, login: string, from: Address): boolean {
  if (peer.removed) return false;
  if (peer.owner !== undefined) return peer.owner === login;
  return peer.keyring.empty || peer.ip === from.ip;
}

function heartbeat(crew: Crew, id: RequestId, from: Address, name: string, code: string): void {
  const peer = crew.peers.get(name);
  if (peer === undefined || peer.keyring.empty) return reply(crew, id, 401, ANSWERS.noSecret);
  const match = check(crew, peer, from, code);
  if (match === undefined) return reply(crew, id, 400, ANSWERS.wrongCode);
  if (peer.removed) return reply(crew, id, 401, ANSWERS.notListed);
  reply(crew, id, 200, formatAddress(from));
  heardCode(crew, peer, from, match);
}

function sync(
  crew: Crew,
  id: RequestId,
  from: Address,
  name: string,
  code: string,
  lost: string,
): void {
  const peer = crew.peers.listed(name);
  if (peer === undefined || peer.keyring.empty) return reply(crew, id, 401, ANSWERS.notListed);
  const match = check(crew, peer, from, code);
  if (match === undefined) return reply(crew, id, 401, ANSWERS.wrongCode);
  const member = crew.cluster.visible.find((one) => one.name === lost);
  const ip = crew.peers.listed(lost)?.ip ?? member?.ip;
  if (ip === undefined) reply(crew, id, 500, ANSWERS.unknownNode);
  else reply(crew, id, 200, ip);
  heardCode(crew, peer, from, match);
}

/** The step and secret of a good code; undefined for a wrong one, or for one guess too many. */
function check(crew: Crew, peer: Peer, from: Address, code: string): Match | undefined {
  const step = stepOf(crew.wall);
  // A step that is still to come can only be known from when the own clock was wrong.
  if (peer.newest !== undefined && peer.newest.step > step + 1) peer.newest = undefined;
  const home = peer.ip === from.ip;
  const network = networkOf(from);
  if (!home && crew.guesses.blocked(peer.name, network, step)) return undefined;
  const match = peer.keyring.match(code, step, peer.newest?.step ?? -1);
  if (match === undefined && !home) crew.guesses.wrong(peer.name, network, step);
  return match;
}

/** A good code came. What follows hangs on where from, and whether it was first of its step. */
function heardCode(crew: Crew, peer: Peer, from: Address, match: Match): void {
  if (peer.newest === undefined || match.step > peer.newest.step) {
    peer.newest = { step: match.step, ip: from.ip };
    saveLater(crew);
  }
  // A replayed code is never the first of its step: whoever replays it saw it before.
  const first = peer.newest.ip === from.ip;
  if (first) peer.cameFrom = { ip: from.ip, at: crew.now };
  if (peer.ip !== from.ip) {
    if (peer.endpoint !== undefined && peer.sendSecret !== undefined) {
      return cameFromElsewhere(crew, peer, from, first);
    }
    // Nobody can call it, so its codes are all there is to go by.
    if (!first) return tell(crew, { type: 'v1-unconfirmed', name: peer.name, from });
    place(crew, peer, from.ip);
  }
  if (!first) return;
  if (peer.endpoint === undefined && peer.barePort === undefined) {
    peer.barePort = from.port;
    crew.viewChanged = true;
  }
  if (peer.keyring.confirm(match.secret)) crew.unsaved = true;
  const low = match.step * STEP_MS - crew.wall;
  peer.skew.note(low, low + STEP_MS, 'code');
  if (peer.called) {
    if (peer.lost && crew.beating) crew.agenda.setEarlier(`beat:${peer.name}`, crew.now);
    return;
  }
  expectCalls(crew, peer);
  find(crew, peer);
}
