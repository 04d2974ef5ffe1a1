import { describe, expect, it } from 'vitest';
import { FAULT_TYPES } from '../../../../src/sim/faults.ts';
import { nodesOf, type WorldDescription } from '../../../../src/sim/swarm/description.ts';
import { drawWorld, type Theme } from '../../../../src/sim/swarm/draw.ts';

const SEEDS = Array.from({ length: 400 }, (_, seed) => seed + 1);
const worlds = SEEDS.map((seed) => drawWorld(seed));

/** What happens anywhere, attacks by their own names. */
function kinds(drawn: readonly WorldDescription[]): Set<string> {
  const all = drawn.flatMap(({ happenings }) => happenings);
  return new Set(all.map((one) => (one.type === 'attack' ? one.attack : one.type)));
}

describe('a world that is drawn', () => {
  it('is the same for the same seed and another for another', () => {
    expect(drawWorld(7)).toEqual(drawWorld(7));
    expect(drawWorld(7)).not.toEqual(drawWorld(8));
  });

  it('is plain data: written down and read again it is the same', () => {
    for (const world of worlds.slice(0, 50)) {
      expect(JSON.parse(JSON.stringify(world))).toEqual(world);
    }
  });

  it('has everything that can go wrong in it, over four hundred seeds', () => {
    const seen = kinds(worlds);
    expect(FAULT_TYPES.filter((type) => !seen.has(type))).toEqual([]);
    const others = [
      ...['slow', 'snapshot', 'restore', 'join', 'leave', 'thief', 'crowd', 'scan', 'replay'],
      ...[
        'hello-replay',
        'forward',
        'heir',
        'forge-record',
        'old-record',
        'claim-victim',
        'lucky-pong',
      ],
      ...['any-pong', 'false-reflection', 'new-reflections', 'seek-flood', 'introduce-flood'],
      ...['sought-flood', 'want-flood', 'digest-flood', 'sequence-flood', 'hello-flood', 'fork'],
      ...['source-flood', 'false-acts', 'mute', 'leave-and-stay', 'claim-many'],
    ];
    expect(others.filter((type) => !seen.has(type))).toEqual([]);
  });

  it('has an honest node 0 that stays, and at least three honest members at the start', () => {
    for (const { nodes, happenings } of worlds) {
      expect(nodes[0]?.role).toBe('member');
      expect(nodes.filter(({ role }) => role === 'member').length).toBeGreaterThanOrEqual(3);
      const rolledBack = happenings.filter(({ type }) => type === 'snapshot' || type === 'restore');
      expect(rolledBack.flatMap(nodesOf)).not.toContain(0);
    }
  });

  it('names no node that it has not, and begins everything before chaos ends', () => {
    for (const { nodes, happenings, chaosMs } of worlds) {
      for (const happening of happenings) {
        for (const node of nodesOf(happening)) expect(node).toBeLessThan(nodes.length);
        expect(happening.atMs).toBeLessThanOrEqual(chaosMs);
      }
      const times = happenings.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  });

  it.each<Theme>(['rough', 'gentle', 'forwarded', 'puppets', 'doors'])(
    'can be of the theme %s alone',
    (theme) => {
      const seen = kinds(SEEDS.slice(0, 100).map((seed) => drawWorld(seed, { theme })));
      const lossy = ['weather', 'partition', 'suspend', 'unplug'].filter((kind) => seen.has(kind));
      if (theme !== 'rough') expect(lossy).toEqual([]);
      expect(seen.has('forward')).toBe(theme === 'forwarded');
    },
  );

  it('has as many nodes, and lasts as long, as somebody wished', () => {
    for (const seed of SEEDS.slice(0, 50)) {
      const world = drawWorld(seed, { theme: 'rough', nodes: 5, chaosMs: 9_000, nat: true });
      expect(world.nodes).toHaveLength(5);
      expect(world.nodes.every(({ router }) => router === 'home')).toBe(true);
      expect(world.chaosMs).toBe(9_000);
    }
  });
});
