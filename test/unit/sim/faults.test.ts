import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { seconds } from '../../../src/base/time.ts';
import { FAULT_TYPES, applyFault, calm, drawFault, type Fault } from '../../../src/sim/faults.ts';
import { FAIR } from '../../../src/sim/network.ts';
import { Stage } from '../../../src/sim/stage.ts';
import { standInSuite } from '../../../src/sim/stand-in.ts';
import { toys } from './toy.ts';

/** Faults of all kinds, one a second. */
function plan(seed: number, nodes = 6): Fault[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: 30 }, (_, index) => {
    const kind = random.pick(FAULT_TYPES) ?? 'move';
    return drawFault(random, kind, nodes, 1_000 * index);
  });
}

function running(): Stage {
  const stage = new Stage({
    seed: 3,
    nodes: 4,
    suite: standInSuite,
    weather: FAIR,
    nat: undefined,
    joining: false,
    bootFor: toys(),
  });
  for (const host of stage.hosts) host.start();
  stage.world.run(1_000);
  return stage;
}

function addresses(stage: Stage): string[] {
  return stage.hosts.map(({ site }) => site.addresses.join());
}

describe('a fault that is drawn', () => {
  it('is the same for the same seed and another for another', () => {
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1)).not.toEqual(plan(2));
  });

  it('survives being written down and read again', () => {
    expect(JSON.parse(JSON.stringify(plan(3)))).toEqual(plan(3));
  });

  it('never moves node 0, so that somebody can be found again', () => {
    for (let seed = 0; seed < 100; seed += 1) {
      for (const fault of plan(seed, 3)) {
        if (fault.type === 'move' || fault.type === 'swap' || fault.type === 'inherit') {
          expect(fault.nodes).not.toContain(0);
        }
        if (fault.type === 'unplug') expect(fault.node).not.toBe(0);
      }
    }
  });
});

describe('a fault that is applied', () => {
  const base = { atMs: 0, lengthMs: 2_000 };

  it('moves some and leaves others where they are', () => {
    const stage = running();
    const before = addresses(stage);
    applyFault(stage, { ...base, type: 'move', nodes: [1, 3] });
    const moved = addresses(stage).map((ip, index) => ip !== before[index]);
    expect(moved).toEqual([false, true, false, true]);
  });

  it('swaps two addresses', () => {
    const stage = running();
    const [, one, other] = addresses(stage);
    applyFault(stage, { ...base, type: 'swap', nodes: [1, 2] });
    expect(addresses(stage).slice(1, 3)).toEqual([other, one]);
  });

  it('gives one’s address to another', () => {
    const stage = running();
    const before = addresses(stage);
    applyFault(stage, { ...base, type: 'inherit', nodes: [1, 2] });
    expect(addresses(stage)[1]).toBe(before[2]);
    expect(before).not.toContain(addresses(stage)[2]);
  });

  it('unplugs one and plugs it in elsewhere', () => {
    const stage = running();
    const before = addresses(stage);
    applyFault(stage, { ...base, type: 'unplug', node: 1 });
    expect(addresses(stage)[1]).toBe('');
    stage.world.run(2_001);
    expect(addresses(stage)[1]).not.toBe('');
    expect(addresses(stage)[1]).not.toBe(before[1]);
  });

  it('switches one off and on again, in a new life', () => {
    const stage = running();
    const { life } = stage.host(1);
    applyFault(stage, { ...base, type: 'crash', node: 1 });
    expect(stage.host(1).isOff).toBe(true);
    stage.world.run(2_001);
    expect(stage.host(1).isOff).toBe(false);
    expect(stage.host(1).life).toBe(life + 1);
  });

  it('puts one to sleep: it hears nothing, and its monotonic clock stands still', () => {
    const stage = running();
    const host = stage.host(1);
    const shown = host.clock.monotonic(stage.world.now);
    applyFault(stage, { ...base, type: 'suspend', node: 1 });
    stage.world.run(1_999);
    expect(host.machine).toBeUndefined();
    expect(host.clock.monotonic(stage.world.now)).toBe(shown);
    stage.world.run(500);
    expect(host.machine).toBeDefined();
    stage.world.run(1_000);
    expect(stage.healed(seconds(2), seconds(1))).not.toBeNull();
  });

  it('can hit a sleeper with a power cut, and its clocks run again after', () => {
    const stage = running();
    applyFault(stage, { ...base, lengthMs: 30_000, type: 'suspend', node: 1 });
    applyFault(stage, { ...base, type: 'crash', node: 1 });
    stage.world.run(3_000);
    const host = stage.host(1);
    const shown = host.clock.monotonic(stage.world.now);
    stage.world.run(100);
    expect(host.clock.monotonic(stage.world.now)).toBeGreaterThan(shown);
  });

  it('stalls one: what came meanwhile is dealt with late, and it says how late', () => {
    const stage = running();
    const lates: number[] = [];
    applyFault(stage, { ...base, type: 'stall', node: 1 });
    stage.host(1).records = true;
    stage.world.run(2_500);
    for (const { moment } of stage.host(1).snapshot()?.steps ?? []) lates.push(moment.late);
    expect(Math.max(...lates)).toBeGreaterThan(1_500);
    expect(Math.min(...lates)).toBe(0);
  });

  it('splits the network and lets it grow together again', () => {
    const stage = running();
    applyFault(stage, { ...base, type: 'partition', nodes: [0, 1], oneWay: false });
    const { network } = stage.world;
    expect(network.isCut('attic', 'garage')).toBe(true);
    expect(network.isCut('garage', 'attic')).toBe(true);
    expect(network.isCut('attic', 'cellar')).toBe(false);
    stage.world.run(2_001);
    expect(network.isCut('attic', 'garage')).toBe(false);
  });

  it('is over when calm comes, whatever it was', () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const stage = running();
      for (const fault of plan(seed, 4).slice(0, 40)) applyFault(stage, fault);
      calm(stage);
      stage.world.run(100);
      expect(stage.hosts.every((host) => host.machine !== undefined)).toBe(true);
      expect(stage.hosts.every(({ site }) => site.addresses.length === 1)).toBe(true);
      expect(stage.hosts.some(({ disk }) => disk.full)).toBe(false);
      expect(stage.world.network.weather).toBe(FAIR);
    }
  });
});
