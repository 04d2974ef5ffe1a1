import { describe, expect, it } from 'vitest';
import { census, withinBounds } from '../../../../src/sim/swarm/census.ts';

describe('a census', () => {
  it('counts maps, sets and lists, by where they are', () => {
    const sizes = census({ book: new Map([['pi', { history: [1, 2, 3] }]]), seen: new Set([7]) });
    expect(Object.fromEntries(sizes)).toEqual({ book: 1, 'book[].history': 3, seen: 1 });
  });

  it('says the largest of many in one place', () => {
    const sizes = census({ peers: [{ open: [1] }, { open: [1, 2, 3] }, { open: [] }] });
    expect(sizes.get('peers[].open')).toBe(3);
  });

  it('takes off what the swarm’s build puts before private names', () => {
    expect(census({ private_crew: { private_peers: [1] } }).get('crew.peers')).toBe(1);
  });

  it('ends where things refer to each other in a ring, and leaves octets out', () => {
    const ring: { self?: unknown; bytes: Uint8Array; list: unknown[] } = {
      bytes: new Uint8Array(9),
      list: [],
    };
    ring.self = ring;
    ring.list.push(ring);
    expect(Object.fromEntries(census(ring))).toEqual({ list: 1 });
  });
});

describe('the bounds of a census', () => {
  const members = 6;
  const check = (place: string, size: number): string | undefined =>
    withinBounds(new Map([[place, size]]), members);

  it.each([
    ['crew.sessions.peers[].confirmed', 3],
    ['crew.sessions.peers[].provisional', 4],
    ['crew.book.entries[].history', 32],
    ['crew.paths.peers[].others', 4],
    ['crew.paths.peers[].strays.seen', 8],
    ['crew.guests', 64],
    ['crew.reflections.slips.entries', 2 * members],
  ])('let %s hold %d, and not one more', (place, most) => {
    expect(check(place, most)).toBeUndefined();
    expect(check(place, most + 1)).toMatch(/^bounds: /);
  });

  it('hold for a place that nobody thought of, too', () => {
    expect(check('crew.somethingNew', 16 * members + 64)).toBeUndefined();
    expect(check('crew.somethingNew', 16 * members + 65)).toMatch(/somethingNew/);
  });
});
