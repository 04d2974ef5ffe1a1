import { beforeEach, describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/base/id.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant, millis, type Instant } from '../../../src/base/time.ts';
import {
  GOSSIP_COPIES,
  GOSSIP_FANOUT,
  NEWS_RECENT,
  SMALL_CLUSTER,
} from '../../../src/core/config.ts';
import { News } from '../../../src/core/news.ts';
import type { NewsItem } from '../../../src/wire/message.ts';

let news: News;
let now: Instant;

beforeEach(() => {
  news = new News(new SeededRandom(3));
  now = instant(1_000);
});

function ids(count: number): NodeId[] {
  return Array.from({ length: count }, (_, index) => `node ${String(index)}` as NodeId);
}

function item(number: number): NewsItem {
  return { kind: 'record', bytes: Uint8Array.of(number >> 8, number & 0xff) };
}

interface Told {
  readonly number: number;
  readonly about?: string;
  readonly from?: string;
  readonly members?: number;
}

function add({ number, about = 'author', from, members = 3 }: Told): void {
  const key = `record/${about}/${String(number)}`;
  news.add(key, item(number), about as NodeId, from as NodeId | undefined, now, members);
}

/** Who gets which numbers now. */
function sent(peers: readonly NodeId[]): Map<string, number[]> {
  const map = new Map<string, number[]>();
  for (const { to, items } of news.send(peers, now)) {
    map.set(
      to,
      items.map(({ bytes }) => (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)),
    );
  }
  return map;
}

describe('in a small cluster', () => {
  test('what its author said goes to everybody else at once, and once', () => {
    add({ number: 1, about: 'node 0', from: 'node 0' });
    add({ number: 2, about: 'self' });
    expect(news.waiting).toBe(true);
    expect([...sent(ids(3))]).toEqual([
      ['node 0', [2]],
      ['node 1', [1, 2]],
      ['node 2', [1, 2]],
    ]);
    expect(news.waiting).toBe(false);
    expect(sent(ids(3)).size).toBe(0);
  });

  test('sixteen others are all told', () => {
    add({ number: 1, members: SMALL_CLUSTER });
    expect(sent(ids(SMALL_CLUSTER)).size).toBe(SMALL_CLUSTER);
  });

  test('what somebody passed on goes to two others, and never back', () => {
    for (let number = 1; number <= 40; number += 1) {
      news = new News(new SeededRandom(number));
      add({ number, from: 'node 0' });
      const told = sent(ids(8));
      expect(told.size).toBeLessThanOrEqual(2);
      expect(told.has('node 0')).toBe(false);
    }
  });

  test('who showed that it has an item gets no copy of it', () => {
    add({ number: 1, about: 'self' });
    news.has('record/self/1', 'node 1' as NodeId);
    news.has('record/unheard of', 'node 2' as NodeId);
    expect([...sent(ids(3)).keys()]).toEqual(['node 0', 'node 2']);
  });
});

describe('in a larger cluster', () => {
  const many = ids(40);

  test.each([40, 10_000])(
    'of %i an item goes to four at a time until it was sent eight times',
    (members) => {
      add({ number: 1, members });
      const targets: number[] = [];
      while (news.waiting) targets.push(sent(many).size);
      expect(targets).toEqual(Array(GOSSIP_COPIES / GOSSIP_FANOUT).fill(GOSSIP_FANOUT));
    },
  );

  test('the four are other ones each time', () => {
    add({ number: 1, members: 40 });
    const told = new Set<string>();
    while (news.waiting) for (const to of sent(many).keys()) told.add(to);
    expect(told.size).toBeGreaterThan(GOSSIP_FANOUT);
  });

  test('thirty-two items go at once, those sent least often first', () => {
    for (let number = 1; number <= 32; number += 1) add({ number, members: 40 });
    sent(many);
    for (let number = 101; number <= 133; number += 1) add({ number, members: 40 });
    const [first = []] = sent(many).values();
    expect(first).toHaveLength(32);
    expect(first.every((number) => number > 100)).toBe(true);
    const [second = []] = sent(many).values();
    expect(second).toContain(133);
  });

  test('when few can be reached they are all told, and that is all', () => {
    add({ number: 1, members: 40 });
    expect(sent(ids(3)).size).toBe(3);
    expect(news.waiting).toBe(false);
  });
});

test('a newer item under the same name takes the older one’s place', () => {
  news.add('record/a', item(1), 'a' as NodeId, undefined, now, 3);
  news.add('record/a', item(2), 'a' as NodeId, undefined, now, 3);
  expect(sent(ids(1)).get('node 0')).toEqual([2]);
});

test('what is dropped is sent to nobody', () => {
  news.add('record/a', item(1), 'a' as NodeId, undefined, now, 3);
  news.drop('record/a');
  expect(news.waiting).toBe(false);
  expect(news.recent('node 0' as NodeId, now, NEWS_RECENT)).toEqual([]);
});

describe('a member that answers', () => {
  const back = 'node 0' as NodeId;
  const ANY = NEWS_RECENT;

  test('hears the news of the last half minute that it was not sent, none about itself', () => {
    add({ number: 1 });
    add({ number: 2, about: 'node 0' });
    sent(ids(2));
    add({ number: 3 });
    expect(news.recent(back, now, millis(0))).toEqual([item(3)]);
    expect(news.recent(back, now, millis(0))).toEqual([]);
  });

  test('hears again what it was sent while it was silent', () => {
    add({ number: 1 });
    sent(ids(2));
    now = instant(now + 100);
    add({ number: 2 });
    sent(ids(2));
    now = instant(now + 100);
    expect(news.recent(back, now, millis(150))).toEqual([item(2)]);
    now = instant(now + 100);
    expect(news.recent(back, now, millis(1_000))).toEqual([item(1), item(2)]);
  });

  test('hears nothing that it is known to have', () => {
    add({ number: 1 });
    add({ number: 2 });
    news.has('record/author/1', back);
    expect(news.recent(back, now, ANY)).toEqual([item(2)]);
    news.hasAll(back);
    add({ number: 3 });
    expect(news.recent(back, now, millis(0))).toEqual([item(3)]);
  });

  test('hears nothing older than half a minute, unless that waits to be sent anyway', () => {
    add({ number: 1 });
    sent(ids(2));
    add({ number: 2, members: 40 });
    now = instant(now + NEWS_RECENT + 1);
    expect(news.recent(back, now, ANY)).toEqual([item(2)]);
  });

  test('hears the thirty-two newest at the most', () => {
    for (let number = 1; number <= 33; number += 1) add({ number });
    const recent = news.recent(back, now, ANY);
    expect(recent).toHaveLength(32);
    expect(recent[0]).toEqual(item(2));
  });
});

test('4,096 items are kept; the oldest give way', () => {
  for (let number = 1; number <= 4_097; number += 1) add({ number });
  const told = sent(ids(1)).get('node 0') ?? [];
  expect(told).toHaveLength(4_096);
  expect(told).not.toContain(1);
  expect(told).toContain(4_097);
});
