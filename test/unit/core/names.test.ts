import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeIdOf, type NodeId, type NodeName } from '../../../src/base/id.ts';
import { nameNodes, type Named } from '../../../src/core/names.ts';

function node(name: string, rank: number, start: readonly number[] = [], left = false): Named {
  const id = new Uint8Array(32).fill(rank);
  id.set(start);
  const admission = new Uint8Array(32).fill(rank);
  return { id: nodeIdOf(id), name: name as NodeName, depth: 1, number: 2, admission, left };
}

function shown(...nodes: readonly Named[]): (string | undefined)[] {
  const names = nameNodes(nodes);
  return nodes.map(({ id }) => names.get(id));
}

function begin(id: NodeId, length: number): string {
  return id.slice(0, length);
}

describe('names', () => {
  test('are shown as admitted while no two are the same', () => {
    expect(shown(node('attic', 1), node('cellar', 2))).toEqual(['attic', 'cellar']);
  });

  const low = node('attic', 1);
  const high = node('attic', 2);
  test.each([
    ['who is nearer the founder', { ...high, number: 9 }, { ...low, depth: 2 }],
    ['at one distance whose admission has the lower number', high, { ...low, number: 3 }],
    ['at one distance and number whose admission has the lower hash', low, high],
  ])('of equal ones are kept by %s, whatever the order', (_who, keeper, other) => {
    const completed = `attic-${begin(other.id, 4)}`;
    expect(shown(keeper, other)).toEqual(['attic', completed]);
    expect(shown(other, keeper)).toEqual([completed, 'attic']);
  });

  test('take more of the ID when four characters of it are not enough', () => {
    const same = [7, 7, 7];
    const [second, third] = [node('attic', 2, same), node('attic', 3, same)] as const;
    const names = shown(low, second, third);
    expect(names[1]).toBe(`attic-${begin(second.id, 4)}`);
    expect(names[2]).toBe(`attic-${begin(third.id, 5)}`);
  });

  test('leave a name alone that looks like a completed one but is somebody’s own', () => {
    const own = node(`attic-${begin(high.id, 4)}`, 3);
    expect(shown(low, high, own)).toEqual(['attic', `attic-${begin(high.id, 5)}`, own.name]);
  });

  test('of nodes that left give way to members', () => {
    const [gone, member] = [node('attic', 1, [], true), node('attic', 2)];
    expect(shown(gone, member)).toEqual([`attic-${begin(gone.id, 4)}`, 'attic']);
  });

  test('stay DNS labels when they are long', () => {
    const long = 'a'.repeat(63);
    const [, second] = shown(node(long, 1), node(long, 2));
    expect(second).toHaveLength(63);
    expect(second).toMatch(/^a{58}-[a-z2-7]{4}$/);
  });

  test('are never the same for two nodes', () => {
    const names = fc.constantFrom('attic', 'pi', 'attic-bqaa', 'attic-bqaab', 'a'.repeat(63));
    const nodes = fc.array(fc.tuple(names, fc.boolean()), { maxLength: 12 });
    fc.assert(
      fc.property(nodes, (list) => {
        const all = list.map(([name, left], rank) => node(name, rank, [12, 0, 0], left));
        const texts = [...nameNodes(all).values()];
        expect(texts).toHaveLength(all.length);
        expect(new Set(texts).size).toBe(texts.length);
      }),
    );
  });
});
