import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { toHex, utf8 } from '../../../src/base/bytes.ts';
import { publicKeyOf } from '../../../src/base/id.ts';
import { hkdf } from '../../../src/crypto/hash.ts';
import { identityFrom } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';

const SEED = Uint8Array.from({ length: 32 }, (_, index) => 200 + index);

describe('an identity', () => {
  it('follows from its seed alone, the same for ever', () => {
    const [one, two] = [identityFrom(nodeSuite, SEED), identityFrom(nodeSuite, SEED)];
    expect(one.id).toBe(two.id);
    expect(one.agreement.public).toEqual(two.agreement.public);
    // Fixed for good: a node of this seed must keep its ID and keys over every upgrade.
    expect(one.id).toBe('gk2t5cbohwvmdagxux3cetlbwzabwq7zahnqt4he3bgojzfcogfq');
    expect(toHex(one.agreement.public)).toBe(
      '26ca12bc08778d055c12e44655031438c392a2df53a37f8704b7b3876de03d21',
    );
  });

  it('has an ID that spells its public key, and signs with it', () => {
    const identity = identityFrom(nodeSuite, SEED);
    const data = utf8('attic is at 192.0.2.1');
    expect(publicKeyOf(identity.id)).toEqual(identity.publicKey);
    expect(nodeSuite.verify(identity.publicKey, data, identity.sign(data))).toBe(true);
  });

  it('agrees keys with a secret of its own, named so that neither helps against the other', () => {
    const identity = identityFrom(nodeSuite, SEED);
    const info = utf8('flotilla v2 agreement');
    const secret = hkdf(nodeSuite, new Uint8Array(0), SEED, info, 32);
    expect(identity.agreement.secret).toEqual(secret);
    expect(identity.agreement.public).toEqual(nodeSuite.agreementKeyPair(secret).public);
    expect(identity.agreement.secret).not.toEqual(SEED);
  });

  it('is another for another seed', () => {
    const other = Uint8Array.from(SEED);
    other[31] = 0;
    expect(identityFrom(nodeSuite, other).id).not.toBe(identityFrom(nodeSuite, SEED).id);
  });

  it('does not change when the array its seed came in is wiped', () => {
    const seed = Uint8Array.from(SEED);
    const identity = identityFrom(nodeSuite, seed);
    seed.fill(0);
    expect(identity.seed).toEqual(SEED);
    const signature = identity.sign(utf8('x'));
    expect(nodeSuite.verify(identity.publicKey, utf8('x'), signature)).toBe(true);
  });

  it.each([0, 31, 33])('is not made of %d octets', (length) => {
    expect(() => identityFrom(nodeSuite, new Uint8Array(length))).toThrow(InvariantError);
  });

  it('shows its ID and no secret, however it is printed', () => {
    const identity = identityFrom(nodeSuite, SEED);
    expect(JSON.parse(JSON.stringify({ identity }))).toEqual({ identity: { id: identity.id } });
    const shown = [
      inspect(identity, { showHidden: true, depth: 9, getters: false }),
      inspect(identity.agreement, { showHidden: true, depth: 9 }),
      JSON.stringify({ ...identity }),
      JSON.stringify(identity.agreement),
      // A template calls toString, as careless logging does.
      String(identity),
    ].join('\n');
    expect(shown).toContain(identity.id);
    for (const secret of [identity.seed, identity.agreement.secret]) {
      expect(shown).not.toContain([...secret.slice(0, 4)].join(', '));
      expect(shown).not.toContain([...secret.slice(0, 4)].join(','));
      expect(shown).not.toContain(toHex(secret.slice(0, 4)));
      expect(shown).not.toContain(Buffer.from(secret).toString('base64').slice(0, 6));
    }
  });
});
