/** What the library's calls take and give. */

import type { NodeId } from '../base/id.ts';
import type { MemberState, PathKind, Proof } from '../core/view.ts';

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
}

/** What a ping came to. */
export type PingResult =
  | {
      readonly type: 'pong';
      readonly address: string;
      readonly path: PathKind;
      readonly roundTripMs: number;
    }
  | { readonly type: 'no-answer'; readonly tried: number };

/** What all that waits takes last. */
export interface Wait {
  readonly signal?: AbortSignal;
}
