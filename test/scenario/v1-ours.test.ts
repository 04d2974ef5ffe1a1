import { describe, expect, it } from 'vitest';
import { millis, minutes, seconds, type Duration } from '../../src/base/time.ts';
import type { Ours } from '../../src/sim/v1/ours.ts';
import { V1World, afloat } from '../../src/sim/v1/world.ts';

// Nodes of ours alone, speaking the original's protocol to each other.

const SEEDS = Array.from({ length: 20 }, (_, index) => 101 + index);

function fleet(world: V1World, count: number, wishes = {}): Ours[] {
  const names = ['attic', 'cellar', 'pi', 'shed', 'barn', 'porch', 'loft', 'den', 'hall', 'nook'];
  const nodes = names.slice(0, count).map((name) => world.ours(name, wishes));
  world.acquaint(nodes);
  return nodes;
}

/** Time until all is calm, and then a moment of the beat that hangs on the seed. */
function settled(seed: number): Duration {
  return millis(20_000 + ((seed * 137) % 1000));
}

/** The n-th node, which there is. */
function nth(nodes: readonly Ours[], index: number): Ours {
  const node = nodes[index];
  if (node === undefined) throw new Error(`no node ${String(index)}`);
  return node;
}

function move(world: V1World, ...nodes: readonly Ours[]): void {
  for (const node of nodes) world.web.move(node, world.fresh());
}

describe('nodes of ours on v1', () => {
  it('float within two intervals after they were typed in', () => {
    for (const seed of SEEDS) {
      const world = new V1World(seed);
      const nodes = fleet(world, 5);
      expect(
        world.until(() => afloat(nodes), seconds(2)),
        `seed ${String(seed)}`,
      ).toBeDefined();
      world.run(seconds(5));
      for (const node of nodes) expect(node.own).toBe(node.ip);
    }
  });

  it('find one that moved within two intervals', () => {
    for (const seed of SEEDS) {
      const world = new V1World(seed);
      const nodes = fleet(world, 3);
      world.run(settled(seed));
      move(world, nth(nodes, 0));
      expect(
        world.until(() => afloat(nodes), seconds(2)),
        `seed ${String(seed)}`,
      ).toBeDefined();
      expect(nth(nodes, 1).peer('attic')).toMatchObject({ moves: 1, proof: 'none' });
      world.run(seconds(3));
      expect(nth(nodes, 0).own).toBe(nth(nodes, 0).ip);
    }
  });

  it('heal within four seconds when two of three move at once', () => {
    for (const seed of SEEDS) {
      const world = new V1World(seed);
      const nodes = fleet(world, 3);
      world.run(settled(seed));
      move(world, nth(nodes, 0), nth(nodes, 1));
      expect(
        world.until(() => afloat(nodes), seconds(4)),
        `seed ${String(seed)}`,
      ).toBeDefined();
      world.run(seconds(60));
      expect(afloat(nodes)).toBe(true);
    }
  });

  it('heal when two swap their addresses, each answering for the other with 400', () => {
    for (const seed of SEEDS) {
      const world = new V1World(seed);
      const nodes = fleet(world, 3);
      world.run(settled(seed));
      world.web.swap(nth(nodes, 0), nth(nodes, 1));
      expect(
        world.until(() => afloat(nodes), seconds(4)),
        `seed ${String(seed)}`,
      ).toBeDefined();
    }
  });

  it('heal when nine of ten move', () => {
    const world = new V1World(7);
    const nodes = fleet(world, 10);
    world.run(seconds(20));
    move(world, ...nodes.slice(1));
    expect(world.until(() => afloat(nodes), seconds(10))).toBeDefined();
  });

  it('are not held up by a dead peer among ten', () => {
    const world = new V1World(8);
    const nodes = fleet(world, 10);
    world.run(seconds(20));
    nth(nodes, 9).ip = undefined;
    world.run(seconds(30));
    move(world, nth(nodes, 0));
    const others = nodes.slice(0, 9);
    expect(world.until(() => afloat(others), seconds(2))).toBeDefined();
    expect(nth(nodes, 0).peer('nook')?.state).toBe('lost');
  });

  it('float with clocks that are 20 s off, either way, and show by how much', () => {
    for (const off of [-20, 20]) {
      const world = new V1World(9);
      const [attic, cellar] = [
        world.ours('attic'),
        world.ours('cellar', { clockOff: seconds(off) }),
      ];
      world.acquaint([attic, cellar]);
      let bad = 0;
      for (let second = 0; second < 120; second += 1) {
        world.run(seconds(1));
        if (second > 1 && !afloat([attic, cellar])) bad += 1;
      }
      expect(bad).toBe(0);
      const skew = attic.peer('cellar')?.skewMs ?? 0;
      expect(Math.abs(skew - off * 1000)).toBeLessThan(2_000);
    }
  });

  it('refuse codes of a clock that is a minute off, and recover when it is set', () => {
    const world = new V1World(10);
    const [attic, cellar] = [world.ours('attic'), world.ours('cellar', { clockOff: minutes(1) })];
    world.acquaint([attic, cellar]);
    world.run(seconds(10));
    expect(attic.peer('cellar')?.state).not.toBe('alive');
    cellar.setClock(millis(-60_000));
    expect(world.until(() => afloat([attic, cellar]), seconds(15))).toBeDefined();
  });

  it('are not locked out by a clock that was in the future for a while', () => {
    const world = new V1World(11);
    const nodes = fleet(world, 2);
    world.run(seconds(5));
    for (const node of nodes) node.setClock(minutes(600));
    world.run(seconds(60));
    expect(afloat(nodes)).toBe(true);
    for (const node of nodes) node.setClock(millis(-36_000_000));
    world.run(seconds(60));
    expect(afloat(nodes)).toBe(true);
  });

  it('carry on after a restart without registering again', () => {
    const world = new V1World(12);
    const nodes = fleet(world, 3);
    world.run(seconds(40));
    const [attic] = [nth(nodes, 0)];
    attic.restart();
    move(world, nth(nodes, 1));
    const before = attic.events.toArray().length;
    expect(world.until(() => afloat(nodes), seconds(4))).toBeDefined();
    const since = attic.events.toArray().slice(before);
    expect(since.filter(({ type }) => type === 'v1-registered')).toEqual([]);
  });

  it('say that they are alone, and find the others at their old addresses', () => {
    const world = new V1World(13);
    const nodes = fleet(world, 3);
    world.run(seconds(20));
    const attic = nth(nodes, 0);
    const home = attic.ip;
    attic.ip = undefined;
    world.run(seconds(40));
    expect(attic.events.toArray().map(({ type }) => type)).toContain('v1-orphan');
    expect(attic.peer('cellar')?.state).toBe('lost');
    attic.ip = home;
    expect(world.until(() => afloat(nodes), seconds(12))).toBeDefined();
  });

  it('stay afloat at one call in ten lost', () => {
    const world = new V1World(14);
    const nodes = fleet(world, 5);
    world.web.weather = { ...world.web.weather, loss: 0.1 };
    world.run(seconds(60));
    expect(world.until(() => afloat(nodes), seconds(30))).toBeDefined();
    move(world, nth(nodes, 1), nth(nodes, 2));
    expect(world.until(() => afloat(nodes), seconds(60))).toBeDefined();
  });

  it('float over HTTPS, with pinned keys as proof', () => {
    for (const seed of SEEDS.slice(0, 5)) {
      const world = new V1World(seed);
      const nodes = fleet(world, 3, { https: true });
      world.run(settled(seed));
      move(world, nth(nodes, 0), nth(nodes, 1));
      expect(
        world.until(() => afloat(nodes), seconds(4)),
        `seed ${String(seed)}`,
      ).toBeDefined();
      expect(nth(nodes, 0).peer('cellar')?.proof).toBe('tls');
    }
  });

  it('do the same again for the same seed, and something else for another', () => {
    const hash = (seed: number): string => {
      const world = new V1World(seed);
      const nodes = fleet(world, 3);
      world.run(seconds(10));
      move(world, nth(nodes, 0), nth(nodes, 1));
      world.run(seconds(10));
      return world.trace.hash;
    };
    expect(hash(1)).toBe(hash(1));
    expect(hash(1)).not.toBe(hash(2));
  });
});
