import { beforeEach, describe, expect, test } from 'vitest';
import { compare } from '../../../src/base/bytes.ts';
import type { ActVerdict, Membership } from '../../../src/core/membership.ts';
import { ASIDE_MAX } from '../../../src/core/pins.ts';
import type { SignedAct } from '../../../src/wire/act.ts';
import { Author, clusterOfMachines, deliver, fastSuite, found, identityOf } from './acts.ts';
import { admitBody, inviteBody, membershipOf, outcome, removeBody } from './acts.ts';

/** Acts that eight datagrams hold: the most that answers one want. */
const ANSWER = 42;

let founder: Author;
let mallory: Author;
let pi: Author;
/** Signed by mallory when all was well: pi came by it. */
let genuine: Author;

beforeEach(() => {
  const { founder: attic, joined } = clusterOfMachines('attic', 'mallory');
  [founder, mallory] = [attic, joined[0] as Author];
  mallory.invite('for pi');
  mallory.admit(identityOf('pi'), 'pi', 'for pi');
  pi = new Author(identityOf('pi'), founder.cluster);
  genuine = mallory;
});

function bytesOf(...authors: readonly Author[]): Uint8Array[] {
  return authors.flatMap(({ chain }) => chain.map(({ bytes }) => bytes));
}

function names(membership: Membership): string[] {
  return membership.members().map(({ name }) => name);
}

/** Acts of this number by mallory on another branch, with a lower hash than the genuine one. */
function lowerFork(number: number, secret = 'sybil'): Author {
  const branch = genuine.branch(number);
  const held = genuine.chain[number - 1] as SignedAct;
  for (let n = 0; ; n += 1) {
    const act = genuine.signAt(number, inviteBody(`${secret} ${String(n)}`, 9));
    if (compare(act.hash, held.hash) > 0) continue;
    branch.chain.push(act);
    branch.admit(identityOf('sybil'), 'sybil', `${secret} ${String(n)}`);
    return branch;
  }
}

describe('who was removed', () => {
  test('cannot fork below the last valid act, though its other branch has the lower hash', () => {
    const forked = lowerFork(1);
    const membership = membershipOf(founder, genuine);
    membership.add(founder.sign(removeBody(genuine)).bytes);
    const verdict = membership.add(forked.chain[0]?.bytes ?? new Uint8Array(0));
    expect(verdict).toMatchObject({ type: 'fork', replaced: false });
    deliver(membership, bytesOf(forked));
    expect(names(membership)).toEqual(['attic', 'pi']);
    expect(membership.acts(mallory.identity.id, 1)).toEqual(genuine.chain);
  });

  test('cannot put a leave in the place of a pinned act either', () => {
    const membership = membershipOf(founder, genuine);
    membership.add(founder.sign(removeBody(genuine)).bytes);
    expect(membership.add(genuine.signAt(1, { type: 'leave' }).bytes)).toMatchObject({
      type: 'fork',
      replaced: false,
    });
  });

  test('can fork above it, and nothing comes of that', () => {
    const removal = founder.sign(removeBody(genuine, 2));
    genuine.invite('later');
    const forked = lowerFork(3);
    const membership = membershipOf(founder, genuine);
    expect(membership.add(removal.bytes).type).toBe('known');
    deliver(membership, bytesOf(forked));
    expect(membership.acts(mallory.identity.id, 3)).toEqual(forked.chain.slice(2));
    expect(names(membership)).toEqual(['attic', 'pi']);
  });

  test('whose forked branch came before the removal loses it again, in any order', () => {
    const forked = lowerFork(1);
    const removal = founder.sign(removeBody(genuine));
    const all = bytesOf(genuine, forked);
    for (const rest of [all, all.toReversed()]) {
      const membership = membershipOf(founder.branch(4));
      deliver(membership, bytesOf(forked));
      expect(names(membership)).toEqual(['attic', 'mallory', 'sybil']);
      // The branch that is held does not lead to the pinned act: nothing of it counts any more.
      expect(membership.add(removal.bytes)).toMatchObject({ type: 'added' });
      expect(names(membership)).toEqual(['attic']);
      deliver(membership, rest);
      expect(names(membership)).toEqual(['attic', 'pi']);
      expect(outcome(membership)).toEqual(outcome(membershipOf(founder, genuine)));
    }
  });

  test('whose branches are long is followed to the pinned act, an answer at a time', () => {
    for (let n = 0; n < 150; n += 1) genuine.invite(`long ${String(n)}`);
    const forked = lowerFork(1);
    const membership = membershipOf(founder.branch(4));
    deliver(membership, bytesOf(forked));
    membership.add(founder.sign(removeBody(genuine)).bytes);
    let from = genuine.chain.length;
    let answers = 0;
    const forks: ActVerdict[] = [];
    for (; forks.length === 0 && answers < 20; answers += 1) {
      const haves: number[] = [];
      for (const { bytes } of genuine.chain.slice(from - 1, from - 1 + ANSWER)) {
        const verdict = membership.add(bytes);
        if (verdict.type === 'early') haves.push(verdict.have);
        if (verdict.type === 'fork') forks.push(verdict);
      }
      // As the machine wants them: down at once, up when the time has come.
      const lower = haves.filter((have) => have < from - 1);
      from = (lower.length > 0 ? Math.min(...lower) : Math.max(...haves)) + 1;
    }
    expect(forks).toMatchObject([{ type: 'fork', replaced: true, number: 1 }]);
    expect(membership.acts(mallory.identity.id, 1)).toEqual(genuine.chain);
    expect(answers).toBeLessThanOrEqual(10);
  });
});

describe('a removal that pins', () => {
  test('nothing leaves no act of its target valid', () => {
    founder.sign(removeBody(genuine, 0));
    expect(names(membershipOf(founder, genuine))).toEqual(['attic']);
  });

  test('an act that is not there yet leaves none valid until it is', () => {
    const membership = membershipOf(founder);
    membership.add(founder.sign(removeBody(genuine)).bytes);
    const [invite, admission] = genuine.chain as [SignedAct, SignedAct];
    expect(membership.add(invite.bytes)).toMatchObject({ type: 'added' });
    expect(names(membership)).toEqual(['attic']);
    const verdict = membership.add(admission.bytes);
    expect(verdict).toMatchObject({ type: 'added', joined: [{ id: pi.identity.id }] });
  });

  test('an act that nobody signed leaves none valid', () => {
    const lastHash = new Uint8Array(32).fill(7);
    founder.sign({ ...removeBody(genuine), lastHash });
    expect(names(membershipOf(founder, genuine))).toEqual(['attic']);
  });

  test('another branch than a second removal leaves none valid, and all hold the same one', () => {
    const forked = lowerFork(1);
    founder.sign(removeBody(genuine));
    founder.sign(removeBody(forked));
    const [first, second] = [membershipOf(founder), membershipOf(founder)];
    deliver(first, bytesOf(genuine, forked));
    deliver(second, bytesOf(forked, genuine));
    expect(outcome(first)).toEqual(outcome(second));
    expect(names(first)).toEqual(['attic']);
  });

  test('a lower number than a second removal does not free the acts between them', () => {
    genuine.invite('third');
    founder.sign(removeBody(genuine, 1));
    founder.sign(removeBody(genuine, 3));
    const membership = membershipOf(founder, genuine);
    deliver(membership, bytesOf(lowerFork(2)));
    expect(membership.acts(mallory.identity.id, 1)).toEqual(genuine.chain);
  });

  test('is no word about forks from who is no nearer the founder than its target', () => {
    // pi came by mallory: were its word heard, what is kept would hang on what was heard first.
    const forked = lowerFork(1);
    const removal = pi.sign(removeBody(genuine));
    const all = [...bytesOf(genuine), removal.bytes, ...bytesOf(forked)];
    const [first, second] = [membershipOf(founder), membershipOf(founder)];
    deliver(first, all);
    deliver(second, all.toReversed());
    expect(outcome(first)).toEqual(outcome(second));
    expect(first.acts(mallory.identity.id, 1)).toEqual(forked.chain);
    expect(names(first)).toEqual(['attic', 'mallory', 'sybil']);
  });

  test('is no word about forks when its target signs it itself', () => {
    const forked = lowerFork(1);
    genuine.sign(removeBody(genuine, 2));
    const membership = membershipOf(founder, genuine);
    deliver(membership, bytesOf(forked));
    expect(membership.acts(mallory.identity.id, 1)).toEqual(forked.chain);
  });

  test('makes nobody keep more than so many acts of other branches', () => {
    const attic = found('attic', 'lake', fastSuite);
    attic.sign(inviteBody('many', 9, fastSuite));
    const other = identityOf('mallory', fastSuite);
    attic.sign(admitBody(attic.cluster, other, 'mallory', 'many', fastSuite));
    const chain = new Author(other, attic.cluster, [], fastSuite);
    for (let n = 0; n < 3; n += 1) chain.sign(inviteBody(`n ${String(n)}`, 1, fastSuite));
    const held = chain.branch(1);
    const fork = chain.signAt(1, inviteBody('fork', 1, fastSuite));
    const [lower, higher] =
      compare(fork.hash, (chain.chain[0] as SignedAct).hash) < 0
        ? [[fork], chain.chain]
        : [chain.chain, [fork]];
    held.chain.push(...lower);
    const membership = membershipOf(attic, held);
    const pinned = new Author(other, attic.cluster, [...higher], fastSuite);
    const second = pinned.sign(inviteBody('second', 1, fastSuite));
    membership.add(attic.sign(removeBody(pinned)).bytes);
    // The pinned act comes, then a flood of others, then its predecessors: it is forgotten by then.
    membership.add(second.bytes);
    for (let n = 0; n < ASIDE_MAX; n += 1) {
      membership.add(
        pinned.signAt(pinned.chain.length, inviteBody(`f ${String(n)}`, 1, fastSuite)).bytes,
      );
    }
    const verdicts = higher.map(({ bytes }) => membership.add(bytes).type);
    expect(verdicts).not.toContain('fork');
    expect(membership.add(second.bytes)).toMatchObject({ type: 'fork', replaced: true });
  });
});
