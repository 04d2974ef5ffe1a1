/** Items of news and wants, in their small common layout (PROTOCOL §3). */

import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Reader, Writer } from '../base/cursor.ts';
import type { NodeId } from '../base/id.ts';
import { readNodeId, writeNodeId } from './field.ts';
import { ACT_MAX, ITEM_HEAD, MESSAGE_MAX, NEWS_ITEMS_MAX, RECORD_MAX } from './limits.ts';

/** What nodes tell each other about: signed records (§7) and signed acts (§7). */
export type ItemKind = 'record' | 'act';

/** A record or an act as it is carried, signature included; not yet looked into. */
export interface NewsItem {
  readonly kind: ItemKind;
  readonly bytes: Bytes;
}

/** A question for `id`'s record, if its sequence is at least `from`, or its acts numbered so. */
export interface Want {
  readonly kind: ItemKind;
  readonly id: NodeId;
  readonly from: number;
}

/** The octet of each kind of item. */
export const ITEM_KINDS: Readonly<Record<ItemKind, number>> = { record: 1, act: 2 };

/** Octets an item takes: kind 1, length 2, the bytes. */
export function itemSize(item: NewsItem): number {
  return ITEM_HEAD + item.bytes.length;
}

/** Kind, length, bytes. An item longer than its kind may be is our own mistake. */
export function writeItem(writer: Writer, item: NewsItem): void {
  assert(item.bytes.length <= longest(item.kind), 'a record or an act is longer than any may be');
  writer.u8(ITEM_KINDS[item.kind]).lengthPrefixed16(item.bytes);
}

/** Fails on another kind and above the kind's longest. */
export function readItem(reader: Reader): NewsItem {
  const kind = readKind(reader);
  const bytes = reader.lengthPrefixed16();
  if (bytes.length > longest(kind)) reader.fail();
  return { kind, bytes };
}

/** Kind, node ID, first sequence or number wanted. */
export function writeWant(writer: Writer, want: Want): void {
  writer.u8(ITEM_KINDS[want.kind]);
  writeNodeId(writer, want.id);
  writer.u32(want.from);
}

/** The counterpart of {@link writeWant}. */
export function readWant(reader: Reader): Want {
  return { kind: readKind(reader), id: readNodeId(reader), from: reader.u32() };
}

/**
 * Splits items into batches that each fit one message, in the order given: the acts of a chain
 * build on one another, so they should leave in their order even where another would pack tighter.
 */
export function batchItems(items: readonly NewsItem[]): (readonly NewsItem[])[] {
  const batches: NewsItem[][] = [];
  let batch: NewsItem[] = [];
  let size = 2;
  for (const item of items) {
    if (size + itemSize(item) > MESSAGE_MAX || batch.length === NEWS_ITEMS_MAX) {
      batches.push(batch);
      batch = [];
      size = 2;
    }
    batch.push(item);
    size += itemSize(item);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

function readKind(reader: Reader): ItemKind {
  const kind = reader.u8();
  if (kind === ITEM_KINDS.act) return 'act';
  if (kind !== ITEM_KINDS.record) reader.fail();
  return 'record';
}

function longest(kind: ItemKind): number {
  return kind === 'record' ? RECORD_MAX : ACT_MAX;
}
