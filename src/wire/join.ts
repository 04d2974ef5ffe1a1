/** The frames of joining: request, items, done, refused (PROTOCOL §9). */

import type { Address } from '../base/address.ts';
import { assert, unreachable } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat } from '../base/bytes.ts';
import { Reader, Writer } from '../base/cursor.ts';
import type { NodeId, NodeName } from '../base/id.ts';
import { KEY_SIZE, SIGNATURE_SIZE, readFixed, readLabel, readNodeId } from './field.ts';
import { readOptionalAddress, writeFixed, writeLabel } from './field.ts';
import { writeNodeId, writeOptionalAddress } from './field.ts';
import { FRAME_MAX } from './limits.ts';
import type { NewsItem } from './news.ts';
import { readItem, writeItem } from './news.ts';

// Frames are cut out of the stream by a reader that knows nothing of what is in them.
export { FrameReader } from './frame-reader.ts';

/** Why a maker refuses a joiner. */
export type RefusalReason =
  'spent' | 'expired' | 'unknown-invite' | 'name-taken' | 'malformed' | 'not-ready';

/** What a joiner and the maker of its invite say to each other over TLS. PROTOCOL.md §9. */
export type JoinFrame =
  | {
      readonly type: 'request';
      readonly id: NodeId;
      /** The joiner's X25519 key. */
      readonly agreement: Bytes;
      readonly name: NodeName;
      readonly inviteKey: Bytes;
      /** By the invite's key, over `redemptionInput` of act.ts. */
      readonly redemption: Bytes;
      /** By the joiner's identity key, over `consentInput` of act.ts. */
      readonly consent: Bytes;
    }
  | { readonly type: 'item'; readonly item: NewsItem }
  /** `seen`: where the maker saw the joiner's connection come from, if it can tell. */
  | { readonly type: 'done'; readonly seen: Address | undefined }
  | { readonly type: 'refused'; readonly reason: RefusalReason };

/** The octet of each kind of frame. */
export const FRAME_KINDS: Readonly<Record<JoinFrame['type'], number>> = {
  request: 1,
  item: 2,
  done: 3,
  refused: 4,
};

/** The octet of each reason. */
export const REFUSAL_CODES: Readonly<Record<RefusalReason, number>> = {
  spent: 1,
  expired: 2,
  'unknown-invite': 3,
  'name-taken': 4,
  malformed: 5,
  'not-ready': 6,
};

const REASONS: readonly (RefusalReason | undefined)[] = [
  undefined,
  'spent',
  'expired',
  'unknown-invite',
  'name-taken',
  'malformed',
  'not-ready',
];

const REQUEST_VERSION = 1;

/** A frame with its four octets of length before it. */
export function encodeFrame(frame: JoinFrame): Bytes {
  const writer = new Writer().u8(FRAME_KINDS[frame.type]);
  switch (frame.type) {
    case 'request':
      writeNodeId(writer.u8(REQUEST_VERSION), frame.id);
      writeFixed(writer, frame.agreement, KEY_SIZE);
      writeLabel(writer, frame.name);
      writeFixed(writer, frame.inviteKey, KEY_SIZE);
      writeFixed(writer, frame.redemption, SIGNATURE_SIZE);
      writeFixed(writer, frame.consent, SIGNATURE_SIZE);
      break;
    case 'item':
      writeItem(writer, frame.item);
      break;
    case 'done':
      writeOptionalAddress(writer, frame.seen);
      break;
    case 'refused':
      writer.u8(REFUSAL_CODES[frame.reason]);
      break;
    default:
      unreachable(frame);
  }
  const body = writer.finish();
  assert(body.length <= FRAME_MAX, 'a frame is longer than any may be');
  return concat(new Writer(4).u32(body.length).finish(), body);
}

/** The frame in the octets behind the length; undefined for what `encodeFrame` would not write. */
export function decodeFrameBody(body: Bytes): JoinFrame | undefined {
  if (body.length > FRAME_MAX) return undefined;
  const reader = new Reader(body);
  const frame = readFrame(reader);
  return reader.done ? frame : undefined;
}

function readFrame(reader: Reader): JoinFrame | undefined {
  switch (reader.u8()) {
    case FRAME_KINDS.request: {
      if (reader.u8() !== REQUEST_VERSION) return undefined;
      const id = readNodeId(reader);
      const agreement = readFixed(reader, KEY_SIZE);
      const name = readLabel(reader);
      const inviteKey = readFixed(reader, KEY_SIZE);
      const redemption = readFixed(reader, SIGNATURE_SIZE);
      const consent = readFixed(reader, SIGNATURE_SIZE);
      return { type: 'request', id, agreement, name, inviteKey, redemption, consent };
    }
    case FRAME_KINDS.item:
      return { type: 'item', item: readItem(reader) };
    case FRAME_KINDS.done:
      return { type: 'done', seen: readOptionalAddress(reader) };
    case FRAME_KINDS.refused: {
      const reason = REASONS[reader.u8()];
      return reason === undefined ? undefined : { type: 'refused', reason };
    }
    default:
      return undefined;
  }
}
