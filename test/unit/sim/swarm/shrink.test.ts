import { describe, expect, it } from 'vitest';
import { nodesOf, type WorldDescription } from '../../../../src/sim/swarm/description.ts';
import { drawWorld } from '../../../../src/sim/swarm/draw.ts';
import { shrink, without } from '../../../../src/sim/swarm/shrink.ts';

const big: WorldDescription = drawWorld(3, { theme: 'rough', nodes: 8, chaosMs: 60_000 });

function has(world: WorldDescription, type: string): boolean {
  return world.happenings.some((happening) => happening.type === type);
}

describe('shrinking a world', () => {
  it('keeps the one happening that matters, of many', () => {
    const culprit = big.happenings[Math.floor(big.happenings.length / 2)];
    if (culprit === undefined) throw new Error('nothing happens in that world');
    const { world } = shrink(big, ({ happenings }) => happenings.includes(culprit));
    expect(world.happenings).toEqual([culprit]);
  });

  it('keeps two that matter only together', () => {
    const wanted = [...new Set(big.happenings.map(({ type }) => type))].slice(0, 2);
    const { world } = shrink(big, (one) => wanted.every((type) => has(one, type)));
    expect(world.happenings.map(({ type }) => type).toSorted()).toEqual(wanted.toSorted());
  });

  it('takes out nodes that nothing needs, and makes the rest plain', () => {
    const { world } = shrink(big, () => true);
    expect(world.nodes).toHaveLength(2);
    expect(world.nodes.every(({ router }) => router === 'none')).toBe(true);
    expect(world.weather.loss).toBe(0);
    expect(world.happenings).toEqual([]);
    expect(world.chaosMs).toBe(1_000);
  });

  it('runs no more often than it may, and has what it found by then', () => {
    let runs = 0;
    const shrunk = shrink(
      big,
      () => {
        runs += 1;
        return true;
      },
      3,
    );
    expect(runs).toBe(3);
    expect(shrunk.runs).toBe(3);
    expect(shrunk.world.happenings.length).toBeLessThan(big.happenings.length);
  });

  it('leaves a world as it is that fails no more when anything goes', () => {
    const { world } = shrink(big, (one) => one === big);
    expect(world).toBe(big);
  });
});

describe('a world without one of its nodes', () => {
  it('has nothing about it any more, and the others by their new numbers', () => {
    for (let node = 1; node < big.nodes.length; node += 1) {
      const rest = without(big, node);
      expect(rest.nodes).toHaveLength(big.nodes.length - 1);
      for (const happening of rest.happenings) {
        for (const other of nodesOf(happening)) expect(other).toBeLessThan(rest.nodes.length);
        if (happening.type === 'swap') expect(happening.nodes).toHaveLength(2);
      }
    }
  });

  it('still has the others move that were to move with it', () => {
    const move = { type: 'move', nodes: [1, 2, 3], atMs: 0, lengthMs: 0 } as const;
    const rest = without({ ...big, happenings: [move] }, 2);
    expect(rest.happenings).toEqual([{ ...move, nodes: [1, 2] }]);
  });
});
