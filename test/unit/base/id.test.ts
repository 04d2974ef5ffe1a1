import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import type { NodeId } from '../../../src/base/id.ts';
import {
  clusterIdBytes,
  clusterIdOf,
  nodeIdOf,
  parseClusterId,
  parseName,
  parseNodeId,
  publicKeyOf,
  shortId,
} from '../../../src/base/id.ts';

const octets = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

describe('node IDs', () => {
  it('are 52 lower-case base32 characters that stand for one public key', () => {
    fc.assert(
      fc.property(octets(32), (key) => {
        const id = nodeIdOf(key);
        expect(id).toMatch(/^[a-z2-7]{52}$/);
        expect(publicKeyOf(id)).toEqual(key);
        expect(parseNodeId(id)).toBe(id);
        expect(parseNodeId(id.toUpperCase())).toBe(id);
      }),
    );
  });

  it('have one spelling each: spare bits must be zero', () => {
    expect(parseNodeId('a'.repeat(52))).toBe('a'.repeat(52));
    expect(parseNodeId(`${'a'.repeat(51)}b`)).toBeUndefined();
    expect(parseNodeId(`${'a'.repeat(51)}q`)).toBe(`${'a'.repeat(51)}q`);
  });

  it.each(['', 'a'.repeat(51), 'a'.repeat(53), 'a'.repeat(26), `${'a'.repeat(51)}1`])(
    'are not read from %j',
    (text) => {
      expect(parseNodeId(text)).toBeUndefined();
    },
  );

  it('are made of 32 octets only, and only by their parser', () => {
    expect(() => nodeIdOf(new Uint8Array(31))).toThrow(InvariantError);
    expect(() => nodeIdOf(new Uint8Array(33))).toThrow(InvariantError);
    expect(() => publicKeyOf('attic' as NodeId)).toThrow(InvariantError);
  });

  it('are shortened to eight characters for people', () => {
    expect(shortId(nodeIdOf(new Uint8Array(32).fill(255)))).toBe('77777777');
  });
});

describe('cluster IDs', () => {
  it('are 26 lower-case base32 characters that stand for 16 octets', () => {
    fc.assert(
      fc.property(octets(16), (bytes) => {
        const id = clusterIdOf(bytes);
        expect(id).toMatch(/^[a-z2-7]{26}$/);
        expect(clusterIdBytes(id)).toEqual(bytes);
        expect(parseClusterId(id.toUpperCase())).toBe(id);
      }),
    );
  });

  it('are not read from a node ID, nor from spare bits that are not zero', () => {
    expect(parseClusterId('a'.repeat(52))).toBeUndefined();
    expect(parseClusterId(`${'a'.repeat(25)}b`)).toBeUndefined();
    expect(() => clusterIdOf(new Uint8Array(32))).toThrow(InvariantError);
  });
});

describe('names', () => {
  it.each([
    ['attic', 'attic'],
    ['Attic', 'attic'],
    ['PI-4', 'pi-4'],
    ['4pi', '4pi'],
    ['a', 'a'],
    ['7', '7'],
    ['a--b', 'a--b'],
    ['a'.repeat(63), 'a'.repeat(63)],
  ])('%j is read as %j', (text, expected) => {
    expect(parseName(text)).toBe(expected);
  });

  it.each([
    ...['', '-', '-a', 'a-', 'a_b', 'a.b', 'a b', ' a', 'a\n', 'é', 'a'.repeat(64)],
    // The Kelvin sign and the dotted capital I fold to ASCII letters in some folding rules.
    ...['\u212aelvin', '\u0130', 'ａttic', 'a\0'],
  ])('%j is no name', (text) => {
    expect(parseName(text)).toBeUndefined();
  });

  it('once read are read again as themselves', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 70 }), (text) => {
        const name = parseName(text);
        if (name !== undefined) expect(parseName(name)).toBe(name);
      }),
    );
  });
});
