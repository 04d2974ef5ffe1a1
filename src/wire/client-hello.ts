/**
 * The server name in a TLS ClientHello, read before TLS itself sees a byte (RFC 8446 §4.1.2, RFC
 * 6066 §3).
 */

import type { Bytes } from '../base/bytes.ts';
import { Reader } from '../base/cursor.ts';
import { CLIENT_HELLO_MAX } from './limits.ts';

/** What the first octets of a connection name; `none`: never will, so close without a word. */
export type ServerName =
  | { readonly type: 'need-more' }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'none' };

const NEED_MORE: ServerName = { type: 'need-more' };
const NONE: ServerName = { type: 'none' };

const RECORD_HEAD = 5;
const HANDSHAKE_HEAD = 4;
const RECORD_TYPE_HANDSHAKE = 22; // RFC 8446 §5.1
const RECORD_LENGTH_MAX = 16_384; // RFC 8446 §5.1
const HANDSHAKE_CLIENT_HELLO = 1; // RFC 8446 §4
const LEGACY_VERSION = 0x0303; // RFC 8446 §4.1.2
const EXTENSION_SERVER_NAME = 0; // RFC 6066 §3
const NAME_TYPE_HOST = 0; // RFC 6066 §3

/**
 * The server name in the raw first octets of a TLS 1.3 connection (RFC 8446 §4.1.2, RFC 6066 §3),
 * read before anything is answered. The ClientHello may span records, but with their headers no
 * more than 4 KiB. Strict: whatever is not such a hello is `none` as soon as that shows. What
 * follows the hello's last record is not looked at.
 */
export function serverNameOf(bytes: Bytes): ServerName {
  const hello = handshakeOf(bytes.subarray(0, CLIENT_HELLO_MAX));
  return hello instanceof Uint8Array ? readHello(new Reader(hello)) : hello;
}

/** The body of the one handshake message that the records carry. */
function handshakeOf(bytes: Bytes): Bytes | ServerName {
  const message = new Uint8Array(bytes.length);
  let gathered = 0;
  let offset = 0;
  for (;;) {
    const head = bytes.subarray(offset, offset + RECORD_HEAD);
    if (!beginsRecord(head)) return NONE;
    const length = ((head[3] ?? 0) << 8) | (head[4] ?? 0);
    if (head.length === RECORD_HEAD && (length === 0 || length > RECORD_LENGTH_MAX)) return NONE;
    const body = bytes.subarray(offset + RECORD_HEAD, offset + RECORD_HEAD + length);
    message.set(body, gathered);
    gathered += body.length;
    offset += RECORD_HEAD + length;

    const wanted = messageSize(message.subarray(0, gathered));
    // A ClientHello ends its record: nothing may follow it there (RFC 8446 §5.1).
    if (wanted === undefined || gathered > wanted) return NONE;
    const whole = head.length === RECORD_HEAD && body.length === length;
    if (whole && gathered === wanted) return message.subarray(HANDSHAKE_HEAD, wanted);
    if (!whole) return bytes.length < CLIENT_HELLO_MAX ? NEED_MORE : NONE;
  }
}

/** True for the first octets of a handshake record of any TLS; for none of them, too. */
function beginsRecord(head: Bytes): boolean {
  const [type = RECORD_TYPE_HANDSHAKE, major = 3, minor = 3] = head;
  // RFC 8446 §5.1: 0x0301 in a first ClientHello, else 0x0303.
  return type === RECORD_TYPE_HANDSHAKE && major === 3 && minor >= 1 && minor <= 3;
}

/**
 * Octets of the handshake message with its head, as far as its first octets tell; undefined when
 * it is no ClientHello or will not fit.
 */
function messageSize(message: Bytes): number | undefined {
  const [type = HANDSHAKE_CLIENT_HELLO, high = 0, middle = 0, low] = message;
  if (type !== HANDSHAKE_CLIENT_HELLO || high !== 0) return undefined;
  if (low === undefined) return Infinity;
  const size = HANDSHAKE_HEAD + (middle << 8) + low;
  return size <= CLIENT_HELLO_MAX ? size : undefined;
}

/** Reads a whole ClientHello (RFC 8446 §4.1.2) up to its last octet. */
function readHello(reader: Reader): ServerName {
  if (reader.u16() !== LEGACY_VERSION) return NONE;
  reader.bytes(32); // random
  if (reader.lengthPrefixed8().length > 32) return NONE; // legacy_session_id
  const suites = reader.lengthPrefixed16().length;
  if (suites < 2 || suites % 2 !== 0) return NONE;
  if (reader.lengthPrefixed8().length < 1) return NONE; // legacy_compression_methods
  const extensions = new Reader(reader.lengthPrefixed16());
  if (!reader.done) return NONE;
  let found: ServerName = NONE;
  while (extensions.remaining > 0) {
    const type = extensions.u16();
    const body = extensions.lengthPrefixed16();
    if (type !== EXTENSION_SERVER_NAME || extensions.failed) continue;
    // No extension may come twice (RFC 8446 §4.2).
    if (found.type === 'name') return NONE;
    found = readServerName(body);
    if (found.type === 'none') return NONE;
  }
  return extensions.done ? found : NONE;
}

/** Exactly one host name in ASCII, as RFC 6066 §3 allows no second of its type. */
function readServerName(body: Bytes): ServerName {
  const reader = new Reader(body);
  const list = new Reader(reader.lengthPrefixed16());
  if (!reader.done || list.u8() !== NAME_TYPE_HOST) return NONE;
  const octets = list.lengthPrefixed16();
  if (!list.done || octets.length === 0 || octets.length > 255) return NONE;
  // Visible ASCII only: the name may end up in a log.
  if (octets.some((octet) => octet <= 0x20 || octet >= 0x7f)) return NONE;
  return { type: 'name', name: String.fromCharCode(...octets) };
}
