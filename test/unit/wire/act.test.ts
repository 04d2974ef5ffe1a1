import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import { concat, utf8 } from '../../../src/base/bytes.ts';
import { clusterIdBytes } from '../../../src/base/id.ts';
import { wallTime } from '../../../src/base/time.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import type { Act } from '../../../src/wire/act.ts';
import {
  clusterOf,
  consentInput,
  decodeAct,
  redemptionInput,
  signAct,
  verifyAct,
} from '../../../src/wire/act.ts';
import { ACT_MAX, ACT_MIN } from '../../../src/wire/limits.ts';
import { inviteKeyOf } from '../../../src/wire/token.ts';
import { acts, attic, cellar, cluster, name, octets } from './samples.ts';

const sign = (act: Act): Bytes => signAct(nodeSuite, attic, act).bytes;

/** Octets before an act's body: version, kind, cluster, author, number, previous. */
const HEAD = 86;

function withOctets(bytes: Bytes, index: number, ...values: readonly number[]): Bytes {
  const changed = bytes.slice();
  changed.set(values, index);
  return changed;
}

describe.each(Object.values(acts))('the act $type', (act) => {
  const signed = signAct(nodeSuite, attic, act);

  it('comes back as it was signed, with its hash, and is believed', () => {
    expect(signed.act).toEqual(act);
    expect(signed.hash).toEqual(nodeSuite.hash(signed.bytes));
    const read = decodeAct(nodeSuite, signed.bytes);
    expect(read).toEqual(signed);
    expect(read && verifyAct(nodeSuite, read)).toBe(true);
  });

  it('is not believed when any one octet of it changed', () => {
    for (let index = 0; index < signed.bytes.length; index += 1) {
      const changed = withOctets(signed.bytes, index, (signed.bytes[index] ?? 0) ^ 1);
      const read = decodeAct(nodeSuite, changed);
      const believed = read !== undefined && verifyAct(nodeSuite, read);
      expect(believed, `octet ${String(index)}`).toBe(false);
    }
  });

  it('is refused when it is cut short or something follows', () => {
    expect(decodeAct(nodeSuite, signed.bytes.slice(0, -1))).toBeUndefined();
    expect(decodeAct(nodeSuite, concat(signed.bytes, Uint8Array.of(0)))).toBeUndefined();
  });

  it('is signed by its author only', () => {
    expect(() => signAct(nodeSuite, cellar, act)).toThrow(InvariantError);
  });
});

describe('an act', () => {
  it('is laid out in the order of the table', () => {
    const bytes = sign(acts.leave);
    const head = concat(Uint8Array.of(1, 4), clusterIdBytes(cluster), attic.publicKey);
    const rest = concat(Uint8Array.of(0, 0, 0, 2), octets(32, 7));
    expect(bytes.slice(0, HEAD)).toEqual(concat(head, rest));
    expect(bytes.length).toBe(ACT_MIN);
  });

  it('is never longer than an admission of a member with the longest name', () => {
    const long = name('n'.repeat(63));
    expect(sign({ ...acts.admit, name: long }).length).toBe(ACT_MAX);
    const found = sign({ ...acts.found, clusterName: 'c'.repeat(63), name: long });
    expect(found.length).toBeLessThan(ACT_MAX);
    expect(decodeAct(nodeSuite, new Uint8Array(ACT_MAX + 1).fill(1))).toBeUndefined();
  });

  it('that removes names the last valid act of its target by number and hash', () => {
    const { id, last, lastHash } = acts.remove;
    const body = sign(acts.remove).slice(HEAD, -64);
    expect(body).toEqual(concat(cellar.publicKey, Uint8Array.of(0, 0, 0, last), lastHash));
    expect(id).toBe(cellar.id);
    const none = signAct(nodeSuite, attic, {
      ...acts.remove,
      last: 0,
      lastHash: new Uint8Array(32),
    });
    expect(none.act).toMatchObject({ last: 0, lastHash: new Uint8Array(32) });
  });

  it('tells an expiry in whole milliseconds', () => {
    const { act } = signAct(nodeSuite, attic, { ...acts.invite, expires: wallTime(1234.5) });
    expect(act).toMatchObject({ expires: 1234 });
  });

  const invite = sign(acts.invite);
  const cases: readonly [reason: string, bytes: Bytes][] = [
    ['has another version', withOctets(sign(acts.leave), 0, 2)],
    ['has kind 0', withOctets(sign(acts.leave), 1, 0)],
    ['has kind 6', withOctets(sign(acts.leave), 1, 6)],
    ['has number 0', withOctets(sign(acts.leave), 50, 0, 0, 0, 0)],
    ['is the first of its chain but follows another', withOctets(sign(acts.leave), 50, 0, 0, 0, 1)],
    ['founds, but not as the first', withOctets(sign(acts.found), 50, 0, 0, 0, 2)],
    ['founds inside a cluster', withOctets(sign(acts.found), 2, 1)],
    ['founds a cluster in upper case', withOctets(sign(acts.found), HEAD + 49, 0x48)],
    ['has a name without a character', withOctets(sign(acts.found), HEAD + 48, 0)],
    ['invites nobody', withOctets(invite, HEAD + 32, 0, 0)],
    ['removes one whose act 0 has a hash', withOctets(sign(acts.remove), HEAD + 32, 0, 0, 0, 0)],
    ['expires beyond all reckoning', withOctets(invite, HEAD + 34, 0, 0x20)],
  ];
  it.each(cases)('is refused when it %s', (_, bytes) => {
    expect(decodeAct(nodeSuite, bytes)).toBeUndefined();
  });

  it('that breaks those rules is our own mistake', () => {
    expect(() => sign({ ...acts.leave, number: 0 })).toThrow(InvariantError);
    expect(() => sign({ ...acts.leave, number: 1 })).toThrow(InvariantError);
    expect(() => sign({ ...acts.found, clusterName: 'My Home' })).toThrow(InvariantError);
    expect(() => sign({ ...acts.invite, uses: 0 })).toThrow(InvariantError);
    expect(() => sign({ ...acts.invite, uses: 65_536 })).toThrow(InvariantError);
    expect(() => sign({ ...acts.remove, last: 0 })).toThrow(InvariantError);
  });
});

describe('a founding', () => {
  it('names the cluster by the first 16 octets of its hash', () => {
    const found = signAct(nodeSuite, attic, acts.found);
    expect(clusterIdBytes(clusterOf(nodeSuite, found))).toEqual(found.hash.slice(0, 16));
  });

  it('done twice by one node gives two clusters', () => {
    const first = signAct(nodeSuite, attic, acts.found);
    const second = signAct(nodeSuite, attic, { ...acts.found, nonce: octets(16, 41) });
    expect(clusterOf(nodeSuite, first)).not.toBe(clusterOf(nodeSuite, second));
  });

  it('is the only act that names a cluster', () => {
    const leave = signAct(nodeSuite, attic, acts.leave);
    expect(() => clusterOf(nodeSuite, leave)).toThrow(InvariantError);
  });
});

describe('an admission', () => {
  const { inviteKey, id, agreement } = acts.admit;

  const inputs = [
    ['flotilla v2 redeem', redemptionInput],
    ['flotilla v2 consent', consentInput],
  ] as const;
  it.each(inputs)('is signed into as %s over all that makes it this one', (title, input) => {
    expect(input(cluster, inviteKey, id, agreement, name('cellar'))).toEqual(
      concat(
        utf8(title),
        clusterIdBytes(cluster),
        inviteKey,
        cellar.publicKey,
        agreement,
        utf8('cellar'),
      ),
    );
  });

  const changes: readonly [what: string, change: Partial<typeof acts.admit>][] = [
    ['somebody else', { id: attic.id }],
    ['the same node under another key', { agreement: attic.agreement.public }],
    ['the same node under another name', { name: name('pi') }],
    ['another invite', { inviteKey: octets(32) }],
    ['no redemption', { redemption: new Uint8Array(64) }],
    ['no consent', { consent: new Uint8Array(64) }],
    ['one signature for both', { consent: acts.admit.redemption }],
  ];
  it.each(changes)('is not believed when the inviter puts in %s', (_, change) => {
    const signed = signAct(nodeSuite, attic, { ...acts.admit, ...change });
    expect(verifyAct(nodeSuite, signed)).toBe(false);
  });

  it('is not believed when who holds the invite binds another key to the joiner', () => {
    const { seed } = inviteKeyOf(nodeSuite, octets(16, 60));
    const other = attic.agreement.public;
    const joining = [cluster, inviteKey, id, other, name('cellar')] as const;
    const redemption = nodeSuite.sign(seed, redemptionInput(...joining));
    const swapped = { ...acts.admit, agreement: other, redemption };
    for (const consent of [acts.admit.consent, attic.sign(consentInput(...joining))]) {
      const signed = signAct(nodeSuite, attic, { ...swapped, consent });
      expect(verifyAct(nodeSuite, signed)).toBe(false);
    }
  });
});
