/**
 * The hub's memory at work: what this node learns of records and acts, what it says of itself, and
 * how both reach everyone (PROTOCOL §7, §8).
 */

import { sameAddress, type Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import { after, elapsed, type Duration } from '../base/time.ts';
import { decodeRecord, verifyRecord } from '../wire/record.ts';
import { packNews, type NewsItem } from '../wire/message.ts';
import type { SignedAct } from '../wire/act.ts';
import {
  DIGEST_SETTLED,
  GOSSIP_TICK,
  NEWS_BATCH,
  NEWS_GATHER,
  SMALL_CLUSTER,
  TWIN_PAUSE,
} from './config.ts';
import type { ActVerdict, Change } from './membership.ts';
import { count, nameOf, others, othersCount, type Crew } from './crew.ts';
import { MAIN } from './io.ts';
import { answerWant, want } from './reconcile.ts';
import { listedAddresses, portsToList, type VotedHost } from './own-record.ts';
import {
  ask,
  askAnew,
  betterListed,
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
function farewell(crew: Crew, peer: NodeId): void {
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
  crew.awaitFresh.delete(peer);
  crew.revived.delete(peer);
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
  const head = crew.book.peek(bytes);
  if (head?.id === crew.id && head.cluster === crew.cluster) {
    const decoded = head.sequence > crew.own.sequence ? decodeRecord(bytes) : undefined;
    if (decoded === undefined || !verifyRecord(crew.suite, decoded)) return;
    if (crew.own.isHigher(head.sequence)) meetOwnRecord(crew, decoded.sequence);
    else sayAnew(crew);
    return;
  }
  const isMember = (id: NodeId): boolean => crew.membership.isMember(id);
  const verdict = crew.book.offer(bytes, crew.now, crew.wall, isMember);
  if (verdict.type === 'known') {
    const same = head !== undefined && head.sequence === crew.book.sequence(head.id);
    // In a larger cluster nobody keeps count of who has what.
    const small = othersCount(crew) <= SMALL_CLUSTER;
    if (small && same && from !== undefined) crew.news.has(`record/${head.id}`, from);
    return;
  }
  if (verdict.type === 'refused') {
    count(crew, `record-${verdict.reason}`);
    return;
  }
  const { record } = verdict;
  shelve(crew, record.id, record.sequence, record.bytes, from);
  crew.outbox.viewChanged(record.id);
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
  const small = othersCount(crew) <= SMALL_CLUSTER;
  const isListed = listed.some((to) => path !== undefined && sameAddress(to, path.address));
  // In a larger cluster whoever was never asked waits for its turn: a start calls not everyone.
  const unanswered = small || crew.suspicions.failures(peer) > 0;
  const silent = unanswered && crew.suspicions.liveness(peer) !== 'alive';
  if (silent || (small && !isListed)) askAnew(crew, peer, { at: listed[0] });
  else if (small && path !== undefined) {
    for (const to of betterListed(crew, peer, path.address)) ask(crew, peer, path.socket, to);
  }
}

/** An act that somebody handed on: believed when its chain reaches back to the founding (B5). */
function learnAct(crew: Crew, bytes: Bytes, from: NodeId | undefined): void {
  const verdict = crew.membership.add(bytes, crew.now);
  const { judgeAt } = crew.membership;
  if (judgeAt !== undefined) crew.timers.set('judge', judgeAt);
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

/** Acts that came in quick succession are judged together now. */
export function judgeDue(crew: Crew): void {
  membersChanged(crew, crew.membership.settle(crew.now));
}

/** Acts changed who is a member. */
function membersChanged(crew: Crew, { joined, left, renamed }: Change): void {
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
  digestChanged(crew);
  spread(crew, `act/${author}/${number}`, { kind: 'act', bytes: act.bytes }, author, from);
}

/** A record is part of what this node holds, and news. */
function shelve(
  crew: Crew,
  id: NodeId,
  sequence: number,
  bytes: Bytes,
  from: NodeId | undefined,
): void {
  crew.inventory.setRecord(id, sequence, bytes);
  digestChanged(crew);
  spread(crew, `record/${id}`, { kind: 'record', bytes }, id, from);
}

/** What is held changed, just now or once more within the time that it takes to settle. */
function digestChanged(crew: Crew): void {
  const settled = elapsed(crew.digestChangedAt, crew.now) >= DIGEST_SETTLED;
  if (settled) crew.digestRestlessAt = crew.now;
  crew.digestChangedAt = crew.now;
}

/** An item becomes news for all but whom it came from. */
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

/** Others hold a newer record of mine than my disk did at the start: it may be wrong by now. */
function sayAnew(crew: Crew): void {
  crew.publishWanted = true;
  publish(crew);
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

/** Aloud, but once a minute: it goes on until one of the two is stopped. */
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
  const { nat } = crew.reflections;
  // What a first answer alone cannot tell is no reason to take back what was known.
  const sameNat = before?.reachability === nat || nat === 'unknown';
  const same = before !== undefined && sameNat && saysSame(before.addresses, hosts);
  if (same && !crew.publishWanted) return;
  const record = crew.own.sign(hosts, crew.reflections.nat);
  crew.publishWanted = record === undefined;
  reserveSequences(crew);
  if (record === undefined) return;
  crew.book.keepOwn(record, crew.now, crew.wall);
  shelve(crew, crew.id, record.sequence, record.bytes, undefined);
  crew.outbox.viewChanged(crew.id);
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
  const reachable = audience(crew);
  for (const { to, items } of crew.news.send(reachable, crew.now)) {
    for (const message of packNews(items)) tell(crew, to, message);
  }
  if (crew.news.waiting && reachable.length > 0) {
    crew.timers.set('news', after(crew.now, GOSSIP_TICK));
  }
}

/**
 * Members to push to: all that answer, in a small cluster; in a larger one as many as a push needs,
 * picked at random, and a few more for those that turn out to be silent.
 */
function audience(crew: Crew): readonly NodeId[] {
  const answers = (peer: NodeId): boolean => {
    const path = crew.paths.path(peer);
    if (path === undefined || path.silentSince !== undefined) return false;
    // Whose pong is still to come hears it after that, if it comes.
    return !crew.paths.isAsked(peer, path.socket, path.address);
  };
  const all = others(crew);
  if (all.length <= AUDIENCE_ALL) return all.filter(answers);
  const picked = new Set<NodeId>();
  for (let tries = 0; tries < AUDIENCE_TRIES && picked.size <= SMALL_CLUSTER; tries += 1) {
    const peer = crew.random.pick(all);
    if (peer !== undefined && answers(peer)) picked.add(peer);
  }
  return picked.size > SMALL_CLUSTER ? [...picked] : all.filter(answers);
}

/** Up to so many members each is looked at for a push; above, random ones are tried … */
const AUDIENCE_ALL = 64;
/** … so often: enough while one in four answers; if fewer do, all are looked at after all. */
const AUDIENCE_TRIES = 96;

/** A member that answers is sent news of the last half minute: see {@link News.recent}. */
export function catchUp(crew: Crew, peer: NodeId, silent: Duration): void {
  for (const message of packNews(crew.news.recent(peer, crew.now, silent))) {
    tell(crew, peer, message);
  }
}
