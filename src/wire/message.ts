/** A session datagram's inside: what members say to each other (PROTOCOL §3). */

import type { Address } from '../base/address.ts';
import { assert, unreachable } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { Reader, Writer } from '../base/cursor.ts';
import type { NodeId } from '../base/id.ts';
import { readAddress, readNodeId, readOptionalAddress } from './field.ts';
import { writeAddress, writeNodeId, writeOptionalAddress } from './field.ts';
import { MESSAGE_MAX, NEWS_ITEMS_MAX, RECORD_MAX, WANT_MAX } from './limits.ts';
import type { NewsItem, Want } from './news.ts';
import { batchItems, readItem, readWant, writeItem, writeWant } from './news.ts';
import type { Summary } from './summary.ts';
import { readSummary, writeSummary } from './summary.ts';

export type { NewsItem, Want } from './news.ts';
export type { Leaf, Summary } from './summary.ts';

/** What both directions of a heartbeat carry: 32 bits each. PROTOCOL.md §3. */
interface Beat {
  /** 32 unpredictable bits, used once; the pong gives the ping's back. */
  readonly challenge: number;
  /** Of the sender's own newest record. */
  readonly sequence: number;
  /** Over all that the sender holds, §8. */
  readonly digest: number;
}

/** What is sealed in a session datagram. PROTOCOL.md §3. */
export type Message =
  | ({ readonly type: 'ping' } & Beat)
  /** `seen`: the address that the ping came from. */
  | ({ readonly type: 'pong'; readonly seen: Address } & Beat)
  | { readonly type: 'news'; readonly items: readonly NewsItem[] }
  | { readonly type: 'want'; readonly wants: readonly Want[] }
  | Summary
  /** `sequence`: of the record of `target` that the seeker holds; 0: none. */
  | { readonly type: 'seek'; readonly target: NodeId; readonly sequence: number }
  | {
      readonly type: 'sought';
      readonly target: NodeId;
      /** Milliseconds since `seen` was proven; undefined: never. */
      readonly age: number | undefined;
      readonly seen: Address | undefined;
      /** Undefined when it is no newer than the seeker's. */
      readonly record: Bytes | undefined;
    }
  | {
      readonly type: 'introduce';
      readonly seeker: NodeId;
      /** The seeker's, as proven by who introduces. */
      readonly address: Address;
      readonly record: Bytes | undefined;
    };

/** The first octet of each message. */
export const MESSAGE_KINDS: Readonly<Record<Message['type'], number>> = {
  ping: 1,
  pong: 2,
  news: 3,
  want: 4,
  summary: 5,
  seek: 6,
  sought: 7,
  introduce: 8,
};

const NEVER = 0xffff_ffff;

/**
 * The octets to seal, at most {@link MESSAGE_MAX}. An age is cut to whole milliseconds, and above
 * 2³² − 2 (49 days) said as that.
 */
export function encodeMessage(message: Message): Bytes {
  // News and summaries fill a datagram most often; all else is short.
  const isLong = message.type === 'news' || message.type === 'summary';
  const room = isLong ? MESSAGE_MAX : undefined;
  const writer = new Writer(room).u8(MESSAGE_KINDS[message.type]);
  switch (message.type) {
    case 'ping':
    case 'pong':
      writer.u32(message.challenge).u32(message.sequence).u32(message.digest);
      if (message.type === 'pong') writeAddress(writer, message.seen);
      break;
    case 'news':
      assert(message.items.length <= NEWS_ITEMS_MAX, 'too many items in a message');
      writer.u8(message.items.length);
      for (const item of message.items) writeItem(writer, item);
      break;
    case 'want':
      assert(message.wants.length <= WANT_MAX, 'too many wants in a message');
      writer.u8(message.wants.length);
      for (const want of message.wants) writeWant(writer, want);
      break;
    case 'summary':
      writeSummary(writer, message);
      break;
    case 'seek':
      writeNodeId(writer, message.target);
      writer.u32(message.sequence);
      break;
    case 'sought':
      writeNodeId(writer, message.target);
      writer.u32(message.age === undefined ? NEVER : wholeAge(message.age));
      writeOptionalAddress(writer, message.seen);
      writeOptionalRecord(writer, message.record);
      break;
    case 'introduce':
      writeNodeId(writer, message.seeker);
      writeAddress(writer, message.address);
      writeOptionalRecord(writer, message.record);
      break;
    default:
      unreachable(message);
  }
  assert(writer.length <= MESSAGE_MAX, 'a message is too long for a datagram');
  return writer.finish();
}

/**
 * The message in opened octets; undefined for an unknown kind and for anything that
 * {@link encodeMessage} would not write. Items, records and acts in it are not looked into.
 */
export function decodeMessage(bytes: Bytes): Message | undefined {
  if (bytes.length > MESSAGE_MAX) return undefined;
  const reader = new Reader(bytes);
  const message = readMessage(reader);
  return reader.done ? message : undefined;
}

/** Messages of news, as few as can be with the items in the order given; none for no items. */
export function packNews(items: readonly NewsItem[]): Message[] {
  return batchItems(items).map((batch) => ({ type: 'news', items: batch }));
}

function readMessage(reader: Reader): Message | undefined {
  switch (reader.u8()) {
    case MESSAGE_KINDS.ping:
      return { type: 'ping', ...readBeat(reader) };
    case MESSAGE_KINDS.pong:
      return { type: 'pong', ...readBeat(reader), seen: readAddress(reader) };
    case MESSAGE_KINDS.news:
      return { type: 'news', items: readList(reader, NEWS_ITEMS_MAX, readItem) };
    case MESSAGE_KINDS.want:
      return { type: 'want', wants: readList(reader, WANT_MAX, readWant) };
    case MESSAGE_KINDS.summary:
      return readSummary(reader);
    case MESSAGE_KINDS.seek:
      return { type: 'seek', target: readNodeId(reader), sequence: reader.u32() };
    case MESSAGE_KINDS.sought:
      return readSought(reader);
    case MESSAGE_KINDS.introduce: {
      const seeker = readNodeId(reader);
      const address = readAddress(reader);
      return { type: 'introduce', seeker, address, record: readOptionalRecord(reader) };
    }
    default:
      return undefined;
  }
}

function readBeat(reader: Reader): Beat {
  return { challenge: reader.u32(), sequence: reader.u32(), digest: reader.u32() };
}

function readSought(reader: Reader): Message {
  const target = readNodeId(reader);
  const age = reader.u32();
  const seen = readOptionalAddress(reader);
  const record = readOptionalRecord(reader);
  return { type: 'sought', target, age: age === NEVER ? undefined : age, seen, record };
}

/** A list behind one octet of count, read no further than the first failure. */
function readList<T>(reader: Reader, max: number, read: (reader: Reader) => T): T[] {
  const count = reader.u8();
  if (count > max) reader.fail();
  const list: T[] = [];
  while (list.length < count && !reader.failed) list.push(read(reader));
  return list;
}

/** Length 0 stands for no record: none is that short. */
function writeOptionalRecord(writer: Writer, record: Bytes | undefined): void {
  assert((record?.length ?? 0) <= RECORD_MAX, 'a record is longer than any may be');
  assert(record?.length !== 0, 'an empty record would come back as none');
  writer.lengthPrefixed16(record ?? new Uint8Array(0));
}

function readOptionalRecord(reader: Reader): Bytes | undefined {
  const record = reader.lengthPrefixed16();
  if (record.length > RECORD_MAX) reader.fail();
  return record.length === 0 ? undefined : record;
}

function wholeAge(age: number): number {
  return Math.min(Math.max(Math.floor(age), 0), NEVER - 1);
}
