/**
 * The part that compares what two nodes hold, and finds what each lacks, in few rounds (PROTOCOL
 * §8).
 */

import { BoundedMap } from '../base/bounded.ts';
import { toHex, type Bytes } from '../base/bytes.ts';
import { nodeIdOf, publicKeyOf, type NodeId } from '../base/id.ts';
import { elapsed, millis, type Duration, type Instant } from '../base/time.ts';
import type { Suite } from '../crypto/suite.ts';
import { SUMMARY_DEPTH_MAX, SUMMARY_DIGESTS, SUMMARY_ENTRIES_MAX } from '../wire/limits.ts';
import type { Leaf, Summary, Want } from '../wire/message.ts';
import { DigestTree, type Entry } from './digest-tree.ts';

/** What two inventories that differ should do about it. */
export interface Comparison {
  /** What the other lacks: records of `from` and above, acts numbered `from` and up. */
  readonly send: readonly Want[];
  /** What this node lacks: to be asked of the other. IDs may be abbreviated, see `resolve`. */
  readonly want: readonly Want[];
  /** Own summaries to answer with; at most 16. */
  readonly descend: readonly { readonly depth: number; readonly prefix: number }[];
}

/** Octets of an ID that a leaf names it by. */
const LEAF_PREFIX = 8;

/** Entries that are offered when all numbers agree and the digests don't. */
const OFFER = 8;

/**
 * Acts of one author are wanted of one member at most this often while they come too early: longer
 * than the eight datagrams of an answer take to arrive, shorter than anybody waits for a join.
 */
const EARLY_GAP: Duration = millis(100);

/** Such wants remembered: those of four authors to each of a thousand members. */
const EARLY_MAX = 4_096;

/** An entry under the name that a leaf has for it. */
interface Listed extends Entry {
  readonly prefix: Bytes;
  /** The same in hexadecimal, which sorts as the octets do. */
  readonly key: string;
}

const NOTHING: Comparison = { send: [], want: [], descend: [] };

/**
 * What this node holds, records and acts of everyone, as a digest tree (PROTOCOL §8): one digest
 * tells whether two nodes hold the same, and summaries find what differs in O(log₁₆ n) rounds.
 *
 * A leaf names a node by eight octets of its ID. A node that is known by no more than that is asked
 * for with an abbreviated ID, zeros behind the eight octets, which `resolve` completes on the other
 * side. Two IDs with the same eight octets (2³² tries of a hostile member) cost bytes, not truth:
 * as leaves with one prefix can't be told apart, all that is held of them is exchanged.
 */
export class Inventory {
  readonly #suite: Suite;
  readonly #tree = new DigestTree();
  /** By member and author: when acts that came too early were last wanted, and behind which. */
  readonly #wanted = new BoundedMap<string, { at: Instant; have: number }>(EARLY_MAX, {
    evict: 'oldest',
  });
  #offered = 0;

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  /** XOR of the first 32 bits of the hash of each record and act held. */
  get digest(): number {
    return this.#tree.digest;
  }

  /** This record (body and signature) is held now, and the one before it no more. */
  setRecord(id: NodeId, sequence: number, bytes: Bytes): void {
    this.#tree.update({ id, sequence, record: first32(this.#suite.hash(bytes)) });
  }

  /** No record of this node is held any more. */
  dropRecord(id: NodeId): void {
    this.#tree.update({ id, sequence: 0, record: 0 });
  }

  /** All acts held of this author, by their hashes. */
  setActs(author: NodeId, hashes: readonly Bytes[]): void {
    const chain = hashes.reduce((digest, hash) => (digest ^ first32(hash)) >>> 0, 0);
    this.#tree.update({ id: author, acts: hashes.length, chain });
  }

  /**
   * Whom an ID in somebody's `want` means: itself, or whoever's ID begins with the eight octets of
   * an abbreviated one. None when nothing is held of it.
   */
  resolve(id: NodeId): readonly NodeId[] {
    if (this.#tree.get(id) !== undefined) return [id];
    const octets = publicKeyOf(id);
    if (octets.subarray(LEAF_PREFIX).some((octet) => octet !== 0)) return [];
    const key = toHex(octets.subarray(0, LEAF_PREFIX));
    const top = Number.parseInt(key.slice(0, 8), 16);
    return this.#listed(SUMMARY_DEPTH_MAX, top)
      .filter((entry) => entry.key === key)
      .map((entry) => entry.id);
  }

  /**
   * What is held below a prefix, of which the highest 4 × depth bits (0–8) count: leaves when they
   * fit, else digests. (0, 0) is all. More than 80 IDs with 32 bits in common are listed in part.
   */
  summary(depth: number, prefix: number): Summary {
    const head = { type: 'summary', depth, prefix } as const;
    if (depth < SUMMARY_DEPTH_MAX && this.#tree.count(depth, prefix) > SUMMARY_ENTRIES_MAX) {
      return { ...head, mode: 'digests', digests: this.#tree.digests(depth, prefix) };
    }
    const entries = this.#listed(depth, prefix).slice(0, SUMMARY_ENTRIES_MAX);
    const leaves = entries.map(({ prefix: named, sequence, acts }): Leaf => {
      return { prefix: named, sequence, acts };
    });
    return { ...head, mode: 'leaves', leaves };
  }

  /** Compares a summary that another node sent, which means that its digest differs from ours. */
  compare(summary: Summary): Comparison {
    const { depth, prefix } = summary;
    if (summary.mode === 'digests') {
      const own = this.#tree.digests(depth, prefix);
      const step = 2 ** (28 - 4 * depth);
      const descend = Array.from({ length: SUMMARY_DIGESTS }, (_, digit) => digit)
        .filter((digit) => own[digit] !== summary.digests[digit])
        .map((digit) => ({ depth: depth + 1, prefix: prefix + digit * step }));
      return { ...NOTHING, descend };
    }
    // More than fits one answer: our digests let the other say which parts of it it lacks.
    if (depth < SUMMARY_DEPTH_MAX && this.#tree.count(depth, prefix) > SUMMARY_ENTRIES_MAX) {
      return { ...NOTHING, descend: [{ depth, prefix }] };
    }
    return this.#compareLeaves(this.#listed(depth, prefix), summary.leaves);
  }

  /**
   * Whether to want an author's acts behind number `have` of a member that sent one too early. A
   * batch of such acts draws one want, not one each, or every answer would draw ten more. The
   * search for the root of a fork goes on at once: it halves `have` with each answer.
   */
  mayWant(peer: NodeId, author: NodeId, have: number, now: Instant): boolean {
    const key = `${peer}/${author}`;
    const last = this.#wanted.get(key);
    const halved = last !== undefined && have < last.have && 2 * have <= last.have;
    if (last !== undefined && !halved && elapsed(last.at, now) < EARLY_GAP) return false;
    this.#wanted.set(key, { at: now, have });
    return true;
  }

  /** The entries with this prefix, in the order of their IDs. */
  #listed(depth: number, prefix: number): readonly Listed[] {
    const listed = this.#tree.entries(depth, prefix).map((entry): Listed => {
      const octets = publicKeyOf(entry.id).slice(0, LEAF_PREFIX);
      return { ...entry, prefix: octets, key: toHex(octets) };
    });
    const order = ({ key, id }: Listed): string => key + id;
    return listed.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  #compareLeaves(entries: readonly Listed[], leaves: readonly Leaf[]): Comparison {
    const theirs = new Map<string, Leaf[]>();
    for (const leaf of leaves) listIn(theirs, toHex(leaf.prefix)).push(leaf);
    const ours = new Map<string, Entry[]>();
    // A full list was cut off, at the lowest level alone: beyond its end it says nothing.
    const cut = leaves.length >= SUMMARY_ENTRIES_MAX;
    const last = cut ? [...theirs.keys()].toSorted().at(-1) : undefined;
    for (const entry of entries.slice(0, SUMMARY_ENTRIES_MAX)) {
      if (last === undefined || entry.key <= last) listIn(ours, entry.key).push(entry);
    }
    const send: Want[] = [];
    const want: Want[] = [];
    for (const [key, held] of ours) {
      const listed = theirs.get(key) ?? [];
      const [entry] = held;
      if (entry !== undefined && held.length === 1 && listed.length <= 1) {
        difference(entry, entry, listed[0], send, want);
      } else if (!sameNumbers(held, listed)) {
        for (const clashing of held) difference(clashing, clashing, undefined, send, want);
        for (const leaf of listed) difference(abbreviated(leaf), undefined, leaf, send, want);
      }
    }
    for (const [key, listed] of theirs) {
      if (ours.has(key)) continue;
      for (const leaf of listed) difference(abbreviated(leaf), undefined, leaf, send, want);
    }
    if (send.length > 0 || want.length > 0) return { send, want, descend: [] };
    return { ...NOTHING, send: this.#offer(entries) };
  }

  /**
   * Equal numbers under unequal digests: most often news that arrived meanwhile, else a fork or two
   * machines that sign with one key. Offering a few newest items in turn ends both, since whoever
   * receives them sees the contradiction.
   */
  #offer(entries: readonly Entry[]): readonly Want[] {
    const send: Want[] = [];
    for (let count = Math.min(OFFER, entries.length); count > 0; count -= 1) {
      const entry = entries[this.#offered++ % entries.length];
      if (entry === undefined) continue;
      const { id, sequence, acts } = entry;
      if (sequence > 0) send.push({ kind: 'record', id, from: sequence });
      if (acts > 0) send.push({ kind: 'act', id, from: acts });
    }
    return send;
  }
}

/** Adds what one side has of a node and the other has not. */
function difference(
  named: { readonly id: NodeId },
  ours: Entry | undefined,
  theirs: Leaf | undefined,
  send: Want[],
  want: Want[],
): void {
  const { id } = named;
  const [sequence, acts] = [ours?.sequence ?? 0, ours?.acts ?? 0];
  const other = { sequence: theirs?.sequence ?? 0, acts: theirs?.acts ?? 0 };
  if (sequence > other.sequence) send.push({ kind: 'record', id, from: other.sequence + 1 });
  if (sequence < other.sequence) want.push({ kind: 'record', id, from: sequence + 1 });
  if (acts > other.acts) send.push({ kind: 'act', id, from: other.acts + 1 });
  if (acts < other.acts) want.push({ kind: 'act', id, from: acts + 1 });
}

/** The leaf's octets and zeros: an ID for the wire only. */
function abbreviated(leaf: Leaf): { readonly id: NodeId } {
  const octets = new Uint8Array(32);
  octets.set(leaf.prefix.subarray(0, LEAF_PREFIX));
  return { id: nodeIdOf(octets) };
}

/** True when clashing IDs have the same numbers on both sides, in whatever order. */
function sameNumbers(held: readonly Entry[], listed: readonly Leaf[]): boolean {
  const text = (item: { readonly sequence: number; readonly acts: number }): string =>
    `${String(item.sequence)}/${String(item.acts)}`;
  return held.map(text).toSorted().join() === listed.map(text).toSorted().join();
}

function listIn<V>(map: Map<string, V[]>, key: string): V[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

function first32(hash: Bytes): number {
  const [a = 0, b = 0, c = 0, d = 0] = hash;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
