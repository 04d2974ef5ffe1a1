/**
 * What many nodes of one process make of the same stored octets, made once. Simulations of
 * thousands hand one library to all their nodes; a daemon has none, and nothing here ever changes
 * an outcome.
 */

import type { Bytes } from '../base/bytes.ts';
import type { Shelf, Shelves } from './address-book.ts';
import type { StoredBook } from './documents.ts';
import type { Roll } from './roll.ts';

/** Keyed by the stored arrays themselves: whoever begins with the same ones shares what is here. */
export class Library {
  /** Acts as judged; whoever learns of another act makes itself a copy first. */
  readonly rolls: WeakMap<readonly Bytes[], Roll> = new WeakMap<readonly Bytes[], Roll>();
  /** Records and histories as read; an entry is copied by whoever changes it. */
  readonly #shelves = new WeakMap<readonly Bytes[], Shelves>();

  /** Whom a book is about hangs on the acts beside it. */
  shelves(acts: readonly Bytes[]): Shelves {
    const known = this.#shelves.get(acts) ?? new WeakMap<StoredBook, Shelf>();
    this.#shelves.set(acts, known);
    return known;
  }
}
