import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { concat } from '../../../src/base/bytes.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { checkKnock, knockTag, serverNameToTag } from '../../../src/wire/token.ts';
import { inviteKeyOf, tagNonce, tagToServerName } from '../../../src/wire/token.ts';
import { octets } from './samples.ts';

const inviteKey = inviteKeyOf(nodeSuite, octets(16, 60)).public;
const tag = knockTag(nodeSuite, inviteKey, octets(10, 3));

describe('a tag', () => {
  it('is its nonce and a MAC that the invite key makes', () => {
    expect(tag.length).toBe(26);
    expect(tagNonce(tag)).toEqual(octets(10, 3));
    expect(checkKnock(nodeSuite, inviteKey, tag)).toBe(true);
  });

  it('opens no other invite', () => {
    const other = inviteKeyOf(nodeSuite, octets(16, 61)).public;
    expect(checkKnock(nodeSuite, other, tag)).toBe(false);
  });

  it('is refused when any one bit of it changed', () => {
    for (let bit = 0; bit < 8 * tag.length; bit += 1) {
      const index = bit >> 3;
      const changed = tag.with(index, (tag[index] ?? 0) ^ (1 << (bit & 7)));
      expect(checkKnock(nodeSuite, inviteKey, changed), `bit ${String(bit)}`).toBe(false);
    }
  });

  it('is refused when it is longer or shorter', () => {
    expect(checkKnock(nodeSuite, inviteKey, concat(tag, Uint8Array.of(0)))).toBe(false);
    expect(checkKnock(nodeSuite, inviteKey, tag.slice(0, 10))).toBe(false);
    expect(checkKnock(nodeSuite, inviteKey, new Uint8Array(0))).toBe(false);
  });

  it('differs with each nonce', () => {
    const again = knockTag(nodeSuite, inviteKey, octets(10, 4));
    expect(again.slice(10)).not.toEqual(tag.slice(10));
  });

  it('is never made with a nonce of another size', () => {
    expect(() => knockTag(nodeSuite, inviteKey, octets(8))).toThrow(InvariantError);
  });
});

describe('a tag as server name', () => {
  const name = tagToServerName(tag);

  it('is one DNS label under a domain that is nobody’s', () => {
    expect(name).toMatch(/^[a-z2-7]{42}\.invalid$/);
    expect(serverNameToTag(name)).toEqual(tag);
  });

  it.each([
    ['another domain', name.replace('.invalid', '.example')],
    ['no domain', name.replace('.invalid', '')],
    ['upper case', name.toUpperCase()],
    ['a label before it', `www.${name}`],
    ['a dot at its end', `${name}.`],
    ['a shorter label', name.slice(1)],
    ['a character outside base32', `0${name.slice(1)}`],
    ['spare bits that are not zero', `${name.slice(0, 41)}b.invalid`],
    ['nothing at all', '.invalid'],
  ])('is none with %s', (_, text) => {
    expect(serverNameToTag(text)).toBeUndefined();
  });
});
