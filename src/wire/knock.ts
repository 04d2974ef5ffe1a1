/**
 * The tag in a joiner's ClientHello: proof that it holds a live invite, before the first byte is
 * answered (PROTOCOL §9).
 */

import { assert } from '../base/assert.ts';
import { fromBase32, toBase32 } from '../base/base32.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat, equal, utf8 } from '../base/bytes.ts';
import { hkdf } from '../crypto/hash.ts';
import type { Suite } from '../crypto/suite.ts';
import { KEY_SIZE } from './field.ts';

// How a joiner shows, in the very first octets of its TLS connection, that it holds a token, so
// that a stranger's scan of the port gets no answer at all (B6). PROTOCOL.md §9.

const NONCE_SIZE = 10;
const MAC_SIZE = 16;
const TAG_SIZE = NONCE_SIZE + MAC_SIZE;
const TAG_INFO: Bytes = utf8('flotilla v2 tag');
const NO_SALT: Bytes = new Uint8Array(0);

/** A server name must be a host name; this domain is nobody's (RFC 6761 §6.4). */
const SUFFIX = '.invalid';

/** The 26 octets of a tag: a nonce of 10, unpredictable and used once, and 16 of a MAC over it. */
export function knockTag(suite: Suite, inviteKey: Bytes, nonce: Bytes): Bytes {
  assert(nonce.length === NONCE_SIZE, 'a tag has a nonce of 10 octets');
  return concat(nonce, suite.hmac(tagKey(suite, inviteKey), nonce).slice(0, MAC_SIZE));
}

/** The key of holders of a token, and of members: for knocks here, for the LAN in search.ts. */
export function tagKey(suite: Suite, inviteKey: Bytes): Bytes {
  assert(inviteKey.length === KEY_SIZE, 'an invite key has 32 octets');
  return hkdf(suite, NO_SALT, inviteKey, TAG_INFO, 32);
}

/** The nonce of a tag: what is remembered to refuse the same tag a second time. */
export function tagNonce(tag: Bytes): Bytes {
  return new Uint8Array(tag.subarray(0, NONCE_SIZE));
}

/** True when the tag was made by one who knows the invite's key. */
export function checkKnock(suite: Suite, inviteKey: Bytes, tag: Bytes): boolean {
  return tag.length === TAG_SIZE && equal(knockTag(suite, inviteKey, tagNonce(tag)), tag);
}

/** The tag as a server name: 42 characters of base32, one DNS label, and `.invalid`. */
export function tagToServerName(tag: Bytes): string {
  assert(tag.length === TAG_SIZE, 'a tag has 26 octets');
  return toBase32(tag) + SUFFIX;
}

/** The tag in a server name; undefined for any other name. */
export function serverNameToTag(text: string): Bytes | undefined {
  if (!text.endsWith(SUFFIX)) return undefined;
  const tag = fromBase32(text.slice(0, -SUFFIX.length));
  return tag?.length === TAG_SIZE && tagToServerName(tag) === text ? tag : undefined;
}
