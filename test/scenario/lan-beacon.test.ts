/**
 * Orphans on one LAN find each other by beacon, in the simulator: the same machine as everywhere,
 * on a network where multicasts reach the hosts of one LAN.
 */
import { describe, expect, it } from 'vitest';
import { millis, seconds } from '../../src/base/time.ts';
import type { Address } from '../../src/base/address.ts';
import type { Bytes } from '../../src/base/bytes.ts';
import type { Effect } from '../../src/core/io.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import { bootNode } from '../../src/sim/boot.ts';
import { FAIR } from '../../src/sim/network.ts';
import { Stage } from '../../src/sim/stage.ts';
import type { VirtualHost } from '../../src/sim/host.ts';
import { PACKET_TYPES } from '../../src/wire/packet.ts';

/** What left the hosts since the watch began. */
interface Watched {
  readonly beacons: Bytes[];
  readonly sends: { readonly by: VirtualHost; readonly to: Address; readonly bytes: Bytes }[];
}

function watch(stage: Stage): Watched {
  const watched: Watched = { beacons: [], sends: [] };
  stage.world.watchSteps((by, effects: readonly Effect[]) => {
    for (const effect of effects) {
      if (effect.type === 'beacon') watched.beacons.push(effect.bytes);
      if (effect.type === 'send') {
        watched.sends.push({ by, to: effect.to, bytes: effect.bytes });
      }
    }
  });
  return watched;
}

/** A cluster that has found itself, its hosts on one LAN. */
function harbour(seed: number, nodes: number, lan: 'home' | 'none' = 'home'): Stage {
  const stage = new Stage({
    seed,
    nodes,
    suite: nodeSuite,
    weather: FAIR,
    nat: undefined,
    bootFor: bootNode,
    joining: false,
  });
  if (lan === 'home') for (const host of stage.hosts) host.lan = lan;
  stage.start(stage.hosts, millis(200));
  expect(stage.healed(seconds(20), seconds(2)), stage.complaint).not.toBeNull();
  return stage;
}

/** Hellos among what was sent to an IP address. */
function hellosTo({ sends }: Watched, ip: string): number {
  return sends.filter(({ to, bytes }) => to.ip === ip && bytes[0] === PACKET_TYPES.hello).length;
}

/** An address of the world's that nobody holds. */
const NOWHERE: Address = { family: 4, ip: '203.0.113.200', port: 4117 };

/** A beacon comes in from nowhere; the world's own watch is told that an answer may go there. */
function say(stage: Stage, bytes: Bytes): void {
  stage.world.truth.tell(NOWHERE);
  stage.host(0).input({ type: 'beacon', from: NOWHERE, bytes });
}

describe('nodes of one LAN', () => {
  it.each([1, 2, 3, 4, 5])(
    'that are all given new addresses at one instant find each other (seed %i)',
    (seed) => {
      const stage = harbour(seed, 3);
      stage.move(stage.hosts);
      const healed = stage.healed(seconds(15), seconds(5));
      expect(healed, stage.complaint).not.toBeNull();
      // Four seconds without a word make an orphan; its first beacon does the rest.
      expect(healed).toBeLessThan(7_000);
    },
  );

  it('that come back from a power cut at new addresses find each other', () => {
    const stage = harbour(7, 3);
    for (const host of stage.hosts) host.crash();
    stage.move(stage.hosts);
    stage.start(stage.hosts, millis(500));
    const healed = stage.healed(seconds(15), seconds(5));
    expect(healed, stage.complaint).not.toBeNull();
    expect(healed).toBeLessThan(4_500);
  });

  it('take in again one that was away while the address of everyone changed', () => {
    const stage = harbour(11, 3);
    const [attic, ...others] = stage.hosts;
    if (attic === undefined) throw new Error('no host');
    stage.world.readdress([[attic, []]]);
    stage.world.run(30_000);
    stage.move(others);
    stage.world.run(10_000);
    stage.move([attic]);
    expect(stage.healed(seconds(75), seconds(5)), stage.complaint).not.toBeNull();
  });

  it('stay apart without multicast, which is what the beacon is for', () => {
    const stage = harbour(1, 3, 'none');
    stage.move(stage.hosts);
    expect(stage.healed(seconds(15), seconds(1))).toBeNull();
  });

  it('send no beacon while they are whole, however long', () => {
    const stage = harbour(2, 3);
    const watched = watch(stage);
    stage.world.run(600_000);
    expect(watched.beacons).toEqual([]);
  });

  it('send none when one of them moves or dies', () => {
    const stage = harbour(3, 3);
    const watched = watch(stage);
    stage.move([stage.host(1)]);
    stage.world.run(10_000);
    stage.kill(stage.host(2));
    stage.world.run(60_000);
    expect(watched.beacons).toEqual([]);
  });
});

describe('twelve nodes of one LAN', () => {
  it('that all move at once find each other without flooding it', () => {
    const stage = harbour(5, 12);
    const watched = watch(stage);
    stage.move(stage.hosts);
    const fresh = new Set(stage.hosts.flatMap(({ site }) => site.addresses));
    const healed = stage.healed(seconds(15), seconds(5));
    expect(healed, stage.complaint).not.toBeNull();
    expect(healed).toBeLessThan(7_000);
    // One call each ends it, or two: whoever was heard by anybody calls no more.
    expect(watched.beacons.length).toBeLessThanOrEqual(2 * stage.hosts.length);
    // Each answers four at a time, so that most of 11 × 12 possible hellos are never said.
    const hellos = watched.sends.filter(
      ({ to, bytes }) => fresh.has(to.ip) && bytes[0] === PACKET_TYPES.hello,
    );
    expect(hellos.length).toBeLessThan(11 * 12);
  });
});

describe('a beacon', () => {
  /** One orphan's beacons, and the two others, who lost it. */
  function called(seed: number): { stage: Stage; watched: Watched; beacons: readonly Bytes[] } {
    const stage = harbour(seed, 3);
    const pi = stage.host(2);
    // Cut off from all, its multicasts too, until it is lost to the others.
    pi.lan = undefined;
    stage.world.readdress([[pi, []]]);
    const watched = watch(stage);
    stage.world.run(20_000);
    const beacons = [...watched.beacons];
    expect(beacons.length).toBeGreaterThan(5);
    return { stage, watched, beacons };
  }

  it('that was not heard before draws one hello, within 200 ms', () => {
    const { stage, watched, beacons } = called(21);
    say(stage, beacons[0] ?? new Uint8Array(0));
    stage.world.run(250);
    expect(hellosTo(watched, NOWHERE.ip)).toBe(1);
    // And it stays at that: the address is no hint, and is not tried again.
    stage.world.run(120_000);
    expect(hellosTo(watched, NOWHERE.ip)).toBe(1);
  });

  it('that was heard before draws nothing', () => {
    const { stage, watched, beacons } = called(22);
    const [first = new Uint8Array(0)] = beacons;
    say(stage, first);
    stage.world.run(1_000);
    for (let replay = 0; replay < 20; replay += 1) {
      say(stage, first);
      stage.world.run(1_000);
    }
    expect(hellosTo(watched, NOWHERE.ip)).toBe(1);
  });

  it('of a member draws one hello in half a second, however many arrive', () => {
    const { stage, watched, beacons } = called(23);
    for (const bytes of beacons) say(stage, bytes);
    stage.world.run(1_000);
    expect(hellosTo(watched, NOWHERE.ip)).toBe(1);
  });

  it('of a member that is alive draws nothing to where it came from', () => {
    const { stage, watched, beacons } = called(24);
    stage.move([stage.host(2)]);
    expect(stage.healed(seconds(75), seconds(2)), stage.complaint).not.toBeNull();
    for (const bytes of beacons) {
      say(stage, bytes);
      stage.world.run(1_000);
    }
    expect(watched.sends.filter(({ to }) => to.ip === NOWHERE.ip)).toEqual([]);
  });

  it('of another cluster draws nothing', () => {
    const { stage, watched } = called(25);
    const { beacons } = called(26);
    for (const bytes of beacons) {
      say(stage, bytes);
      stage.world.run(1_000);
    }
    expect(watched.sends.filter(({ to }) => to.ip === NOWHERE.ip)).toEqual([]);
  });

  it('of one that left draws nothing, though it has the key', () => {
    const { stage, watched, beacons } = called(27);
    const pi = stage.host(2);
    stage.move([pi]);
    expect(stage.healed(seconds(75), seconds(2)), stage.complaint).not.toBeNull();
    pi.input({ type: 'command', id: 1, command: { type: 'leave' } });
    stage.world.run(1_000);
    stage.kill(pi);
    stage.world.run(10_000);
    expect(
      stage
        .host(0)
        .view()
        ?.members.map(({ state }) => state),
    ).toContain('left');
    for (const bytes of beacons) {
      say(stage, bytes);
      stage.world.run(1_000);
    }
    expect(watched.sends.filter(({ to }) => to.ip === NOWHERE.ip)).toEqual([]);
  });

  it('of one that was away when another left is understood', () => {
    const stage = harbour(28, 4);
    const [attic, cellar, pi, garage] = stage.hosts;
    if (attic === undefined || cellar === undefined || pi === undefined) throw new Error('no host');
    if (garage === undefined) throw new Error('no host');
    pi.crash();
    stage.world.run(10_000);
    garage.input({ type: 'command', id: 1, command: { type: 'leave' } });
    stage.world.run(1_000);
    stage.kill(garage);
    stage.move([attic, cellar, pi]);
    stage.world.run(10_000);
    stage.start([pi], millis(1));
    expect(stage.healed(seconds(10), seconds(2)), stage.complaint).not.toBeNull();
  });
});
