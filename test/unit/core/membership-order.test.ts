import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { Ledger } from '../../../src/core/ledger.ts';
import { Membership, type ActBody } from '../../../src/core/membership.ts';
import { judge, preferred, type OpenInvite } from '../../../src/core/standing.ts';
import { decodeAct, type SignedAct } from '../../../src/wire/act.ts';
import { Author, admitBody, deliver, fastSuite, found, identityOf } from './acts.ts';
import { inviteBody, outcome, removeBody } from './acts.ts';

const PEOPLE = ['attic', 'cellar', 'pi', 'shed', 'barn', 'mallory', 'sybil'];
const identities = new Map(PEOPLE.map((name) => [name, identityOf(name, fastSuite)]));

/** Acts of a cluster in which anybody does anything, allowed or not, and some contradict. */
function turmoil(seed: number, size: number): { founder: Author; acts: Bytes[] } {
  const random = new SeededRandom(seed);
  const founder = found('attic', 'lake', fastSuite);
  const others = PEOPLE.slice(1).map(
    (name) => new Author(who(name), founder.cluster, [], fastSuite),
  );
  const authors = [founder, ...others];
  const acts: Bytes[] = founder.chain.map(({ bytes }) => bytes);
  const secrets = Array.from({ length: 4 }, (_, n) => `secret ${String(n)}`);
  for (let step = 0; step < size; step += 1) {
    // The founder does most, so that something comes of it.
    const author = random.chance(0.4) ? founder : pick(random, authors);
    const body = act(random, founder, authors, secrets);
    const forks = author.chain.length > 2 && random.chance(0.1);
    const number = 2 + random.below(Math.max(1, author.chain.length - 1));
    acts.push((forks ? author.signAt(number, body) : author.sign(body)).bytes);
  }
  return { founder, acts };
}

function act(
  random: SeededRandom,
  founder: Author,
  authors: readonly Author[],
  secrets: readonly string[],
): ActBody {
  const secret = pick(random, secrets);
  const dice = random.next();
  if (dice < 0.35) return inviteBody(secret, 1 + random.below(3), fastSuite);
  const name = pick(random, PEOPLE);
  if (dice < 0.9) {
    const shown = random.chance(0.3) ? 'shed' : name;
    return admitBody(founder.cluster, who(name), shown, secret, fastSuite);
  }
  if (dice < 0.95) return { type: 'leave' };
  const target = authors.find(({ identity }) => identity.id === who(name).id) ?? founder;
  const removal = removeBody(target, random.below(Math.min(6, target.chain.length + 1)));
  // Some pin what nobody ever signed.
  const made = removal.last > 0 && random.chance(0.2);
  return made ? { ...removal, lastHash: fastSuite.hash(target.identity.publicKey) } : removal;
}

function who(name: string): ReturnType<typeof identityOf> {
  return identities.get(name) ?? identityOf(name, fastSuite);
}

function pick<T>(random: SeededRandom, list: readonly T[]): T {
  return random.pick(list) as T;
}

function start(founder: Author): Membership {
  const [first] = founder.chain as [SignedAct];
  return new Membership(fastSuite, founder.identity.id, [first.bytes]);
}

const worlds = fc.record({ seed: fc.integer(), size: fc.integer({ min: 1, max: 40 }) });

describe('the same acts in any order', () => {
  test('make the same members, names and acts, forks, leaves and removals included', () => {
    fc.assert(
      fc.property(worlds, fc.integer(), ({ seed, size }, order) => {
        const { founder, acts } = turmoil(seed, size);
        const [first, second] = [start(founder), start(founder)];
        deliver(first, acts);
        deliver(second, new SeededRandom(order).shuffle(acts));
        expect(outcome(second)).toEqual(outcome(first));
      }),
      { numRuns: 150 },
    );
  });

  test('make the same when only what is lacking is asked for, and when read from disk', () => {
    fc.assert(
      fc.property(worlds, ({ seed, size }) => {
        const { founder, acts } = turmoil(seed, size);
        const membership = start(founder);
        deliver(membership, acts);
        const again = new Membership(fastSuite, founder.identity.id, membership.all());
        expect(outcome(again)).toEqual(outcome(membership));
        expect(again.all()).toHaveLength(membership.all().length);
      }),
      { numRuns: 80 },
    );
  });

  test('are judged one by one as they are judged all together', () => {
    fc.assert(
      fc.property(worlds, ({ seed, size }) => {
        const { founder, acts } = turmoil(seed, size);
        const membership = start(founder);
        for (const bytes of [...acts, ...acts]) {
          const before = membership.members().map(({ id }) => id);
          const verdict = membership.add(bytes);
          const ledger = Ledger.read(fastSuite, membership.all()) as Ledger;
          const { nodes, invites } = judge(ledger);
          const expected = [...nodes.values()].map(({ id, left }) => [id, left]);
          expect(membership.everyone().map(({ id, state }) => [id, state === 'left'])).toEqual(
            expect.arrayContaining(expected),
          );
          expect(membership.everyone()).toHaveLength(expected.length);
          for (const announced of invites.values()) {
            const invite = preferred(founder.identity.id, announced) as OpenInvite;
            expect(membership.inviteBy(invite.act.key)?.redeemed).toBe(invite.redeemed);
          }
          // What the verdict says is the difference.
          if (verdict.type !== 'added' && verdict.type !== 'fork') continue;
          const after = new Set(before);
          for (const id of verdict.left) after.delete(id);
          for (const { id } of verdict.joined) after.add(id);
          expect([...after].toSorted()).toEqual(
            membership
              .members()
              .map(({ id }) => id)
              .toSorted(),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  test('show no two nodes under one name', () => {
    fc.assert(
      fc.property(worlds, ({ seed, size }) => {
        const { founder, acts } = turmoil(seed, size);
        const membership = start(founder);
        deliver(membership, acts);
        const names = membership.everyone().map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        for (const name of names) expect(name).toMatch(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
      }),
      { numRuns: 60 },
    );
  });

  test('once a node left, it is a member in no later state that has no fork', () => {
    fc.assert(
      fc.property(worlds, ({ seed, size }) => {
        const { founder, acts } = turmoil(seed, size);
        const membership = start(founder);
        const gone = new Set<string>();
        for (const bytes of [...acts, ...acts]) {
          const signed = decodeAct(fastSuite, bytes);
          const verdict = membership.add(bytes);
          // A fork takes back acts of its author, and its removals with them.
          if (verdict.type === 'fork') gone.clear();
          if (signed?.act.type === 'remove') gone.clear();
          for (const { id, state } of membership.everyone()) {
            if (state === 'left') gone.add(id);
            else expect(gone.has(id)).toBe(false);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('garbage in between is never thrown at anybody', () => {
    const { founder } = turmoil(1, 5);
    const membership = start(founder);
    const before = outcome(membership);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(membership.add(bytes)).toEqual({ type: 'refused', reason: 'malformed' });
      }),
    );
    expect(outcome(membership)).toEqual(before);
  });
});
