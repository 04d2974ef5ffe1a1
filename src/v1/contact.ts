/** How a peer is reached: where, as whom, to do what, and why that may fail. */

import type { Address } from '../base/address.ts';

/** Where a v1 peer serves. */
export interface Endpoint {
  readonly at: Address;
  /** Absolute, without a query; `/godddns` by default. */
  readonly path: string;
  readonly https: boolean;
}

/** The credentials that a peer's operator gave this node. Never shown, never logged. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** The operations of the protocol: connect, heartbeat, sync (`?opr=`). */
export type Operation = 'c' | 'h' | 's';

/** Why a call brought no answer. */
export type CallFailure =
  | 'time-out'
  | 'refused'
  | 'unreachable'
  /** The server's certificate is not the pinned one; nothing was sent. */
  | 'certificate'
  /** An answer that is no HTTP, or larger than 64 KiB. */
  | 'malformed'
  | 'other';
