import { decode, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NAME_OCTETS_MAX } from '../../../src/services/names/labels.ts';
import { readQuery, writeFault } from '../../../src/services/names/packet.ts';
import type { Carriage } from '../../../src/services/names/packet.ts';
import { answersOf, member, view, zoneOf } from './view.ts';

const UDP: Carriage = { transport: 'udp', recursion: false };
const TCP: Carriage = { transport: 'tcp', recursion: false };

/** A question as another program writes it. */
function question(name: string, type = 'A', more: Partial<Packet> = {}): Buffer {
  const questions = [{ name, type: type as 'A', class: 'IN' as const }];
  return encode({ type: 'query', id: 0x1234, flags: 0x100, questions, ...more });
}

function opt(size: number, version = 0, flags = 0): Partial<Packet> {
  const record = { type: 'OPT', name: '.', udpPayloadSize: size, extendedRcode: 0 };
  const whole = { ...record, ednsVersion: version, flags, flag_do: flags !== 0, options: [] };
  return { additionals: [whole] as unknown as NonNullable<Packet['additionals']> };
}

/** A message that counts how often one of its octets is looked at. */
class Watched {
  looks = 0;
  readonly message: Buffer;

  constructor(message: Buffer) {
    this.message = new Proxy(message, {
      get: (octets, key) => {
        if (typeof key === 'string' && /^[0-9]+$/.test(key)) this.looks += 1;
        if (key === 'toString') {
          return (encoding: BufferEncoding, from = 0, to = octets.length): string => {
            this.looks += to - from;
            return octets.toString(encoding, from, to);
          };
        }
        const value: unknown = Reflect.get(octets, key, octets);
        return typeof value === 'function' ? (value.bind(octets) as unknown) : value;
      },
    });
  }
}

/** 200 members of one tag: more than fits in any datagram. */
const crowd = Array.from({ length: 200 }, (_, index) =>
  member(index + 2, `m${String(index)}`, {
    address: `10.0.0.${String(index)}:1`,
    tags: { role: 'disk' },
  }),
);
const answers = answersOf(zoneOf(view(...crowd)));

function reply(message: Buffer, carriage = UDP): Buffer {
  const said = answers.reply(message, carriage);
  if (!Buffer.isBuffer(said)) throw new Error(`no answer but ${String(said)}`);
  return said;
}

/** The twelve bits of the code, the upper ones from the OPT record. */
function rcodeOf(message: Buffer): number {
  return (message[3] ?? 0) & 15;
}

describe('the guard', () => {
  it('is silent to what is no question: too short, or an answer', () => {
    for (const message of [Buffer.alloc(0), Buffer.alloc(11), Buffer.from('12348000', 'hex')]) {
      expect(answers.reply(message, UDP)).toBeUndefined();
    }
    const answer = question('attic.home.internal');
    answer[2] = 0x81;
    expect(answers.reply(answer, UDP)).toBeUndefined();
  });

  it('gives a header alone to other operations, and to counts that no question has', () => {
    const update = question('attic.home.internal');
    update[2] = 0x28;
    expect(reply(update)).toEqual(Buffer.from('1234a8040000000000000000', 'hex'));
    for (const [at, value] of [
      [4, 0],
      [4, 2],
      [6, 1],
      [8, 1],
      [10, 3],
    ] as const) {
      const wrong = question('attic.home.internal');
      wrong.writeUInt16BE(value, at);
      const said = reply(wrong);
      expect([said.length, rcodeOf(said)]).toEqual([12, 1]);
    }
  });

  it('follows no pointer, and takes names and labels up to their bounds', () => {
    const header = question('x').subarray(0, 12);
    const tail = Buffer.from([0, 1, 0, 1]);
    const ask = (...labels: readonly number[][]): number =>
      rcodeOf(reply(Buffer.concat([header, ...labels.map((l) => Buffer.from(l)), tail])));
    const label = (size: number): number[] => [size, ...Array<number>(size).fill(97)];
    const asIs = (name: number[][]): 'fault' | 'query' | 'drop' =>
      readQuery(Buffer.concat([header, ...name.map((l) => Buffer.from(l)), tail])).type;
    expect(ask([0xc0, 12])).toBe(1);
    expect(ask([3, 97, 97, 97, 0xc0, 12])).toBe(1);
    expect(asIs([label(63), [0]])).toBe('query');
    expect(asIs([[64, ...Array<number>(64).fill(97)], [0]])).toBe('fault');
    // 3 × 64 + 62 + 1 octets are 255.
    expect(asIs([label(63), label(63), label(63), label(61), [0]])).toBe('query');
    expect(asIs([label(63), label(63), label(63), label(62), [0]])).toBe('fault');
  });

  it('wants one OPT record of the root at the most, and nothing behind the records', () => {
    const good = question('attic.home.internal', 'A', opt(1232));
    expect(readQuery(good).type).toBe('query');
    const record = good.subarray(-11);
    const two = Buffer.concat([good, record]);
    two.writeUInt16BE(2, 10);
    expect(rcodeOf(reply(two))).toBe(1);
    expect(rcodeOf(reply(Buffer.concat([good, Buffer.from([0])])))).toBe(1);
    expect(rcodeOf(reply(good.subarray(0, -1)))).toBe(1);
  });

  it('refuses what is longer than any question', () => {
    const long = Buffer.concat([question('attic.home.internal'), Buffer.alloc(4_097)]);
    expect(rcodeOf(reply(long))).toBe(1);
  });

  it('throws at nothing, and answers nothing with more than its bounds', () => {
    const seed = question('m1.home.internal', 'A', opt(1232));
    const torn = fc
      .tuple(fc.array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255))), fc.nat(seed.length))
      .map(([changes, length]) => {
        const message = Buffer.from(seed);
        for (const [at, value] of changes) message[at] = value;
        return message.subarray(0, length);
      });
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 600 }).map((b) => Buffer.from(b)),
      torn,
    );
    fc.assert(
      fc.property(any, (message) => {
        const said = answers.reply(message, UDP);
        if (!Buffer.isBuffer(said)) return;
        expect(said.length).toBeLessThanOrEqual(1_232);
        expect(said.readUInt16BE(0)).toBe(message.readUInt16BE(0));
        // A malformed question never gets a larger answer.
        if (readQuery(message).type === 'fault') expect(said.length).toBe(12);
      }),
      { numRuns: 5_000 },
    );
  });

  it('looks at a few hundred octets at the most, however long a packet is', () => {
    const good = question('m1.home.internal', 'A', opt(1232));
    const label = Buffer.alloc(64, 1);
    label[0] = 1;
    const worst = [
      Buffer.concat([good.subarray(0, 12), Buffer.alloc(4_084, Buffer.from([1, 97]))]),
      Buffer.alloc(13).fill(0xff, 4, 12),
      Buffer.concat([good.subarray(0, 12), ...Array<Buffer>(63).fill(label)]),
    ];
    for (const message of [good, ...worst]) {
      const watched = new Watched(message);
      expect(answers.reply(watched.message, UDP)).toEqual(answers.reply(message, UDP));
      expect(watched.looks).toBeGreaterThan(0);
      // Of no packet more than a name's octets, a few times each, and the fields around it.
      expect(watched.looks).toBeLessThan(3 * NAME_OCTETS_MAX);
    }
  });
});

describe('an answer', () => {
  it('is read by others as it was meant', () => {
    const said = decode(reply(question('m7.home.internal')));
    expect(said).toMatchObject({ id: 0x1234, type: 'response', rcode: 'NOERROR', flag_aa: true });
    expect([said.flag_rd, said.flag_ra, said.flag_tc]).toEqual([true, false, false]);
    expect(said.answers).toMatchObject([
      { name: 'm7.home.internal', type: 'A', ttl: 1, class: 'IN', data: '10.0.0.7' },
    ]);
    const none = decode(reply(question('m7.home.internal', 'AAAA')));
    expect(none.authorities).toMatchObject([
      { name: 'home.internal', type: 'SOA', data: { mname: 'attic.home.internal', minimum: 1 } },
    ]);
    const words = decode(reply(question('m7.home.internal', 'TXT'))).answers ?? [];
    expect(JSON.stringify(words)).toContain(JSON.stringify([...Buffer.from('role=disk')]));
    const back = decode(reply(question('1.2.0.192.in-addr.arpa', 'PTR')));
    expect(back.answers).toMatchObject([{ type: 'PTR', data: 'attic.home.internal' }]);
    const apart = decode(reply(question('1.2.0.192.in-addr.arpa', 'A')));
    expect(apart.authorities).toMatchObject([{ name: '1.2.0.192.in-addr.arpa', type: 'SOA' }]);
  });

  it('brings the question back octet by octet, in the case it came', () => {
    const asked = question('M7.hOmE.iNtErNaL');
    expect(reply(asked).subarray(12, asked.length)).toEqual(asked.subarray(12));
    expect(decode(reply(asked)).answers?.[0]?.name).toBe('M7.hOmE.iNtErNaL');
  });

  it('that is too large for the client says so, and is whole over TCP', () => {
    const name = 'disk.role.tag.home.internal';
    for (const asked of [question(name), question(name, 'A', opt(4_096))]) {
      const short = decode(reply(asked));
      expect([short.flag_tc, short.answers?.length]).toEqual([true, 0]);
      const whole = decode(reply(asked, TCP));
      expect([whole.flag_tc, whole.answers?.length]).toEqual([false, 200]);
    }
  });

  it.each([
    [undefined, 512],
    [100, 512],
    [700, 700],
    [9_000, 1_232],
  ])('to a client that takes %s octets has %s at the most', (size, most) => {
    const more = size === undefined ? {} : opt(size);
    // One address more than fits is cut: with n addresses it is 27 + 16 n octets and an OPT.
    const fits = Math.floor((most - 45 - (size === undefined ? 0 : 11)) / 16);
    for (const [count, truncated] of [
      [fits, false],
      [fits + 1, true],
    ] as const) {
      const some = crowd.slice(0, count);
      const small = answersOf(zoneOf(view(...some)));
      const said = small.reply(question('disk.role.tag.home.internal', 'A', more), UDP) as Buffer;
      expect([decode(said).flag_tc, said.length <= most]).toEqual([truncated, true]);
    }
  });

  it('has an OPT record if the question had, with the DO bit as it was', () => {
    const said = decode(reply(question('m7.home.internal', 'A', opt(1232, 0, 0x8000))));
    expect(said.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232, flag_do: true }]);
    expect(decode(reply(question('m7.home.internal'))).additionals).toEqual([]);
  });

  it('to a later version of EDNS is BADVERS (RFC 6891 §6.1.3)', () => {
    const said = reply(question('m7.home.internal', 'A', opt(1232, 1)));
    expect([rcodeOf(said), decode(said).additionals]).toMatchObject([0, [{ extendedRcode: 1 }]]);
  });

  it.each([
    ['example.org', 'A', 'IN'],
    ['m7.home.internal', 'AXFR', 'IN'],
    ['m7.home.internal', 'IXFR', 'IN'],
    ['m7.home.internal', 'TXT', 'CH'],
    ['version.bind', 'TXT', 'CH'],
  ])('to %s %s %s is REFUSED, without authority', (name, type, group) => {
    const asked = question(name, type);
    if (group === 'CH') asked[asked.length - 1] = 3;
    const said = answers.reply(asked, UDP);
    const refusal = said === 'outside' ? answers.refuse(asked, UDP) : said;
    expect(decode(refusal ?? Buffer.alloc(12))).toMatchObject({ rcode: 'REFUSED', flag_aa: false });
  });

  it('to a type that tells of the message itself is FORMERR', () => {
    const asked = question('m7.home.internal');
    asked.writeUInt16BE(41, asked.length - 4);
    expect(rcodeOf(reply(asked))).toBe(1);
  });

  it('of a fault keeps number, operation and the wish for recursion', () => {
    expect(writeFault(Buffer.from('abcd0100', 'hex'), 1).toString('hex')).toBe(
      'abcd81010000000000000000',
    );
  });
});
