import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { minutes } from '../../../src/base/time.ts';
import { decodePacket } from '../../../src/wire/packet.ts';
import { harbour, type Harbour } from './harbour.ts';
import { Machine } from './machine.ts';
import { fromIp, toIp, type Datagram } from './wire.ts';

const THREE = { machines: ['attic', 'cellar', 'pi'] };
const YEAR = 365.25 * 86_400_000;

/** All that a node believes, but for how long ago. */
function beliefs(machine: Machine): unknown {
  const { members } = machine.view;
  return {
    members: members.map(({ id, name, state, address, proof, moves, tags }) => [
      ...[id, name, state, address, proof, moves],
      ...Object.entries(tags),
    ]),
    // How many voted is a matter of the last round, not of belief.
    own: machine.status.self.addresses.map(({ address }) => address),
    state: machine.status.self.state,
  };
}

const SHAKEN = ['member-lost', 'member-suspect', 'member-moved', 'self-moved', 'orphan', 'twin'];

const shaken = (machine: Machine): string[] =>
  machine.events.map(({ type }) => type).filter((type) => SHAKEN.includes(type));

/** What tells one use of a key from another: the receiver's index and the counter, in clear. */
const usesOf = (datagrams: readonly Datagram[]): string[] =>
  datagrams.flatMap(({ bytes }) => {
    const packet = decodePacket(bytes);
    return typeof packet !== 'string' && packet.type === 'session' ? [toHex(packet.header)] : [];
  });

describe('a wall clock that is set', () => {
  it.each([
    ['ten years ahead', 10 * YEAR],
    ['thirty years back', -30 * YEAR],
    ['an hour back, as in October', -3_600_000],
    ['by nine seconds', 9_000],
  ])('%s changes no belief, of its own node or of others', (_, by) => {
    const h = harbour(THREE);
    const before = h.machines.map(beliefs);
    h.machine(0).wallOffset += by;
    const look = (): void => {
      expect(h.machines.map(shaken)).toEqual([[], [], []]);
      expect(h.machines.map(beliefs)).toEqual(before);
    };
    // The next input is a beat away at most; keys are agreed anew within a round trip of it.
    h.wire.repeat(4, 1_200, look);
    h.wire.repeat(200, 10_000, look);
  });

  it('back and forth every second makes no one doubt another', () => {
    const h = harbour(THREE);
    const before = h.machines.map(beliefs);
    h.wire.repeat(1_000, 60_000, (turn) => {
      h.machine(0).wallOffset = turn % 2 === 0 ? YEAR : -YEAR;
    });
    h.wire.run(2_000);
    expect(h.machines.map(shaken)).toEqual([[], [], []]);
    expect(h.machines.map(beliefs)).toEqual(before);
  });

  it('back by years keeps no record from counting after a restart', () => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    attic.wallOffset -= 30 * YEAR;
    attic.crash();
    attic.move();
    h.wire.run(1_000);
    attic.start();
    expect(h.wire.runUntil(() => h.whole, 5_000)).toBe(true);
    expect(cellar.sees(attic).address).toContain(attic.ip);
    cellar.command({ type: 'tag', changes: [{ key: 'after', value: 'that' }] });
    expect(h.wire.runUntil(() => attic.sees(cellar).tags['after'] === 'that', 2_000)).toBe(true);
  });

  it('ends an invite, the one thing that has a date', () => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    const wish = { type: 'invite', at: [], uses: 1, expires: minutes(15) } as const;
    expect(attic.command(wish)).toMatchObject({ type: 'invited' });
    expect(attic.status.invites).toHaveLength(1);
    attic.wallOffset += YEAR;
    h.wire.run(1_000);
    expect(attic.status.invites).toHaveLength(0);
  });
});

describe('a machine resumed from a snapshot', () => {
  /** Goes on for a minute after the snapshot, and then once more from it. */
  function resumed(
    gap: number,
    wallGoesOn: boolean,
  ): { h: Harbour; attic: Machine; since: Harbour['wire']['now'] } {
    const h = harbour({ ...THREE, snapshots: true });
    const attic = h.machine(0);
    const kept = attic.snapshot();
    h.wire.run(gap);
    if (!wallGoesOn) attic.wallOffset -= gap;
    attic.resume(kept);
    for (const machine of h.machines) machine.events.length = 0;
    return { h, attic, since: h.wire.now };
  }

  it('uses no key and counter twice when its wall clock shows the gap', () => {
    const { h, attic, since } = resumed(60_000, true);
    h.wire.run(20_000);
    const before = usesOf(h.wire.sent.filter((one) => one.at < since && fromIp(attic.ip)(one)));
    const after = usesOf(h.wire.since(since, fromIp(attic.ip)));
    expect(after.length).toBeGreaterThan(20);
    expect(before.length).toBeGreaterThan(50);
    expect(after.filter((use) => before.includes(use))).toEqual([]);
    expect(h.whole).toBe(true);
  });

  it.each([
    ['a minute old, its wall clock going on', 60_000, true],
    ['a minute old, its wall clock as old', 60_000, false],
    ['eight seconds old', 8_000, true],
  ])('%s is found again at once, and costs nobody else a belief', (_, gap, wallGoesOn) => {
    const { h, attic } = resumed(gap, wallGoesOn);
    const [, cellar, pi] = h.machines;
    expect(h.wire.runUntil(() => h.whole, 5_000)).toBe(true);
    h.wire.run(20_000);
    expect(h.whole).toBe(true);
    expect(cellar?.sees(attic).moves).toBe(0);
    expect(cellar?.events.filter(({ type }) => type === 'member-lost')).toEqual([]);
    expect(pi?.eventsOf('self-moved')).toEqual([]);
  });

  it('twice says other hellos each time, since chance comes from outside', () => {
    const h = harbour({ ...THREE, snapshots: true });
    const attic = h.machine(0);
    const kept = attic.snapshot();
    const lives = [0, 1].map(() => {
      h.wire.run(60_000);
      attic.resume(kept);
      const since = h.wire.now;
      h.wire.run(1_000);
      const hellos = h.wire.since(since, (one) => fromIp(attic.ip)(one) && one.bytes[0] === 0x21);
      return new Set(hellos.map(({ bytes }) => toHex(bytes)));
    });
    const [one = new Set<string>(), other = new Set<string>()] = lives;
    expect(Math.min(one.size, other.size)).toBeGreaterThanOrEqual(2);
    expect([...one].filter((hello) => other.has(hello))).toEqual([]);
  });

  it('that is older than its last record goes above it', () => {
    const h = harbour({ ...THREE, snapshots: true });
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const kept = attic.snapshot();
    for (const value of ['one', 'two', 'three']) {
      attic.command({ type: 'tag', changes: [{ key: 'turn', value }] });
    }
    h.wire.run(20_000);
    attic.resume(kept);
    expect(cellar.sees(attic).tags).toEqual({ turn: 'three' });
    h.wire.run(10_000);
    // It knows of no tag; what it says now must count all the same.
    expect(cellar.sees(attic).tags).toEqual({});
    expect(attic.eventsOf('twin')).toEqual([]);
  });
});

describe('two machines that hold one key', () => {
  it('say so aloud, and so does their status, until one is stopped', () => {
    const h = harbour(THREE);
    const [attic, pi] = [h.machine(0), h.machine(2)];
    // The copy runs under the identity of the first, elsewhere.
    const twin = new Machine(h.wire, attic, new Map(attic.files));
    twin.start();
    h.wire.run(30_000);
    const told = attic.eventsOf('twin').length + twin.eventsOf('twin').length;
    expect(told).toBeGreaterThan(0);
    expect([...attic.status.advice, ...twin.status.advice].join()).toContain('this node’s key');
    expect(told).toBeLessThan(4);
    twin.crash();
    twin.unplug();
    expect(h.wire.runUntil(() => pi.hasFound(attic), 20_000)).toBe(true);
  });
});

describe('a loop that runs late', () => {
  it('by two seconds suspects nobody, and starts no round', () => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    const asked = (): boolean => h.wire.sent.at(-1)?.from.ip === attic.ip;
    for (let turn = 0; turn < 10; turn += 1) {
      // Its question has just left: the answer will wait in the socket for as long as it sleeps.
      expect(h.wire.runUntil(asked, 5_000)).toBe(true);
      attic.stall(2_000);
      h.wire.run(2_000 + 1_700);
    }
    expect(shaken(attic)).toEqual([]);
    expect(attic.eventsOf('doubt')).toEqual([]);
    expect(h.whole).toBe(true);
  });

  it('by two seconds makes others ask, not give up', () => {
    const h = harbour(THREE);
    h.machine(0).stall(2_000);
    h.wire.run(6_000);
    const [, cellar, pi] = h.machines;
    for (const other of [cellar, pi]) expect(other?.eventsOf('member-lost')).toEqual([]);
    expect(h.whole).toBe(true);
  });
});

describe('time-outs', () => {
  /** From the last ping that was answered to the first doubt after everything went silent. */
  function noticed(h: Harbour, attic: Machine, lost: string): number {
    attic.events.length = 0;
    const { passes } = h.wire;
    h.wire.passes = (one) => one.from.ip !== lost && one.to.ip !== lost && passes(one);
    const since = h.wire.now;
    expect(h.wire.runUntil(() => attic.eventsOf('doubt').length > 0, 10_000)).toBe(true);
    const [first] = h.wire.since(since, (one) => fromIp(attic.ip)(one) && toIp(lost)(one));
    h.wire.passes = passes;
    return h.wire.now - (first?.at ?? since);
  }

  it('are no longer after a minute without answers than before it', () => {
    const h = harbour(THREE);
    const [attic, cellar, pi] = [h.machine(0), h.machine(1), h.machine(2)];
    const before = noticed(h, attic, cellar.ip);
    h.wire.runUntil(() => h.whole, 120_000);
    const { passes } = h.wire;
    h.wire.passes = (one) => ![one.from.ip, one.to.ip].includes(attic.ip);
    h.wire.run(60_000);
    h.wire.passes = passes;
    expect(h.wire.runUntil(() => h.whole, 10_000)).toBe(true);
    h.wire.run(20_000);
    const after = noticed(h, attic, pi.ip);
    expect([before, after].map((time) => Math.round(time))).toEqual([150, 150]);
  });

  it('let a link through that is slower than the first guess', () => {
    const h = harbour({ machines: ['attic', 'cellar'] });
    h.wire.delay = () => 450;
    for (const machine of h.machines) machine.restart();
    expect(h.wire.runUntil(() => h.whole, 10_000)).toBe(true);
    h.wire.run(20_000);
    for (const machine of h.machines) machine.events.length = 0;
    h.wire.run(60_000);
    expect(h.machines.map(shaken)).toEqual([[], []]);
    expect(h.machine(0).sees(h.machine(1)).rttMs).toBeCloseTo(900, -1);
  });
});
