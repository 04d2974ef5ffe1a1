import { assert } from './assert.ts';

/** What a full {@link BoundedMap} does with a new key: drop the oldest, or refuse the new one. */
export type Eviction = 'oldest' | 'refuse';

/**
 * A map that holds at most `capacity` entries, in the order in which they were set.
 *
 * Everything a peer can make us remember has a bound, or a peer can fill our memory. `oldest` suits
 * caches and histories, where the newest is worth most; `refuse` suits tables in which a flood of
 * newcomers must not push out those already there.
 */
export class BoundedMap<K, V> {
  /** Most entries it will hold, at least 1. */
  readonly capacity: number;
  readonly #evict: Eviction;
  readonly #entries = new Map<K, V>();

  constructor(capacity: number, options: { readonly evict: Eviction }) {
    assert(Number.isSafeInteger(capacity) && capacity >= 1, 'a bound is a whole number above 0');
    this.capacity = capacity;
    this.#evict = options.evict;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /**
   * Stores an entry and says whether it did. With `oldest` the entry becomes the newest, and a full
   * map drops the one set longest ago; with `refuse` a known key keeps its place and takes the new
   * value, while a new key is refused by a full map.
   */
  set(key: K, value: V): boolean {
    if (this.#evict === 'oldest') {
      this.#entries.delete(key);
      if (this.#entries.size >= this.capacity) this.#dropOldest();
    } else if (this.#entries.size >= this.capacity && !this.#entries.has(key)) {
      return false;
    }
    this.#entries.set(key, value);
    return true;
  }

  /** True when there was such an entry. */
  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Keys, oldest first. Entries may be deleted while iterating. */
  keys(): MapIterator<K> {
    return this.#entries.keys();
  }

  /** Values, oldest first. */
  values(): MapIterator<V> {
    return this.#entries.values();
  }

  /** Entries, oldest first. */
  entries(): MapIterator<[K, V]> {
    return this.#entries.entries();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.#entries.entries();
  }

  #dropOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}

/**
 * A list of the last `capacity` items pushed, oldest first: a ring, so that a push costs the same
 * however long it runs. For histories shown to people (events, moves), which must not grow.
 */
export class BoundedList<T> {
  /** Most items it will hold, at least 1. */
  readonly capacity: number;
  #items: T[] = [];
  /** Where the oldest item stands once the ring is full. */
  #start = 0;

  constructor(capacity: number) {
    assert(Number.isSafeInteger(capacity) && capacity >= 1, 'a bound is a whole number above 0');
    this.capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Adds an item as the newest and gives back the one it pushed out, if any. */
  push(item: T): T | undefined {
    if (this.#items.length < this.capacity) {
      this.#items.push(item);
      return undefined;
    }
    const dropped = this.#items[this.#start];
    this.#items[this.#start] = item;
    this.#start = (this.#start + 1) % this.capacity;
    return dropped;
  }

  /** The item at a position, 0 the oldest and −1 the newest; undefined outside. */
  at(position: number): T | undefined {
    const index = position < 0 ? this.#items.length + position : position;
    if (index < 0 || index >= this.#items.length) return undefined;
    return this.#items[(this.#start + index) % this.#items.length];
  }

  /** A copy, oldest first. */
  toArray(): T[] {
    return [...this.#items.slice(this.#start), ...this.#items.slice(0, this.#start)];
  }

  clear(): void {
    this.#items = [];
    this.#start = 0;
  }

  [Symbol.iterator](): ArrayIterator<T> {
    return this.toArray().values();
  }
}
