import { describe, expect, test, vi } from 'vitest';
import type * as Config from '../../../src/core/config.ts';
import { ACTS_PER_AUTHOR_MAX, MEMBERS_MAX } from '../../../src/core/config.ts';
import { ACTS_MAX, Ledger } from '../../../src/core/ledger.ts';
import type { ActBody, Membership } from '../../../src/core/membership.ts';
import { Author, admitBody, fastSuite, found, identityOf } from './acts.ts';
import { inviteBody, membershipOf } from './acts.ts';

// The real bounds are 16,384 and 4,096: the same code, a minute of signing.
vi.mock('../../../src/core/config.ts', async (original) => ({
  ...(await original<typeof Config>()),
  MEMBERS_MAX: 24,
  ACTS_PER_AUTHOR_MAX: 40,
}));

function add(membership: Membership, author: Author, body: ActBody): string {
  const verdict = membership.add(author.sign(body).bytes);
  return verdict.type === 'refused' ? verdict.reason : verdict.type;
}

/** A cluster with as many members as there may be, or so many fewer. */
function crowd(fewer = 0): { founder: Author; membership: Membership; joined: Author[] } {
  const founder = found('attic', 'lake', fastSuite);
  founder.sign(inviteBody('many', 65_535, fastSuite));
  const membership = membershipOf(founder);
  const joined: Author[] = [];
  for (let n = 1; n < MEMBERS_MAX - fewer; n += 1) {
    const joiner = identityOf(`n${String(n)}`, fastSuite);
    const body = admitBody(founder.cluster, joiner, `n${String(n)}`, 'many', fastSuite);
    expect(add(membership, founder, body)).toBe('added');
    joined.push(new Author(joiner, founder.cluster, [], fastSuite));
  }
  return { founder, membership, joined };
}

describe('bounds of what members can make a node keep', () => {
  test('a cluster of the largest size takes no further member', () => {
    const { founder, membership } = crowd();
    const late = admitBody(
      founder.cluster,
      identityOf('late', fastSuite),
      'late',
      'many',
      fastSuite,
    );
    const before = membership.all().length;
    expect(membership.members()).toHaveLength(MEMBERS_MAX);
    expect(add(membership, founder, late)).toBe('too-many-members');
    expect(membership.all()).toHaveLength(before);
  });

  test('a node that is named already is not one more', () => {
    const { founder, membership } = crowd();
    const again = admitBody(founder.cluster, identityOf('n1', fastSuite), 'n1', 'many', fastSuite);
    expect(add(membership, founder, again)).toBe('added');
  });

  test('names that nothing admits count too, or a member could fill the memory with them', () => {
    const { founder, membership } = crowd(2);
    const hollow = (name: string): ActBody =>
      admitBody(founder.cluster, identityOf(name, fastSuite), name, 'no such invite', fastSuite);
    expect(add(membership, founder, hollow('a'))).toBe('added');
    expect(add(membership, founder, hollow('b'))).toBe('added');
    expect(membership.members()).toHaveLength(MEMBERS_MAX - 2);
    expect(add(membership, founder, hollow('c'))).toBe('too-many-members');
  });

  test('an author has room for so many acts', () => {
    const founder = found('attic', 'lake', fastSuite);
    const membership = membershipOf(founder);
    for (let number = 2; number <= ACTS_PER_AUTHOR_MAX; number += 1) {
      const body = inviteBody(`secret ${String(number)}`, 1, fastSuite);
      expect(add(membership, founder, body)).toBe('added');
    }
    expect(membership.mayLeave).toBe(false);
    expect(add(membership, founder, inviteBody('over', 1, fastSuite))).toBe('too-many-acts');
  });

  test('a node signs until one place is left, which it keeps for its leave', () => {
    const founder = found('attic', 'lake', fastSuite);
    const membership = membershipOf(founder);
    const { identity } = founder;
    for (let number = 2; number < ACTS_PER_AUTHOR_MAX; number += 1) {
      expect(membership.maySign).toBe(true);
      membership.sign(identity, inviteBody(`secret ${String(number)}`, 1, fastSuite));
    }
    expect([membership.maySign, membership.mayLeave]).toEqual([false, true]);
    const over = inviteBody('over', 1, fastSuite);
    expect(() => membership.sign(identity, over)).toThrow(/while it is a member/);
    membership.sign(identity, { type: 'leave' });
    expect(membership.get(identity.id)?.state).toBe('left');
    expect(membership.mayLeave).toBe(false);
  });

  test('a full ledger still takes the leave of each member, and nothing else', () => {
    const { founder, membership, joined } = crowd();
    for (const author of joined) {
      for (let number = 0; number < ACTS_PER_AUTHOR_MAX - 2; number += 1) {
        if (membership.all().length >= ACTS_MAX) break;
        add(membership, author, inviteBody(`s ${String(number)}`, 1, fastSuite));
      }
    }
    expect(membership.all()).toHaveLength(ACTS_MAX);
    expect([membership.maySign, membership.mayLeave]).toEqual([false, true]);
    for (const author of [founder, ...joined]) {
      expect(add(membership, author, { type: 'leave' })).toBe('added');
    }
    expect(membership.members()).toEqual([]);
    expect(membership.all()).toHaveLength(ACTS_MAX + MEMBERS_MAX);
  });

  test('all authors together have less room than each of them alone would', () => {
    const { membership, joined } = crowd();
    const verdicts = new Set<string>();
    for (const author of joined) {
      for (let number = 0; number < ACTS_PER_AUTHOR_MAX; number += 1) {
        verdicts.add(add(membership, author, inviteBody(`s ${String(number)}`, 1, fastSuite)));
      }
    }
    expect(membership.all()).toHaveLength(ACTS_MAX);
    // Who misses an act of its own that was refused comes too early with the next.
    expect([...verdicts].toSorted()).toEqual(['added', 'early', 'too-many-acts']);
  });

  test('a ledger at its bounds is read again from disk', () => {
    const { membership } = crowd();
    expect(Ledger.read(fastSuite, membership.all())?.size).toBe(membership.all().length);
  });
});
