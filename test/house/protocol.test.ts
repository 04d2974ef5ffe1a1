/**
 * PROTOCOL.md is the normative text; its tables and numbers are held against the code here. A
 * number that stands in neither is not part of the protocol.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HELLO_SIZE as NOISE_HELLO, ANSWER_SIZE as NOISE_ANSWER } from '../../src/crypto/noise.ts';
import { ACT_KINDS, signAct } from '../../src/wire/act.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import { FRAME_KINDS, REFUSAL_CODES, encodeFrame } from '../../src/wire/join.ts';
import * as limits from '../../src/wire/limits.ts';
import { MESSAGE_KINDS, encodeMessage } from '../../src/wire/message.ts';
import { ITEM_KINDS } from '../../src/wire/news.ts';
import { PACKET_TYPES, encodeAnswer, encodeHello } from '../../src/wire/packet.ts';
import { encodeSession, sessionHeader } from '../../src/wire/packet.ts';
import { REACHABILITY_CODES, signRecord } from '../../src/wire/record.ts';
import { SUMMARY_MODES } from '../../src/wire/summary.ts';
import { inviteKeyOf, knockTag, tagToServerName } from '../../src/wire/token.ts';
import { acts, at, attic, octets, record } from '../unit/wire/samples.ts';

const text = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');

/** The part under the heading that begins so, down to the next heading of its rank or above. */
function section(heading: string): string {
  const rank = heading.split(' ')[0] ?? '';
  const start = text.indexOf(`\n${heading}`);
  expect(start, `a heading ${heading}`).toBeGreaterThanOrEqual(0);
  const rest = text.slice(start + 1 + heading.length);
  const end = rest.search(new RegExp(`\\n#{1,${String(rank.length)}} `));
  return end < 0 ? rest : rest.slice(0, end);
}

/** The rows of the first table behind `mark`, each as its cells; without the two head rows. */
function table(within: string, mark = ''): string[][] {
  const lines = within.slice(within.indexOf(mark)).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const rows: string[][] = [];
  for (let index = first; lines[index]?.startsWith('|'); index += 1) {
    const cells = (lines[index] ?? '').split('|').slice(1, -1);
    rows.push(cells.map((cell) => cell.trim()));
  }
  expect(rows.length, `rows of the table behind ${mark}`).toBeGreaterThan(2);
  return rows.slice(2);
}

/** All `code word` pairs of a sentence such as `1 found, 2 admit`. */
function pairs(words: string): Record<string, number> {
  const found = [...words.matchAll(/(\d+):? ([A-Za-z]+)/g)];
  return Object.fromEntries(found.map(([, code, word = '']) => [word, Number(code)] as const));
}

function number(words: string): number {
  return Number(words.replaceAll(',', ''));
}

const mac = (): Uint8Array => octets(16);

describe('PROTOCOL.md §2.1, datagrams', () => {
  const part = section('### 2.1 Datagrams');
  const examples = {
    Hello: encodeHello(1, octets(NOISE_HELLO), mac),
    Answer: encodeAnswer(1, 2, octets(NOISE_ANSWER)),
    // A message of one octet: `n + 16` sealed.
    Session: encodeSession(sessionHeader(1, 2), octets(17)),
  };

  it.each(Object.entries(examples))(
    '%s is as long as its heading and its table say',
    (mark, bytes) => {
      const stated = new RegExp(`${mark}[a-z ]*, (\\d+) bytes`).exec(part)?.[1];
      expect(Number(stated) + (mark === 'Session' ? 1 : 0)).toBe(bytes.length);
      let offset = 0;
      for (const [start, size] of table(part, `${mark}`)) {
        expect(Number(start), `${mark}: offset`).toBe(offset);
        offset += size === 'n+16' ? 17 : Number(size);
      }
      expect(offset).toBe(bytes.length);
    },
  );

  it.each(Object.entries(PACKET_TYPES))('%s begins with the octet of its table', (type, octet) => {
    const mark = type === 'hello' ? 'Hello,' : type === 'answer' ? 'Answer,' : 'Session datagram,';
    expect(table(part, mark)[0]?.[2]).toBe(`\`0x${octet.toString(16)}\``);
  });

  it('states the greatest payload', () => {
    expect(part).toContain(`at most ${limits.DATAGRAM_MAX.toLocaleString('en')} bytes`);
    expect(part).toContain(`Session datagram, ${String(limits.SESSION_OVERHEAD)} bytes`);
  });
});

describe('PROTOCOL.md §3, messages', () => {
  const rows = table(section('## 3. Session messages'));

  it('lists every kind under its number', () => {
    const listed = rows.map(([kind, name]) => [name, Number(kind)]);
    expect(Object.fromEntries(listed)).toEqual(MESSAGE_KINDS);
  });

  it('states the lengths of those that have one', () => {
    const beat = { challenge: 1, sequence: 2, digest: 3 };
    const lengths = {
      ping: encodeMessage({ type: 'ping', ...beat }).length,
      pong: encodeMessage({ type: 'pong', ...beat, seen: at('192.0.2.1:1') }).length,
      seek: encodeMessage({ type: 'seek', target: attic.id, sequence: 1 }).length,
    };
    for (const [, name = '', , size = ''] of rows) {
      const exact = new Map(Object.entries(lengths)).get(name);
      const stated = exact ?? limits.MESSAGE_MAX;
      expect(number(size.replace('≤ ', '')), name).toBe(stated);
      expect(size.startsWith('≤'), name).toBe(exact === undefined);
    }
  });

  it('gives a ping and a pong on the wire their Ethernet, IP and UDP heads', () => {
    const part = section('## 3. Session messages');
    const around = 14 + 20 + 8 + limits.SESSION_OVERHEAD;
    const [, ping, pong] = /ping is\s+(\d+) bytes on the wire, a pong (\d+)/.exec(part) ?? [];
    expect([Number(ping), Number(pong)]).toEqual([around + 13, around + 20]);
  });

  it('numbers items and summary modes as the code does', () => {
    const [, , news = ''] = rows.find(([, name]) => name === 'news') ?? [];
    const [, recordKind, actKind] = /kind 1: record (\d), act (\d)/.exec(news) ?? [];
    expect({ record: Number(recordKind), act: Number(actKind) }).toEqual(ITEM_KINDS);
    const [, , summary = ''] = rows.find(([, name]) => name === 'summary') ?? [];
    expect(pairs(/mode 1 \((.*?)\)/.exec(summary)?.[1] ?? '')).toEqual(SUMMARY_MODES);
  });
});

describe('PROTOCOL.md §7, records', () => {
  const part = section('## 7. Records and acts');
  const rows = new Map(
    table(part).map(([field = '', size = '', note = '']) => [field, { size, note }]),
  );
  const bare = { ...record, addresses: [], relays: [], services: [], tags: [] };

  it('has the fixed fields of the table, one octet of count a list, and a signature', () => {
    const sizes = [...rows.values()].map(({ size }) => Number(/^\d+/.exec(size)?.[0]));
    const sum = sizes.reduce((total, size) => total + size, 0);
    expect(signRecord(attic, bare).bytes.length).toBe(sum);
    expect(limits.RECORD_MIN).toBe(sum);
    expect(part).toContain(`At most ${limits.RECORD_MAX.toLocaleString('en')} bytes`);
  });

  it('numbers reachability as the code does', () => {
    const codes = pairs(rows.get('reachability')?.note.replace('UDP ', '') ?? '');
    expect(codes).toEqual(REACHABILITY_CODES);
  });

  it.each([
    ['addresses', limits.ADDRESSES_MAX],
    ['relays', limits.RELAYS_MAX],
    ['services', limits.SERVICES_MAX],
    ['tags', limits.TAGS_MAX],
  ])('bounds the number of %s', (field, max) => {
    expect(Number(/n ≤ (\d+)/.exec(rows.get(field)?.note ?? '')?.[1])).toBe(max);
  });

  it('bounds tags and the beat', () => {
    const [, key, value] = /keys ≤ (\d+), values ≤ (\d+)/.exec(rows.get('tags')?.note ?? '') ?? [];
    expect([Number(key), Number(value)]).toEqual([limits.TAG_KEY_MAX, limits.TAG_VALUE_MAX]);
    const [, low, high] = /ms, ([\d,]+)–([\d,]+)/.exec(rows.get('beat')?.note ?? '') ?? [];
    expect([number(low ?? ''), number(high ?? '')]).toEqual([
      limits.BEAT_MIN_MS,
      limits.BEAT_MAX_MS,
    ]);
  });
});

describe('PROTOCOL.md §7, acts', () => {
  const part = section('## 7. Records and acts');
  const rows = table(part, 'An act is signed');
  const row = (field: string): string[] => rows.find(([name]) => name === field) ?? [];

  it('numbers the kinds as the code does', () => {
    expect(pairs(row('kind')[2] ?? '')).toEqual(ACT_KINDS);
  });

  it('has the fixed fields of the table around every body', () => {
    const sizes = rows.map(([, size = '']) => Number(size));
    expect(sizes.reduce((total, size) => total + size, 0)).toBe(limits.ACT_MIN);
    expect(signAct(nodeSuite, attic, acts.leave).bytes.length).toBe(limits.ACT_MIN);
  });

  it.each(Object.values(acts))('gives $type the body of its sentence', (act) => {
    const body = new RegExp(`${act.type}: ([^·]*)`).exec(row('body')[2] ?? '')?.[1] ?? '';
    const fixed = [...body.matchAll(/ (\d+)(?=,| |$)/g)].map(([, size]) => Number(size));
    const names = [...body.matchAll(/\bname\b/g)].length;
    const nameSizes = act.type === 'found' ? [4, 5] : [6];
    const expected = fixed.reduce((sum, size) => sum + size, limits.ACT_MIN);
    const named = nameSizes.slice(0, names).reduce((sum, size) => sum + 1 + size, 0);
    expect(signAct(nodeSuite, attic, act).bytes.length).toBe(expected + named);
  });
});

describe('PROTOCOL.md §8 and §9', () => {
  const join = section('## 9. Invite and join');

  it('states how many leaves a summary lists and how many digests a prefix splits into', () => {
    const part = section('## 8. Spreading');
    expect(part).toContain(`Up to ${String(limits.SUMMARY_ENTRIES_MAX)} leaves`);
    expect(part).toContain(`into ${String(limits.SUMMARY_DIGESTS)} digests`);
  });

  it('lists every refusal under its code', () => {
    const words: Readonly<Record<keyof typeof REFUSAL_CODES, string>> = {
      spent: 'spent',
      expired: 'expired',
      'unknown-invite': 'unknown invite',
      'name-taken': 'name taken',
      malformed: 'malformed',
      'not-ready': 'the maker left, or is not ready',
    };
    const listed = new Map(table(join, '| code').map(([code, word = '']) => [word, Number(code)]));
    expect(listed.size).toBe(Object.keys(REFUSAL_CODES).length);
    for (const [reason, code] of Object.entries(REFUSAL_CODES)) {
      const word = new Map(Object.entries(words)).get(reason) ?? '';
      expect(listed.get(word), reason).toBe(code);
    }
  });

  it('numbers the frames as the code does', () => {
    expect(join).toContain(`Request (${String(FRAME_KINDS.request)})`);
    expect(join).toContain(`items (${String(FRAME_KINDS.item)})`);
    expect(join).toContain(`done (${String(FRAME_KINDS.done)})`);
    expect(join).toContain(`refused (${String(FRAME_KINDS.refused)})`);
    expect(encodeFrame({ type: 'refused', reason: 'spent' })[4]).toBe(FRAME_KINDS.refused);
  });

  it('gives the tag its nonce and MAC', () => {
    const [, nonce, mac16] = /base32\(nonce (\d+) ‖ .*\[0\.\.(\d+)\]\)/.exec(join) ?? [];
    const key = inviteKeyOf(nodeSuite, octets(16)).public;
    const tag = knockTag(nodeSuite, key, octets(Number(nonce)));
    expect(tag.length).toBe(Number(nonce) + Number(mac16));
    expect(tagToServerName(tag)).toMatch(/^[a-z2-7]{42}\.invalid$/);
  });
});

describe('PROTOCOL.md', () => {
  it('names no limit of the code by another value', () => {
    const known = new Map(Object.entries(limits));
    for (const [, name = '', value = ''] of text.matchAll(/^\| `([A-Z_]+)` \| ([\d,]+)/gm)) {
      expect(known.get(name), name).toBe(number(value));
    }
  });
});
