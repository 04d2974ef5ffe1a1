/**
 * The hub's stocktaking: what two nodes hold is compared, and what either lacks is asked for and
 * sent (PROTOCOL §8).
 */

import type { NodeId } from '../base/id.ts';
import { elapsed, millis } from '../base/time.ts';
import { MESSAGE_MAX } from '../wire/limits.ts';
import { packNews, type Message, type NewsItem, type Want } from '../wire/message.ts';
import { itemSize } from '../wire/news.ts';
import {
  DIGEST_RESTLESS_MAX,
  DIGEST_SETTLED,
  SUMMARY_GAP,
  SUMMARY_GAP_MAX,
  WANT_GAP,
  WANT_MESSAGES_MAX,
} from './config.ts';
import type { Crew } from './crew.ts';
import { tell } from './talk.ts';

/**
 * A ping or pong says which record its sender has and what it knows in all. What this node lacks is
 * wanted; when the digests differ for a while, summaries are exchanged. Not while the own digest
 * changes, since what makes the difference is then most likely on its way; but when it does not
 * come to rest for two seconds, that is no reason to wait any longer.
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
  const last = crew.summaries.get(peer);
  if (digest === own) {
    // The next difference is a new one; but whoever shows my digest and another by turns draws no
    // summary sooner for it.
    if (last !== undefined && elapsed(last.at, now) >= SUMMARY_GAP) crew.summaries.delete(peer);
    else if (last !== undefined) last.pause = SUMMARY_GAP;
    crew.news.hasAll(peer);
    return;
  }
  // Fruitless exchanges (a clash that summaries don't show) get rarer and rarer.
  const fruitless = last !== undefined && last.digest === own;
  const pause = fruitless ? last.pause : SUMMARY_GAP;
  const settled = elapsed(crew.digestChangedAt, now) >= DIGEST_SETTLED;
  const overdue = elapsed(crew.digestRestlessAt, now) >= DIGEST_RESTLESS_MAX;
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
  // No datagram holds more, so eight are full by then: the rest is not even looked at.
  let room = WANT_MESSAGES_MAX * MESSAGE_MAX;
  for (const item of held(crew, wants)) {
    items.push(item);
    room -= itemSize(item);
    if (room <= 0) break;
  }
  for (const message of packNews(items).slice(0, WANT_MESSAGES_MAX)) tell(crew, peer, message);
}

/** What is held of what is wanted, in that order, one after the other as it is asked for. */
function* held(crew: Crew, wants: readonly Want[]): Generator<NewsItem> {
  for (const { kind, id: wanted, from } of wants) {
    // Summaries abbreviate IDs; here they are whole again.
    for (const id of crew.inventory.resolve(wanted)) {
      if (kind === 'record') {
        const record = crew.book.record(id);
        if (record !== undefined) yield { kind, bytes: record.bytes };
        continue;
      }
      for (const { act, bytes } of crew.membership.acts(id, from)) {
        // Own acts leave once they are on disk.
        if (id === crew.id && act.number > crew.savedActs) break;
        yield { kind, bytes };
      }
    }
  }
}

/** Asks a member for what it holds and this node lacks; as many datagrams as that takes. */
export function want(crew: Crew, peer: NodeId, wants: readonly Want[]): void {
  for (let from = 0; from < wants.length; from += WANTS_PER_MESSAGE) {
    tell(crew, peer, { type: 'want', wants: wants.slice(from, from + WANTS_PER_MESSAGE) });
  }
}

/** Wants that fit a datagram: 37 bytes each. */
const WANTS_PER_MESSAGE = 30;
