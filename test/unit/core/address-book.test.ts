import { beforeEach, describe, expect, test } from 'vitest';
import { formatAddress } from '../../../src/base/address.ts';
import type { NodeId } from '../../../src/base/id.ts';
import { instant, millis, wallTime, type Instant } from '../../../src/base/time.ts';
import { AddressBook, type RecordVerdict } from '../../../src/core/address-book.ts';
import {
  HISTORY_MAX,
  HISTORY_REFUSED_MAX,
  HISTORY_SILENCE_MAX,
  RECORD_BURST,
  RECORD_PAUSE,
} from '../../../src/core/config.ts';
import { EMPTY_BOOK, type StoredBook } from '../../../src/core/documents.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { found, identityOf } from './acts.ts';
import { at, recordOf } from './fixture.ts';

const { cluster } = found('attic');
const other = found('attic', 'sea').cluster;
const pi = identityOf('pi');
const cellar = identityOf('cellar');
const stranger = identityOf('stranger');
const WALL = wallTime(1_000_000);

const isMember = (id: NodeId): boolean => id !== stranger.id;
let book: AddressBook;
let now: Instant;

beforeEach(() => {
  book = open(EMPTY_BOOK);
  now = instant(1_000_000);
});

function open(stored: StoredBook): AddressBook {
  return new AddressBook(nodeSuite, cluster, stored, isMember);
}

/** Offers a record of pi, long after the last one. */
function offer(fields: Parameters<typeof recordOf>[2]): RecordVerdict {
  now = instant(now + RECORD_PAUSE);
  return book.offer(recordOf(pi, cluster, fields).bytes, now, WALL, isMember);
}

function remember(...places: readonly string[]): void {
  for (const place of places) book.remember(pi.id, at(place), now, WALL);
}

/** What is remembered of pi, newest first. */
function history(of = book): string[] {
  const remembered = of.stored().history.find(({ id }) => id === pi.id);
  return (remembered?.addresses ?? []).map(({ address }) => formatAddress(address));
}

function places(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `192.0.2.1:${String(index + 1)}`);
}

describe('a record', () => {
  test('of a member is believed, and lists where it is, best first', () => {
    const verdict = offer({ at: ['192.0.2.1:1', '192.0.2.2:2'] });
    expect(verdict).toMatchObject({ type: 'new', hostChanged: true });
    expect(book.listed(pi.id).map(formatAddress)).toEqual(['192.0.2.1:1', '192.0.2.2:2']);
    expect(book.sequence(pi.id)).toBe(1);
    expect(history()).toEqual(['192.0.2.1:1', '192.0.2.2:2']);
  });

  test('with a lower sequence, or the same one again, changes nothing', () => {
    offer({ sequence: 7, at: ['192.0.2.1:1'] });
    expect(offer({ sequence: 7, at: ['192.0.2.9:9'] })).toEqual({ type: 'known' });
    expect(offer({ sequence: 6, at: ['192.0.2.9:9'] })).toEqual({ type: 'known' });
    expect(book.listed(pi.id).map(formatAddress)).toEqual(['192.0.2.1:1']);
    expect(offer({ sequence: 8, at: ['192.0.2.9:9'] }).type).toBe('new');
  });

  test('tells whether the host is another one, and since when it is known there', () => {
    offer({ sequence: 1, at: ['192.0.2.1:1'] });
    const since = book.since(pi.id);
    expect(offer({ sequence: 2, at: ['192.0.2.1:99'] })).toMatchObject({ hostChanged: false });
    expect(offer({ sequence: 3, at: [] })).toMatchObject({ hostChanged: false });
    expect(book.since(pi.id)).toBe(since);
    offer({ sequence: 4, at: ['192.0.2.1:1'] });
    expect(offer({ sequence: 5, at: ['192.0.2.2:1'] })).toMatchObject({ hostChanged: true });
    expect(book.since(pi.id)).toBe(now);
  });

  test('that is garbage, of another cluster, or of a stranger is refused, each by its name', () => {
    const refusal = (bytes: Uint8Array): unknown => book.offer(bytes, now, WALL, isMember);
    const refused = (reason: string): unknown => ({ type: 'refused', reason });
    const good = recordOf(pi, cluster, {}).bytes;
    expect(refusal(new Uint8Array(200))).toEqual(refused('malformed'));
    expect(refusal(good.subarray(0, good.length - 1))).toEqual(refused('malformed'));
    expect(refusal(recordOf(pi, other, {}).bytes)).toEqual(refused('foreign'));
    expect(refusal(recordOf(stranger, cluster, {}).bytes)).toEqual(refused('stranger'));
    expect(book.stored()).toEqual(EMPTY_BOOK);
  });

  test('that somebody altered is refused, and the genuine one still counts', () => {
    const { bytes } = recordOf(pi, cluster, { at: ['192.0.2.1:1'] });
    const forged = bytes.slice();
    const last = forged.length - 1;
    forged[last] = (forged[last] ?? 0) ^ 1;
    expect(book.offer(forged, now, WALL, isMember)).toEqual({ type: 'refused', reason: 'forged' });
    expect(book.record(pi.id)).toBeUndefined();
    expect(book.offer(bytes, now, WALL, isMember).type).toBe('new');
  });

  test('forged in another’s name uses up nothing of what that one may say', () => {
    const forger = recordOf(cellar, cluster, {}).bytes.slice();
    forger.set(recordOf(pi, cluster, {}).bytes.subarray(0, 60));
    for (let count = 0; count < 3 * RECORD_BURST; count += 1) {
      expect(book.offer(forger, now, WALL, isMember).type).toBe('refused');
    }
    expect(book.offer(recordOf(pi, cluster, {}).bytes, now, WALL, isMember).type).toBe('new');
  });
});

describe('records that a member signs as fast as it can', () => {
  test('are taken five at once, then one a second', () => {
    const verdicts = Array.from({ length: RECORD_BURST + 2 }, (_, index) => {
      const { bytes } = recordOf(pi, cluster, { sequence: index + 1 });
      return book.offer(bytes, now, WALL, isMember);
    });
    expect(verdicts.slice(0, RECORD_BURST).every(({ type }) => type === 'new')).toBe(true);
    expect(verdicts.slice(RECORD_BURST)).toEqual([
      { type: 'refused', reason: 'hasty' },
      { type: 'refused', reason: 'hasty' },
    ]);
    now = instant(now + RECORD_PAUSE - 1);
    const next = recordOf(pi, cluster, { sequence: 99 }).bytes;
    expect(book.offer(next, now, WALL, isMember).type).toBe('refused');
    now = instant(now + 2);
    expect(book.offer(next, now, WALL, isMember).type).toBe('new');
  });

  test('of this node itself are always kept: nothing may hold up what it says', () => {
    for (let sequence = 1; sequence <= 3 * RECORD_BURST; sequence += 1) {
      book.keepOwn(recordOf(pi, cluster, { sequence }), now, WALL);
    }
    expect(book.sequence(pi.id)).toBe(3 * RECORD_BURST);
  });

  test('hold up nobody else’s', () => {
    for (let sequence = 1; sequence <= RECORD_BURST; sequence += 1) {
      book.offer(recordOf(pi, cluster, { sequence }).bytes, now, WALL, isMember);
    }
    expect(book.offer(recordOf(cellar, cluster).bytes, now, WALL, isMember).type).toBe('new');
  });
});

describe('the history', () => {
  test('has the address proven or told last at its head, each once', () => {
    remember('192.0.2.1:1', '192.0.2.2:2', '192.0.2.1:1');
    expect(history()).toEqual(['192.0.2.1:1', '192.0.2.2:2']);
  });

  test('holds 32 addresses and forgets the oldest for one more', () => {
    remember(...places(HISTORY_MAX));
    expect(history()).toHaveLength(HISTORY_MAX);
    expect(history().at(-1)).toBe('192.0.2.1:1');
    remember('192.0.2.2:2');
    expect(history()).toHaveLength(HISTORY_MAX);
    expect(history()[0]).toBe('192.0.2.2:2');
    expect(history()).not.toContain('192.0.2.1:1');
  });

  test.each([
    ['silent', HISTORY_SILENCE_MAX],
    ['refused', HISTORY_REFUSED_MAX],
  ] as const)('gives up an address that was %s too often', (how, limit) => {
    remember('192.0.2.1:1', '192.0.2.2:2');
    for (let count = 1; count < limit; count += 1) book.failed(pi.id, at('192.0.2.1:1'), how);
    expect(history()).toContain('192.0.2.1:1');
    book.failed(pi.id, at('192.0.2.1:1'), how);
    expect(history()).toEqual(['192.0.2.2:2']);
  });

  test('counts failures in a row: an address that was proven again starts anew', () => {
    remember('192.0.2.2:2', '192.0.2.1:1');
    for (let count = 1; count < HISTORY_SILENCE_MAX; count += 1) {
      book.failed(pi.id, at('192.0.2.1:1'), 'silent');
    }
    remember('192.0.2.1:1');
    book.failed(pi.id, at('192.0.2.1:1'), 'silent');
    expect(history()).toContain('192.0.2.1:1');
  });

  test('counts failures in a row: an address that answered starts anew', () => {
    remember('192.0.2.2:2', '192.0.2.1:1');
    for (let count = 0; count < 5 * HISTORY_SILENCE_MAX; count += 1) {
      book.failed(pi.id, at('192.0.2.1:1'), count % 2 === 0 ? 'silent' : 'refused');
      if (count % 3 === 0) book.answered(pi.id, at('192.0.2.1:1'));
    }
    expect(history()).toContain('192.0.2.1:1');
  });

  test('never gives up what the newest record lists, until a newer one lists it no more', () => {
    offer({ sequence: 1, at: ['192.0.2.1:1'] });
    remember('192.0.2.2:2');
    for (let count = 0; count < 40; count += 1) book.failed(pi.id, at('192.0.2.1:1'), 'silent');
    expect(history()).toContain('192.0.2.1:1');
    offer({ sequence: 2, at: ['192.0.2.3:3'] });
    book.failed(pi.id, at('192.0.2.1:1'), 'silent');
    expect(history()).not.toContain('192.0.2.1:1');
  });

  test('never gives up its last address', () => {
    remember('192.0.2.1:1');
    for (let count = 0; count < 40; count += 1) book.failed(pi.id, at('192.0.2.1:1'), 'refused');
    expect(history()).toEqual(['192.0.2.1:1']);
  });

  test('does not mind failures of what it does not hold', () => {
    book.failed(pi.id, at('192.0.2.1:1'), 'silent');
    remember('192.0.2.1:1');
    book.failed(pi.id, at('192.0.2.9:9'), 'silent');
    expect(history()).toEqual(['192.0.2.1:1']);
  });
});

describe('the ladder', () => {
  test('climbs the history newest first, over and over, and leaves out listed ones', () => {
    remember('192.0.2.1:1', '192.0.2.2:2');
    offer({ at: ['192.0.2.3:3'] });
    const rungs = Array.from({ length: 4 }, () => book.rung(pi.id));
    expect(rungs.map((rung) => (rung === undefined ? '' : formatAddress(rung)))).toEqual([
      '192.0.2.2:2',
      '192.0.2.1:1',
      '192.0.2.2:2',
      '192.0.2.1:1',
    ]);
  });

  test('has no rung for nobody, or when the record lists all that is known', () => {
    expect(book.rung(pi.id)).toBeUndefined();
    offer({ at: ['192.0.2.3:3'] });
    expect(book.rung(pi.id)).toBeUndefined();
  });
});

test('the slowest beat is the longest that any record says', () => {
  expect(book.slowestBeat()).toBe(0);
  offer({ beat: millis(600) });
  book.offer(recordOf(cellar, cluster, { beat: millis(9_000) }).bytes, now, WALL, isMember);
  expect(book.slowestBeat()).toBe(9_000);
  book.forget(cellar.id);
  expect(book.slowestBeat()).toBe(600);
});

describe('what is stored', () => {
  test('comes back: records, and histories in their order', () => {
    offer({ sequence: 5, at: ['192.0.2.3:3'] });
    remember('192.0.2.1:1', '192.0.2.2:2');
    const again = open(book.stored());
    expect(again.sequence(pi.id)).toBe(5);
    expect(again.listed(pi.id).map(formatAddress)).toEqual(['192.0.2.3:3']);
    expect(history(again).toSorted()).toEqual(['192.0.2.1:1', '192.0.2.2:2', '192.0.2.3:3']);
  });

  test('is checked like anything else: strangers and forged records stay out', () => {
    const forged = recordOf(pi, cluster).bytes.slice();
    forged[100] = (forged[100] ?? 0) ^ 1;
    const again = open({
      records: [forged, recordOf(stranger, cluster).bytes, recordOf(cellar, other).bytes],
      history: [{ id: stranger.id, addresses: [{ address: at('192.0.2.1:1'), at: WALL }] }],
    });
    expect(again.stored()).toEqual(EMPTY_BOOK);
  });

  test('holds no more addresses of a member than any history may', () => {
    offer({ at: ['192.0.2.3:3', '192.0.2.4:4'] });
    const { records } = book.stored();
    const addresses = places(HISTORY_MAX + 8).map((place) => ({ address: at(place), at: WALL }));
    const again = open({ records, history: [{ id: pi.id, addresses }] });
    expect(history(again)).toHaveLength(HISTORY_MAX);
    expect(again.listed(pi.id)).toHaveLength(2);
  });

  test('of somebody who left is gone', () => {
    offer({ at: ['192.0.2.3:3'] });
    book.forget(pi.id);
    expect(book.stored()).toEqual(EMPTY_BOOK);
    expect(book.record(pi.id)).toBeUndefined();
  });
});
