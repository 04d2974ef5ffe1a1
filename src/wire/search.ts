/** The LAN search of a joiner and its answer, as bytes (PROTOCOL §10). */

import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { concat, equal, utf8 } from '../base/bytes.ts';
import { Reader, Writer } from '../base/cursor.ts';
import type { Suite } from '../crypto/suite.ts';
import { readFixed, writeFixed } from './field.ts';
import { tagKey } from './knock.ts';
import { SEARCH_SIZE } from './limits.ts';

// How the holder of a token finds the invite's maker on its LAN. PROTOCOL.md, "Search". Question
// and answer have one size, so that neither draws more octets than it took.

/** The first octets of question and answer. */
export const SEARCH_TYPES: Readonly<Record<Search['type'], number>> = {
  search: 0x25,
  here: 0x26,
};

/** Octets of a question's nonce, which its answer repeats. */
export const SEARCH_NONCE = 10;

/** `search`: where is the maker of this invite? `here`: at this datagram's source. */
export interface Search {
  readonly type: 'search' | 'here';
  readonly nonce: Bytes;
  readonly mac: Bytes;
}

const MAC_SIZE = 16;

/** Texts of their own: a question overheard is no answer and no knock, whose MAC has no text. */
const TEXTS: Readonly<Record<Search['type'], Bytes>> = {
  search: utf8('where'),
  here: utf8('here'),
};

/** The octets of a question, or of the answer to the question of this nonce. */
export function encodeSearch(
  suite: Suite,
  type: Search['type'],
  inviteKey: Bytes,
  nonce: Bytes,
): Bytes {
  assert(nonce.length === SEARCH_NONCE, 'a search has a nonce of 10 octets');
  const writer = new Writer(SEARCH_SIZE).u8(SEARCH_TYPES[type]).bytes(nonce);
  writeFixed(writer, macOf(suite, type, inviteKey, nonce), MAC_SIZE);
  return writer.finish();
}

/** The question or answer in these octets; undefined for anything else. Never throws. */
export function decodeSearch(bytes: Bytes): Search | undefined {
  if (bytes.length !== SEARCH_SIZE) return undefined;
  const reader = new Reader(bytes);
  const first = reader.u8();
  const nonce = readFixed(reader, SEARCH_NONCE);
  const mac = readFixed(reader, MAC_SIZE);
  if (first === SEARCH_TYPES.search) return { type: 'search', nonce, mac };
  return first === SEARCH_TYPES.here ? { type: 'here', nonce, mac } : undefined;
}

/** True when it was made by one who knows the invite's public key. */
export function checkSearch(suite: Suite, inviteKey: Bytes, search: Search): boolean {
  return equal(macOf(suite, search.type, inviteKey, search.nonce), search.mac);
}

function macOf(suite: Suite, type: Search['type'], inviteKey: Bytes, nonce: Bytes): Bytes {
  const key = tagKey(suite, inviteKey);
  return suite.hmac(key, concat(TEXTS[type], nonce)).slice(0, MAC_SIZE);
}
