/**
 * A tree of digests over the ID space, kept current with each change; its root rides in every
 * ping.
 */

import { assert } from '../base/assert.ts';
import { fromBase32 } from '../base/base32.ts';
import type { NodeId } from '../base/id.ts';
import { SUMMARY_DEPTH_MAX, SUMMARY_DIGESTS, SUMMARY_ENTRIES_MAX } from '../wire/limits.ts';

/** What is held about one node. Changed only through {@link DigestTree.update}. */
export interface Entry {
  readonly id: NodeId;
  /** The first 32 bits of the ID. */
  readonly top: number;
  /** Sequence of the record held; 0: none. */
  readonly sequence: number;
  /** First 32 bits of the record's hash; 0: none. */
  readonly record: number;
  /** Acts held. */
  readonly acts: number;
  /** XOR of the first 32 bits of their hashes. */
  readonly chain: number;
}

/** One prefix of the ID space: its entries while they are few, else 16 prefixes one level down. */
interface Branch {
  digest: number;
  count: number;
  /** By ID; undefined once the branch was split. */
  entries: Map<NodeId, Entry> | undefined;
  readonly children: (Branch | undefined)[];
}

/**
 * Entries in a tree over the first 32 bits of their IDs, four a level, with the XOR of all below at
 * each branch. A branch is split when it holds more than one summary can list, so the tree has no
 * more branches than it once had entries, and one change touches at most nine of them.
 */
export class DigestTree {
  readonly #root: Branch = emptyBranch();

  /** XOR over all that is held, 32 bits. */
  get digest(): number {
    return this.#root.digest;
  }

  get(id: NodeId): Entry | undefined {
    let branch: Branch | undefined = this.#root;
    const top = topOf(id);
    for (let depth = 0; branch !== undefined; depth += 1) {
      if (branch.entries !== undefined) return branch.entries.get(id);
      branch = branch.children[digitAt(top, depth)];
    }
    return undefined;
  }

  /** Puts an entry in the place of the one held for its ID; one that holds nothing goes. */
  update(change: Pick<Entry, 'id'> & Partial<Entry>): void {
    const old = this.get(change.id);
    const entry: Entry = { ...(old ?? emptyEntry(change.id)), ...change };
    const held = entry.sequence > 0 || entry.acts > 0;
    if (!held && old === undefined) return;
    // XOR takes the old digest out and puts the new one in, all the way down from the root.
    const difference = digestOf(entry) ^ (old === undefined ? 0 : digestOf(old));
    const count = (held ? 1 : 0) - (old === undefined ? 0 : 1);
    const { top } = entry;
    let branch = this.#root;
    for (let depth = 0; ; depth += 1) {
      branch.digest = (branch.digest ^ difference) >>> 0;
      branch.count += count;
      if (branch.entries !== undefined) {
        if (held) branch.entries.set(entry.id, entry);
        else branch.entries.delete(entry.id);
        if (branch.count > SUMMARY_ENTRIES_MAX && depth < SUMMARY_DEPTH_MAX) split(branch, depth);
        return;
      }
      branch = childOf(branch, digitAt(top, depth));
    }
  }

  /** How many entries have this prefix (of which the highest 4 × depth bits count). */
  count(depth: number, prefix: number): number {
    const branch = this.#branch(depth, prefix);
    return branch?.entries === undefined || depth === 0
      ? (branch?.count ?? 0)
      : this.#within(branch, depth, prefix).length;
  }

  /** The digests of the 16 prefixes one level below this one; depth 0–7. */
  digests(depth: number, prefix: number): readonly number[] {
    assert(depth < SUMMARY_DEPTH_MAX, 'there is nothing below the lowest level');
    const branch = this.#branch(depth, prefix);
    if (branch === undefined) return new Array<number>(SUMMARY_DIGESTS).fill(0);
    if (branch.entries === undefined) {
      return Array.from(branch.children, (child) => child?.digest ?? 0);
    }
    const digests = new Array<number>(SUMMARY_DIGESTS).fill(0);
    for (const entry of this.#within(branch, depth, prefix)) {
      const digit = digitAt(entry.top, depth);
      digests[digit] = ((digests[digit] ?? 0) ^ digestOf(entry)) >>> 0;
    }
    return digests;
  }

  /** The entries with this prefix, in no particular order. */
  entries(depth: number, prefix: number): readonly Entry[] {
    const branch = this.#branch(depth, prefix);
    return branch === undefined ? [] : this.#within(branch, depth, prefix);
  }

  /** The branch of this prefix, or the undivided one that its entries are in. */
  #branch(depth: number, prefix: number): Branch | undefined {
    let branch: Branch | undefined = this.#root;
    for (let level = 0; level < depth && branch?.entries === undefined; level += 1) {
      branch = branch?.children[digitAt(prefix, level)];
      if (branch === undefined) return undefined;
    }
    return branch;
  }

  #within(branch: Branch, depth: number, prefix: number): Entry[] {
    if (branch.entries === undefined) {
      return branch.children.flatMap((child) =>
        child === undefined ? [] : this.#within(child, depth, prefix),
      );
    }
    // A shift by 32 would be a shift by 0, hence the case of its own.
    const shared = (top: number): number => (depth === 0 ? 0 : top >>> (32 - 4 * depth));
    const wanted = shared(prefix);
    return [...branch.entries.values()].filter((entry) => shared(entry.top) === wanted);
  }
}

/** Four bits of a 32-bit prefix: the highest at depth 0. */
export function digitAt(top: number, depth: number): number {
  return (top >>> (28 - 4 * depth)) & 15;
}

function emptyBranch(): Branch {
  const children = new Array<Branch | undefined>(SUMMARY_DIGESTS).fill(undefined);
  return { digest: 0, count: 0, entries: new Map(), children };
}

function emptyEntry(id: NodeId): Entry {
  return { id, top: topOf(id), sequence: 0, record: 0, acts: 0, chain: 0 };
}

/** Never merged again: members hardly ever go, and an empty branch costs about 200 octets. */
function split(branch: Branch, depth: number): void {
  const entries = branch.entries ?? new Map<NodeId, Entry>();
  branch.entries = undefined;
  for (const [id, entry] of entries) {
    const child = childOf(branch, digitAt(entry.top, depth));
    child.entries?.set(id, entry);
    child.digest = (child.digest ^ digestOf(entry)) >>> 0;
    child.count += 1;
  }
  // All in one child happens when IDs were ground to share a prefix.
  if (depth + 1 === SUMMARY_DEPTH_MAX) return;
  for (const child of branch.children) {
    if (child !== undefined && child.count > SUMMARY_ENTRIES_MAX) split(child, depth + 1);
  }
}

function childOf(branch: Branch, digit: number): Branch {
  const child = branch.children[digit] ?? emptyBranch();
  branch.children[digit] = child;
  return child;
}

function digestOf(entry: Entry): number {
  return (entry.record ^ entry.chain) >>> 0;
}

/** The first 32 bits of an ID as a number: eight characters are 40 bits. */
function topOf(id: NodeId): number {
  const [a = 0, b = 0, c = 0, d = 0] = fromBase32(id.slice(0, 8)) ?? [];
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
