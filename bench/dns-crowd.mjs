/** A made-up cluster for the benchmarks of names. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Tells of members `name0`, `name1` … as a node does (src/runtime/roster.ts).
 * @param {number} size how many there are
 * @param {number} perSecond how many of them move each second
 * @param {() => void} onMove
 */
export function crowd(size, perSecond, onMove) {
  const members = Array.from({ length: size }, (_, index) => member(index, index));
  const places = new Map(members.map(({ id }, index) => [id, index]));
  return {
    ids: () => members.map(({ id }) => id),
    members(of) {
      // New objects each time, as a node makes them.
      const some = of.map((id) => ({ ...members[places.get(id)] }));
      return { schema: 1, self: members[0].id, members: some };
    },
    async *changes({ signal }) {
      for (let turn = 1; !signal.aborted && perSecond > 0; turn += 1) {
        await sleep(1000 / perSecond);
        const index = (turn * 7919) % size;
        members[index] = member(index, size + turn);
        onMove();
        yield new Set([members[index].id]);
      }
    },
  };
}

/** A member as the view of core/view.ts has it, somewhere in 10/8. */
function member(index, place) {
  const ip = `10.${(place >> 16) & 255}.${(place >> 8) & 255}.${place & 255}`;
  return {
    // Letters alone, as base32 has them.
    id: String(index)
      .replace(/[0-9]/g, (digit) => 'bcdefghijk'[digit])
      .padStart(52, 'a'),
    name: `name${index}`,
    state: index === 0 ? 'self' : 'alive',
    protocol: 2,
    address: `${ip}:4117`,
    proof: 'direct',
    provenMs: 100,
    path: 'udp',
    rttMs: 1.5,
    lastHeardMs: 100,
    addressSinceMs: 1000,
    moves: 0,
    tags: {},
  };
}
