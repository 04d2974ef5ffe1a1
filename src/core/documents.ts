/**
 * What a node keeps on disk besides its identity: two documents, as JSON values. The host stores
 * and returns them; `readCluster` and `readBook` refuse what is not theirs, so nothing foreign is
 * believed.
 */

import { formatAddress, parseAddress, type Address } from '../base/address.ts';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { parseNodeId, type NodeId } from '../base/id.ts';
import { wallTime, type WallTime } from '../base/time.ts';

/** `cluster`: what must never be lost. `book`: addresses; stale ones cost time, not truth. */
export type DocumentName = 'cluster' | 'book';

/** An invite this node made, with the secret only it (and the token) holds. */
export interface StoredInvite {
  readonly secret: Bytes;
  readonly uses: number;
  readonly expires: WallTime;
}

/** Membership: signed acts as carried, own invites, and the record sequences reserved so far. */
export interface StoredCluster {
  readonly acts: readonly Bytes[];
  readonly invites: readonly StoredInvite[];
  /** Every record sequence up to here may have been used. */
  readonly reserved: number;
  readonly tags: readonly (readonly [string, string])[];
}

/** One address a member holds or has held. */
export interface StoredAddress {
  readonly address: Address;
  /** When it was last proven or told, by this node's wall clock; for order only. */
  readonly at: WallTime;
}

/** Newest records as carried, and each member's address history, newest first. */
export interface StoredBook {
  readonly records: readonly Bytes[];
  readonly history: readonly {
    readonly id: NodeId;
    readonly addresses: readonly StoredAddress[];
  }[];
}

/** A book of a node that met nobody yet. */
export const EMPTY_BOOK: StoredBook = { records: [], history: [] };

/** The JSON value of a cluster document. */
export function writeCluster(stored: StoredCluster): unknown {
  return {
    acts: stored.acts.map(toHex),
    invites: stored.invites.map((invite) => ({
      secret: toHex(invite.secret),
      uses: invite.uses,
      expiresMs: wholeMs(invite.expires),
    })),
    reserved: stored.reserved,
    tags: stored.tags,
  };
}

/** The JSON value of a book document. */
export function writeBook(stored: StoredBook): unknown {
  return {
    records: stored.records.map(toHex),
    history: stored.history.map(({ id, addresses }) => ({
      id,
      addresses: addresses.map(({ address, at }) => ({
        address: formatAddress(address),
        atMs: wholeMs(at),
      })),
    })),
  };
}

/** A cluster document read back; undefined when it is not one. */
export function readCluster(json: unknown): StoredCluster | undefined {
  const acts = each(field(json, 'acts'), hex);
  const invites = each(field(json, 'invites'), (item) => {
    const secret = hex(field(item, 'secret'));
    const uses = whole(field(item, 'uses'));
    const expires = whole(field(item, 'expiresMs'));
    if (secret === undefined || uses === undefined || expires === undefined) return undefined;
    return { secret, uses, expires: wallTime(expires) };
  });
  const reserved = whole(field(json, 'reserved'));
  const tags = each(field(json, 'tags'), (item) => {
    const pair = each(item, text);
    const [key, value] = pair ?? [];
    if (key === undefined || value === undefined) return undefined;
    return [key, value] as const;
  });
  if (!acts || !invites || reserved === undefined || !tags) return undefined;
  return { acts, invites, reserved, tags };
}

/** A book document read back; undefined when it is not one. */
export function readBook(json: unknown): StoredBook | undefined {
  const records = each(field(json, 'records'), hex);
  const history = each(field(json, 'history'), (item) => {
    const id = parseNodeId(text(field(item, 'id')) ?? '');
    const addresses = each(field(item, 'addresses'), (entry) => {
      const address = parseAddress(text(field(entry, 'address')) ?? '');
      const at = whole(field(entry, 'atMs'));
      if (address === undefined || at === undefined) return undefined;
      return { address, at: wallTime(at) };
    });
    if (id === undefined || addresses === undefined) return undefined;
    return { id, addresses };
  });
  if (!records || !history) return undefined;
  return { records, history };
}

/** A clock before 1970 or between milliseconds must not make a document that nobody reads. */
function wholeMs(at: WallTime): number {
  return Math.max(0, Math.round(at));
}

function field(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null) return undefined;
  return (json as Record<string, unknown>)[name];
}

function each<T>(json: unknown, read: (item: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const items: T[] = [];
  for (const entry of json as unknown[]) {
    const item = read(entry);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

function hex(json: unknown): Bytes | undefined {
  return typeof json === 'string' ? fromHex(json) : undefined;
}

function text(json: unknown): string | undefined {
  return typeof json === 'string' ? json : undefined;
}

function whole(json: unknown): number | undefined {
  return Number.isSafeInteger(json) && (json as number) >= 0 ? (json as number) : undefined;
}
