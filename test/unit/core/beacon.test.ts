import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/base/bytes.ts';
import type { NodeId } from '../../../src/base/id.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant, type Instant } from '../../../src/base/time.ts';
import { Beacons, type BeaconVerdict } from '../../../src/core/beacon.ts';
import {
  BEACON_ANSWERS,
  BEACON_BUDGET,
  BEACON_GAP,
  BEACON_KEYS,
  BEACON_NONCES,
} from '../../../src/core/config.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import type { Suite } from '../../../src/crypto/suite.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { decodeBeacon, type Beacon } from '../../../src/wire/beacon.ts';
import { at } from '../wire/samples.ts';
import { clusterOfMachines, fastSuite, found, identityOf, type Author } from './acts.ts';

const random = new SeededRandom(1);
const home = clusterOfMachines('attic', 'cellar', 'pi');
const [cellar, pi] = home.joined as [Author, Author];
const acts = bytesOf(home.founder);
const everyone = (): boolean => true;

function bytesOf(...authors: readonly Author[]): readonly Bytes[] {
  return authors.flatMap(({ chain }) => chain.map(({ bytes }) => bytes));
}

function beaconsOf(identity: Identity, suite: Suite = nodeSuite, founder = home.founder): Beacons {
  return new Beacons(suite, identity, founder.cluster);
}

/** What this node calls when it holds these acts. */
function call(
  identity: Identity,
  held: readonly Bytes[] = acts,
  suite: Suite = nodeSuite,
  founder = home.founder,
): Beacon {
  const bytes = beaconsOf(identity, suite, founder).make(held, random.bytes(16));
  const beacon = bytes === undefined ? undefined : decodeBeacon(bytes);
  if (beacon === undefined) throw new Error('no beacon was made');
  return beacon;
}

function reason(verdict: BeaconVerdict): string {
  return verdict.type === 'dropped' ? verdict.reason : `called by ${verdict.by}`;
}

describe('a beacon', () => {
  it('of a member is known as its call, once', () => {
    const attic = beaconsOf(home.founder.identity);
    const beacon = call(pi.identity);
    const hear = (): string => reason(attic.hear(beacon, acts, instant(0), everyone));
    expect(hear()).toBe(`called by ${pi.identity.id}`);
    expect(hear()).toBe('beacon-repeated');
    expect(hear()).toBe('beacon-repeated');
  });

  it('of another cluster is not opened', () => {
    const elsewhere = found('barn', 'pond');
    const beacon = call(pi.identity, bytesOf(elsewhere));
    const attic = beaconsOf(home.founder.identity);
    expect(reason(attic.hear(beacon, acts, instant(0), everyone))).toBe('beacon-unopened');
  });

  it('of one that left, or never was a member, calls nobody, whatever keys it has', () => {
    const attic = beaconsOf(home.founder.identity);
    const left = new Set<NodeId>([pi.identity.id]);
    const isMember = (id: NodeId): boolean => !left.has(id);
    expect(reason(attic.hear(call(pi.identity), acts, instant(0), isMember))).toBe(
      'beacon-stranger',
    );
    // It signed its leave itself, and so knows the key that follows from it.
    const after = [...acts, pi.signAt(1, { type: 'leave' }).bytes];
    expect(reason(attic.hear(call(pi.identity, after), after, instant(0), isMember))).toBe(
      'beacon-stranger',
    );
  });

  it('made in another member’s name is known for a forgery', () => {
    const attic = beaconsOf(home.founder.identity);
    const { id, seed, publicKey, agreement } = cellar.identity;
    const sign = (data: Bytes): Bytes => pi.identity.sign(data);
    const liar: Identity = { id, seed, publicKey, agreement, sign };
    expect(reason(attic.hear(call(liar), acts, instant(0), everyone))).toBe('beacon-forged');
  });

  it('that comes back to its own sender is known as its own', () => {
    const beacon = call(pi.identity);
    const own = beaconsOf(pi.identity);
    expect(reason(own.hear(beacon, acts, instant(0), everyone))).toBe('beacon-own');
  });

  it('is not made without the founding act', () => {
    expect(beaconsOf(pi.identity).make([], random.bytes(16))).toBeUndefined();
  });
});

describe('departures', () => {
  const names = Array.from({ length: BEACON_KEYS + 1 }, (_, index) => `box-${String(index)}`);
  const { founder, joined } = clusterOfMachines('attic', ...names);
  const before = bytesOf(founder);
  const leaves = joined.map((author) => author.signAt(1, { type: 'leave' }).bytes);
  const caller = identityOf('caller');
  const heard = (sender: readonly Bytes[], listener: readonly Bytes[]): string => {
    const attic = beaconsOf(founder.identity, nodeSuite, founder);
    const beacon = call(caller, sender, nodeSuite, founder);
    return reason(attic.hear(beacon, listener, instant(0), everyone));
  };

  it('that the caller missed are no hindrance up to seven, and one from the eighth on', () => {
    const known = `called by ${caller.id}`;
    for (let missed = 0; missed < BEACON_KEYS; missed += 1) {
      expect(heard(before, [...before, ...leaves.slice(0, missed)])).toBe(known);
    }
    expect(heard(before, [...before, ...leaves.slice(0, BEACON_KEYS)])).toBe('beacon-unopened');
  });

  it('that the listener has not heard of keep it from reading along', () => {
    expect(heard([...before, ...leaves.slice(0, 1)], before)).toBe('beacon-unopened');
  });

  it('are counted in whatever order they arrived, for who knows of all', () => {
    const [one, other, third] = leaves as [Bytes, Bytes, Bytes];
    const turned = [...before, third, one, other];
    expect(heard([...before, one, other, third], turned)).toBe(`called by ${caller.id}`);
  });

  it('that arrive while the node runs change its key', () => {
    const attic = beaconsOf(founder.identity, nodeSuite, founder);
    const [leave = new Uint8Array(0)] = leaves;
    const hear = (beacon: Beacon, held: readonly Bytes[]): string =>
      reason(attic.hear(beacon, held, instant(0), everyone));
    const newer = call(caller, [...before, leave], nodeSuite, founder);
    expect(hear(newer, before)).toBe('beacon-unopened');
    expect(hear(newer, [...before, leave])).toBe(`called by ${caller.id}`);
  });
});

describe('what strangers can do', () => {
  it('costs at most 64 openings a second', () => {
    const attic = beaconsOf(home.founder.identity);
    const noise = (): Beacon => ({
      type: 'beacon',
      nonce: random.bytes(16),
      sealed: random.bytes(112),
    });
    const hear = (now: Instant, beacon = noise()): string =>
      reason(attic.hear(beacon, acts, now, everyone));
    for (let count = 0; count < BEACON_BUDGET; count += 1) {
      expect(hear(instant(0))).toBe('beacon-unopened');
    }
    expect(hear(instant(0))).toBe('beacon-budget');
    expect(hear(instant(0), call(pi.identity))).toBe('beacon-budget');
    expect(hear(instant(1_000))).toBe('beacon-unopened');
  });

  it('pushes no nonce out of memory; genuine ones do, one by one', () => {
    const attic = found('attic', 'lake', fastSuite);
    const cellarToo = identityOf('cellar', fastSuite);
    const held = bytesOf(attic);
    const listener = beaconsOf(attic.identity, fastSuite, attic);
    let now = 0;
    const hear = (beacon: Beacon): string => {
      now += 1_000;
      return reason(listener.hear(beacon, held, instant(now), everyone));
    };
    const next = (): Beacon => call(cellarToo, held, fastSuite, attic);
    const first = next();
    expect(hear(first)).toContain('called');
    for (let count = 1; count < BEACON_NONCES; count += 1) hear(next());
    const noise = { ...next(), sealed: random.bytes(112) };
    expect(hear(noise)).toBe('beacon-unopened');
    expect(hear(first)).toBe('beacon-repeated');
    hear(next());
    expect(hear(first)).toContain('called');
  });
});

describe('answers', () => {
  const from = at('192.0.2.7:4117');
  const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => identityOf(name).id);
  const [a, b] = ids as [NodeId, NodeId];

  it('wait until their time, the soonest first', () => {
    const beacons = beaconsOf(home.founder.identity);
    expect(beacons.nextDue).toBeUndefined();
    expect(beacons.hold({ peer: a, from, at: instant(150) }, instant(0))).toBe(true);
    expect(beacons.hold({ peer: b, from, at: instant(90) }, instant(0))).toBe(true);
    expect(beacons.nextDue).toBe(90);
    expect(beacons.due(instant(89))).toEqual([]);
    expect(beacons.due(instant(90)).map(({ peer }) => peer)).toEqual([b]);
    expect(beacons.nextDue).toBe(150);
    expect(beacons.due(instant(200)).map(({ peer }) => peer)).toEqual([a]);
    expect(beacons.due(instant(999))).toEqual([]);
  });

  it('to one member are half a second apart', () => {
    const beacons = beaconsOf(home.founder.identity);
    const hold = (now: number): boolean => {
      const held = beacons.hold({ peer: a, from, at: instant(now) }, instant(now));
      beacons.due(instant(now));
      return held;
    };
    expect(hold(0)).toBe(true);
    expect(hold(BEACON_GAP - 1)).toBe(false);
    expect(hold(BEACON_GAP)).toBe(true);
  });

  it('wait four at a time, and no more', () => {
    const beacons = beaconsOf(home.founder.identity);
    const held = ids.map((peer) => beacons.hold({ peer, from, at: instant(100) }, instant(0)));
    expect(held.filter(Boolean).length).toBe(BEACON_ANSWERS);
    expect(held.at(-1)).toBe(false);
    beacons.due(instant(100));
    const last = ids.at(-1) ?? a;
    // Refused for lack of room is not answered: it may come again at once.
    expect(beacons.hold({ peer: last, from, at: instant(110) }, instant(101))).toBe(true);
  });
});
