/** A peer shows up elsewhere: is it there, and is it gone from where it was? */

import { scopeOf, usable, type Address } from '../base/address.ts';
import { after, millis } from '../base/time.ts';
import { codeAt, stepOf } from '../crypto/totp.ts';
import type { Because, Call } from './calls.ts';
import { writeHeartbeat } from './codec.ts';
import { CALL_BACK_PAUSE, CALL_BACK_PAUSE_MAX, CALL_TIMEOUT, GRACE } from './config.ts';
import { clockOf, find, ownIp, reflect, tell, type Crew } from './crew.ts';
import type { Endpoint } from './io.ts';
import type { Peer } from './peer.ts';

/** A good code of a peer that can be called came from another address than the one known. */
export function cameFromElsewhere(crew: Crew, peer: Peer, from: Address, first: boolean): void {
  const to = peer.endpointAt(from.ip);
  if (to === undefined || !usable(to.at)) return;
  // One that may be a replay does not push out one that is none.
  if (peer.wanted?.first === true && !first) return;
  const known = peer.wanted?.ip === from.ip && peer.wanted.first === first;
  peer.wanted = { ip: from.ip, first };
  if (!known) tell(crew, { type: 'v1-unconfirmed', name: peer.name, from });
  callBack(crew, peer);
}

/** Calls back where a code came from, when it may be: one at a time, paced while they fail. */
export function callBack(crew: Crew, peer: Peer): void {
  const wanted = peer.wanted;
  if (wanted === undefined || crew.calls.trial(peer.name) !== undefined) return;
  if (peer.callBackAfter !== undefined && peer.callBackAfter > crew.now) {
    crew.agenda.setEarlier(`back:${peer.name}`, peer.callBackAfter);
    return;
  }
  peer.wanted = undefined;
  const to = peer.endpointAt(wanted.ip);
  if (to === undefined || wanted.ip === peer.ip) return;
  attempt(crew, peer, to, { type: 'code', first: wanted.first });
  // What may be a replay must not drag the peer away: where it was is asked, too.
  if (!wanted.first && peer.called) crew.agenda.setEarlier(`ask:${peer.name}`, crew.now);
}

/** A heartbeat to another address of a peer. False: one is under way, or nothing to sign with. */
export function attempt(crew: Crew, peer: Peer, to: Endpoint, because: Because): boolean {
  if (peer.sendSecret === undefined || crew.calls.trial(peer.name) !== undefined) return false;
  const { id } = crew.calls.begin(peer.name, { type: 'trial', because }, to, crew.now);
  const code = codeAt(peer.sendSecret, stepOf(clockOf(crew, peer)));
  const body = writeHeartbeat(crew.name, code, ownIp(crew));
  const call = { type: 'call', call: id, to, pin: peer.pin, operation: 'h', body } as const;
  crew.effects.push({ ...call, timeout: CALL_TIMEOUT, fresh: true, durable: false });
  return true;
}

/** True when an address that another peer named makes sense, seen from that peer. */
export function plausible(to: Address, teller: Address): boolean {
  if (!usable(to)) return false;
  const scope = scopeOf(to);
  // What one machine or one wire calls so means another thing elsewhere.
  return (scope !== 'loopback' && scope !== 'link-local') || scope === scopeOf(teller);
}

/** A trial was answered as it should be. True: the peer is there now, and no more is to be done. */
export function trialGood(crew: Crew, peer: Peer, call: Call, reflected: string): boolean {
  if (call.errand.type !== 'trial') return false;
  const { because } = call.errand;
  const sure = because.type === 'typed' || (call.to.https && peer.pin !== undefined);
  if (!sure && !(because.type === 'code' && because.first)) {
    const stays = peer.answeredAt !== undefined && peer.answeredAt >= call.sentAt;
    if (stays) return calledInVain(crew, peer);
    if (because.type === 'code' && crew.calls.ofCycle(peer.name) !== undefined) {
      const until = after(call.sentAt, GRACE);
      if (until > crew.now) {
        peer.pending = { to: call.to, reflected };
        crew.agenda.set(`grace:${peer.name}`, until);
        return false;
      }
    }
  }
  settle(crew, peer, call.to, reflected);
  if (because.type === 'typed') peer.typed = call.to.at;
  return true;
}

/** Nothing was heard of the present address in time: the other one counts. */
export function graceOver(crew: Crew, peer: Peer): void {
  const { pending } = peer;
  peer.pending = undefined;
  if (pending !== undefined) settle(crew, peer, pending.to, pending.reflected);
}

/** The next call back is further away with each that failed. */
export function calledInVain(crew: Crew, peer: Peer): false {
  const doubled = Math.min(2 * peer.callBackPause, CALL_BACK_PAUSE_MAX);
  peer.callBackPause = Math.max(doubled, CALL_BACK_PAUSE);
  peer.callBackAfter = after(crew.now, millis(peer.callBackPause));
  callBack(crew, peer);
  return false;
}

/** The peer answered at another endpoint: that is where it is from now on. */
export function settle(crew: Crew, peer: Peer, to: Endpoint, reflected: string): void {
  place(crew, peer, to.at.ip);
  peer.endpoint = to;
  peer.answeredAt = crew.now;
  peer.pending = undefined;
  peer.callBackPause = 0;
  peer.callBackAfter = undefined;
  peer.retries = 0;
  find(crew, peer);
  reflect(crew, peer, reflected);
}

/** Puts a peer at an IP address, says so, and has it kept. */
export function place(crew: Crew, peer: Peer, ip: string): void {
  const { ip: from } = peer;
  if (from === ip) return;
  if (from === undefined) {
    peer.bareIp = ip;
    peer.addressSince = crew.now;
  } else peer.moveTo(ip, crew.now);
  crew.unsaved = true;
  crew.viewChanged = true;
  tell(crew, { type: 'v1-moved', name: peer.name, from, to: ip });
}
