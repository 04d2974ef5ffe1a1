/**
 * One name for each node, no two the same, whatever names they were admitted under (PROTOCOL §7).
 */

import { compare, type Bytes } from '../base/bytes.ts';
import type { NodeId, NodeName } from '../base/id.ts';

/** How a node came in: what decides between two of one name. */
export interface Seniority {
  /** Admissions between the founder and the node; 0 for the founder itself. */
  readonly depth: number;
  /** Number of the act that admitted it, in its author's chain. */
  readonly number: number;
  /** Hash of that act. */
  readonly admission: Bytes;
}

/** What decides how a node is shown. */
export interface Named extends Seniority {
  readonly id: NodeId;
  readonly name: NodeName;
  /** It left, or was removed; for good. */
  readonly left: boolean;
}

/** Characters of the ID behind a name that another holds; more only if that is taken as well. */
const SUFFIX = 4;

/** A shown name is a DNS label too (RFC 1035 §2.3.4). */
const LABEL_MAX = 63;

/**
 * Who is nearer the founder goes first, then whose admission has the lower number, then the lower
 * hash (PROTOCOL §7). A hash can be ground at will, a number and a distance cannot: so the hash
 * decides only between those that nothing else tells apart.
 */
export function bySeniority(a: Seniority, b: Seniority): number {
  return a.depth - b.depth || a.number - b.number || compare(a.admission, b.admission);
}

/**
 * One name for each node, no two the same. Of members that were admitted under one name the senior
 * one has it plain, the others show as `NAME-` and the first characters of their IDs. Nodes that
 * left take what is free then: a machine set up anew gets its name back.
 */
export function nameNodes(nodes: Iterable<Named>): Map<NodeId, string> {
  const shown = new Map<NodeId, string>();
  const taken = new Set<string>();
  const give = (node: Named, name: string): void => {
    shown.set(node.id, name);
    taken.add(name);
  };
  const ordered = [...nodes].toSorted(bySeniority);
  for (const left of [false, true]) {
    const group = ordered.filter((node) => node.left === left);
    for (const node of group) if (!taken.has(node.name)) give(node, node.name);
    // Only when all plain names are given: `attic-ab2c` may be somebody's own.
    for (const node of group) if (!shown.has(node.id)) give(node, freeName(node, taken));
  }
  return shown;
}

function freeName(node: Named, taken: ReadonlySet<string>): string {
  for (let length = SUFFIX; length < node.id.length; length += 1) {
    const room = LABEL_MAX - length - 1;
    const name = `${node.name.slice(0, room)}-${node.id.slice(0, length)}`;
    if (!taken.has(name)) return name;
  }
  // No other node can have it: names hold a whole ID only of their own.
  return node.id;
}
