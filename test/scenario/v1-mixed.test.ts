import { describe, expect, it } from 'vitest';
import { millis, seconds } from '../../src/base/time.ts';
import type { SimulatedOriginal } from '../../src/sim/v1/original.ts';
import type { Ours } from '../../src/sim/v1/ours.ts';
import { V1World, afloat } from '../../src/sim/v1/world.ts';

// Nodes of ours and simulated nodes of the original in one cluster. What an original cannot do by
// itself (it never heals from some losses) is not asked of it here.

const SEEDS = Array.from({ length: 12 }, (_, index) => 301 + index);

interface Mixed {
  readonly world: V1World;
  readonly ours: Ours;
  readonly other: Ours;
  readonly original: SimulatedOriginal;
  readonly all: readonly (Ours | SimulatedOriginal)[];
}

/** Two of ours and one original, settled. */
function mixed(seed: number, clockOff = 0): Mixed {
  const world = new V1World(seed);
  const [ours, other] = [world.ours('attic'), world.ours('cellar')];
  const original = world.original('pi', { clockOff: millis(clockOff) });
  const all = [ours, other, original];
  world.acquaint(all);
  world.run(millis(20_000 + ((seed * 137) % 1000)));
  return { world, ours, other, original, all };
}

describe('a mixed cluster', () => {
  it('floats, and both kinds learn their own addresses from each other', () => {
    for (const seed of SEEDS) {
      const { world, ours, original, all } = mixed(seed);
      expect(afloat(all), `seed ${String(seed)}`).toBe(true);
      world.run(seconds(5));
      expect(original.own).toBe(original.ip);
      expect(ours.own).toBe(ours.ip);
    }
  });

  it('sees an original move within two of its intervals and a call back', () => {
    for (const seed of SEEDS) {
      const { world, ours, other, original, all } = mixed(seed);
      world.web.move(original, world.fresh());
      const seen = (): boolean =>
        [ours, other].every((node) => node.peer('pi')?.ip === original.ip);
      // Its polling is serial: a call under way may hang for 5 s first.
      expect(world.until(seen, seconds(8)), `seed ${String(seed)}`).toBeDefined();
      expect(world.until(() => afloat(all), seconds(2))).toBeDefined();
    }
  });

  it('is followed by an original when a node of ours moves', () => {
    for (const seed of SEEDS) {
      const { world, ours, all } = mixed(seed);
      world.web.move(ours, world.fresh());
      expect(
        world.until(() => afloat(all), seconds(4)),
        `seed ${String(seed)}`,
      ).toBeDefined();
    }
  });

  it('heals within four seconds when both of ours move', () => {
    for (const seed of SEEDS) {
      const { world, ours, other, original } = mixed(seed);
      world.web.move(ours, world.fresh());
      world.web.move(other, world.fresh());
      const healed = (): boolean =>
        afloat([ours, other]) &&
        original.where('attic') === ours.ip &&
        original.where('cellar') === other.ip;
      expect(world.until(healed, seconds(4)), `seed ${String(seed)}`).toBeDefined();
    }
  });

  it('lets an original find another original through a node of ours', () => {
    for (const seed of SEEDS) {
      const world = new V1World(seed);
      const ours = world.ours('attic');
      const [one, two] = [world.original('pi'), world.original('shed')];
      world.acquaint([ours, one, two]);
      world.run(seconds(20));
      world.web.move(one, world.fresh());
      world.web.move(two, world.fresh());
      // Three time-outs of 5 s, one after the other, until an original asks.
      const found = (): boolean => one.where('shed') === two.ip && two.where('pi') === one.ip;
      expect(world.until(found, seconds(60)), `seed ${String(seed)}`).toBeDefined();
    }
  });

  it('survives a restart of ours without a registration by the original', () => {
    const { world, ours, original, all } = mixed(401);
    const registered = (): number =>
      ours.events.toArray().filter(({ type }) => type === 'v1-registered').length;
    const before = registered();
    ours.restart();
    world.run(seconds(10));
    expect(afloat(all)).toBe(true);
    expect(original.hears('attic')).toBe(true);
    expect(registered()).toBe(before);
  });

  it('shows an original whose clock is 20 s off, and takes its codes', () => {
    const { world, ours, original } = mixed(402, 20_000);
    // It takes codes of its own step alone; ours are good for 10 s in each 30.
    let heard = 0;
    for (let second = 0; second < 60; second += 1) {
      world.run(seconds(1));
      if (ours.peer('pi')?.state === 'alive') heard += 1;
    }
    expect(heard).toBe(60);
    expect(ours.peer('pi')?.ip).toBe(original.ip);
    expect(Math.abs((ours.peer('pi')?.skewMs ?? 0) - 20_000)).toBeLessThan(3_000);
  });

  it('takes an original that nobody typed in, by its own configuration alone', () => {
    const world = new V1World(403);
    const ours = world.ours('attic');
    const original = world.original('pi');
    world.introduce(original, ours);
    world.run(seconds(5));
    expect(original.hears('attic')).toBe(true);
    expect(ours.peer('pi')).toMatchObject({ ip: original.ip, state: 'alive', registeredIn: true });
    world.web.move(ours, world.fresh());
    world.web.move(original, world.fresh());
    expect(ours.peer('pi')?.moves).toBe(0);
  });

  it('tells an original of members of the cluster that are visible, and of no others', () => {
    const { world, ours, other, original } = mixed(404);
    ours.cluster({ own: [], visible: [{ name: 'barn', ip: '198.18.200.1' }] });
    for (const name of ['barn', 'loft', 'cellar']) original.ask(ours.name, name);
    world.run(seconds(1));
    expect(original.told.get('barn')).toMatchObject({ status: 200, body: '198.18.200.1' });
    expect(original.told.get('cellar')).toMatchObject({ status: 200, body: other.ip });
    const unknown = { status: 500, body: '500 - Node not register on this host' };
    expect(original.told.get('loft')).toMatchObject(unknown);
  });
});
