/**
 * Counts what a machine remembers: the size of every map, set and list in it, by where it is. A
 * table that a peer can make grow without end shows here, whether anybody thought of it or not.
 *
 * Private fields cannot be counted from outside, and the product gets no door for it: the swarm's
 * own build (tools/swarm) opens them. In any other build a census finds nothing.
 */

import type { Finding } from '../checkers.ts';

/** Fields that hold no table of their own: keys, octets, what was decoded once. */
const OPAQUE: ReadonlySet<string> = new Set([
  ...['suite', 'identity', 'settings', 'record', 'act', 'item', 'keys', 'window', 'random'],
  ...['unpredictable', 'own', 'founding', 'state'],
]);

/** Sizes by place: `crew.paths.peers[].open`. Where there are many of one place, the largest. */
export type Census = ReadonlyMap<string, number>;

/** What the swarm's build puts before the names of private fields. */
const OPENED = 'private_';

/** Counts everything that can be reached from a machine. */
export function census(machine: object): Census {
  const sizes = new Map<string, number>();
  count(machine, '', sizes, new Set<object>());
  return sizes;
}

function count(value: object, place: string, sizes: Map<string, number>, seen: Set<object>): void {
  if (ArrayBuffer.isView(value) || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    const length = Array.isArray(value) ? value.length : value.size;
    sizes.set(place, Math.max(sizes.get(place) ?? 0, length));
    const below = `${place}[]`;
    for (const one of value.values() as Iterable<unknown>) {
      if (typeof one === 'object' && one !== null) count(one, below, sizes, seen);
    }
    return;
  }
  for (const key of Object.keys(value)) {
    const name = key.startsWith(OPENED) ? key.slice(OPENED.length) : key;
    if (OPAQUE.has(name)) continue;
    const field = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof field === 'object' && field !== null) {
      count(field, place === '' ? name : `${place}.${name}`, sizes, seen);
    }
  }
}

/** Of what a bound may depend: members, and acts of all of them together. */
interface Extent {
  readonly members: number;
}

type Bound = (extent: Extent) => number;

const fixed =
  (most: number): Bound =>
  () =>
    most;
const perMember =
  (each: number, more = 0): Bound =>
  ({ members }) =>
    each * members + more;

/** Acts of one author, and of all (`ACTS_PER_AUTHOR_MAX`): worlds here sign a few hundred. */
const ACTS: Bound = fixed(2_000);

/**
 * The bound of each place. Written out and not imported: one that somebody lifts in the machine
 * must show here. PROTOCOL §12 and config.ts say where the numbers come from.
 */
const BOUNDS: readonly (readonly [place: string, bound: Bound])[] = [
  ['crew.sessions.peers[].confirmed', fixed(3)],
  ['crew.sessions.peers[].provisional', fixed(4)],
  ['crew.sessions.peers[].greetings', fixed(2)],
  ['crew.sessions.indexes', perMember(9)],
  ['crew.paths.questions.open[]', fixed(32)],
  ['crew.paths.questions.', perMember(64, 64)],
  ['crew.paths.peers[].others', fixed(4)],
  ['crew.paths.peers[].listed', fixed(6)],
  ['crew.paths.peers[].hints.hints', fixed(4)],
  ['crew.paths.peers[].strays.seen', fixed(8)],
  ['crew.book.entries[].history', fixed(32)],
  ['crew.fresh.sockets', fixed(2)],
  ['crew.guests', fixed(64)],
  ['crew.invites.invites', fixed(64)],
  ['crew.invites.invites[].knocks', fixed(1_024)],
  ['crew.invites.invites[].searches', fixed(1_024)],
  ['crew.mainFlows.hosts.', fixed(4_096)],
  ['crew.news.pending', fixed(4_096)],
  ['crew.news.latest', fixed(4_096)],
  ['crew.seek.answered.entries', fixed(4_096)],
  ['crew.seek.introduced.entries', fixed(1_024)],
  ['crew.inventory.wanted.entries', fixed(4_096)],
  ['crew.rounds.reports', perMember(3)],
  ['crew.reflections.slips.entries', perMember(2)],
  ['crew.beacons.nonces.entries', fixed(4_096)],
  ['crew.counters', fixed(64)],
  ['crew.outbox.effects', fixed(0)],
  ['crew.timers.', perMember(4, 32)],
  ['crew.membership.', ACTS],
  ['crew.inventory.', ACTS],
];

/** What nobody gave a bound of its own is about members; more than this of each is too much. */
const OTHERWISE: Bound = perMember(16, 64);

/** Whether everything a machine remembers is within its bound. */
export function withinBounds(sizes: Census, members: number): Finding {
  for (const [place, size] of sizes) {
    const bound = boundOf(place)({ members });
    if (size > bound) return `bounds: ${place} holds ${String(size)}, more than ${String(bound)}`;
  }
  return undefined;
}

/** A place that ends in a full stop stands for all below it. */
function boundOf(place: string): Bound {
  for (const [known, bound] of BOUNDS) {
    if (place === known || (known.endsWith('.') && place.startsWith(known))) return bound;
  }
  return OTHERWISE;
}
