import { compare, type Bytes } from '../base/bytes.ts';
import type { NodeId, NodeName } from '../base/id.ts';

/** What decides how a node is shown. */
export interface Named {
  readonly id: NodeId;
  readonly name: NodeName;
  /** Hash of its admission: of equal names the lowest keeps it. */
  readonly admission: Bytes;
  readonly left: boolean;
}

/** Characters of the ID behind a name that another holds; more only if that is taken as well. */
const SUFFIX = 4;

/** A shown name is a DNS label too (RFC 1035 §2.3.4). */
const LABEL_MAX = 63;

/**
 * One name for each node, no two the same. Of members that were admitted under one name the one
 * with the lowest admission hash has it plain, the others show as `NAME-` and the first characters
 * of their IDs. Nodes that left take what is free then: a machine set up anew gets its name back.
 */
export function nameNodes(nodes: Iterable<Named>): Map<NodeId, string> {
  const shown = new Map<NodeId, string>();
  const taken = new Set<string>();
  const give = (node: Named, name: string): void => {
    shown.set(node.id, name);
    taken.add(name);
  };
  const ordered = [...nodes].toSorted((a, b) => compare(a.admission, b.admission));
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
