/**
 * What a world does to its machines: what breaks, when, for how long, and how it is undone.
 */

import { unreachable } from '../base/assert.ts';
import type { SeededRandom } from '../base/random.ts';
import { millis, minutes } from '../base/time.ts';
import type { VirtualHost } from './host.ts';
import { FAIR, type Weather } from './network.ts';
import type { Stage } from './stage.ts';

/** When something begins, after the chaos did, and how long it lasts. Milliseconds. */
export interface Span {
  readonly atMs: number;
  readonly lengthMs: number;
}

/** One thing that goes wrong at a time, for a while. Nodes by number; plain data, fit for JSON. */
export type Fault = Span &
  (
    | { readonly type: 'move'; readonly nodes: readonly number[] }
    | { readonly type: 'swap'; readonly nodes: readonly [number, number] }
    /** One leaves its address and another gets it, as ISPs give addresses out again. */
    | { readonly type: 'inherit'; readonly nodes: readonly [heir: number, leaver: number] }
    | { readonly type: 'unplug'; readonly node: number }
    | { readonly type: 'crash'; readonly node: number }
    /** Power fails right when the machine asks for a write, before what follows can be sent. */
    | { readonly type: 'crash-at-save'; readonly node: number }
    | { readonly type: 'stall'; readonly node: number }
    | { readonly type: 'suspend'; readonly node: number }
    | { readonly type: 'set-wall'; readonly node: number; readonly byMs: number }
    | { readonly type: 'disk-full'; readonly node: number }
    | { readonly type: 'partition'; readonly nodes: readonly number[]; readonly oneWay: boolean }
    | { readonly type: 'weather'; readonly weather: Weather }
  );

/** What kinds of fault there are. */
export type FaultType = Fault['type'];

/** All kinds of fault. */
export const FAULT_TYPES: readonly FaultType[] = [
  'move',
  'swap',
  'inherit',
  'unplug',
  'crash',
  'crash-at-save',
  'stall',
  'suspend',
  'set-wall',
  'disk-full',
  'partition',
  'weather',
];

/**
 * One fault of a kind. All draws are made whatever the kind, so that another kind in this place
 * would not change who is hit after it. Lengths are such that several faults overlap in a dense
 * world.
 */
export function drawFault(
  random: SeededRandom,
  type: FaultType,
  nodes: number,
  atMs: number,
): Fault {
  const movable = Array.from({ length: nodes - 1 }, (_, index) => index + 1);
  const node = random.below(nodes);
  const [one = 0, other = 0] = random.sample(movable, 2);
  const lengthMs = Math.round(random.between(100, 12_000));
  switch (type) {
    case 'move':
      return { type, atMs, lengthMs, nodes: random.sample(movable, 1 + random.below(nodes - 1)) };
    case 'swap':
    case 'inherit':
      return { type, atMs, lengthMs, nodes: [one, other] };
    case 'unplug':
      return { type, atMs, lengthMs, node: one };
    case 'crash':
    case 'crash-at-save':
    case 'disk-full':
      return { type, atMs, lengthMs, node };
    // A stall is a busy disk or a garbage collection, not a sleep: three seconds at most.
    case 'stall':
      return { type, atMs, lengthMs: Math.round(random.between(10, 3_000)), node };
    case 'suspend':
      return { type, atMs, lengthMs: Math.round(random.between(1_000, 60_000)), node };
    // Ten hours either way: a board without a battery that comes up in the wrong year is milder.
    case 'set-wall':
      return { type, atMs, lengthMs, node, byMs: Math.round(minutes(random.between(-600, 600))) };
    // Node 0 may be on either side; one-way cuts are what broken filters make.
    case 'partition': {
      const side = random.sample([0, ...movable], 1 + random.below(nodes - 1));
      return { type, atMs, lengthMs, nodes: side, oneWay: random.chance(0.4) };
    }
    case 'weather':
      return { type, atMs, lengthMs, weather: foul(random) };
    default:
      return unreachable(type);
  }
}

/** Anything from a slow line to a radio link in a storm. */
function foul(random: SeededRandom): Weather {
  return {
    latency: [millis(random.between(1, 50)), millis(random.between(50, 300))],
    jitter: millis(random.between(0, 100)),
    loss: random.between(0, 0.4),
    duplication: random.between(0, 0.2),
  };
}

/** Lets a fault begin now and end after its length. */
export function applyFault(stage: Stage, fault: Fault): void {
  const { world } = stage;
  const later = (run: () => void): void => world.timeline.in(millis(fault.lengthMs), run);
  switch (fault.type) {
    // Who is unplugged cannot move; it comes back elsewhere anyway.
    case 'move':
      return stage.move(fault.nodes.map((node) => stage.host(node)).filter(isPlugged));
    case 'swap':
      return stage.swap(stage.host(fault.nodes[0]), stage.host(fault.nodes[1]));
    case 'inherit': {
      const [heir, leaver] = fault.nodes.map((node) => stage.host(node));
      return inherit(stage, heir, leaver);
    }
    case 'unplug':
      world.readdress([[stage.host(fault.node), []]]);
      return later(() => replug(stage, stage.host(fault.node)));
    case 'crash':
      return crash(stage, stage.host(fault.node), later);
    case 'crash-at-save':
      return stage.crashAtSave(stage.host(fault.node), () =>
        later(() => revive(stage, fault.node)),
      );
    case 'stall':
      return stage.host(fault.node).stall(millis(fault.lengthMs));
    case 'suspend':
      return stage.host(fault.node).suspend(millis(fault.lengthMs));
    case 'set-wall':
      return stage.host(fault.node).setWall(millis(fault.byMs));
    case 'disk-full':
      stage.host(fault.node).disk.full = true;
      return later(() => {
        stage.host(fault.node).disk.full = false;
      });
    case 'partition':
      return partition(stage, fault.nodes, fault.oneWay, later);
    case 'weather':
      world.network.weather = fault.weather;
      return later(() => {
        world.network.weather = stage.weather;
      });
    default:
      return unreachable(fault);
  }
}

/** Ends whatever is still wrong: the calm in which convergence must come. */
export function calm(stage: Stage): void {
  const { world } = stage;
  stage.clearTraps();
  world.network.mendAll();
  world.network.weather = FAIR;
  for (const host of stage.hosts) {
    host.disk.full = false;
    if (!isPlugged(host)) replug(stage, host);
    host.rouse();
    if (stage.mayStart(host)) host.start();
  }
}

/** An unplugged machine runs on, and its sends fail. */
function isPlugged(host: VirtualHost): boolean {
  return host.site.addresses.length > 0;
}

/** The heir's old address goes to nobody: it is a black hole from now on. */
function inherit(
  stage: Stage,
  heir: VirtualHost | undefined,
  leaver: VirtualHost | undefined,
): void {
  if (heir === undefined || leaver === undefined) return;
  stage.world.readdress([
    [heir, leaver.site.addresses],
    [leaver, [stage.world.pool.fresh()]],
  ]);
}

/** Unless something else gave it an address meanwhile. */
function replug(stage: Stage, host: VirtualHost): void {
  if (!isPlugged(host)) stage.move([host]);
}

/** Off at once, and on again later, unless calm switched it on before. */
function crash(stage: Stage, host: VirtualHost, later: (run: () => void) => void): void {
  if (host.isOff) return;
  host.crash();
  later(() => {
    if (stage.mayStart(host)) host.start();
  });
}

/** The second half of a crash that waited for a write. */
function revive(stage: Stage, node: number): void {
  const host = stage.host(node);
  if (stage.mayStart(host)) host.start();
}

/**
 * Cuts some off from the rest, or lets them hear and not be heard. Each cut has a name of its own,
 * so that overlapping ones are mended one by one.
 */
function partition(
  stage: Stage,
  nodes: readonly number[],
  oneWay: boolean,
  later: (run: () => void) => void,
): void {
  const inside = new Set(nodes.map((node) => stage.host(node).site.site));
  const name = `partition at ${stage.world.now.toFixed(3)}`;
  const { network, trace } = stage.world;
  const sides = `${[...inside].join(', ')} from the rest${oneWay ? ', one way' : ''}`;
  trace.note(stage.world.now, 'network', 'fate', `cuts off ${sides}`);
  network.cut(name, (from, to) => {
    const out = inside.has(from) && !inside.has(to);
    return out || (!oneWay && inside.has(to) && !inside.has(from));
  });
  later(() => {
    trace.note(stage.world.now, 'network', 'fate', `lets ${sides} through again`);
    network.mend(name);
  });
}
