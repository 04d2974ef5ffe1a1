import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../../src/base/id.ts';
import { elect, groupVoters, type Ballot, type Voter } from '../../../src/core/vote.ts';

function voter(id: string, network?: string, admitter?: string): Voter {
  return { id: id as NodeId, network, admitter: admitter as NodeId | undefined };
}

/** How many groups, and who stands with whom. */
function groupsOf(voters: readonly Voter[]): string[] {
  const members = new Map<number, string[]>();
  for (const [id, group] of groupVoters(voters)) {
    members.set(group, [...(members.get(group) ?? []), id]);
  }
  return [...members.values()].map((ids) => ids.join('+')).toSorted();
}

describe('groups of voters', () => {
  test('are made of one network or one admitter, as long as three remain', () => {
    const voters = [
      voter('a', 'n1', 'x'),
      voter('b', 'n1', 'y'),
      voter('c', 'n2', 'y'),
      voter('d', 'n3', 'z'),
      voter('e', 'n4', 'w'),
    ];
    expect(groupsOf(voters)).toEqual(['a+b+c', 'd', 'e']);
  });

  test('are made by network alone when the founder admitted everyone', () => {
    const voters = ['n1', 'n2', 'n3', 'n3'].map((network, n) =>
      voter(`v${String(n)}`, network, 'f'),
    );
    expect(groupsOf(voters)).toEqual(['v0', 'v1', 'v2+v3']);
  });

  test('are made by admitter alone when everyone is in one network', () => {
    const voters = ['f', 'g', 'h', 'h'].map((admitter, n) => voter(`v${String(n)}`, 'n', admitter));
    expect(groupsOf(voters)).toEqual(['v0', 'v1', 'v2+v3']);
  });

  test('are single voters in a home network of one founder', () => {
    const voters = ['a', 'b', 'c', 'd'].map((id) => voter(id, 'home', 'f'));
    expect(groupsOf(voters)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('hold nobody together by what is not known of them', () => {
    const voters = ['a', 'b', 'c', 'd'].map((id) => voter(id));
    expect(groupsOf(voters)).toEqual(['a', 'b', 'c', 'd']);
    expect(groupsOf([])).toEqual([]);
  });

  test('are not made when that would leave two', () => {
    const voters = ['n1', 'n1', 'n2', 'n2'].map((network, n) => voter(`v${String(n)}`, network));
    expect(groupsOf(voters)).toEqual(['v0', 'v1', 'v2', 'v3']);
  });

  test('are made by network rather than by admitter when either would do', () => {
    // Together they would be one group.
    const voters = [
      voter('a', 'n1', 'x'),
      voter('b', 'n1', 'y'),
      voter('c', 'n2', 'y'),
      voter('d', 'n2', 'z'),
      voter('e', 'n3', 'z'),
    ];
    expect(groupsOf(voters)).toEqual(['a+b', 'c+d', 'e']);
  });

  test('leave those apart of whom a network is not known', () => {
    const voters = [voter('a'), voter('b'), voter('c', 'n1'), voter('d', 'n2'), voter('e', 'n2')];
    expect(groupsOf(voters)).toEqual(['a', 'b', 'c', 'd+e']);
  });

  test('do not hang on the order of the voters', () => {
    const anyone = fc.record({
      network: fc.constantFrom('n1', 'n2', 'n3', 'n4', undefined),
      admitter: fc.constantFrom('x', 'y', 'z', undefined),
    });
    fc.assert(
      fc.property(fc.array(anyone, { maxLength: 12 }), (list) => {
        const voters = list.map(({ network, admitter }, n) =>
          voter(String.fromCharCode(97 + n), network, admitter),
        );
        const sorted = (texts: string[]): string[] =>
          texts.map((text) => text.split('+').toSorted().join('+')).toSorted();
        expect(sorted(groupsOf(voters.toReversed()))).toEqual(sorted(groupsOf(voters)));
      }),
    );
  });
});

describe('an election', () => {
  const alone = (ballots: readonly Ballot[]): ReturnType<typeof groupVoters> =>
    groupVoters(ballots.map(({ voter: by }) => by));
  const cast = (...choices: readonly string[]): Ballot[] =>
    choices.map((choice, n) => ({ voter: voter(`v${String(n)}`), choice }));

  test('without ballots has no outcome', () => {
    expect(elect([], new Map(), 'a')).toBeUndefined();
  });

  test('goes to most groups, not to most voters', () => {
    const sybils = Array.from({ length: 50 }, (_, n): Ballot => {
      return { voter: voter(`s${String(n)}`, `far ${String(n)}`, 'mallory'), choice: 'lie' };
    });
    const honest = ['x', 'y'].map((id): Ballot => {
      return { voter: voter(id, `net ${id}`, `by ${id}`), choice: 'truth' };
    });
    const ballots = [...sybils, ...honest];
    expect(elect(ballots, alone(ballots), undefined)).toEqual({
      choice: 'truth',
      votes: 2,
      voters: 52,
      clear: true,
    });
  });

  test('that ends in a tie keeps the present choice, and is not clear', () => {
    for (const present of ['a', 'b']) {
      const ballots = cast('a', 'b', 'a', 'b');
      expect(elect(ballots, alone(ballots), present)).toMatchObject({
        choice: present,
        clear: false,
      });
    }
  });

  test('that ties without the present choice counts no heads: the first text wins', () => {
    const ballots: Ballot[] = [
      { voter: voter('a', 'n1'), choice: 'zebra' },
      { voter: voter('b', 'n1'), choice: 'zebra' },
      { voter: voter('c', 'n2'), choice: 'other' },
      { voter: voter('d', 'n3'), choice: 'third' },
    ];
    expect(elect(ballots, alone(ballots), 'old')).toMatchObject({ choice: 'other', votes: 1 });
    expect(elect(ballots.toReversed(), alone(ballots), 'old')).toMatchObject({ choice: 'other' });
  });

  test('gives each choice its part of a group that is tied inside, whatever the heads', () => {
    const ballots: Ballot[] = [
      { voter: voter('a', 'n1', 'x'), choice: 'new' },
      { voter: voter('b', 'n2', 'x'), choice: 'phantom' },
      { voter: voter('c', 'n3', 'y'), choice: 'new' },
      { voter: voter('d', 'n4', 'z'), choice: 'phantom' },
      { voter: voter('e', 'n5', 'w'), choice: 'new' },
    ];
    const grouping = groupVoters(ballots.map((ballot) => ballot.voter));
    expect(elect(ballots, grouping, undefined)).toMatchObject({ choice: 'new', clear: true });
  });

  test('does not hang on the order of the ballots', () => {
    const choices = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(choices, fc.constantFrom('a', 'z', undefined), (list, present) => {
        const ballots = cast(...list);
        const outcome = elect(ballots, alone(ballots), present);
        expect(elect(ballots.toReversed(), alone(ballots), present)).toEqual(outcome);
      }),
    );
  });

  test('lets one voter of a group not speak for its others', () => {
    const ballots: Ballot[] = [
      { voter: voter('liar', 'n1'), choice: 'lie' },
      { voter: voter('b', 'n1'), choice: 'truth' },
      { voter: voter('c', 'n1'), choice: 'truth' },
      { voter: voter('d', 'n2'), choice: 'lie' },
      { voter: voter('e', 'n3'), choice: 'truth' },
    ];
    expect(elect(ballots, alone(ballots), undefined)).toMatchObject({ choice: 'truth' });
  });
});
