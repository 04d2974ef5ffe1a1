/** Who is on the list of peers: put in by hand, by the config or by an import, and taken off. */

import { usable } from '../base/address.ts';
import { isLogin, isName, isPath } from './codec.ts';
import type { ConfigEntry, Login, NewPeer, V1Refusal, V1Reply } from './commands.ts';
import { beatAll, settleWaits, vote, type Crew } from './crew.ts';
import type { StoredPeer } from './document.ts';
import type { Endpoint } from './io.ts';
import { Peer } from './peer.ts';

export const DONE: V1Reply = { type: 'done' };

export function refused(reason: V1Refusal): V1Reply {
  return { type: 'refused', reason };
}

/** Puts a peer in, or changes where and how it is called; `said` by the config, else by hand. */
export function add(crew: Crew, wanted: NewPeer, said: string | undefined): V1Reply {
  const { name, endpoint, login, insecure } = wanted;
  const reason = wrong(crew, name, endpoint, login, insecure);
  if (reason !== undefined) return refused(reason);
  const known = crew.peers.get(name);
  // Who stands in the config is changed there: the next start would undo it.
  if (said === undefined && known?.said !== undefined) return refused('in-config');
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
  peer.login = said === undefined ? (login ?? peer.login) : login;
  peer.said = said;
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
export function remove(crew: Crew, peer: Peer): V1Reply {
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

/**
 * What the config says as of this start. A peer whose entry is gone is removed. One whose entry is
 * as it was stays where it was last seen: what was typed once is not typed anew by a restart, or
 * credentials would go to an address that only used to be the peer's. The others are to be added.
 */
export function configured(crew: Crew, entries: readonly ConfigEntry[]): V1Reply {
  const named = new Set(entries.map(({ name }) => name));
  for (const peer of [...crew.peers]) {
    if (peer.said !== undefined && !named.has(peer.name)) remove(crew, peer);
  }
  const wanted = entries.filter((entry) => !stands(crew, entry));
  return { type: 'wanted', names: wanted.map(({ name }) => name) };
}

/** True for an entry that changes nothing but, if need be, the password. */
function stands(crew: Crew, { name, said, login }: ConfigEntry): boolean {
  const peer = crew.peers.listed(name);
  if (peer?.said !== said) return false;
  if (login !== undefined && login.password !== peer.login?.password) {
    peer.login = login;
    peer.refusals = 0;
    peer.registerAfter = undefined;
    if (peer.problem === 'credentials-refused') peer.problem = undefined;
    crew.unsaved = true;
    crew.viewChanged = true;
  }
  // Where it was typed may be a host name, which may lead elsewhere until it was registered with.
  return login === undefined || peer.sendSecret !== undefined;
}

/** Peers of an import: secrets and all, so that nobody has to register again. */
export function takeIn(crew: Crew, stored: readonly StoredPeer[]): V1Reply {
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
    peer.said = known?.said;
    crew.peers.put(peer);
  }
  crew.unsaved = true;
  crew.viewChanged = true;
  vote(crew);
  beatAll(crew);
  return DONE;
}
