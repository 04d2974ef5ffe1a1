import { describe, expect, test } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import { UserError } from '../../../src/base/errors.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { wallTime } from '../../../src/base/time.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { INVITES_MAX, KNOCKS_MAX } from '../../../src/core/config.ts';
import { Invites } from '../../../src/core/invites.ts';
import { inviteKeyOf, knockTag } from '../../../src/wire/token.ts';

const NOW = wallTime(1_000_000);
const SOON = wallTime(1_060_000);
const random = new SeededRandom(1);

function secret(): Bytes {
  return random.bytes(16);
}

function tag(key: Bytes): Bytes {
  return knockTag(nodeSuite, key, random.bytes(10));
}

function empty(): Invites {
  return new Invites(nodeSuite, []);
}

describe('a knock', () => {
  test('with a tag of a live invite opens the door', () => {
    const invites = empty();
    invites.make(secret(), 1, SOON);
    const { key } = invites.make(secret(), 1, SOON);
    expect(invites.knock(tag(key), NOW)).toBe(true);
  });

  test('without a tag, with one of nobody, or with a wrong octet does not', () => {
    const invites = empty();
    const { key } = invites.make(secret(), 1, SOON);
    const stranger = inviteKeyOf(nodeSuite, secret()).public;
    const wrong = tag(key);
    wrong[25] = (wrong[25] ?? 0) ^ 1;
    for (const bad of [undefined, tag(stranger), wrong, new Uint8Array(0), tag(key).slice(1)]) {
      expect(invites.knock(bad, NOW)).toBe(false);
    }
  });

  test('seen before does not, however good it was', () => {
    const invites = empty();
    const { key } = invites.make(secret(), 5, SOON);
    const recorded = tag(key);
    expect(invites.knock(recorded, NOW)).toBe(true);
    expect(invites.knock(recorded, NOW)).toBe(false);
    expect(invites.knock(tag(key), NOW)).toBe(true);
  });

  test('at an expired invite does not', () => {
    const invites = empty();
    const { key } = invites.make(secret(), 1, SOON);
    expect(invites.knock(tag(key), SOON)).toBe(false);
  });

  test('opens so many times an invite, and others go on', () => {
    const invites = empty();
    const [flooded, other] = [invites.make(secret(), 1, SOON), invites.make(secret(), 1, SOON)];
    for (let n = 0; n < KNOCKS_MAX; n += 1) {
      expect(invites.knock(tag(flooded.key), NOW)).toBe(true);
    }
    expect(invites.knock(tag(flooded.key), NOW)).toBe(false);
    expect(invites.judge(flooded.key, 0, NOW)).toBe('ok');
    expect(invites.knock(tag(other.key), NOW)).toBe(true);
  });
});

describe('a request', () => {
  test('is judged by uses left and the clock of the maker', () => {
    const invites = empty();
    const { key } = invites.make(secret(), 2, SOON);
    expect(invites.judge(key, 0, NOW)).toBe('ok');
    expect(invites.judge(key, 1, NOW)).toBe('ok');
    expect(invites.judge(key, 2, NOW)).toBe('spent');
    expect(invites.judge(key, 0, wallTime(SOON - 1))).toBe('ok');
    expect(invites.judge(key, 0, SOON)).toBe('expired');
    expect(invites.judge(inviteKeyOf(nodeSuite, secret()).public, 0, NOW)).toBe('unknown-invite');
  });

  test('on a spent invite still reaches the door, to be told so', () => {
    const invites = empty();
    const { key } = invites.make(secret(), 1, SOON);
    expect(invites.judge(key, 1, NOW)).toBe('spent');
    expect(invites.knock(tag(key), NOW)).toBe(true);
  });
});

describe('invites kept', () => {
  test('come back from disk as they were', () => {
    const invites = empty();
    const { key } = invites.make(secret(), 3, SOON);
    const again = new Invites(nodeSuite, invites.stored());
    expect(again.stored()).toEqual(invites.stored());
    expect(again.knock(tag(key), NOW)).toBe(true);
    expect(again.judge(key, 2, NOW)).toBe('ok');
  });

  test('are shown while they can be redeemed', () => {
    const invites = empty();
    const { key } = invites.make(secret(), 3, SOON);
    const spent = invites.make(secret(), 1, SOON);
    invites.make(secret(), 1, NOW);
    const redeemed = (of: Bytes): number => (of === spent.key || of === key ? 1 : 0);
    expect(invites.live(NOW, redeemed)).toEqual([{ usesLeft: 2, expiresIn: 60_000 }]);
  });

  test('are no more than so many at once', () => {
    const invites = empty();
    for (let n = 0; n < INVITES_MAX; n += 1) {
      expect(invites.full).toBe(false);
      invites.make(secret(), 1, SOON);
    }
    expect(invites.full).toBe(true);
    expect(() => invites.make(secret(), 1, SOON)).toThrow(UserError);
    const overfull = [...invites.stored(), ...invites.stored().slice(0, 5)];
    expect(new Invites(nodeSuite, overfull).stored().length).toBeLessThanOrEqual(INVITES_MAX);
  });

  test('are forgotten when they expired, spent ones when there is no room else', () => {
    const invites = empty();
    const keys = Array.from({ length: INVITES_MAX - 1 }, () => invites.make(secret(), 1, SOON).key);
    invites.make(secret(), 1, NOW);
    const all = (): number => 1;
    expect(invites.prune(NOW, all)).toBe(true);
    expect(invites.stored()).toHaveLength(INVITES_MAX - 1);
    expect(invites.prune(NOW, all)).toBe(false);
    invites.make(secret(), 1, SOON);
    expect(invites.prune(NOW)).toBe(false);
    const first = keys[0];
    expect(invites.prune(NOW, (key) => (key === first ? 0 : 1))).toBe(true);
    expect(invites.full).toBe(false);
    expect(invites.judge(keys[0] ?? secret(), 0, NOW)).toBe('ok');
    expect(invites.judge(keys[1] ?? secret(), 0, NOW)).toBe('unknown-invite');
    expect(invites.prune(SOON)).toBe(true);
    expect(invites.stored()).toEqual([]);
  });

  test('have at least one use and at most what an act can say', () => {
    for (const uses of [0, -1, 1.5, 65_536, NaN]) {
      expect(() => empty().make(secret(), uses, SOON)).toThrow(/uses/);
    }
  });
});
