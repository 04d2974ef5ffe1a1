import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { concat, type Bytes } from '../../../src/base/bytes.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { SEARCH_SIZE } from '../../../src/wire/limits.ts';
import {
  checkSearch,
  decodeSearch,
  encodeSearch,
  SEARCH_TYPES,
  type Search,
} from '../../../src/wire/search.ts';
import { checkKnock, inviteKeyOf, knockTag } from '../../../src/wire/token.ts';
import { octets } from './samples.ts';

const inviteKey = inviteKeyOf(nodeSuite, octets(16, 60)).public;
const nonce = octets(10, 3);

function taken(bytes: Bytes): Search {
  const search = decodeSearch(bytes);
  if (search === undefined) throw new Error('no search');
  return search;
}

describe.each(['search', 'here'] as const)('a datagram of type %s', (type) => {
  const bytes = encodeSearch(nodeSuite, type, inviteKey, nonce);

  it('is its class, the nonce and a MAC that the invite key makes', () => {
    expect(bytes.length).toBe(SEARCH_SIZE);
    expect(bytes[0]).toBe(SEARCH_TYPES[type]);
    expect(taken(bytes)).toMatchObject({ type, nonce });
    expect(checkSearch(nodeSuite, inviteKey, taken(bytes))).toBe(true);
  });

  it('is of no other invite', () => {
    const other = inviteKeyOf(nodeSuite, octets(16, 61)).public;
    expect(checkSearch(nodeSuite, other, taken(bytes))).toBe(false);
  });

  it('is refused when any one bit of it changed', () => {
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const changed = bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      const search = decodeSearch(changed);
      const genuine = search !== undefined && checkSearch(nodeSuite, inviteKey, search);
      expect(genuine, `bit ${String(bit)}`).toBe(false);
    }
  });

  it('is of one length', () => {
    expect(decodeSearch(concat(bytes, Uint8Array.of(0)))).toBeUndefined();
    expect(decodeSearch(bytes.slice(0, -1))).toBeUndefined();
  });

  it('is no knock, so that overhearing it opens no door, and a knock is none', () => {
    expect(checkKnock(nodeSuite, inviteKey, bytes.slice(1))).toBe(false);
    const tag = knockTag(nodeSuite, inviteKey, nonce);
    const disguised = concat(Uint8Array.of(SEARCH_TYPES[type]), tag);
    expect(checkSearch(nodeSuite, inviteKey, taken(disguised))).toBe(false);
  });
});

it('a question is no answer', () => {
  const question = encodeSearch(nodeSuite, 'search', inviteKey, nonce);
  const asAnswer = taken(question.with(0, SEARCH_TYPES.here));
  expect(checkSearch(nodeSuite, inviteKey, asAnswer)).toBe(false);
});

it('a search is never made with a nonce of another size', () => {
  const made = (): Bytes => encodeSearch(nodeSuite, 'search', inviteKey, octets(16));
  expect(made).toThrow(InvariantError);
});
