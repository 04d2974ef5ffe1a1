/** What a member that signs whatever it likes can make of others (PROTOCOL §7). */
import { describe, expect, test } from 'vitest';
import { compare } from '../../../src/base/bytes.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Membership } from '../../../src/core/membership.ts';
import { Author, admitBody, clusterOfMachines, deliver, identityOf } from './acts.ts';
import { membershipOf, outcome } from './acts.ts';

const attic = identityOf('attic');
const cellar = identityOf('cellar');
const pi = identityOf('pi');
const mallory = identityOf('mallory');

/** mallory and cellar are members; cellar admitted pi, with a chain longer than mallory's. */
function lake(): { founder: Author; hostile: Author; maker: Author } {
  const { founder, joined } = clusterOfMachines('attic', 'mallory', 'cellar');
  const [hostile, maker] = joined as [Author, Author];
  maker.invite('unrelated');
  maker.invite('for pi', 2);
  maker.admit(pi, 'pi', 'for pi');
  return { founder, hostile, maker };
}

function add(membership: Membership, author: Author): string[] {
  return author.chain.map(({ bytes }) => membership.add(bytes).type);
}

describe('a member that admits a known node once more', () => {
  test('under a key of its own is refused: the node never agreed to it', () => {
    const { founder, hostile, maker } = lake();
    const membership = membershipOf(founder, maker);
    const key = mallory.agreement.public;
    const honest = admitBody(founder.cluster, pi, 'pi', 'own');
    const swapped = admitBody(founder.cluster, pi, 'pi', 'own', nodeSuite, key);
    hostile.invite('own');
    // Of a lower number than the honest one, so that it goes before it by every rule over acts.
    hostile.sign({ ...swapped, consent: honest.consent });
    expect(add(membership, hostile)).toEqual(['added', 'refused']);
    expect(membership.get(pi.id)).toMatchObject({ agreement: pi.agreement.public });
    expect(membership.byAgreement(key)?.id).toBe(mallory.id);
  });

  test('with the signatures of its first admission changes neither key, name nor host', () => {
    const { founder, hostile, maker } = lake();
    const membership = membershipOf(founder, maker);
    const shown = membership.get(pi.id);
    hostile.sign(admitBody(founder.cluster, pi, 'pi', 'for pi'));
    expect(add(membership, hostile)).toEqual(['added']);
    expect(membership.get(pi.id)).toEqual(shown);
    // Nor after a restart; and the invite has one use left.
    const again = new Membership(nodeSuite, attic.id, membership.all());
    expect(again.get(pi.id)).toEqual(shown);
    founder.admit(identityOf('barn'), 'barn', 'for pi');
    expect(membership.add(founder.chain.at(-1)?.bytes ?? new Uint8Array(0))).toMatchObject({
      joined: [{ name: 'barn' }],
    });
  });
});

describe('a node that agreed to two keys', () => {
  test('has the same one at everyone, in whatever order they heard of it', () => {
    const { founder, hostile, maker } = lake();
    maker.invite('for shadow');
    const shadow = identityOf('shadow');
    const key = cellar.agreement.public;
    hostile.invite('own');
    hostile.admit(shadow, 'shadow', 'own');
    maker.sign(admitBody(founder.cluster, shadow, 'shadow', 'for shadow', nodeSuite, key));
    const acts = [...hostile.chain, ...maker.chain].map(({ bytes }) => bytes);
    const [one, other] = [membershipOf(founder), membershipOf(founder)];
    deliver(one, acts);
    deliver(other, acts.toReversed());
    expect(outcome(one)).toEqual(outcome(other));
    expect(one.get(shadow.id)?.agreement).toEqual(shadow.agreement.public);
  });

  test('cannot take over the sessions of a member by taking that member’s key', () => {
    for (const name of ['pi', 'barn', 'loft', 'dock', 'mill', 'well']) {
      const { founder, joined } = clusterOfMachines('attic', 'mallory', 'cellar');
      const [hostile] = joined as [Author];
      const membership = membershipOf(founder);
      hostile.invite('own');
      const key = cellar.agreement.public;
      const shadow = identityOf(name);
      hostile.sign(admitBody(founder.cluster, shadow, 'shadow', 'own', nodeSuite, key));
      add(membership, hostile);
      expect(membership.isMember(shadow.id)).toBe(true);
      expect(membership.byAgreement(key)?.id).toBe(cellar.id);
    }
  });

  test('not even when it was known before that member, under a key of its own', () => {
    const { founder, joined } = clusterOfMachines('attic', 'mallory', 'barn');
    const [hostile, friend] = joined as [Author, Author];
    const shadow = identityOf('shadow');
    hostile.invite('unrelated');
    hostile.invite('own');
    hostile.admit(shadow, 'shadow', 'own');
    const membership = membershipOf(founder, hostile);
    founder.invite('for cellar');
    founder.admit(cellar, 'cellar', 'for cellar');
    const key = cellar.agreement.public;
    friend.invite('too');
    friend.sign(admitBody(founder.cluster, shadow, 'shadow', 'too', nodeSuite, key));
    add(membership, founder);
    add(membership, friend);
    expect(membership.get(shadow.id)?.agreement).toEqual(key);
    expect(membership.byAgreement(key)?.id).toBe(cellar.id);
  });
});

describe('the name of a member', () => {
  /** Nodes admitted as `nas` on `secret`, the first whose admission hashes lower than `than`. */
  function ground(by: Author, secret: string, than: Uint8Array): Identity {
    for (let n = 0; ; n += 1) {
      const puppet = identityOf(`puppet ${String(n)}`);
      const body = admitBody(by.cluster, puppet, 'nas', secret);
      if (compare(by.signAt(by.chain.length + 1, body).hash, than) < 0) return puppet;
    }
  }

  function nameOf(membership: Membership, { id }: Identity): string | undefined {
    return membership.get(id)?.name;
  }

  test('that the founder admitted is not stolen by who grinds a hash further away', () => {
    const { founder, joined } = clusterOfMachines('attic', 'mallory');
    const [hostile] = joined as [Author];
    founder.invite('for nas');
    const { hash } = founder.admit(pi, 'nas', 'for nas');
    hostile.invite('own');
    const puppet = ground(hostile, 'own', hash);
    hostile.admit(puppet, 'nas', 'own');
    const membership = membershipOf(founder, hostile);
    expect(nameOf(membership, pi)).toBe('nas');
    expect(nameOf(membership, puppet)).toBe(`nas-${puppet.id.slice(0, 4)}`);
  });

  test('is not stolen by a later number of the same distance, either', () => {
    const { founder, joined } = clusterOfMachines('attic', 'mallory', 'cellar');
    const [hostile, maker] = joined as [Author, Author];
    maker.invite('for nas');
    const { hash } = maker.admit(pi, 'nas', 'for nas');
    hostile.invite('unrelated');
    hostile.invite('own');
    const puppet = ground(hostile, 'own', hash);
    hostile.admit(puppet, 'nas', 'own');
    expect(nameOf(membershipOf(founder, maker, hostile), pi)).toBe('nas');
    expect(nameOf(membershipOf(founder, hostile, maker), pi)).toBe('nas');
  });

  test('is not lost by who was admitted a second time, further away or under another name', () => {
    const { founder, joined } = clusterOfMachines('attic', 'mallory', 'cellar');
    const [hostile, maker] = joined as [Author, Author];
    maker.invite('unrelated');
    maker.invite('for nas', 2);
    maker.admit(pi, 'nas', 'for nas');
    const child = new Author(pi, founder.cluster);
    child.sign(admitBody(founder.cluster, pi, 'nas', 'for nas'));
    hostile.invite('own', 2);
    hostile.invite('own too');
    hostile.invite('and this');
    hostile.admit(identityOf('puppet'), 'nas', 'own');
    hostile.admit(pi, 'loft', 'own');
    const membership = membershipOf(founder, maker, hostile, child);
    expect(nameOf(membership, pi)).toBe('nas');
    expect(membership.isMember(identityOf('puppet').id)).toBe(true);
  });

  test('is kept by whom the founder admitted too, after another member did', () => {
    const { founder, joined } = clusterOfMachines('attic', 'mallory', 'cellar');
    const [hostile, maker] = joined as [Author, Author];
    hostile.invite('own');
    hostile.admit(identityOf('puppet'), 'nas', 'own');
    maker.invite('unrelated');
    maker.invite('for nas', 2);
    maker.admit(pi, 'nas', 'for nas');
    const membership = membershipOf(founder, maker, hostile);
    expect(nameOf(membership, pi)).toBe(`nas-${pi.id.slice(0, 4)}`);
    const verdict = membership.add(founder.admit(pi, 'nas', 'for nas').bytes);
    expect(verdict).toMatchObject({ type: 'added', joined: [], left: [], renamed: true });
    expect(nameOf(membership, pi)).toBe('nas');
  });

  test('is given up to a nearer one that is heard of later, and that is told as renamed', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [maker] = joined as [Author];
    maker.invite('for pi');
    maker.admit(pi, 'shed', 'for pi');
    const membership = membershipOf(founder, maker);
    founder.invite('near', 2);
    const barn = founder.admit(identityOf('barn'), 'barn', 'near');
    const shed = founder.admit(identityOf('shed'), 'shed', 'near');
    deliver(
      membership,
      founder.chain.slice(0, -1).map(({ bytes }) => bytes),
    );
    expect(membership.add(barn.bytes).type).toBe('known');
    expect(membership.add(shed.bytes)).toMatchObject({ type: 'added', renamed: true });
    expect(nameOf(membership, pi)).toBe(`shed-${pi.id.slice(0, 4)}`);
  });
});
