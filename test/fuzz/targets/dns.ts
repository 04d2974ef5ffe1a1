/** What anybody can send to the DNS server, and what it answers. */
import { concat, utf8, type Bytes } from '../../../src/base/bytes.ts';
import { Answers, noQueries } from '../../../src/services/names/answers.ts';
import { Zone } from '../../../src/services/names/zone.ts';
import { idOf, member } from '../../unit/api/fake-control.ts';
import { must, mustEqual, type Target } from './target.ts';

const TYPES = { A: 1, NS: 2, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 };
/** Which record types may answer a question of another type: ANY has one of its own (RFC 8482). */
const HINFO = 13;
/** What an answer over UDP may have (RFC 9715 §3.2). */
const UDP_MAX = 1_232;

const zone = new Zone({ name: 'home.internal', lostMs: 300_000, unproven: false });
zone.update({
  schema: 1,
  self: idOf('attic'),
  members: [
    member('attic', { state: 'self', tags: { room: 'roof', long: 'x'.repeat(200) } }),
    member('cellar', { address: '[2001:db8::7]:4117', tags: { room: 'roof' } }),
    member('pi', { state: 'lost', address: '192.0.2.8:4117' }),
    member('loft', { address: null }),
    member('wreck', { state: 'left' }),
    // So many that they fit in no datagram.
    ...Array.from({ length: 90 }, (_, index) =>
      member(`n${String(index)}`, {
        address: `198.51.100.${String(index)}:1`,
        tags: { kind: 'many' },
      }),
    ),
  ],
});
const answers = new Answers(zone, noQueries());
answers.refresh([...zone.names()].map(([key]) => key));

/** A name's labels on the wire. */
function labels(name: string): Bytes {
  const parts = name.split('.').map((part) => [part.length, ...Buffer.from(part)]);
  return Uint8Array.from([...parts.flat(), 0]);
}

function question(name: string, type: number, ...behind: readonly Bytes[]): Bytes {
  return concat(labels(name), Uint8Array.of(0, type, 0, 1), ...behind);
}

const SWALLOWED = concat(Uint8Array.of(16), utf8('192\x07in-addr\x04arpa'));

/** EDNS with room for so many octets (RFC 6891 §6.1.2). */
function opt(size: number, version = 0): Bytes {
  return Uint8Array.of(0, 0, TYPES.OPT, size >> 8, size & 0xff, 0, version, 0x80, 0, 0, 0);
}

/** The header of a query with this many additional records. */
function header(additional: number): Bytes {
  return Uint8Array.of(0x13, 0x37, 1, 0, 0, 1, 0, 0, 0, 0, 0, additional);
}

/**
 * One message. The first octet: bit 0 TCP, bit 1 an upstream is there, bit 2 what follows has a
 * good header put in front, bits 3 and 4 how many additional records that one tells of.
 */
export const dns: Target = {
  name: 'dns',
  title: 'messages to the DNS server, and its answers',
  covers: /src\/services\/names\/(packet|answers)\.ts$/,
  lengthMax: 5_000,
  seeds: () => [
    ...Object.values(TYPES).map((type) => whole(4, question('Attic.HOME.internal', type))),
    ...['home.internal', 'cellar.home.internal', 'pi.home.internal', 'loft.home.internal'].map(
      (name) => whole(4, question(name, TYPES.AAAA)),
    ),
    ...['roof.room.tag.home.internal', 'room.tag.home.internal', 'wreck.home.internal'].map(
      (name) => whole(5, question(name, TYPES.A)),
    ),
    ...[4, 5].map((kind) => whole(kind, question('many.kind.tag.home.internal', TYPES.A))),
    whole(12, question('many.kind.tag.home.internal', TYPES.A, opt(4_096))),
    whole(12, question('attic.home.internal', TYPES.A, opt(1_232, 1))),
    whole(20, question('attic.home.internal', TYPES.A, opt(512), opt(512))),
    whole(6, question('example.org', TYPES.A)),
    whole(4, question('7.2.0.192.in-addr.arpa', TYPES.PTR)),
    // A label with octets inside that look like the ends of others.
    whole(4, concat(labels('7.2.0').slice(0, -1), SWALLOWED, Uint8Array.of(0, 0, 12, 0, 1))),
    whole(0, concat(header(0), question('attic.home.internal', TYPES.A))),
    whole(0, Uint8Array.of(0x13, 0x37, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0)),
    whole(0, concat(Uint8Array.of(1, 2, 0x28, 0), new Uint8Array(8))),
  ],
  words: ['home.internal', 'attic.home.internal', 'in-addr.arpa', 'roof.room.tag'].map(labels),
  run: ([kind = 0, ...rest]) => {
    const octets = Uint8Array.from(rest);
    const framed = (kind & 4) === 0 ? octets : concat(header((kind >> 3) & 3), octets);
    const message = Buffer.from(framed);
    const carriage = {
      transport: (kind & 1) === 0 ? 'udp' : 'tcp',
      recursion: (kind & 2) !== 0,
    } as const;
    const reply = answers.reply(message, carriage);
    mustEqual(message, framed, 'the message was changed');
    if (reply === undefined) return ['silence'];
    must(message.length >= 12 && (framed[2] ?? 0) < 0x80, 'an answer was answered');
    const sent = reply === 'outside' ? answers.refuse(message, carriage) : reply;
    must(sent !== undefined, 'a question that was read can be refused');
    const signs = check(message, sent, carriage.transport);
    return [reply === 'outside' ? `outside ${signs}` : signs];
  },
};

function whole(kind: number, octets: Bytes): Bytes {
  return concat(Uint8Array.of(kind), octets);
}

/** What must hold of each answer; says what kind of an answer it is. */
function check(asked: Buffer, sent: Buffer, transport: 'udp' | 'tcp'): string {
  must(sent.readUInt16BE(0) === asked.readUInt16BE(0), 'another ID');
  const [flags, codes] = [sent[2] ?? 0, sent[3] ?? 0];
  must((flags & 0x80) !== 0, 'not marked as an answer');
  must((flags & 0x79) === ((asked[2] ?? 0) & 0x79), 'another operation');
  must((codes & 0x70) === 0, 'bits that mean nothing here');
  if (sent.length === 12) {
    must((codes & 0x0f) !== 0, 'a header alone that finds no fault');
    must(
      sent.subarray(4).every((octet) => octet === 0),
      'a header with counts',
    );
    return `fault ${String(codes & 0x0f)}`;
  }
  if (transport === 'udp') must(sent.length <= UDP_MAX, 'too long for a datagram');
  const isCut = (flags & 2) !== 0;
  must(!isCut || transport === 'udp', 'cut off over TCP');
  const { end, name, type } = readQuestion(sent);
  mustEqual(sent.subarray(12, end), asked.subarray(12, end), 'another question');
  const found = readRecords(sent, end);
  const code = found.upper | (codes & 0x0f);
  must(sent.readUInt16BE(4) === 1, 'not one question');
  for (const record of found.answers) {
    must(record.name === name, 'a record of another name');
    must(record.ttl <= 1, 'an answer that lasts');
    must(record.type === (type === TYPES.ANY ? HINFO : type), 'a record of another type');
  }
  const isOurs = name.endsWith('home.internal') || name.endsWith('.arpa');
  must(isOurs || found.answers.length + found.authority.length === 0, 'not ours to answer');
  must(code === 0 || found.answers.length === 0, 'an error with an answer');
  const isEmpty = found.answers.length === 0 && !isCut;
  const isNegative = (code === 0 && isEmpty) || code === 3;
  const hasSoa = found.authority.length === 1 && found.authority[0]?.type === TYPES.SOA;
  if (isNegative && !isCut) must(hasSoa, 'nothing, and no SOA to say for how long');
  const single = name === 'attic.home.internal' || name === 'pi.home.internal';
  if (single && type === TYPES.A) must(found.answers.length <= 1, 'two addresses together');
  const kinds = found.answers.map((record) => record.type).slice(0, 2);
  return [`code ${String(code)}`, isCut ? 'cut' : '', ...kinds].join(' ');
}

function readQuestion(sent: Buffer): { end: number; name: string; type: number } {
  const { name, end } = readName(sent, 12);
  return { name, end: end + 4, type: sent.readUInt16BE(end) };
}

interface Record {
  readonly name: string;
  readonly type: number;
  readonly ttl: number;
}

interface Sections {
  readonly answers: readonly Record[];
  readonly authority: readonly Record[];
  readonly upper: number;
}

/** All records, which must fill the message to its last octet. */
function readRecords(sent: Buffer, from: number): Sections {
  let at = from;
  const take = (): Record => {
    const { name, end } = readName(sent, at);
    const type = sent.readUInt16BE(end);
    const size = sent.readUInt16BE(end + 8);
    const data = end + 10;
    at = data + size;
    must(at <= sent.length, 'a record longer than the message');
    if (type === TYPES.A) must(size === 4, 'an A record of another size');
    if (type === TYPES.AAAA) must(size === 16, 'an AAAA record of another size');
    if (type === TYPES.NS || type === TYPES.PTR) {
      must(readName(sent, data).end === at, 'a name of another size');
    }
    return { name, type, ttl: sent.readUInt32BE(end + 4) };
  };
  const section = (place: number): Record[] =>
    Array.from({ length: sent.readUInt16BE(place) }, take);
  const [found, authority, additional] = [section(6), section(8), section(10)];
  must(at === sent.length, 'octets behind the last record');
  must(
    additional.every(({ type }) => type === TYPES.OPT),
    'something added',
  );
  // The upper bits of the code are in the OPT record (RFC 6891 §6.1.3).
  const upper = additional.reduce((bits, { ttl }) => bits | (ttl >>> 24), 0) << 4;
  return { answers: found, authority, upper };
}

/** A name in small letters; pointers lead back, as they must (RFC 1035 §4.1.4). */
function readName(sent: Buffer, from: number): { name: string; end: number } {
  const parts: string[] = [];
  let end: number | undefined;
  let at = from;
  for (let size = sent[at] ?? 0; size !== 0; size = sent[at] ?? 0) {
    if (size >= 0xc0) {
      const to = sent.readUInt16BE(at) & 0x3fff;
      must(to < at, 'a pointer that leads on');
      end ??= at + 2;
      at = to;
    } else {
      must(size <= 63, 'a label that is none');
      parts.push(sent.toString('latin1', at + 1, at + 1 + size).toLowerCase());
      at += 1 + size;
    }
    must(at < sent.length, 'a name longer than the message');
  }
  return { name: parts.join('.'), end: end ?? at + 1 };
}
