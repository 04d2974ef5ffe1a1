import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat, fromHex } from '../../../src/base/bytes.ts';
import { MESSAGE_MAX, NEWS_ITEMS_MAX, RECORD_MAX } from '../../../src/wire/limits.ts';
import { SUMMARY_ENTRIES_MAX, WANT_MAX } from '../../../src/wire/limits.ts';
import type { Message, NewsItem } from '../../../src/wire/message.ts';
import { decodeMessage, encodeMessage, packNews } from '../../../src/wire/message.ts';
import { at, attic, cellar, octets } from './samples.ts';

function hex(text: string): Bytes {
  const bytes = fromHex(text.replaceAll(' ', ''));
  if (bytes === undefined) throw new Error(`${text} is no hexadecimal`);
  return bytes;
}

const beat = { challenge: 0x01020304, sequence: 5, digest: 0xfffffff0 };

describe('a message', () => {
  it('ping has 13 octets: kind, challenge, sequence, digest', () => {
    const bytes = encodeMessage({ type: 'ping', ...beat });
    expect(bytes).toEqual(hex('01 01020304 00000005 fffffff0'));
  });

  it('pong has 20 octets when it saw an IPv4 address', () => {
    const bytes = encodeMessage({ type: 'pong', ...beat, seen: at('203.0.113.7:4117') });
    expect(bytes).toEqual(hex('02 01020304 00000005 fffffff0 04 cb007107 1015'));
  });

  it('pong has 32 octets when it saw an IPv6 address', () => {
    const bytes = encodeMessage({ type: 'pong', ...beat, seen: at('[2001:db8::7]:4117') });
    const ip = '20010db8 00000000 00000000 00000007';
    expect(bytes).toEqual(hex(`02 01020304 00000005 fffffff0 06 ${ip} 1015`));
  });

  it('seek has 37 octets', () => {
    const bytes = encodeMessage({ type: 'seek', target: attic.id, sequence: 7 });
    expect(bytes).toEqual(concat(hex('06'), attic.publicKey, hex('00000007')));
  });

  it('sought says never, nowhere and nothing in 40 octets', () => {
    const target = attic.id;
    const nothing = { age: undefined, seen: undefined, record: undefined };
    const bytes = encodeMessage({ type: 'sought', target, ...nothing });
    expect(bytes).toEqual(concat(hex('07'), attic.publicKey, hex('ffffffff 00 0000')));
    expect(decodeMessage(bytes)).toEqual({ type: 'sought', target, ...nothing });
  });

  it('fits a datagram even with the longest record and an IPv6 address', () => {
    const record = octets(RECORD_MAX);
    const address = at('[2001:db8::7]:4117');
    const sought = { type: 'sought', target: attic.id, age: 1, seen: address, record } as const;
    const introduce = { type: 'introduce', seeker: attic.id, address, record } as const;
    for (const message of [sought, introduce]) {
      expect(decodeMessage(encodeMessage(message))).toEqual(message);
    }
  });

  it.each([
    [12.9, 12],
    [-3, 0],
    [1e12, 0xffff_fffe],
  ])('sought tells an age of %d ms as %d', (age, told) => {
    const rest = { type: 'sought', target: attic.id, seen: undefined, record: undefined } as const;
    expect(decodeMessage(encodeMessage({ ...rest, age }))).toEqual({ ...rest, age: told });
  });
});

describe('a message is refused when', () => {
  const ping = encodeMessage({ type: 'ping', ...beat });
  const target = attic.publicKey;
  const cases: readonly [reason: string, bytes: Bytes][] = [
    ['it is empty', new Uint8Array(0)],
    ['its kind is 0', hex('00')],
    ['its kind is not known yet', concat(hex('09'), ping)],
    ['it is cut short', ping.slice(0, -1)],
    ['something follows it', concat(ping, hex('00'))],
    ['it is longer than any', concat(hex('03 01 01 0493'), octets(1171))],
    ['an address has no family', hex('02 01020304 00000005 fffffff0 00')],
    ['an address has family 5', hex('02 01020304 00000005 fffffff0 05 cb007107 1015')],
    [
      'an IPv4 address is dressed up as IPv6',
      hex('02 01020304 00000005 fffffff0 06 00000000000000000000ffffcb007107 1015'),
    ],
    ['an item is of kind 3', hex('03 01 03 0001 00')],
    ['an item is longer than an act may be', concat(hex('03 01 02 01b7'), octets(439))],
    ['there are fewer items than it says', hex('03 02 01 0001 00')],
    [
      'there are more items than fit',
      concat(hex('03 0a'), ...Array<Bytes>(10).fill(hex('010000'))),
    ],
    ['an asked kind is 0', concat(hex('04 01 00'), target, hex('00000001'))],
    [
      'a record in it is longer than any',
      concat(hex('08'), target, hex('04 cb007107 1015 044d'), octets(1101)),
    ],
    ['a summary has mode 2', hex('05 00 00000000 02 00')],
    ['a summary has 15 digests', concat(hex('05 00 00000000 00 0f'), octets(60))],
    ['a summary splits the lowest level', concat(hex('05 08 00000000 00 10'), octets(64))],
    ['a summary is deeper than 8', hex('05 09 00000000 01 00')],
    ['a summary has prefix bits below its depth', hex('05 01 10000001 01 00')],
    ['a summary lists 81 leaves', concat(hex('05 00 00000000 01 51'), octets(81 * 14))],
  ];
  it.each(cases)('%s', (_, bytes) => {
    expect(decodeMessage(bytes)).toBeUndefined();
  });
});

describe('a list in a message', () => {
  const want = { kind: 'act', id: cellar.id, from: 1 } as const;
  const leaf = { prefix: octets(8), sequence: 1, acts: 65_535 };
  const item: NewsItem = { kind: 'act', bytes: octets(20) };
  const lists: readonly [title: string, max: number, of: (count: number) => Message][] = [
    ['want', WANT_MAX, (count) => ({ type: 'want', wants: Array(count).fill(want) })],
    ['news', NEWS_ITEMS_MAX, (count) => ({ type: 'news', items: Array(count).fill(item) })],
    [
      'leaves',
      SUMMARY_ENTRIES_MAX,
      (count) => ({
        type: 'summary',
        depth: 8,
        prefix: 0xffff_ffff,
        mode: 'leaves',
        leaves: Array(count).fill(leaf),
      }),
    ],
  ];
  it.each(lists)('%s goes up to %d and no further', (_, max, of) => {
    for (const count of [0, 1, max]) {
      expect(decodeMessage(encodeMessage(of(count)))).toEqual(of(count));
    }
    expect(() => encodeMessage(of(max + 1))).toThrow(InvariantError);
  });

  it('of digests has 16 of them', () => {
    const summary = { type: 'summary', depth: 7, prefix: 0x12345670, mode: 'digests' } as const;
    const digests = Array.from({ length: 16 }, (_, index) => index);
    const message = { ...summary, digests };
    expect(encodeMessage(message).length).toBe(8 + 64);
    expect(decodeMessage(encodeMessage(message))).toEqual(message);
    const short = { ...summary, digests: digests.slice(1) };
    expect(() => encodeMessage(short)).toThrow(InvariantError);
  });
});

describe('news', () => {
  const act = (size: number): NewsItem => ({ kind: 'act', bytes: octets(size) });
  const sizes = (messages: readonly Message[]): number[] =>
    messages.map((message) => (message.type === 'news' ? message.items.length : -1));

  it('of nothing is no message', () => {
    expect(packNews([])).toEqual([]);
  });

  it('is packed in order, each message as full as it can be', () => {
    // Three of 374 and their heads make 1,131; 39 more just fit after two octets of message head.
    const items = [act(374), act(374), act(374), act(39), act(374), act(10)];
    const messages = packNews(items);
    expect(sizes(messages)).toEqual([4, 2]);
    expect(messages.map((message) => encodeMessage(message).length)[0]).toBe(MESSAGE_MAX);
    expect(messages.flatMap((m) => (m.type === 'news' ? m.items : []))).toEqual(items);
  });

  it('starts another message when one octet does not fit', () => {
    expect(sizes(packNews([act(374), act(374), act(374), act(40)]))).toEqual([3, 1]);
  });

  it('starts another message after nine items, however short', () => {
    expect(sizes(packNews(Array<NewsItem>(10).fill(act(1))))).toEqual([9, 1]);
  });

  it('with a record of the greatest length still fits', () => {
    const longest: NewsItem = { kind: 'record', bytes: octets(RECORD_MAX) };
    expect(sizes(packNews([longest, longest]))).toEqual([1, 1]);
  });

  it('with an item too long for its kind is never sent', () => {
    expect(() => encodeMessage({ type: 'news', items: [act(439)] })).toThrow(InvariantError);
  });
});
