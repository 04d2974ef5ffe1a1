/** What the library's calls take and give. */

import type { NodeId } from '../base/id.ts';
import type { MemberState, PathKind, Proof } from '../core/view.ts';
import type { V1Why } from '../v1/commands.ts';

/** Where a member is, as `resolve` says. */
export interface Resolved {
  readonly id: NodeId;
  readonly name: string;
  readonly state: MemberState;
  readonly proof: Proof;
  /** `HOST:PORT`; null while none is known, and so are its parts. */
  readonly address: string | null;
  readonly ip: string | null;
  readonly port: number | null;
  readonly family: 4 | 6 | null;
  /** Nobody proved the address, and the operator wants it given out all the same. */
  readonly unproven?: boolean;
}

/** What a ping came to. */
export type PingResult =
  | {
      readonly type: 'pong';
      readonly address: string;
      /** Null: over HTTP, of a v1 peer. */
      readonly path: PathKind | null;
      readonly roundTripMs: number;
    }
  | {
      readonly type: 'no-answer';
      readonly tried: number;
      /** Of a v1 peer: what came of its one call. */
      readonly why?: V1Why | null;
    };

/** What all that waits takes last. */
export interface Wait {
  readonly signal?: AbortSignal;
}

/** A new invite. */
export interface Invited {
  readonly token: string;
  /** Where it says this node is; empty: it can be found on the same LAN at the most. */
  readonly at: readonly string[];
  /** Whether this node can be found on its LAN with it. */
  readonly lan: boolean;
  /** Only v1 peers told those addresses; nobody was seen to reach this node's port there. */
  readonly byV1: boolean;
}

/** What an invite is to be like; everything has a default. */
export interface InviteOptions {
  /** `HOST:PORT` texts that the joiner tries. */
  readonly at?: readonly string[];
  /** How many machines may join with it. */
  readonly uses?: number;
  readonly expiresMs?: number;
}
