/**
 * Cuts a world that fails down to one that is small enough to be understood, and still fails: delta
 * debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002) over
 * happenings, then nodes, then all that can be made plainer.
 */

import { FAIR } from '../network.ts';
import { nodesOf, type Happening, type WorldDescription } from './description.ts';

/** Whether a world still fails, the same way. */
export type Fails = (world: WorldDescription) => boolean;

/** Runs a shrink may take: a world takes about a second. */
export const RUNS_MAX = 300;

/** A cluster needs so many nodes to be one. */
const NODES_MIN = 2;

/** The smallest failing world that was found, and how many runs that took. */
export interface Shrunk {
  readonly world: WorldDescription;
  readonly runs: number;
}

/** Shrinks a world for which `fails` holds. Stops after {@link RUNS_MAX} runs with what it has. */
export function shrink(world: WorldDescription, fails: Fails, runsMax: number = RUNS_MAX): Shrunk {
  let best = world;
  let runs = 0;
  const take = (candidate: WorldDescription): boolean => {
    if (runs >= runsMax) return false;
    runs += 1;
    if (!fails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let before = -1; before !== sizeOf(best) && runs < runsMax;) {
    before = sizeOf(best);
    dropHappenings(best, take);
    dropNodes(() => best, take);
    for (const plainer of PLAINER) take(plainer(best));
  }
  return { world: best, runs };
}

/** What a shrunk world is judged by: fewer of anything is smaller. */
function sizeOf({ happenings, nodes, chaosMs }: WorldDescription): number {
  return happenings.length * 1_000_000 + nodes.length * 100_000 + chaosMs;
}

/** Halves first, then quarters, down to one by one; what is not needed goes. */
function dropHappenings(world: WorldDescription, take: (world: WorldDescription) => boolean): void {
  let kept: readonly Happening[] = world.happenings;
  for (let parts = 1; parts <= Math.max(1, 2 * kept.length); parts *= 2) {
    const length = Math.max(1, Math.ceil(kept.length / parts));
    for (let from = 0; from < kept.length;) {
      const rest = [...kept.slice(0, from), ...kept.slice(from + length)];
      if (take({ ...world, happenings: rest })) kept = rest;
      else from += length;
    }
    if (length === 1) return;
  }
}

/** From the last to the second; node 0 is the one that stays where it is. */
function dropNodes(best: () => WorldDescription, take: (world: WorldDescription) => boolean): void {
  for (let node = best().nodes.length - 1; node > 0; node -= 1) {
    const world = best();
    if (world.nodes.length > NODES_MIN) take(without(world, node));
  }
}

/** A world without one node: what is about it alone goes with it, the others close ranks. */
export function without(world: WorldDescription, node: number): WorldDescription {
  const closer = (other: number): number => (other > node ? other - 1 : other);
  const happenings = world.happenings.flatMap((happening): Happening[] => {
    if ('nodes' in happening) return renumbered(happening, node, closer);
    if (nodesOf(happening).includes(node)) return [];
    const by = 'by' in happening ? { by: closer(happening.by) } : {};
    const at = 'node' in happening ? { node: closer(happening.node) } : {};
    return [{ ...happening, ...at, ...by }];
  });
  return { ...world, nodes: world.nodes.filter((_, index) => index !== node), happenings };
}

/** Of several nodes one may go; of two that swap none may. */
function renumbered(
  happening: Extract<Happening, { nodes: readonly number[] }>,
  node: number,
  closer: (other: number) => number,
): Happening[] {
  const nodes = happening.nodes.filter((other) => other !== node).map(closer);
  const pairs = happening.type === 'swap' || happening.type === 'inherit';
  if (nodes.length === 0 || (pairs && nodes.length < 2)) return [];
  return [{ ...happening, nodes } as Happening];
}

/** Ways to make a world plainer without taking anything out. */
const PLAINER: readonly ((world: WorldDescription) => WorldDescription)[] = [
  (world) => ({ ...world, weather: FAIR }),
  (world) => ({ ...world, nodes: world.nodes.map((node) => ({ ...node, router: 'none' })) }),
  (world) => {
    const nodes = world.nodes.map((node) => ({ ...node, driftPpm: 0, wallOffsetMs: 0 }));
    return { ...world, nodes };
  },
  (world) => ({ ...world, chaosMs: chaosOf(world) }),
];

/** Chaos that ends a second after the last thing happened. */
function chaosOf({ happenings, chaosMs }: WorldDescription): number {
  const last = Math.max(0, ...happenings.map(({ atMs }) => atMs));
  return Math.min(chaosMs, last + 1_000);
}
