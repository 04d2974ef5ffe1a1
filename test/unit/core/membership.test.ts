import { describe, expect, test } from 'vitest';
import { compare, equal, toHex } from '../../../src/base/bytes.ts';
import { UserError } from '../../../src/base/errors.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Ledger } from '../../../src/core/ledger.ts';
import { Membership, type ActBody } from '../../../src/core/membership.ts';
import { judge } from '../../../src/core/standing.ts';
import type { SignedAct } from '../../../src/wire/act.ts';
import { inviteKeyOf } from '../../../src/wire/token.ts';
import { Author, admitBody, clusterOfMachines, deliver, found } from './acts.ts';
import { identityOf, inviteBody, membershipOf, outcome, removeBody, seedOf } from './acts.ts';

const attic = identityOf('attic');
const cellar = identityOf('cellar');
const pi = identityOf('pi');
const mallory = identityOf('mallory');

function names(membership: Membership): string[] {
  return membership.members().map(({ name }) => name);
}

describe('who is a member', () => {
  test('a founding makes its author the only member', () => {
    const founder = found('attic', 'lake');
    const membership = membershipOf(founder);
    expect(membership.cluster).toBe(founder.cluster);
    expect(membership.clusterName).toBe('lake');
    expect(membership.members()).toEqual([
      {
        id: attic.id,
        name: 'attic',
        agreement: attic.agreement.public,
        admitter: undefined,
        state: 'member',
      },
    ]);
  });

  test('an admission on an announced invite makes a member, and the verdict names it', () => {
    const founder = found('attic');
    const membership = membershipOf(founder);
    expect(membership.add(founder.invite('a').bytes)).toMatchObject({ type: 'added', joined: [] });
    const verdict = membership.add(founder.admit(cellar, 'cellar', 'a').bytes);
    expect(verdict).toMatchObject({ type: 'added', left: [], renamed: false });
    const joined = membership.get(cellar.id);
    expect(verdict).toMatchObject({ joined: [joined] });
    expect(joined).toMatchObject({ name: 'cellar', admitter: attic.id, state: 'member' });
    expect(membership.byAgreement(cellar.agreement.public)).toBe(joined);
    expect(membership.isMember(cellar.id)).toBe(true);
  });

  test('a member admits others in turn, also on an invite that somebody else announced', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    founder.invite('b');
    member.admit(pi, 'pi', 'b');
    const membership = membershipOf(founder, member);
    expect(membership.get(pi.id)).toMatchObject({ state: 'member', admitter: cellar.id });
    expect(membership.inviteBy(keyOf('b'))).toMatchObject({ author: attic.id, redeemed: 1 });
  });

  test('an act that arrived before counts once', () => {
    const founder = found('attic');
    const membership = membershipOf(founder);
    const invite = founder.invite('a').bytes;
    expect(membership.add(invite).type).toBe('added');
    expect(membership.add(invite).type).toBe('known');
    expect(membership.count(attic.id)).toBe(2);
  });

  test('what was added by sign is what others accept', () => {
    const membership = membershipOf(found('attic'));
    const elsewhere = membershipOf(found('attic'));
    const invite = membership.sign(attic, inviteBody('a'));
    const admission = admitBody(membership.cluster, cellar, 'cellar', 'a');
    const admit = membership.sign(attic, admission);
    expect(invite.act.number).toBe(2);
    for (const { bytes } of [invite, admit]) expect(elsewhere.add(bytes).type).toBe('added');
    expect(outcome(elsewhere)).toEqual(outcome(membership));
  });

  test('acts are listed by number, and all of them replay', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar', 'pi');
    const [member] = joined as [Author];
    member.invite('b');
    const membership = membershipOf(founder, member);
    expect(membership.acts(attic.id, 4).map(({ act }) => act.number)).toEqual([4, 5]);
    expect(membership.acts(attic.id, 0)).toHaveLength(5);
    expect(membership.acts(pi.id, 1)).toEqual([]);
    expect([...membership.authors()]).toEqual([attic.id, cellar.id]);
    const again = membershipOf(found('attic'));
    for (const bytes of membership.all().slice(1)) expect(again.add(bytes).type).toBe('added');
  });
});

describe('stored acts', () => {
  const reading = (self: Author, acts: readonly SignedAct[]) => () =>
    new Membership(
      nodeSuite,
      self.identity.id,
      acts.map(({ bytes }) => bytes),
    );

  test('are read in any order', () => {
    const { founder } = clusterOfMachines('attic', 'cellar', 'pi');
    const membership = reading(founder, founder.chain.toReversed())();
    expect(outcome(membership)).toEqual(outcome(membershipOf(founder)));
  });

  test('that found no cluster, or two, or miss a link, or are torn, are refused as damaged', () => {
    const { founder } = clusterOfMachines('attic', 'cellar');
    const other = found('attic', 'pond');
    const torn = founder.chain.map((signed, index) =>
      index === 1 ? { ...signed, bytes: signed.bytes.slice(0, -1) } : signed,
    );
    const sets = [[], founder.chain.slice(1), [...founder.chain, ...other.chain], torn];
    for (const acts of [...sets, founder.chain.toSpliced(1, 1)]) {
      expect(reading(founder, acts)).toThrow(UserError);
    }
    expect(reading(founder, [])).toThrow(expect.objectContaining({ code: 'state-damaged' }));
  });

  test('of a cluster that does not admit this node are refused, and not as damaged', () => {
    const { founder } = clusterOfMachines('attic', 'cellar');
    const stranger = new Author(pi, founder.cluster);
    const code = 'state-not-member';
    expect(reading(stranger, founder.chain)).toThrow(expect.objectContaining({ code }));
  });

  test('that were turned around are not sorted for ever', () => {
    const founder = found('attic');
    for (let n = 0; n < 100; n += 1) founder.invite(`secret ${String(n)}`);
    expect(reading(founder, founder.chain)().count(attic.id)).toBe(101);
    expect(reading(founder, founder.chain.toReversed())).toThrow(UserError);
  });

  test('are read anew from an array that holds another act by now', () => {
    const founder = found('attic');
    const [one, two] = [founder.signAt(2, inviteBody('a')), founder.signAt(2, inviteBody('b'))];
    const array = one.bytes.slice();
    expect(membershipOf(founder).add(array).type).toBe('added');
    array.set(two.bytes);
    const membership = membershipOf(founder);
    membership.add(array);
    expect(membership.inviteBy(keyOf('b'))).toBeDefined();
    expect(membership.inviteBy(keyOf('a'))).toBeUndefined();
  });

  test('two stored branches of one chain are damage, since only one is ever kept', () => {
    const { founder } = clusterOfMachines('attic', 'cellar');
    const fork = founder.signAt(2, inviteBody('other'));
    expect(reading(founder, [...founder.chain, fork])).toThrow(UserError);
  });
});

describe('an act that is refused changes nothing', () => {
  const { founder, joined } = clusterOfMachines('attic', 'cellar');
  const [member] = joined as [Author];
  const refusedWith = (bytes: Uint8Array, reason: string): void => {
    const membership = membershipOf(founder);
    const before = outcome(membership);
    expect(membership.add(bytes)).toEqual({ type: 'refused', reason });
    expect(outcome(membership)).toEqual(before);
  };

  test('whichever bit of it is flipped', () => {
    const { bytes } = founder.signAt(4, inviteBody('late'));
    for (let index = 0; index < bytes.length; index += 1) {
      const tampered = bytes.slice();
      tampered[index] = (tampered[index] ?? 0) ^ (1 << (index % 8));
      const membership = membershipOf(founder);
      const before = outcome(membership);
      expect(['refused', 'early']).toContain(membership.add(tampered).type);
      expect(outcome(membership)).toEqual(before);
    }
  });

  test('when it is no act at all', () => {
    refusedWith(new Uint8Array(0), 'malformed');
    refusedWith(new Uint8Array(5000).fill(7), 'malformed');
  });

  test('when it was signed for another cluster, a founding included', () => {
    const other = found('attic', 'pond');
    refusedWith(other.chain[0]?.bytes ?? new Uint8Array(0), 'foreign-cluster');
    refusedWith(other.invite('a').bytes, 'foreign-cluster');
  });

  test('when somebody else signed it in the name of its author', () => {
    const { bytes } = founder.signAt(4, inviteBody('late'));
    const forged = bytes.slice();
    const forger = new Author(mallory, founder.cluster);
    forged.set(forger.signAt(1, inviteBody('late')).bytes.slice(-64), bytes.length - 64);
    refusedWith(forged, 'bad-signature');
  });

  test('when invite and joiner did not sign for this joiner, name and key', () => {
    founder.invite('for pi', 5);
    const { cluster } = founder;
    const good = admitBody(cluster, pi, 'pi', 'for pi');
    const swapped = [
      { ...good, id: mallory.id },
      { ...good, name: 'attic' },
      { ...good, agreement: mallory.agreement.public },
      { ...good, inviteKey: keyOf('to cellar') },
      { ...good, consent: mallory.sign(new Uint8Array(1)) },
    ];
    for (const body of swapped) {
      refusedWith(founder.signAt(5, body as typeof good).bytes, 'bad-signature');
    }
  });

  test('when its author left before', () => {
    member.sign({ type: 'leave' });
    const membership = membershipOf(founder, member);
    const after = member.signAt(2, inviteBody('from beyond'));
    expect(membership.add(after.bytes)).toEqual({ type: 'refused', reason: 'author-left' });
  });
});

describe('what comes too early is wanted, not kept', () => {
  test('an act without its predecessor', () => {
    const { founder } = clusterOfMachines('attic', 'cellar');
    const membership = membershipOf(found('attic'));
    const [, invite, admission] = founder.chain as [SignedAct, SignedAct, SignedAct];
    const early = { type: 'early', author: attic.id, have: 1 };
    expect(membership.add(admission.bytes)).toEqual(early);
    expect(membership.count(attic.id)).toBe(1);
    expect(membership.add(invite.bytes).type).toBe('added');
    expect(membership.add(admission.bytes).type).toBe('added');
  });

  test('an act of somebody whom no admission names', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    const act = member.invite('b');
    const membership = membershipOf(found('attic'));
    expect(membership.add(act.bytes)).toEqual({ type: 'early', author: cellar.id, have: 0 });
    deliver(membership, [act.bytes, ...founder.chain.map(({ bytes }) => bytes)]);
    expect(membership.add(act.bytes).type).toBe('known');
  });
});

describe('invites', () => {
  test('an admission counts for nothing before a member announced its invite', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    const membership = membershipOf(founder);
    const admission = member.admit(pi, 'pi', 'announced later');
    expect(membership.add(admission.bytes)).toMatchObject({ type: 'added', joined: [] });
    expect(membership.isMember(pi.id)).toBe(false);
    const invite = founder.invite('announced later');
    expect(membership.add(invite.bytes)).toMatchObject({ joined: [{ id: pi.id }] });
  });

  test('an invite announced by nobody but its own joiner admits nobody', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    // Each waits for the other: no chain leads from the founding to either.
    const first = member.admit(mallory, 'mallory', 'own');
    const circle = new Author(mallory, founder.cluster);
    const second = circle.invite('own');
    const membership = membershipOf(founder);
    deliver(membership, [first.bytes, second.bytes]);
    expect(names(membership)).toEqual(['attic', 'cellar']);
  });

  test('one of two admissions on a one-use invite counts, whichever arrives first', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar', 'shed');
    const [first, second] = joined as [Author, Author];
    founder.invite('contested');
    first.admit(pi, 'pi', 'contested');
    second.admit(mallory, 'mallory', 'contested');
    const acts = [...first.chain, ...second.chain].map(({ bytes }) => bytes);
    const [one, other] = [membershipOf(founder), membershipOf(founder)];
    deliver(one, acts);
    deliver(other, acts.toReversed());
    expect(outcome(one)).toEqual(outcome(other));
    expect([one.isMember(pi.id), one.isMember(mallory.id)].filter(Boolean)).toHaveLength(1);
  });

  test('a claim that is met before its invite counts when the invite is met', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar', 'shed');
    const [first, second] = joined as [Author, Author];
    first.admit(pi, 'pi', 'of shed');
    second.invite('of shed');
    // The judge meets the claim first, as the machines were admitted in this order.
    const membership = membershipOf(founder, first, second);
    expect(membership.get(pi.id)).toMatchObject({ state: 'member', admitter: cellar.id });
    const ledger = Ledger.read(nodeSuite, membership.all()) as Ledger;
    expect([...judge(ledger).contested.keys, ...judge(ledger).contested.waiting]).toEqual([]);
    expect(judge(ledger).invites.get(toHex(keyOf('of shed')))).toMatchObject([{ redeemed: 1 }]);
  });

  test('its maker redeems it before others do, whoever has the lower number', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar', 'shed');
    const [other, maker] = joined as [Author, Author];
    maker.invite('contested');
    maker.invite('unrelated');
    maker.admit(pi, 'pi', 'contested');
    other.admit(mallory, 'mallory', 'contested');
    expect(names(membershipOf(founder, other, maker))).toEqual(['attic', 'cellar', 'pi', 'shed']);
  });

  test('a redemption with the maker takes the place of one with others', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    founder.invite('contested');
    member.admit(mallory, 'mallory', 'contested');
    const membership = membershipOf(founder, member);
    expect(membership.isMember(mallory.id)).toBe(true);
    const verdict = membership.add(founder.admit(pi, 'pi', 'contested').bytes);
    expect(verdict).toMatchObject({ joined: [{ id: pi.id }], left: [mallory.id] });
  });

  test('a maker that admits more than its invite allows lets in the first ones', () => {
    const { founder } = clusterOfMachines('attic');
    founder.invite('twice', 2);
    founder.admit(cellar, 'cellar', 'twice');
    founder.admit(pi, 'pi', 'twice');
    founder.admit(mallory, 'mallory', 'twice');
    const membership = membershipOf(founder);
    expect(names(membership)).toEqual(['attic', 'cellar', 'pi']);
    expect(membership.inviteBy(keyOf('twice'))).toMatchObject({ uses: 2, redeemed: 2 });
  });

  test('whoever announces the key of another invite again takes no use from its maker', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    founder.invite('mine', 1);
    member.invite('mine', 1);
    member.admit(mallory, 'mallory', 'mine');
    const membership = membershipOf(founder, member);
    expect(membership.inviteBy(keyOf('mine'))).toMatchObject({ author: attic.id, redeemed: 0 });
    expect(membership.add(founder.admit(pi, 'pi', 'mine').bytes)).toMatchObject({
      joined: [{ id: pi.id }],
    });
  });

  test('a node admitted twice is one member and spends one use', () => {
    const { founder } = clusterOfMachines('attic');
    founder.invite('many', 5);
    founder.admit(cellar, 'cellar', 'many');
    founder.admit(cellar, 'cellar', 'many');
    const membership = membershipOf(founder);
    expect(names(membership)).toEqual(['attic', 'cellar']);
    expect(membership.inviteBy(keyOf('many'))).toMatchObject({ redeemed: 1 });
    expect(membership.inviteBy(keyOf('never made'))).toBeUndefined();
  });
});

describe('a member that left', () => {
  test('is no member any more, is still shown, and frees its name', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    const membership = membershipOf(founder);
    const verdict = membership.add(member.sign({ type: 'leave' }).bytes);
    expect(verdict).toMatchObject({ type: 'added', joined: [], left: [cellar.id] });
    expect(names(membership)).toEqual(['attic']);
    expect(membership.get(cellar.id)?.state).toBe('left');
    expect(membership.byAgreement(cellar.agreement.public)).toBeUndefined();
    founder.invite('again');
    deliver(
      membership,
      [founder.chain.at(-1), founder.admit(pi, 'cellar', 'again')].map((act) => bytesOf(act)),
    );
    expect(membership.get(pi.id)?.name).toBe('cellar');
    expect(membership.get(cellar.id)?.name).toBe(`cellar-${cellar.id.slice(0, 4)}`);
  });

  test('does not come back by another admission, nor by an old copy of its chain', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    const membership = membershipOf(founder);
    membership.add(member.sign({ type: 'leave' }).bytes);
    founder.invite('again', 9);
    founder.admit(cellar, 'cellar', 'again');
    // An old copy of its disk signs other acts of the number that the leave has.
    const others = [1, 2, 3, 4, 5, 6].map((n) => member.signAt(1, inviteBody(`old ${String(n)}`)));
    deliver(
      membership,
      [...founder.chain, ...others].map(({ bytes }) => bytes),
    );
    expect(membership.get(cellar.id)?.state).toBe('left');
  });

  test('leaves those it admitted behind as members', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    member.invite('b');
    member.admit(pi, 'pi', 'b');
    member.sign({ type: 'leave' });
    expect(names(membershipOf(founder, member))).toEqual(['attic', 'pi']);
  });

  test('may sign nothing more', () => {
    const { founder, joined } = clusterOfMachines('attic', 'cellar');
    const [member] = joined as [Author];
    const membership = new Membership(
      nodeSuite,
      cellar.id,
      founder.chain.map(({ bytes }) => bytes),
    );
    expect(membership.maySign).toBe(true);
    membership.sign(member.identity, { type: 'leave' });
    expect(membership.maySign).toBe(false);
    expect(() => membership.sign(member.identity, inviteBody('x'))).toThrow(/while it is a member/);
  });
});

describe('a removal', () => {
  test('ends a membership and whatever came of acts above the last valid one', () => {
    const { founder, joined } = clusterOfMachines('attic', 'mallory');
    const [hostile] = joined as [Author];
    hostile.invite('fine', 2);
    hostile.admit(cellar, 'cellar', 'fine');
    const removal = founder.sign(removeBody(hostile, 2));
    hostile.admit(pi, 'pi', 'fine');
    const membership = membershipOf(founder, hostile);
    expect(names(membership)).toEqual(['attic', 'cellar']);
    expect(membership.get(mallory.id)?.state).toBe('left');
    expect(membership.add(removal.bytes).type).toBe('known');
    // It goes on signing; nothing comes of that.
    const sybil = hostile.admit(identityOf('sybil'), 'sybil', 'fine');
    expect(membership.add(sybil.bytes)).toMatchObject({ type: 'added', joined: [], left: [] });
  });

  test('is not undone by a later admission or by acts that the removed one signed before', () => {
    const { founder, joined } = clusterOfMachines('attic', 'mallory', 'cellar');
    const [hostile, member] = joined as [Author, Author];
    founder.sign(removeBody(hostile, 0));
    member.invite('friend');
    member.admit(mallory, 'mallory', 'friend');
    hostile.sign(removalAbove(founder.chain.at(-1), hostile, founder));
    const membership = membershipOf(founder, hostile, member);
    expect(names(membership)).toEqual(['attic', 'cellar']);
  });

  test('of one another goes to the lower hash, and ends the same at everyone', () => {
    const winners = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((variant) => {
      const people = [`cellar ${variant}`, `pi ${variant}`];
      const { founder, joined } = clusterOf(people);
      const [first, second] = joined as [Author, Author];
      const one = first.sign(removeBody(second, 0));
      const two = second.sign(removeBody(first, 0));
      const [left, right] = [membershipOf(founder), membershipOf(founder)];
      deliver(left, [one.bytes, two.bytes]);
      deliver(right, [two.bytes, one.bytes]);
      expect(outcome(left)).toEqual(outcome(right));
      const lower = compare(one.hash, two.hash) < 0 ? 'first' : 'second';
      expect(names(left)).toEqual(['attic', lower]);
      return lower;
    });
    expect(new Set(winners).size).toBe(2);
  });

  /** A removal with a higher hash than another: of two of one another the lower counts. */
  function removalAbove(lower: SignedAct | undefined, by: Author, target: Author): ActBody {
    const bodies = target.chain.map(({ act }) => removeBody(target, act.number));
    const body = bodies.find((one) => {
      const { hash } = by.signAt(1, one);
      return lower !== undefined && compare(hash, lower.hash) > 0;
    });
    if (body === undefined) throw new Error('no removal has a higher hash');
    return body;
  }

  function clusterOf(people: readonly string[]): ReturnType<typeof clusterOfMachines> {
    const founder = found('attic');
    founder.invite('many', 2);
    const joined = people.map((person, index) => {
      founder.admit(identityOf(person), index === 0 ? 'first' : 'second', 'many');
      return new Author(identityOf(person), founder.cluster);
    });
    return { founder, joined };
  }
});

describe('a fork', () => {
  const { founder, joined } = clusterOfMachines('attic', 'cellar');
  const [author] = joined as [Author];
  const [lower, higher] = twoInvites(author);

  test('keeps the act with the lower hash, whichever came first, and tells its author', () => {
    for (const [first, second] of [
      [lower, higher],
      [higher, lower],
    ] as const) {
      const membership = membershipOf(founder);
      membership.add(first.bytes);
      const replaced = second === lower;
      const verdict = membership.add(second.bytes);
      expect(verdict).toMatchObject({ type: 'fork', author: cellar.id, number: 1, replaced });
      expect(membership.acts(cellar.id, 1).map(({ hash }) => hash)).toEqual([lower.hash]);
    }
  });

  test('takes away what was chained on the loser, and those whom nothing else admitted', () => {
    const branch = author.branch(1);
    branch.chain.push(higher);
    branch.admit(pi, 'pi', secretOf(higher));
    const child = new Author(pi, founder.cluster);
    child.invite('from pi');
    const membership = membershipOf(founder, branch, child);
    expect(names(membership)).toEqual(['attic', 'cellar', 'pi']);
    expect(membership.add(lower.bytes)).toMatchObject({
      type: 'fork',
      replaced: true,
      left: [pi.id],
      dropped: [pi.id],
    });
    expect(membership.count(pi.id)).toBe(0);
    const fresh = membershipOf(founder);
    deliver(
      fresh,
      [lower, ...branch.chain, ...child.chain].map(({ bytes }) => bytes),
    );
    expect(outcome(fresh)).toEqual(outcome(membership));
  });

  test('on a longer branch is found by asking for half of it, then half of that', () => {
    const held = author.branch(1);
    held.chain.push(lower);
    const other = author.branch(1);
    other.chain.push(higher);
    for (const branch of [held, other]) {
      for (let n = 0; n < 20; n += 1) {
        branch.invite(`${String(branch === held)} ${String(n)}`);
      }
    }
    const membership = membershipOf(founder, held);
    let next = 21;
    for (let asked = 0; asked < 6; asked += 1) {
      const act = other.chain[next - 1];
      const verdict = membership.add(act?.bytes ?? new Uint8Array(0));
      if (verdict.type === 'fork') break;
      expect(verdict.type).toBe('early');
      next = verdict.type === 'early' ? verdict.have + 1 : 0;
    }
    expect(next).toBe(1);
  });

  function twoInvites(by: Author): readonly [SignedAct, SignedAct] {
    const acts = ['one', 'two'].map((secret) => by.signAt(1, inviteBody(secret)));
    const [a, b] = acts.toSorted((x, y) => compare(x.hash, y.hash)) as [SignedAct, SignedAct];
    return [a, b];
  }

  function secretOf(invite: SignedAct): string {
    const { act } = invite;
    return act.type === 'invite' && equal(act.key, keyOf('one')) ? 'one' : 'two';
  }
});

describe('find', () => {
  const { founder, joined } = clusterOfMachines('attic', 'cellar', 'pi');
  const [gone] = joined as [Author];
  gone.sign({ type: 'leave' });
  const membership = membershipOf(founder, gone);

  test('takes a name or an ID in either case, or the first characters of one ID alone', () => {
    expect(membership.find('attic')).toBe(attic.id);
    expect(membership.find('ATTIC')).toBe(attic.id);
    expect(membership.find(pi.id.toUpperCase())).toBe(pi.id);
    expect(membership.find(pi.id.slice(0, 4))).toBe(pi.id);
    expect(membership.find('nobody-at-all')).toBe('unknown');
    expect(membership.find('')).toBe('unknown');
    expect(membership.find(identityOf('stranger').id)).toBe('unknown');
  });

  test('finds members that left when no member is meant', () => {
    expect(membership.find('cellar')).toBe(cellar.id);
    expect(membership.find(cellar.id.slice(0, 6))).toBe(cellar.id);
  });

  test('calls a prefix of two IDs ambiguous, and lets a name go before a prefix', () => {
    const [one, two] = twinPrefixes();
    const lake = found('attic');
    lake.invite('many', 3);
    lake.admit(identityOf(one), 'one', 'many');
    lake.admit(identityOf(two), 'two', 'many');
    const crowded = membershipOf(lake);
    const prefix = identityOf(one).id.slice(0, 4);
    expect(crowded.find(prefix)).toBe('ambiguous');
    crowded.add(lake.admit(pi, prefix, 'many').bytes);
    expect(crowded.find(prefix)).toBe(pi.id);
  });

  /** Two seeds whose IDs share their first four characters: among 3,000, most likely. */
  function twinPrefixes(): readonly [string, string] {
    const seen = new Map<string, string>();
    for (let n = 0; ; n += 1) {
      const seed = `seed ${String(n)}`;
      const prefix = identityOf(seed).id.slice(0, 4);
      const twin = seen.get(prefix);
      if (twin !== undefined) return [twin, seed];
      seen.set(prefix, seed);
    }
  }
});

function keyOf(secret: string): Uint8Array {
  return inviteKeyOf(nodeSuite, seedOf(secret).slice(0, 16)).public;
}

function bytesOf(act: SignedAct | undefined): Uint8Array {
  return act?.bytes ?? new Uint8Array(0);
}
