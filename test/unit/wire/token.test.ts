import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { fromBase32, toBase32 } from '../../../src/base/base32.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat, utf8 } from '../../../src/base/bytes.ts';
import { wallTime } from '../../../src/base/time.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { TOKEN_TEXT_MAX } from '../../../src/wire/limits.ts';
import { decodeToken, encodeToken, inviteKeyOf, isTokenAddress } from '../../../src/wire/token.ts';
import { attic, cluster, octets, token } from './samples.ts';

const text = encodeToken(nodeSuite, token);
const read = (pasted: string): ReturnType<typeof decodeToken> => decodeToken(nodeSuite, pasted);

/** The text of a token with this body and the checksum that belongs to it. */
function sealed(body: Bytes): string {
  return `flt2-${toBase32(concat(body, nodeSuite.hash(body).slice(0, 4)))}`;
}

function bodyOf(whole: string): Bytes {
  const bytes = fromBase32(whole.slice(5));
  if (bytes === undefined) throw new Error('not base32');
  return bytes.slice(0, -4);
}

describe('a token', () => {
  it('comes back as it was made', () => {
    expect(text).toMatch(/^flt2-[a-z2-7]+$/);
    expect(read(text)).toEqual(token);
  });

  it('is laid out in the order of PROTOCOL.md', () => {
    const bare = encodeToken(nodeSuite, { ...token, at: ['pi:1'] });
    const head = concat(Uint8Array.of(2), octets(16, 200), attic.publicKey, octets(16, 60));
    const expires = Uint8Array.of(0x6b, 0x49, 0xd2, 0x00);
    expect(bodyOf(bare)).toEqual(concat(head, expires, Uint8Array.of(1, 4), utf8('pi:1')));
    expect(cluster).toBe(token.cluster);
  });

  it.each([
    ['white space around it', `\n\t  ${text} \r\n`],
    ['line breaks inside', text.replace(/(.{20})/g, '$1\r\n')],
    ['upper case', text.toUpperCase()],
    ['spaces inside, as a chat puts them', text.replace(/(.{7})/g, '$1 ')],
  ])('survives %s', (_, pasted) => {
    expect(read(pasted)).toEqual(token);
  });

  it('keeps the case of the addresses in it', () => {
    const at = ['Attic.Example:4117'];
    expect(read(encodeToken(nodeSuite, { ...token, at }).toUpperCase())).toMatchObject({ at });
  });

  it('tells its expiry in whole seconds', () => {
    const fine = encodeToken(nodeSuite, { ...token, expires: wallTime(1_234_999) });
    expect(read(fine)).toMatchObject({ expires: 1_234_000 });
  });

  it('is found mistyped when any one character of it changed', () => {
    for (let index = 5; index < text.length; index += 1) {
      const other = text[index] === 'a' ? 'b' : 'a';
      const changed = text.slice(0, index) + other + text.slice(index + 1);
      expect(read(changed), `character ${String(index)}`).toBe('mistyped');
    }
  });

  it('is found mistyped when two neighbours changed places or one is missing', () => {
    for (let index = 5; index < text.length - 1; index += 1) {
      const [first = '', second = ''] = text.slice(index, index + 2);
      if (first === second) continue;
      const swapped = text.slice(0, index) + second + first + text.slice(index + 2);
      expect(read(swapped), `characters ${String(index)}`).toBe('mistyped');
      const missing = text.slice(0, index) + text.slice(index + 1);
      expect(read(missing), `character ${String(index)}`).toBe('mistyped');
    }
  });

  it('goes up to eight addresses of 255 octets', () => {
    const longest = `${'h'.repeat(250)}:4117`;
    const at = Array<string>(8).fill(longest);
    const full = encodeToken(nodeSuite, { ...token, at });
    expect(read(full)).toMatchObject({ at });
    expect(full.length).toBe(TOKEN_TEXT_MAX);
    expect(() => encodeToken(nodeSuite, { ...token, at: [...at, 'pi:1'] })).toThrow(InvariantError);
    expect(() => encodeToken(nodeSuite, { ...token, at: [`h${longest}`] })).toThrow(InvariantError);
  });
});

describe('a text is refused as a token', () => {
  const body = bodyOf(encodeToken(nodeSuite, { ...token, at: [] }));
  const cases: readonly [fault: string, why: string, pasted: string][] = [
    ['not-a-token', 'that is empty', ''],
    ['not-a-token', 'without the prefix', text.slice(5)],
    ['not-a-token', 'of version 1', `flt1-${text.slice(5)}`],
    ['not-a-token', 'that is some address', 'https://attic.example/flt2-x'],
    ['not-a-token', 'as long as a novel', `flt2-${'a'.repeat(10_000)}`],
    ['mistyped', 'that is cut short', text.slice(0, 60)],
    ['mistyped', 'that is the prefix alone', 'flt2-'],
    ['mistyped', 'with a character outside base32', text.replace(/.$/, '1')],
    ['future-version', 'of version 3', `flt3-${text.slice(5)}`],
    ['future-version', 'of version 10', 'FLT10-ABC'],
    ['future-version', 'of version 3 inside', sealed(concat(Uint8Array.of(3), body.slice(1)))],
    ['malformed', 'of version 1 inside', sealed(concat(Uint8Array.of(1), body.slice(1)))],
    ['malformed', 'with something behind', sealed(concat(body, Uint8Array.of(0)))],
    ['malformed', 'with fewer addresses than it says', sealed(body.with(-1, 1))],
    ['malformed', 'with nine addresses', sealed(concat(body.with(-1, 9), nineAddresses()))],
    ['malformed', 'with an address without port', sealed(concat(body.with(-1, 1), short('pi')))],
    ['malformed', 'with no octet', sealed(new Uint8Array(0))],
  ];
  it.each(cases)('%s %s', (fault, _, pasted) => {
    expect(read(pasted)).toBe(fault);
  });
});

describe('an address for a token', () => {
  it.each(['203.0.113.7:4117', 'attic:1', 'a-b.example.:65535', '[2001:db8::7]:4117'])(
    '%s may be typed',
    (typed) => {
      expect(isTokenAddress(typed)).toBe(true);
    },
  );

  it.each([
    'attic',
    'attic:0',
    'attic:65536',
    'attic:04117',
    'attic:http',
    ':4117',
    '2001:db8::7:4117',
    '[fe80::1%eth0]:4117',
    'at tic:4117',
    'attic:4117 ',
    'attic:4117\n',
    '',
  ])('%j may not', (typed) => {
    expect(isTokenAddress(typed)).toBe(false);
  });
});

describe('the key of an invite', () => {
  it('follows from the secret alone', () => {
    const key = inviteKeyOf(nodeSuite, token.secret);
    expect(key).toEqual(inviteKeyOf(nodeSuite, token.secret));
    expect(key.public).toEqual(nodeSuite.signingKey(key.seed));
    expect(inviteKeyOf(nodeSuite, octets(16, 61)).public).not.toEqual(key.public);
  });

  it('is never made of a secret of another size', () => {
    expect(() => inviteKeyOf(nodeSuite, octets(32))).toThrow(InvariantError);
  });
});

function short(at: string): Bytes {
  return concat(Uint8Array.of(at.length), utf8(at));
}

function nineAddresses(): Bytes {
  return concat(...Array<Bytes>(9).fill(short('pi:1')));
}
