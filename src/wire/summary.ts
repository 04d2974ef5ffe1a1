/** Summaries: what a node holds below a prefix of the ID space (PROTOCOL §8). */

import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Reader, Writer } from '../base/cursor.ts';
import { readFixed, writeFixed } from './field.ts';
import { SUMMARY_DEPTH_MAX, SUMMARY_DIGESTS, SUMMARY_ENTRIES_MAX } from './limits.ts';

/** What a node holds about one member: the ID's first eight octets, its record, how many acts. */
export interface Leaf {
  /** Eight octets: enough to tell the members of one cluster apart. */
  readonly prefix: Bytes;
  /** Sequence of the record held; 0: none. */
  readonly sequence: number;
  /** Acts held of its chain, 0–65,535. */
  readonly acts: number;
}

/**
 * What a node holds below one prefix of the ID space. `depth` counts levels of four bits, 0–8;
 * `prefix` is 32 bits of which the highest `4 × depth` count and all others are zero. Digests are
 * those of the 16 prefixes one level down, so they exist above the lowest level only.
 */
export type Summary = {
  readonly type: 'summary';
  readonly depth: number;
  readonly prefix: number;
} & (
  | { readonly mode: 'digests'; readonly digests: readonly number[] }
  | { readonly mode: 'leaves'; readonly leaves: readonly Leaf[] }
);

/** The octet of each mode. */
export const SUMMARY_MODES: Readonly<Record<Summary['mode'], number>> = { digests: 0, leaves: 1 };

const LEAF_PREFIX = 8;

/** Depth, prefix, mode, count, entries; the message's kind is not written here. */
export function writeSummary(writer: Writer, summary: Summary): void {
  assert(fits(summary.depth, summary.prefix), 'a prefix has bits below its depth');
  writer.u8(summary.depth).u32(summary.prefix).u8(SUMMARY_MODES[summary.mode]);
  if (summary.mode === 'digests') {
    assert(summary.digests.length === SUMMARY_DIGESTS, 'a prefix is split into 16 digests');
    assert(summary.depth < SUMMARY_DEPTH_MAX, 'there is nothing below the lowest level');
    writer.u8(summary.digests.length);
    for (const digest of summary.digests) writer.u32(digest);
    return;
  }
  assert(summary.leaves.length <= SUMMARY_ENTRIES_MAX, 'a summary lists too many leaves');
  writer.u8(summary.leaves.length);
  for (const leaf of summary.leaves) {
    writeFixed(writer, leaf.prefix, LEAF_PREFIX);
    writer.u32(leaf.sequence).u16(leaf.acts);
  }
}

/** Fails on another mode or count, and on prefix bits below the depth. */
export function readSummary(reader: Reader): Summary {
  const depth = reader.u8();
  const prefix = reader.u32();
  const mode = reader.u8();
  const count = reader.u8();
  if (!fits(depth, prefix)) reader.fail();
  if (mode === SUMMARY_MODES.digests) {
    if (count !== SUMMARY_DIGESTS || depth === SUMMARY_DEPTH_MAX) reader.fail();
    const digests = Array.from({ length: reader.failed ? 0 : count }, () => reader.u32());
    return { type: 'summary', depth, prefix, mode: 'digests', digests };
  }
  if (mode !== SUMMARY_MODES.leaves || count > SUMMARY_ENTRIES_MAX) reader.fail();
  const leaves = Array.from({ length: reader.failed ? 0 : count }, () => readLeaf(reader));
  return { type: 'summary', depth, prefix, mode: 'leaves', leaves };
}

function readLeaf(reader: Reader): Leaf {
  const prefix = readFixed(reader, LEAF_PREFIX);
  return { prefix, sequence: reader.u32(), acts: reader.u16() };
}

/** True when no bit of the prefix lies below its depth. A shift by 32 would be a shift by 0. */
function fits(depth: number, prefix: number): boolean {
  if (depth > SUMMARY_DEPTH_MAX) return false;
  return depth === SUMMARY_DEPTH_MAX || prefix % 2 ** (32 - 4 * depth) === 0;
}
