/**
 * The hub's door: who knocks with a live invite is let in, asked, admitted, and told what it needs
 * (§9).
 */

import type { Address } from '../base/address.ts';
import { concat, toHex, type Bytes } from '../base/bytes.ts';
import { publicKeyOf, type NodeId } from '../base/id.ts';
import { decodeFrameBody, encodeFrame, type JoinFrame, type RefusalReason } from '../wire/join.ts';
import { consentInput, redemptionInput } from '../wire/act.ts';
import { GUESTS_MAX } from './config.ts';
import { count, type Crew } from './crew.ts';
import type { LinkId } from './io.ts';
import { shelveAct, welcome } from './tidings.ts';

/** Frames put into one piece for the link: about 100 kB. */
const FRAMES_PER_SEND = 256;

type Request = Extract<JoinFrame, { type: 'request' }>;

/** A TCP client said hello; without the tag of a live invite it is closed without a byte (B6). */
export function knock(crew: Crew, link: LinkId, tag: Bytes | undefined, from: Address): void {
  if (crew.guests.size >= GUESTS_MAX || !crew.invites.knock(tag, crew.wall)) {
    count(crew, 'knock-refused');
    crew.outbox.put({ type: 'close-link', link });
    return;
  }
  crew.guests.set(link, { from, peer: undefined, asked: false });
  crew.outbox.put({ type: 'admit-link', link });
}

/** The TLS handshake ended: this key is at the other end. */
export function linkOpen(crew: Crew, link: LinkId, peer: NodeId): void {
  const guest = crew.guests.get(link);
  if (guest === undefined) crew.outbox.put({ type: 'close-link', link });
  else guest.peer = peer;
}

/** The TLS connection is gone, whoever closed it. */
export function linkClosed(crew: Crew, link: LinkId): void {
  crew.guests.delete(link);
}

/** A guest asks to join. */
export function linkFrame(crew: Crew, link: LinkId, body: Bytes): void {
  const guest = crew.guests.get(link);
  // One answer a link: a guest that asks on and on while the disk is slow fills no memory.
  if (guest === undefined || guest.asked) return;
  const frame = decodeFrameBody(body);
  if (frame?.type !== 'request' || frame.id !== guest.peer) {
    refuse(crew, link, 'malformed', undefined);
    return;
  }
  guest.asked = true;
  // The answer to a request whose connection broke was spent already: the same again.
  if (crew.membership.isMember(frame.id)) {
    const earlier = crew.admitting.get(frame.id);
    if (earlier === undefined) answer(crew, link);
    else supersede(crew, frame.id, earlier, link);
    return;
  }
  const reason = judge(crew, frame);
  if (reason !== undefined) {
    refuse(crew, link, reason, frame.name);
    return;
  }
  admit(crew, link, frame);
}

/** Who comes back while the disk is at it is answered there, and adds nothing to what waits. */
function supersede(crew: Crew, peer: NodeId, earlier: LinkId, link: LinkId): void {
  crew.admitting.set(peer, link);
  if (crew.guests.delete(earlier)) crew.outbox.put({ type: 'close-link', link: earlier });
}

function judge(crew: Crew, request: Request): RefusalReason | undefined {
  const { membership, invites, suite, cluster } = crew;
  const { id, agreement, name, inviteKey, redemption, consent } = request;
  const redeemed = membership.inviteBy(inviteKey)?.redeemed ?? 0;
  const verdict = invites.judge(inviteKey, redeemed, crew.wall);
  if (verdict !== 'ok') return verdict;
  const signed = redemptionInput(cluster, inviteKey, id, agreement, name);
  if (!suite.verify(inviteKey, signed, redemption)) return 'malformed';
  const agreed = consentInput(cluster, inviteKey, id, agreement, name);
  if (!suite.verify(publicKeyOf(id), agreed, consent)) return 'malformed';
  if (membership.get(id) !== undefined || membership.byAgreement(agreement) !== undefined) {
    return 'malformed';
  }
  if (membership.members().some((member) => member.name === name)) return 'name-taken';
  return membership.maySign ? undefined : 'not-ready';
}

/** Signs the admission; the answer leaves when that is on disk, so a crash forks no chain. */
function admit(crew: Crew, link: LinkId, request: Request): void {
  const { id, agreement, name, inviteKey, redemption, consent } = request;
  const body = { id, agreement, name, inviteKey, redemption, consent };
  const act = crew.membership.sign(crew.identity, { type: 'admit', ...body });
  welcome(crew, id);
  const ticket = crew.outbox.save('cluster', true);
  crew.admitting.set(id, link);
  crew.whenSaved.push({
    ticket,
    then: () => {
      const newest = crew.admitting.get(id) ?? link;
      crew.admitting.delete(id);
      shelveAct(crew, act, undefined);
      crew.outbox.event({ type: 'invite-redeemed', id, name });
      crew.outbox.event({ type: 'member-joined', id, name });
      answer(crew, newest);
    },
  });
}

/** All acts and records, then done. */
function answer(crew: Crew, link: LinkId): void {
  const seen = crew.guests.get(link)?.from;
  if (seen === undefined) return;
  const unsaved = new Set(unsavedActs(crew));
  const frames = crew.membership
    .all()
    .filter((bytes) => !unsaved.has(toHex(bytes)))
    .map((bytes) => encodeFrame({ type: 'item', item: { kind: 'act', bytes } }));
  for (const { id } of crew.membership.members()) {
    const record = crew.book.record(id);
    if (record === undefined) continue;
    frames.push(encodeFrame({ type: 'item', item: { kind: 'record', bytes: record.bytes } }));
  }
  frames.push(encodeFrame({ type: 'done', seen }));
  for (let from = 0; from < frames.length; from += FRAMES_PER_SEND) {
    const bytes = concat(...frames.slice(from, from + FRAMES_PER_SEND));
    crew.outbox.put({ type: 'link-send', link, bytes });
  }
  crew.outbox.put({ type: 'close-link', link });
  crew.guests.delete(link);
}

/** Own acts that the disk does not hold yet: after a crash their numbers would be used again. */
function unsavedActs(crew: Crew): readonly string[] {
  return crew.membership.acts(crew.id, crew.savedActs + 1).map(({ bytes }) => toHex(bytes));
}

function refuse(crew: Crew, link: LinkId, reason: RefusalReason, name: string | undefined): void {
  count(crew, `join-${reason}`);
  crew.outbox.event({ type: 'join-refused', reason, name });
  crew.outbox.put({ type: 'link-send', link, bytes: encodeFrame({ type: 'refused', reason }) });
  crew.outbox.put({ type: 'close-link', link });
  crew.guests.delete(link);
}
