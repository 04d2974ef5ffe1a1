/** All peers by name, typed or registered, at most {@link PEERS_MAX}. */

import { PEERS_MAX } from './config.ts';
import type { Peer } from './peer.ts';

/** The peers. Names of removed ones stay taken for their owners until room is needed. */
export class Peers {
  readonly #peers = new Map<string, Peer>();

  get size(): number {
    return this.#peers.size;
  }

  get(name: string): Peer | undefined {
    return this.#peers.get(name);
  }

  /** The peer, if it was not removed. */
  listed(name: string): Peer | undefined {
    const peer = this.#peers.get(name);
    return peer?.removed === true ? undefined : peer;
  }

  /** Puts a peer in, in place of one of its name; false: there are too many. */
  put(peer: Peer): boolean {
    if (!this.#peers.has(peer.name) && this.#peers.size >= PEERS_MAX) {
      const removed = [...this.#peers.values()].find((one) => one.removed);
      if (removed === undefined) return false;
      this.#peers.delete(removed.name);
    }
    this.#peers.set(peer.name, peer);
    return true;
  }

  /** True when so many new ones fit in. */
  room(count: number): boolean {
    let kept = 0;
    for (const peer of this.#peers.values()) if (!peer.removed) kept += 1;
    return kept + count <= PEERS_MAX;
  }

  delete(name: string): void {
    this.#peers.delete(name);
  }

  /** Those that were not removed. */
  *[Symbol.iterator](): Generator<Peer> {
    for (const peer of this.#peers.values()) if (!peer.removed) yield peer;
  }

  /** All of them, for the disk. */
  all(): Iterable<Peer> {
    return this.#peers.values();
  }
}
