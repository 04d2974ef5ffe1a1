/** What an operator asks of the node, done. */

import { formatAddress, type Address } from '../base/address.ts';
import { unreachable } from '../base/assert.ts';
import { HOST_PORT_HINT, readHostPort } from '../base/host-port.ts';
import type { NodeId } from '../base/id.ts';
import { after, formatDuration, millis, wallTime, type Duration } from '../base/time.ts';
import { encodeToken, inviteKeyOf, isTokenAddress } from '../wire/token.ts';
import { TOKEN_ADDRESSES_MAX } from '../wire/limits.ts';
import { INVITE_EXPIRY_MIN, type Command, type Reply, type TagChange } from './commands.ts';
import { INVITES_MAX, INVITE_EXPIRY_MAX, INVITE_USES_MAX, PING_WAIT } from './config.ts';
import { nameOf, type Crew } from './crew.ts';
import { MAIN } from './io.ts';
import { TAGS_HINT, tagsFit } from './own-record.ts';
import { flushNews, publish, shelveAct } from './tidings.ts';
import { ask, askAnew, socketsFor } from './talk.ts';

/** Carries out a command; its answer comes now, when the disk is done, or when a pong comes. */
export function command(crew: Crew, id: number, wish: Command): void {
  switch (wish.type) {
    case 'invite':
      return invite(crew, id, wish.at, wish.uses, wish.expires);
    case 'hint':
      return hint(crew, id, wish.member, wish.address);
    case 'tag':
      return tag(crew, id, wish.changes);
    case 'ping':
      return ping(crew, id, wish.member);
    case 'leave':
      return leave(crew, id);
    default:
      return unreachable(wish);
  }
}

function reply(crew: Crew, id: number, said: Reply): void {
  crew.waiting.delete(id);
  crew.outbox.put({ type: 'answer', id, reply: said });
}

/** The answer to a command that waited for the disk, unless it was told of a failure meanwhile. */
function replySaved(crew: Crew, id: number, said: Reply): void {
  if (crew.waiting.has(id)) reply(crew, id, said);
}

function refuse(crew: Crew, id: number, code: string, message: string, hintText: string): void {
  reply(crew, id, { type: 'refused', code, message, hint: hintText });
}

/** Does something once a ticket is on disk, and answers for the disk when it fails. */
function onceSaved(crew: Crew, id: number, then: () => void): void {
  const ticket = crew.outbox.save('cluster', true);
  crew.waiting.set(id, { ticket });
  crew.whenSaved.push({ ticket, then });
}

function invite(
  crew: Crew,
  id: number,
  at: readonly string[],
  uses: number,
  expires: Duration,
): void {
  const { membership, invites, suite } = crew;
  invites.prune(crew.wall, (key) => membership.inviteBy(key)?.redeemed ?? 0);
  if (!carried(crew, id, at)) return;
  const usesFit = Number.isInteger(uses) && uses >= 1 && uses <= INVITE_USES_MAX;
  if (!usesFit || !(expires >= INVITE_EXPIRY_MIN && expires <= INVITE_EXPIRY_MAX)) {
    const [shortest, longest] = [INVITE_EXPIRY_MIN, INVITE_EXPIRY_MAX].map(formatDuration);
    const hintText = `it is for 1 to ${INVITE_USES_MAX} machines, for ${shortest} to ${longest}`;
    refuse(crew, id, 'invite-out-of-range', 'no invite is for so many or so long', hintText);
    return;
  }
  if (!membership.maySign || invites.stored().length >= INVITES_MAX) {
    const hintText = `wait until one of the ${INVITES_MAX} live invites expires`;
    refuse(crew, id, 'invites-too-many', 'no further invite can be made now', hintText);
    return;
  }
  if (crew.wall < 0 || crew.wall + expires > TOKEN_TIME_MAX) {
    const hintText = 'set this machine’s clock; an invite carries the time at which it expires';
    refuse(crew, id, 'clock-not-set', 'this machine’s clock is outside 1970 to 2106', hintText);
    return;
  }
  const secret = crew.unpredictable.bytes(16);
  // Whole seconds, as the token carries it.
  const until = wallTime(Math.ceil((crew.wall + expires) / 1_000) * 1_000);
  const { public: key } = inviteKeyOf(suite, secret);
  invites.make(secret, uses, until);
  const act = membership.sign(crew.identity, { type: 'invite', key, uses, expires: until });
  const spots = at.length > 0 ? at : ownAddresses(crew);
  const token = encodeToken(suite, {
    cluster: crew.cluster,
    maker: crew.id,
    secret,
    expires: until,
    at: spots,
  });
  onceSaved(crew, id, () => {
    shelveAct(crew, act, undefined);
    replySaved(crew, id, { type: 'invited', token, at: spots });
  });
}

/** Whether a token can carry these addresses and a joiner use them; if not, that is answered. */
function carried(crew: Crew, id: number, at: readonly string[]): boolean {
  if (at.length > TOKEN_ADDRESSES_MAX) {
    refuse(
      crew,
      id,
      'addresses-too-many',
      `an invite carries up to ${TOKEN_ADDRESSES_MAX} addresses, not ${at.length}`,
      'leave some out',
    );
    return false;
  }
  for (const text of at) {
    const read = readHostPort(text);
    // What can be read is short enough for a token, but for a host name that fills it to the brim.
    if (read.type !== 'wrong' && isTokenAddress(text)) continue;
    const { quote, why } =
      read.type === 'wrong' ? read : { quote: JSON.stringify(text), why: 'it is too long' };
    refuse(
      crew,
      id,
      'address-not-an-address',
      `${quote} is no address of a node: ${why}`,
      HOST_PORT_HINT,
    );
    return false;
  }
  return true;
}

/** What the others voted, main port first: where a joiner may find this node. */
function ownAddresses(crew: Crew): readonly string[] {
  const listed = crew.own.current?.addresses ?? [];
  return listed.slice(0, TOKEN_ADDRESSES_MAX).map(({ address }) => formatAddress(address));
}

/** Whether this is another member, whom one can look for; if not, that is answered. */
function another(crew: Crew, id: number, member: NodeId): boolean {
  const name = nameOf(crew, member);
  if (member === crew.id) {
    refuse(crew, id, 'own-name', `${name} is this node itself`, 'name another member');
    return false;
  }
  if (crew.membership.isMember(member)) return true;
  const hintText = 'it comes back only with a new invite, as a new node';
  refuse(crew, id, 'name-unknown', `${name} has left the cluster`, hintText);
  return false;
}

function hint(crew: Crew, id: number, member: NodeId, address: Address): void {
  if (!another(crew, id, member)) return;
  crew.paths.hint(member, address);
  crew.book.remember(member, address, crew.now, crew.wall);
  askAnew(crew, member, { at: address });
  reply(crew, id, { type: 'done' });
}

function tag(crew: Crew, id: number, changes: readonly TagChange[]): void {
  const next = new Map(crew.own.tags);
  for (const { key, value } of changes) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  if (!tagsFit(crew.id, crew.cluster, crew.settings.beat, next)) {
    refuse(crew, id, 'tag-not-a-tag', 'these tags do not fit a record', TAGS_HINT);
    return;
  }
  for (const { key, value } of changes) crew.own.setTag(key, value);
  onceSaved(crew, id, () => {
    crew.publishWanted = true;
    publish(crew);
    replySaved(crew, id, { type: 'done' });
  });
}

function ping(crew: Crew, id: number, member: NodeId): void {
  if (!another(crew, id, member)) return;
  crew.awaited.set(id, { peer: member, since: crew.now });
  crew.timers.set(`ping/${id}`, after(crew.now, PING_WAIT));
  const path = crew.paths.path(member);
  if (path === undefined || path.silentSince !== undefined) askAnew(crew, member);
  else ask(crew, member, socketsFor(crew, member, path.address)[0] ?? MAIN, path.address);
}

/** Nobody answered an operator's ping in time. */
export function pingDue(crew: Crew, id: number): void {
  const awaited = crew.awaited.get(id);
  if (awaited === undefined) return;
  crew.awaited.delete(id);
  const tried = crew.paths.candidates(awaited.peer, crew.book.listed(awaited.peer)).length;
  reply(crew, id, { type: 'no-answer', tried });
}

/** Signs the leave, and answers when it is on disk and went out to everyone reachable. */
function leave(crew: Crew, id: number): void {
  if (!crew.membership.mayLeave) {
    const hintText = 'stop it with: flotilla down';
    refuse(crew, id, 'not-a-member', 'this node is no member that could leave', hintText);
    return;
  }
  const act = crew.membership.sign(crew.identity, { type: 'leave' });
  onceSaved(crew, id, () => {
    shelveAct(crew, act, undefined);
    // Twice: whoever misses both learns it from the others.
    flushNews(crew);
    crew.timers.set(`left/${id}`, after(crew.now, millis(LEAVE_REPEAT)));
  });
}

/** The leave was told a moment ago: tell it once more, and be done. */
export function leaveDue(crew: Crew, id: number): void {
  for (const act of crew.membership.acts(crew.id, crew.membership.count(crew.id))) {
    shelveAct(crew, act, undefined);
  }
  flushNews(crew);
  replySaved(crew, id, { type: 'done' });
}

const LEAVE_REPEAT = 100;

/** A token counts seconds since 1970 in 32 bits. */
const TOKEN_TIME_MAX = (2 ** 32 - 2) * 1_000;
