/** The two fresh sockets that bursts leave from besides the main one (PROTOCOL §5). */

import { elapsed, type Instant } from '../base/time.ts';
import { FRESH_LINGER } from './config.ts';
import type { FreshSocket, SocketId } from './io.ts';

interface Fresh {
  readonly since: Instant;
  open: boolean;
}

/** Which fresh sockets are open, and which one a burst uses. */
export class FreshSockets {
  readonly #sockets = new Map<FreshSocket, Fresh>();
  #newest: FreshSocket | undefined;
  #exhausted = false;

  /** The newest one, when it is open. */
  get newest(): FreshSocket | undefined {
    if (this.#newest === undefined) return undefined;
    return this.#sockets.get(this.#newest)?.open === true ? this.#newest : undefined;
  }

  /**
   * A burst begins: which socket to open for it, and which to close before. Nothing to open when
   * the newest is young: no old flow can hang on it yet. After a round that nobody answered through
   * any socket (`exhausted`) it does not count as young.
   */
  want(
    now: Instant,
    needed: (socket: FreshSocket) => boolean,
  ): { readonly open?: FreshSocket; readonly close?: FreshSocket } {
    const newest = this.#newest === undefined ? undefined : this.#sockets.get(this.#newest);
    if (newest !== undefined && !this.#exhausted && elapsed(newest.since, now) < FRESH_LINGER) {
      return {};
    }
    this.#exhausted = false;
    const order: readonly FreshSocket[] = this.#newest === 1 ? [2, 1] : [1, 2];
    const free = order.find((one) => !this.#sockets.has(one));
    // Where both are taken, one that carries no path gives way; if both carry one, none does.
    const socket = free ?? order.find((one) => !needed(one));
    if (socket === undefined) return {};
    const occupied = this.#sockets.has(socket);
    this.#sockets.set(socket, { since: now, open: false });
    this.#newest = socket;
    return occupied ? { open: socket, close: socket } : { open: socket };
  }

  /** A round ended without any answer. */
  exhaust(): void {
    this.#exhausted = true;
  }

  opened(socket: FreshSocket): void {
    const fresh = this.#sockets.get(socket);
    if (fresh !== undefined) fresh.open = true;
  }

  closed(socket: FreshSocket): void {
    this.#sockets.delete(socket);
    if (this.#newest === socket) this.#newest = undefined;
  }

  isOpen(socket: SocketId): boolean {
    return socket === 0 || this.#sockets.get(socket)?.open === true;
  }

  /** Sockets older than FRESH_LINGER that neither a record nor a path needs. */
  *idle(now: Instant, needed: (socket: FreshSocket) => boolean): Generator<FreshSocket> {
    for (const [socket, { since }] of this.#sockets) {
      if (elapsed(since, now) >= FRESH_LINGER && !needed(socket)) yield socket;
    }
  }

  /** Whether any is open or opening. */
  get any(): boolean {
    return this.#sockets.size > 0;
  }
}
