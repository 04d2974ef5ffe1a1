/**
 * DNS messages as octets: the guard that stands before everything else, reading a question, and
 * writing an answer from what was prepared.
 *
 * The octets of a message (RFC 1035 §4.1.1, RFC 6891 §6.1.2):
 *
 *     0 ID · 2 QR OPCODE AA TC RD · 3 RA Z AD CD RCODE · 4 QDCOUNT · 6 ANCOUNT · 8 NSCOUNT
 *     10 ARCOUNT · 12 QNAME, QTYPE, QCLASS · then the records
 *
 * Counts are believed only within bounds, names are never followed through pointers, and each octet
 * is looked at once: the worst packet costs no more than a good one.
 */

import { LABEL_MAX, NAME_OCTETS_MAX } from './labels.ts';
import type { Span } from './ready.ts';
import { RCODE, TYPE } from './rr.ts';

/** Octets of a header. */
export const HEADER = 12;

/** More than any question with its two additional records needs. */
export const QUERY_MAX = 4_096;

/** What a client can take that says nothing of it (RFC 1035 §4.2.1). */
export const UDP_MIN = 512;

/** Fits in every network without being torn apart (RFC 9715 §3.2). */
export const UDP_MAX = 1_232;

/** What the two octets of length can say (RFC 7766 §8). */
export const TCP_MAX = 65_535;

/** OPT and one more, such as a signature. */
const ADDITIONAL_MAX = 2;

/** Octets of an OPT record without options. */
const OPT_SIZE = 11;

/** What a client says of itself in an OPT record (RFC 6891). */
export interface Edns {
  /** Octets of an answer it can take. */
  readonly size: number;
  readonly version: number;
  /** It would like signatures; there are none (RFC 3225). */
  readonly dnssecOk: boolean;
}

/** A question that may be answered. */
export interface Query {
  readonly type: 'query';
  /** Where the name asked for ends, which begins behind the header. */
  readonly nameEnd: number;
  readonly qtype: number;
  readonly qclass: number;
  /** Where the question ends. */
  readonly end: number;
  readonly edns: Edns | undefined;
}

/** What a message is: a question, something to be refused in twelve octets, or nothing. */
export type Reading =
  Query | { readonly type: 'fault'; readonly rcode: number } | { readonly type: 'drop' };

/** What an answer says, all but the question. */
export interface Saying {
  readonly rcode: number;
  /** Answered by who has the zone. */
  readonly authoritative: boolean;
  readonly answers: number;
  readonly authority: number;
  /** The records. */
  readonly octets: Uint8Array;
}

/** Octets before the records of a prepared answer; see {@link prepare}. */
const PREPARED_HEAD = 6;

const DROP: Reading = { type: 'drop' };
const MALFORMED: Reading = { type: 'fault', rcode: RCODE.formErr };
const UNKNOWN_OPERATION: Reading = { type: 'fault', rcode: RCODE.notImp };

/** Reads a message that came in. Never throws, whatever the octets are. */
export function readQuery(message: Buffer): Reading {
  const { length } = message;
  // An answer is never answered, or two servers would talk for ever.
  if (length < HEADER || octet(message, 2) >= 0x80) return DROP;
  if ((octet(message, 2) & 0x78) !== 0) return UNKNOWN_OPERATION;
  const additional = u16(message, 10);
  const counts = u16(message, 4) === 1 && u16(message, 6) === 0 && u16(message, 8) === 0;
  if (!counts || additional > ADDITIONAL_MAX || length > QUERY_MAX) return MALFORMED;
  const nameEnd = endOfLabels(message, HEADER);
  const end = nameEnd + 4;
  if (nameEnd < 0 || end > length) return MALFORMED;
  const edns = readAdditional(message, end, additional);
  if (edns === 'malformed') return MALFORMED;
  return {
    type: 'query',
    nameEnd,
    qtype: u16(message, nameEnd),
    qclass: u16(message, nameEnd + 2),
    end,
    edns,
  };
}

/** The key of the name asked for; see labels.ts. */
export function keyAsked(message: Buffer, { nameEnd }: Query): string {
  // Other letters than ASCII's are folded too; no name of ours holds any.
  return message.toString('latin1', HEADER, nameEnd - 1).toLowerCase();
}

/** Where the name that begins at `at` ends; −1 for a pointer, and when it is too long. */
function endOfLabels(message: Buffer, at: number): number {
  let next = at;
  for (;;) {
    if (next >= message.length) return -1;
    const size = octet(message, next);
    next += 1 + size;
    if (next - at > NAME_OCTETS_MAX || size > LABEL_MAX) return -1;
    if (size === 0) return next;
  }
}

/** The OPT record among the additional ones, which fill the message to its end. */
function readAdditional(
  message: Buffer,
  from: number,
  count: number,
): Edns | undefined | 'malformed' {
  let at = from;
  let edns: Edns | undefined;
  for (let index = 0; index < count; index += 1) {
    const nameEnd = endOfName(message, at);
    if (nameEnd < 0 || nameEnd + 10 > message.length) return 'malformed';
    if (u16(message, nameEnd) === TYPE.OPT) {
      // One at most, and the root's (RFC 6891 §6.1.1, §6.1.2).
      if (edns !== undefined || nameEnd !== at + 1) return 'malformed';
      edns = {
        size: u16(message, nameEnd + 2),
        version: octet(message, nameEnd + 5),
        dnssecOk: octet(message, nameEnd + 6) >= 0x80,
      };
    }
    at = nameEnd + 10 + u16(message, nameEnd + 8);
  }
  return at === message.length ? edns : 'malformed';
}

/** As {@link endOfLabels}; a pointer ends the name and is not followed. */
function endOfName(message: Buffer, at: number): number {
  let next = at;
  while (next + 1 < message.length && next - at < NAME_OCTETS_MAX) {
    const size = octet(message, next);
    if (size >= 0xc0) return next + 2;
    if (size > LABEL_MAX) return -1;
    next += 1 + size;
    if (size === 0) return next;
  }
  return -1;
}

/** A header alone: all that a malformed message gets. */
export function writeFault(message: Buffer, rcode: number): Buffer {
  const reply = Buffer.alloc(HEADER);
  message.copy(reply, 0, 0, 2);
  // The operation and the wish for recursion come back as they were.
  reply[2] = 0x80 | (octet(message, 2) & 0x79);
  reply[3] = rcode;
  return reply;
}

/** How an answer leaves. */
export interface Carriage {
  readonly transport: 'udp' | 'tcp';
  /** Whether questions outside the zone are passed on. */
  readonly recursion: boolean;
}

/**
 * What {@link writeAnswer} puts behind a question:
 *
 *     0 AA · 1 RCODE, eight bits of it · 2 ANCOUNT · 4 NSCOUNT · 6 the records
 */
export function prepare(saying: Saying): Uint8Array {
  const prepared = new Uint8Array(PREPARED_HEAD + saying.octets.length);
  prepared[0] = saying.authoritative ? 0x04 : 0;
  prepared[1] = saying.rcode;
  writeCount(prepared, 2, saying.answers);
  writeCount(prepared, 4, saying.authority);
  prepared.set(saying.octets, PREPARED_HEAD);
  return prepared;
}

/**
 * An answer: header, the question's octets as they came, and what was prepared. What does not fit
 * is left out, with the bit that sends the client to TCP.
 */
export function writeAnswer(
  message: Buffer,
  { end, edns }: Query,
  { octets, from, to }: Span,
  { transport, recursion }: Carriage,
): Buffer {
  const opt = edns === undefined ? 0 : OPT_SIZE;
  const records = to - from - PREPARED_HEAD;
  const fits = end + records + opt <= (transport === 'tcp' ? TCP_MAX : udpLimit(edns));
  const size = end + (fits ? records : 0);
  const reply = Buffer.allocUnsafe(size + opt);
  // They are some thirty octets and some sixteen: a loop costs less than a call to copy them.
  for (let index = 0; index < end; index += 1) reply[index] = octet(message, index);
  const shift = from + PREPARED_HEAD - end;
  for (let index = end; index < size; index += 1) reply[index] = octet(octets, shift + index);
  const rcode = octet(octets, from + 1);
  reply[2] = 0x80 | octet(octets, from) | (fits ? 0 : 0x02) | (octet(message, 2) & 0x01);
  reply[3] = (recursion ? 0x80 : 0) | (rcode & 0x0f);
  writeCount(reply, 6, fits ? u16(octets, from + 2) : 0);
  writeCount(reply, 8, fits ? u16(octets, from + 4) : 0);
  writeCount(reply, 10, edns === undefined ? 0 : 1);
  if (edns !== undefined) writeOpt(reply, size, rcode >> 4, edns.dnssecOk);
  return reply;
}

/** Octets of an answer over UDP that this client can take. */
function udpLimit(edns: Edns | undefined): number {
  return edns === undefined ? UDP_MIN : Math.min(Math.max(edns.size, UDP_MIN), UDP_MAX);
}

function writeOpt(reply: Buffer, at: number, upperRcode: number, dnssecOk: boolean): void {
  reply[at] = 0;
  writeCount(reply, at + 1, TYPE.OPT);
  writeCount(reply, at + 3, UDP_MAX);
  reply[at + 5] = upperRcode;
  reply[at + 6] = 0;
  writeCount(reply, at + 7, dnssecOk ? 0x8000 : 0);
  writeCount(reply, at + 9, 0);
}

function writeCount(reply: Uint8Array, at: number, value: number): void {
  reply[at] = value >> 8;
  reply[at + 1] = value & 0xff;
}

function octet(message: Uint8Array, at: number): number {
  return message[at] ?? 0;
}

function u16(message: Uint8Array, at: number): number {
  return ((message[at] ?? 0) << 8) | (message[at + 1] ?? 0);
}
