/**
 * The invite token: text that a person copies, with a check against slips of the pen (PROTOCOL
 * §9).
 */

import { assert } from '../base/assert.ts';
import { fromBase32, toBase32 } from '../base/base32.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat, equal, fromUtf8, utf8 } from '../base/bytes.ts';
import { Reader, Writer } from '../base/cursor.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import type { WallTime } from '../base/time.ts';
import { wallTime } from '../base/time.ts';
import { hkdf } from '../crypto/hash.ts';
import type { Suite } from '../crypto/suite.ts';
import { readClusterId, readFixed, readNodeId } from './field.ts';
import { writeClusterId, writeFixed, writeNodeId } from './field.ts';
import { TOKEN_ADDRESSES_MAX, TOKEN_ADDRESS_MAX, TOKEN_TEXT_MAX, VERSION } from './limits.ts';

// The tag that a token's holder knocks with is part of the token's contract.
export { checkKnock, knockTag, serverNameToTag, tagNonce, tagToServerName } from './knock.ts';

/** What an inviter hands to a joiner, outside the wire. PROTOCOL.md §9. */
export interface Token {
  readonly cluster: ClusterId;
  /** The member whose invite this is, and whom the joiner asks. */
  readonly maker: NodeId;
  /** 16 unpredictable octets; whoever has them may join. */
  readonly secret: Bytes;
  /** By the maker's clock, in whole seconds. */
  readonly expires: WallTime;
  /** Where to ask, `HOST:PORT` as typed, at most eight. See {@link isTokenAddress}. */
  readonly at: readonly string[];
}

/**
 * Why a text is refused as a token: it does not look like one; it does, but a character is wrong
 * or missing; a later version made it; its maker broke the rules.
 */
export type TokenFault = 'not-a-token' | 'mistyped' | 'future-version' | 'malformed';

const SECRET_SIZE = 16;
const CHECK_SIZE = 4;
const PREFIX = `flt${String(VERSION)}-`;
const SEED_INFO: Bytes = utf8('flotilla v2 invite');
const NO_SALT: Bytes = new Uint8Array(0);

/** A host name, IPv4 address or bracketed IPv6 address without zone, and a port. */
const HOST_PORT = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):([1-9][0-9]{0,4})$/i;

/** The text of a token. Its expiry is cut to whole seconds. */
export function encodeToken(suite: Suite, token: Token): string {
  assert(token.at.length <= TOKEN_ADDRESSES_MAX, 'too many addresses for a token');
  const writer = new Writer().u8(VERSION);
  writeClusterId(writer, token.cluster);
  writeNodeId(writer, token.maker);
  writeFixed(writer, token.secret, SECRET_SIZE);
  writer.u32(Math.floor(token.expires / 1000)).u8(token.at.length);
  for (const at of token.at) {
    assert(isTokenAddress(at), 'an address was let in that no token may hold');
    writer.lengthPrefixed8(utf8(at));
  }
  const body = writer.finish();
  return PREFIX + toBase32(concat(body, checkOf(suite, body)));
}

/**
 * The token in a text as people paste it: white space around it, line breaks inside and upper case
 * do no harm. That it expired is the maker's to say, by its own clock.
 */
export function decodeToken(suite: Suite, text: string): Token | TokenFault {
  // Looked at before the white space is gone: a pasted novel costs nothing.
  if (text.length > 2 * TOKEN_TEXT_MAX) return 'not-a-token';
  const bare = text.replace(/\s+/g, '');
  const head = /^flt([0-9]+)-/i.exec(bare);
  if (head === null) return 'not-a-token';
  const version = Number(head[1]);
  if (version !== VERSION) return version > VERSION ? 'future-version' : 'not-a-token';
  const bytes = fromBase32(bare.slice(head[0].length));
  if (bytes === undefined || bytes.length < CHECK_SIZE) return 'mistyped';
  const body = bytes.slice(0, bytes.length - CHECK_SIZE);
  if (!equal(checkOf(suite, body), bytes.slice(body.length))) return 'mistyped';
  if ((body[0] ?? 0) > VERSION) return 'future-version';
  return readToken(new Reader(body)) ?? 'malformed';
}

/** True for a `HOST:PORT` that may stand in a token: the host a name, IPv4 or `[IPv6]`. */
export function isTokenAddress(text: string): boolean {
  const port = Number(HOST_PORT.exec(text)?.[1]);
  return text.length <= TOKEN_ADDRESS_MAX && port <= 65_535;
}

/** The one-off Ed25519 key of an invite: the token holds its seed, members its public key. */
export function inviteKeyOf(
  suite: Suite,
  secret: Bytes,
): { readonly seed: Bytes; readonly public: Bytes } {
  assert(secret.length === SECRET_SIZE, 'an invite has a secret of 16 octets');
  const seed = hkdf(suite, NO_SALT, secret, SEED_INFO, 32);
  return { seed, public: suite.signingKey(seed) };
}

function checkOf(suite: Suite, body: Bytes): Bytes {
  return suite.hash(body).slice(0, CHECK_SIZE);
}

function readToken(reader: Reader): Token | undefined {
  if (reader.u8() !== VERSION) return undefined;
  const cluster = readClusterId(reader);
  const maker = readNodeId(reader);
  const secret = readFixed(reader, SECRET_SIZE);
  const expires = wallTime(reader.u32() * 1000);
  const count = reader.u8();
  if (count > TOKEN_ADDRESSES_MAX) reader.fail();
  const at: string[] = [];
  while (at.length < count && !reader.failed) {
    const text = fromUtf8(reader.lengthPrefixed8());
    if (text === undefined || !isTokenAddress(text)) reader.fail();
    else at.push(text);
  }
  return reader.done ? { cluster, maker, secret, expires, at } : undefined;
}
