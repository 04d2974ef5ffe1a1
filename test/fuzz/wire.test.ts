import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../src/base/bytes.ts';
import { concat } from '../../src/base/bytes.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import { decodeAct, signAct } from '../../src/wire/act.ts';
import { serverNameOf } from '../../src/wire/client-hello.ts';
import { FrameReader, decodeFrameBody, encodeFrame } from '../../src/wire/join.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import { decodePacket, encodeAnswer, encodeHello } from '../../src/wire/packet.ts';
import { encodeSession, sessionHeader } from '../../src/wire/packet.ts';
import { decodeRecord, signRecord } from '../../src/wire/record.ts';
import {
  decodeToken,
  encodeToken,
  serverNameToTag,
  tagToServerName,
} from '../../src/wire/token.ts';
import {
  anyAct,
  anyFrame,
  anyMessage,
  anyOctets,
  anyRecord,
  anyToken,
} from '../unit/wire/samples.ts';
import { attic } from '../unit/wire/samples.ts';

/** One decoder: what a peer sends comes in, and goes out again if it was taken. */
interface Codec {
  readonly title: string;
  /** Octets that must be taken. */
  readonly valid: fc.Arbitrary<Bytes>;
  /** Decodes, and encodes what came out; undefined when refused. */
  readonly roundTrip: (bytes: Bytes) => Bytes | undefined;
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

/** The signature is no field of the value, so it is carried over. */
function bodyOf(signed: Bytes): Bytes {
  return signed.slice(0, -64);
}

const codecs: readonly Codec[] = [
  {
    title: 'datagrams',
    valid: fc.oneof(
      fc
        .tuple(u32, anyOctets(96), anyOctets(16))
        .map(([index, noise, mac]) => encodeHello(index, noise, () => mac)),
      fc.tuple(u32, u32, anyOctets(48)).map((parts) => encodeAnswer(...parts)),
      fc
        .tuple(u32, u32, fc.uint8Array({ minLength: 16, maxLength: 1191 }))
        .map(([index, counter, sealed]) => encodeSession(sessionHeader(index, counter), sealed)),
    ),
    roundTrip: (bytes) => {
      const packet = decodePacket(bytes);
      if (typeof packet === 'string') return undefined;
      switch (packet.type) {
        case 'hello':
          return encodeHello(packet.senderIndex, packet.noise, (input) => {
            expect(input).toEqual(packet.macInput);
            return packet.mac;
          });
        case 'answer':
          return encodeAnswer(packet.senderIndex, packet.receiverIndex, packet.noise);
        case 'session':
          expect(sessionHeader(packet.index, packet.counter)).toEqual(packet.header);
          return encodeSession(packet.header, packet.sealed);
      }
    },
  },
  {
    title: 'messages',
    valid: anyMessage.map(encodeMessage),
    roundTrip: (bytes) => {
      const message = decodeMessage(bytes);
      return message === undefined ? undefined : encodeMessage(message);
    },
  },
  {
    title: 'records',
    valid: anyRecord.map((fields) => signRecord(attic, fields).bytes),
    roundTrip: (bytes) => {
      const record = decodeRecord(bytes);
      if (record === undefined) return undefined;
      expect(record.bytes).toEqual(bytes);
      const again = signRecord({ ...attic, sign: () => bytes.slice(-64), id: record.id }, record);
      return again.bytes;
    },
  },
  {
    title: 'acts',
    valid: anyAct.map((act) => signAct(nodeSuite, attic, act).bytes),
    roundTrip: (bytes) => {
      const signed = decodeAct(nodeSuite, bytes);
      if (signed === undefined) return undefined;
      expect(signed.bytes).toEqual(bytes);
      const author = { ...attic, sign: () => bytes.slice(-64), id: signed.act.author };
      return signAct(nodeSuite, author, signed.act).bytes;
    },
  },
  {
    title: 'frames of a join',
    valid: anyFrame.map((frame) => encodeFrame(frame).slice(4)),
    roundTrip: (bytes) => {
      const frame = decodeFrameBody(bytes);
      return frame === undefined ? undefined : encodeFrame(frame).slice(4);
    },
  },
];

describe.each(codecs)('$title', ({ valid, roundTrip }) => {
  it('come out of the decoder as they went into the encoder', () => {
    fc.assert(
      fc.property(valid, (bytes) => {
        expect(roundTrip(bytes)).toEqual(bytes);
      }),
    );
  });

  it('are taken in one form only, whatever a peer changes in them', () => {
    fc.assert(
      fc.property(mutated(valid), (bytes) => {
        const again = roundTrip(bytes);
        if (again !== undefined) expect(again).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused quietly when they are noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), (bytes) => {
        const again = roundTrip(bytes);
        if (again !== undefined) expect(again).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused when one octet more or one less came', () => {
    fc.assert(
      fc.property(valid, (bytes) => {
        // Sealed octets have no length of their own: only the seal tells.
        if (bytes[0] === 0x23) return;
        expect(roundTrip(concat(bytes, Uint8Array.of(0)))).toBeUndefined();
        expect(roundTrip(bytes.slice(0, -1))).toBeUndefined();
      }),
    );
  });
});

describe('values', () => {
  it('are the same message after a round trip', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
    );
  });

  it('are the same act after a round trip', () => {
    fc.assert(
      fc.property(anyAct, (act) => {
        expect(signAct(nodeSuite, attic, act).act).toEqual(act);
      }),
    );
  });

  it('are the same record after a round trip, its sets in order', () => {
    fc.assert(
      fc.property(anyRecord, (fields) => {
        const { bytes, ...record } = signRecord(attic, fields);
        expect(decodeRecord(bytes)).toEqual({ ...record, bytes });
        expect({ ...record, services: [], tags: [] }).toEqual({
          ...fields,
          services: [],
          tags: [],
        });
        expect(new Set(record.services)).toEqual(new Set(fields.services));
        expect(new Set(record.tags)).toEqual(new Set(fields.tags));
      }),
    );
  });

  it('are the same frame after a round trip', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(decodeFrameBody(encodeFrame(frame).slice(4))).toEqual(frame);
      }),
    );
  });
});

describe('tokens', () => {
  it('come out of the decoder as they went into the encoder', () => {
    fc.assert(
      fc.property(anyToken, (token) => {
        expect(decodeToken(nodeSuite, encodeToken(nodeSuite, token))).toEqual(token);
      }),
    );
  });

  it('are never read as another token when characters of them change', () => {
    const change = fc.tuple(fc.nat(), fc.string({ unit: 'grapheme', maxLength: 3 }));
    fc.assert(
      fc.property(anyToken, change, (token, [position, text]) => {
        const whole = encodeToken(nodeSuite, token);
        const cut = position % whole.length;
        const changed = whole.slice(0, cut) + text + whole.slice(cut + text.length);
        const read = decodeToken(nodeSuite, changed);
        if (typeof read !== 'string') expect(read).toEqual(token);
      }),
    );
  });

  it('are refused with a word when the text is anything else', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^flt[0-9]-[a-z2-7]*$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(decodeToken(nodeSuite, text)).toBeTypeOf('string');
      }),
    );
  });
});

describe('server names', () => {
  it('that hold a tag are taken in one form only', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z2-7]{40,44}(\.invalid)?$/), (text) => {
        const tag = serverNameToTag(text);
        if (tag !== undefined) expect(tagToServerName(tag)).toBe(text);
      }),
    );
  });

  it('are looked for in any octets without an error', () => {
    const start = fc.constantFrom([], [22], [22, 3, 1], [22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3]);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 5000 }), (head, rest) => {
        const found = serverNameOf(concat(Uint8Array.from(head), rest));
        expect(['need-more', 'name', 'none']).toContain(found.type);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a frame reader', () => {
  it('gives the same frames however the stream was cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 8 }), cuts, (frames, sizes) => {
        const stream = concat(...frames.map(encodeFrame));
        const reader = new FrameReader();
        const read: unknown[] = [];
        for (let from = 0, turn = 0; from < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          reader.push(stream.slice(from, from + size));
          from += size;
          for (let body = reader.next(); body !== undefined; body = reader.next()) {
            read.push(decodeFrameBody(body));
          }
        }
        expect(read).toEqual(frames);
        expect(reader.failed).toBe(false);
      }),
    );
  });
});

describe('a signature', () => {
  it('is no part of what is checked for form', () => {
    fc.assert(
      fc.property(anyAct, anyOctets(64), (act, signature) => {
        const { bytes } = signAct(nodeSuite, attic, act);
        const read = decodeAct(nodeSuite, concat(bodyOf(bytes), signature));
        expect(read?.act).toEqual(act);
      }),
    );
  });
});

/** Valid octets with a few of them changed, cut out, doubled or put in. */
function mutated(valid: fc.Arbitrary<Bytes>): fc.Arbitrary<Bytes> {
  const edit = fc.record({
    kind: fc.constantFrom('set', 'cut', 'insert', 'flip'),
    position: fc.nat(),
    octet: fc.integer({ min: 0, max: 255 }),
  });
  return fc.tuple(valid, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([bytes, edits]) => {
    const list = [...bytes];
    for (const { kind, position, octet } of edits) {
      // Heads decide most, so half of the edits go there.
      const index =
        position % (position % 2 === 0 ? Math.min(list.length, 100) || 1 : list.length || 1);
      if (kind === 'set') list[index] = octet;
      else if (kind === 'flip') list[index] = (list[index] ?? 0) ^ (1 << (octet % 8));
      else list.splice(index, kind === 'cut' ? 1 : 0, ...(kind === 'insert' ? [octet] : []));
    }
    return Uint8Array.from(list);
  });
}
