import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { BoundedList, BoundedMap } from '../../../src/base/bounded.ts';

describe('BoundedMap that evicts the oldest', () => {
  it('holds exactly its capacity and drops the entry set longest ago beyond it', () => {
    const map = new BoundedMap<string, number>(2, { evict: 'oldest' });
    expect([map.set('attic', 1), map.set('cellar', 2)]).toEqual([true, true]);
    expect(map.size).toBe(2);
    expect(map.set('pi', 3)).toBe(true);
    expect([...map]).toEqual([
      ['cellar', 2],
      ['pi', 3],
    ]);
    expect(map.has('attic')).toBe(false);
  });

  it('makes an entry the newest when it is set again, not when it is read', () => {
    const map = new BoundedMap<string, number>(2, { evict: 'oldest' });
    map.set('attic', 1);
    map.set('cellar', 2);
    map.set('attic', 3);
    map.get('cellar');
    map.set('pi', 4);
    expect([...map.keys()]).toEqual(['attic', 'pi']);
    expect([...map.values()]).toEqual([3, 4]);
  });

  it('drops nothing when the key is known already', () => {
    const map = new BoundedMap<string, number>(1, { evict: 'oldest' });
    map.set('attic', 1);
    map.set('attic', 2);
    expect([...map.entries()]).toEqual([['attic', 2]]);
  });

  it('evicts a key that is undefined like any other', () => {
    const map = new BoundedMap<undefined | string, number>(1, { evict: 'oldest' });
    map.set(undefined, 1);
    map.set('attic', 2);
    expect([...map.keys()]).toEqual(['attic']);
  });
});

describe('BoundedMap that refuses', () => {
  it('keeps those already there and refuses a new key over its capacity', () => {
    const map = new BoundedMap<string, number>(2, { evict: 'refuse' });
    map.set('attic', 1);
    map.set('cellar', 2);
    expect(map.set('pi', 3)).toBe(false);
    expect(map.get('pi')).toBeUndefined();
    expect(map.size).toBe(2);
  });

  it('takes a new value for a known key, which keeps its place', () => {
    const map = new BoundedMap<string, number>(2, { evict: 'refuse' });
    map.set('attic', 1);
    map.set('cellar', 2);
    expect(map.set('attic', 9)).toBe(true);
    expect([...map.entries()]).toEqual([
      ['attic', 9],
      ['cellar', 2],
    ]);
  });

  it('has room again after a deletion', () => {
    const map = new BoundedMap<string, number>(1, { evict: 'refuse' });
    map.set('attic', 1);
    expect([map.delete('attic'), map.delete('attic')]).toEqual([true, false]);
    expect(map.set('pi', 2)).toBe(true);
    map.clear();
    expect(map.size).toBe(0);
  });
});

describe('any BoundedMap', () => {
  it('never grows over its capacity, whatever is done to it', () => {
    const step = fc.record({ key: fc.nat({ max: 8 }), remove: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom<'oldest' | 'refuse'>('oldest', 'refuse'),
        (steps, capacity, evict) => {
          const map = new BoundedMap<number, number>(capacity, { evict });
          for (const { key, remove } of steps) {
            if (remove) map.delete(key);
            else expect(map.set(key, key)).toBe(map.has(key));
            expect(map.size).toBeLessThanOrEqual(capacity);
          }
        },
      ),
    );
  });

  it.each([0, -1, 1.5, Infinity])('refuses a capacity of %d', (capacity) => {
    expect(() => new BoundedMap(capacity, { evict: 'oldest' })).toThrow(InvariantError);
    expect(() => new BoundedList(capacity)).toThrow(InvariantError);
  });
});

describe('BoundedList', () => {
  it('holds the last items pushed, oldest first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 7 }), (items, capacity) => {
        const list = new BoundedList<number>(capacity);
        const dropped = items.map((item) => list.push(item)).filter((item) => item !== undefined);
        const kept = items.slice(-capacity);
        expect(list.toArray()).toEqual(kept);
        expect([...list]).toEqual(kept);
        expect(list.length).toBe(kept.length);
        expect(dropped).toEqual(items.slice(0, items.length - kept.length));
        for (let at = -9; at < 9; at += 1) expect(list.at(at)).toBe(kept.at(at));
      }),
    );
  });

  it('is empty after it was cleared, and takes items again', () => {
    const list = new BoundedList<string>(2);
    for (const name of ['attic', 'cellar', 'pi']) list.push(name);
    list.clear();
    expect([list.length, list.at(0), list.at(-1)]).toEqual([0, undefined, undefined]);
    list.push('attic');
    expect(list.toArray()).toEqual(['attic']);
  });
});
