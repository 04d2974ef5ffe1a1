/**
 * The hub's memory at work: what this node learns of records and acts, what it says of itself, and
 * how both reach everyone (PROTOCOL §7, §8).
 */

import { sameAddress, type Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, millis } from '../base/time.ts';
import { decodeRecord, verifyRecord } from '../wire/record.ts';
import { packNews, type Message, type NewsItem, type Want } from '../wire/message.ts';
import type { SignedAct } from '../wire/act.ts';
import {
  DIGEST_SETTLED,
  GOSSIP_TICK,
  NEWS_BATCH,
  NEWS_GATHER,
  SMALL_CLUSTER,
  SUMMARY_GAP,
  SUMMARY_GAP_MAX,
  TWIN_PAUSE,
  WANT_GAP,
  WANT_MESSAGES_MAX,
} from './config.ts';
import type { ActVerdict } from './membership.ts';
import { count, nameOf, others, othersCount, type Crew } from './crew.ts';
import { MAIN } from './io.ts';
import { listedAddresses, portsToList, type VotedHost } from './own-record.ts';
import {
  ask,
  askAnew,
  listedBefore,
  pathChanged,
  saveBookSoon,
  tell,
  watchSilence,
} from './talk.ts';

/** A member to talk to from now on: watched, in the rotation. */
export function welcome(crew: Crew, peer: NodeId): void {
  if (peer === crew.id) return;
  crew.suspicions.add(peer, crew.now);
  crew.heartbeat.add(peer);
  watchSilence(crew);
}

/** A member left: no key, path, record or turn of it stays (B5). */
export function farewell(crew: Crew, peer: NodeId): void {
  const name = nameOf(crew, peer);
  crew.sessions.forget(peer);
  crew.paths.forget(peer);
  crew.suspicions.forget(peer);
  crew.heartbeat.forget(peer);
  crew.rounds.forget(peer);
  crew.seek.end(peer);
  crew.book.forget(peer);
  crew.inventory.dropRecord(peer);
  crew.news.drop(`record/${peer}`);
  crew.summaries.delete(peer);
  crew.wanted.delete(peer);
  crew.mainSent.delete(peer);
  crew.listedAsked.delete(peer);
  crew.reusedAt.delete(peer);
  crew.timers.clear(`try/${peer}`);
  crew.timers.clear(`seek/${peer}`);
  crew.outbox.event({ type: 'member-left', id: peer, name });
}

/** One item of news, wherever it came from. */
export function learn(crew: Crew, item: NewsItem, from: NodeId | undefined): void {
  if (item.kind === 'record') learnRecord(crew, item.bytes, from);
  else learnAct(crew, item.bytes, from);
}

/**
 * A record that somebody handed on: believed when its author signed it and it is the newest (B2).
 */
export function learnRecord(crew: Crew, bytes: Bytes, from: NodeId | undefined): void {
  const decoded = decodeRecord(bytes);
  if (decoded?.id === crew.id && decoded.cluster === crew.cluster) {
    const higher = crew.own.isHigher(decoded.sequence);
    if (higher && verifyRecord(crew.suite, decoded)) meetOwnRecord(crew, decoded.sequence);
    return;
  }
  const isMember = (id: NodeId): boolean => crew.membership.isMember(id);
  const verdict = crew.book.offer(bytes, crew.now, crew.wall, isMember);
  if (verdict.type === 'known') {
    const same = decoded !== undefined && decoded.sequence === crew.book.sequence(decoded.id);
    if (same && from !== undefined) crew.news.has(`record/${decoded.id}`, from);
    return;
  }
  if (verdict.type === 'refused') {
    count(crew, `record-${verdict.reason}`);
    return;
  }
  const { record } = verdict;
  shelve(crew, record.id, record.sequence, record.bytes, from);
  crew.outbox.viewChanged();
  saveBookSoon(crew);
  const listed = crew.book.listed(record.id);
  const change = crew.paths.list(record.id, listed, crew.now);
  if (change !== undefined) pathChanged(crew, change);
  proveListed(crew, record.id, listed);
}

/**
 * A new record: in a small cluster its addresses are proven at once, also when only the port of a
 * fresh socket is in use so far; in a larger one when the member's turn comes.
 */
function proveListed(crew: Crew, peer: NodeId, listed: readonly Address[]): void {
  if (listed.length === 0) return;
  const path = crew.paths.path(peer);
  const silent = crew.suspicions.liveness(peer) !== 'alive';
  const small = othersCount(crew) <= SMALL_CLUSTER;
  const better = path === undefined ? listed : listedBefore(listed, path.address);
  if (silent || (small && better.length === listed.length)) askAnew(crew, peer);
  else if (small && path !== undefined) for (const to of better) ask(crew, peer, path.socket, to);
}

/** An act that somebody handed on: believed when its chain reaches back to the founding (B5). */
export function learnAct(crew: Crew, bytes: Bytes, from: NodeId | undefined): void {
  const verdict = crew.membership.add(bytes);
  switch (verdict.type) {
    case 'known':
      return;
    case 'early':
      if (
        from !== undefined &&
        crew.inventory.mayWant(from, verdict.author, verdict.have, crew.now)
      ) {
        want(crew, from, [{ kind: 'act', id: verdict.author, from: verdict.have + 1 }]);
      }
      return;
    case 'refused':
      count(crew, `act-${verdict.reason}`);
      return;
    case 'fork':
      settleFork(crew, verdict, from);
      return;
    case 'added':
      membersChanged(crew, verdict);
      shelveAct(crew, verdict.act, from);
      crew.outbox.save('cluster', false);
  }
}

/** Acts changed who is a member. */
function membersChanged(
  crew: Crew,
  {
    joined,
    left,
    renamed,
  }: Pick<Extract<ActVerdict, { type: 'added' }>, 'joined' | 'left' | 'renamed'>,
): void {
  for (const { id, name } of joined) {
    if (id === crew.id) continue;
    welcome(crew, id);
    crew.outbox.event({ type: 'member-joined', id, name });
  }
  for (const id of left) if (id !== crew.id) farewell(crew, id);
  if (renamed) crew.outbox.viewChanged();
}

/** A member signed two acts of one number: all keep the same one, and its author is named. */
function settleFork(
  crew: Crew,
  fork: Extract<ActVerdict, { type: 'fork' }>,
  from: NodeId | undefined,
): void {
  const { author, number } = fork;
  crew.outbox.event({ type: 'fork', id: author, name: nameOf(crew, author) });
  if (!fork.replaced) {
    if (from !== undefined) answerWant(crew, from, [{ kind: 'act', id: author, from: number }]);
    return;
  }
  membersChanged(crew, fork);
  for (const id of fork.dropped) {
    crew.inventory.setActs(id, []);
    crew.inventory.dropRecord(id);
  }
  for (const act of crew.membership.acts(author, number)) shelveAct(crew, act, from);
  crew.outbox.save('cluster', false);
}

/** An act is part of what this node holds, and news. */
export function shelveAct(crew: Crew, act: SignedAct, from: NodeId | undefined): void {
  const { author, number } = act.act;
  // Own acts are shelved once they are on disk.
  if (author === crew.id) crew.savedActs = Math.max(crew.savedActs, number);
  crew.inventory.setActs(
    author,
    crew.membership.acts(author, 1).map(({ hash }) => hash),
  );
  crew.digestChangedAt = crew.now;
  spread(crew, `act/${author}/${number}`, { kind: 'act', bytes: act.bytes }, author, from);
}

function shelve(
  crew: Crew,
  id: NodeId,
  sequence: number,
  bytes: Bytes,
  from: NodeId | undefined,
): void {
  crew.inventory.setRecord(id, sequence, bytes);
  crew.digestChangedAt = crew.now;
  spread(crew, `record/${id}`, { kind: 'record', bytes }, id, from);
}

function spread(
  crew: Crew,
  key: string,
  item: NewsItem,
  about: NodeId,
  from: NodeId | undefined,
): void {
  crew.news.add(key, item, about, from, crew.now, othersCount(crew));
  // At once when all was quiet; in a burst of news, some are put together into one datagram.
  const sinceFlush = elapsed(crew.newsSentAt, crew.now);
  const pause = sinceFlush > NEWS_GATHER ? NEWS_BATCH : NEWS_GATHER;
  crew.timers.setEarlier('news', after(crew.now, pause));
}

/**
 * Somebody holds a record of mine that is newer than any I signed since I started (PROTOCOL §7).
 */
function meetOwnRecord(crew: Crew, sequence: number): void {
  const met = crew.own.met(sequence);
  if (met === 'old') return;
  if (met === 'twin') tellTwin(crew);
  reserveSequences(crew);
  crew.publishWanted = true;
  publish(crew);
}

function tellTwin(crew: Crew): void {
  const told = crew.twinToldAt;
  if (told !== undefined && elapsed(told, crew.now) < TWIN_PAUSE) return;
  crew.twinToldAt = crew.now;
  crew.outbox.event({ type: 'twin' });
}

/** Asks the disk for more sequence numbers before they run out. */
export function reserveSequences(crew: Crew): void {
  if (!crew.own.reserve()) return;
  const reserved = crew.own.reserved;
  const ticket = crew.outbox.save('cluster', true);
  crew.whenSaved.push({
    ticket,
    then: () => {
      crew.own.durable(reserved);
      if (crew.publishWanted) publish(crew);
    },
  });
}

/** Signs a new record when what it would say differs from the last one, and tells everyone. */
export function publish(crew: Crew): void {
  const hosts = votedHosts(crew);
  const before = crew.own.current;
  const same = before?.reachability === crew.reflections.nat && saysSame(before.addresses, hosts);
  if (same && !crew.publishWanted) return;
  const record = crew.own.sign(hosts, crew.reflections.nat);
  crew.publishWanted = record === undefined;
  reserveSequences(crew);
  if (record === undefined) return;
  crew.book.keepOwn(record, crew.now, crew.wall);
  shelve(crew, crew.id, record.sequence, record.bytes, undefined);
  crew.outbox.viewChanged();
  saveBookSoon(crew);
}

/** The hosts the others voted, with the ports worth listing: each socket that carries a path. */
function votedHosts(crew: Crew): readonly VotedHost[] {
  const { reflections, paths, rounds } = crew;
  const mainProven = !rounds.running || rounds.mainAnswered;
  return reflections.own().map(({ ip, ports, voters }) => {
    const main = ports.get(MAIN);
    if (main !== undefined) crew.mainPort = main;
    const carrying = new Map(
      [...ports].filter(([socket]) => socket === MAIN || !mainProven || paths.uses(socket)),
    );
    const onMain = mainProven && ![...carrying.keys()].some((socket) => socket !== MAIN);
    return { ip, ports: portsToList(carrying, onMain, crew.mainPort), voters };
  });
}

/**
 * Whether hosts and ports are the listed ones; the number of voters alone is not worth a record.
 */
function saysSame(
  listed: readonly { readonly address: Address }[],
  hosts: readonly VotedHost[],
): boolean {
  const now = listedAddresses(hosts);
  return (
    now.length === listed.length &&
    now.every(({ address }) => listed.some((other) => sameAddress(other.address, address)))
  );
}

/** The news alarm rang: push what waits; in a larger cluster go on until enough copies left. */
export function flushNews(crew: Crew): void {
  crew.newsSentAt = crew.now;
  // Who is silent gets the news of the last half minute as soon as it answers.
  const reachable = others(crew).filter((peer) => {
    const path = crew.paths.path(peer);
    return path !== undefined && path.silentSince === undefined;
  });
  for (const { to, items } of crew.news.send(reachable, crew.now)) {
    for (const message of packNews(items)) tell(crew, to, message);
  }
  if (crew.news.waiting && reachable.length > 0) {
    crew.timers.set('news', after(crew.now, GOSSIP_TICK));
  }
}

/** A member that was away or moved gets the news of the last half minute. */
export function catchUp(crew: Crew, peer: NodeId): void {
  for (const message of packNews(crew.news.recent(peer, crew.now))) tell(crew, peer, message);
}

/**
 * A ping or pong says which record its sender has and what it knows in all. What this node lacks is
 * wanted; when the digests differ for a while, summaries are exchanged.
 */
export function compareNotes(crew: Crew, peer: NodeId, sequence: number, digest: number): void {
  const { now } = crew;
  if (sequence > crew.book.sequence(peer)) {
    const last = crew.wanted.get(peer);
    if (last === undefined || elapsed(last, now) >= WANT_GAP) {
      crew.wanted.set(peer, now);
      want(crew, peer, [{ kind: 'record', id: peer, from: 0 }]);
    }
  }
  const own = crew.inventory.digest;
  if (digest === own) {
    crew.summaries.delete(peer);
    return;
  }
  const last = crew.summaries.get(peer);
  // Fruitless exchanges (a clash that summaries don't show) get rarer and rarer.
  const fruitless = last !== undefined && last.digest === own;
  const pause = fruitless ? last.pause : SUMMARY_GAP;
  const settled = elapsed(crew.digestChangedAt, now) >= DIGEST_SETTLED;
  const overdue = last === undefined || elapsed(last.at, now) >= 4 * SUMMARY_GAP;
  if (last !== undefined && elapsed(last.at, now) < pause) return;
  if (!settled && !overdue) return;
  const next = millis(Math.min(SUMMARY_GAP_MAX, fruitless ? pause * 2 : pause));
  crew.summaries.set(peer, { at: now, pause: next, digest: own });
  tell(crew, peer, crew.inventory.summary(0, 0));
}

/** A member's summary: send what it lacks, want what is lacking here, go down where both differ. */
export function answerSummary(
  crew: Crew,
  peer: NodeId,
  summary: Extract<Message, { type: 'summary' }>,
): void {
  const { send, want: wants, descend } = crew.inventory.compare(summary);
  answerWant(crew, peer, send);
  want(crew, peer, wants);
  for (const { depth, prefix } of descend.slice(0, WANT_MESSAGES_MAX)) {
    tell(crew, peer, crew.inventory.summary(depth, prefix));
  }
}

/** Sends what a member wants, as far as it is held; at most eight datagrams. */
export function answerWant(crew: Crew, peer: NodeId, wants: readonly Want[]): void {
  const items: NewsItem[] = [];
  for (const { kind, id: wanted, from } of wants) {
    // Summaries abbreviate IDs; here they are whole again.
    for (const id of crew.inventory.resolve(wanted)) {
      if (kind === 'record') {
        const record = crew.book.record(id);
        if (record !== undefined) items.push({ kind, bytes: record.bytes });
        continue;
      }
      for (const { act, bytes } of crew.membership.acts(id, from)) {
        if (id !== crew.id || act.number <= crew.savedActs) items.push({ kind, bytes });
      }
    }
  }
  for (const message of packNews(items).slice(0, WANT_MESSAGES_MAX)) tell(crew, peer, message);
}

function want(crew: Crew, peer: NodeId, wants: readonly Want[]): void {
  for (let from = 0; from < wants.length; from += WANTS_PER_MESSAGE) {
    tell(crew, peer, { type: 'want', wants: wants.slice(from, from + WANTS_PER_MESSAGE) });
  }
}

/** Wants that fit a datagram: 37 bytes each. */
const WANTS_PER_MESSAGE = 30;
