/** What the control API needs of a running node. The runtime's `Flotilla` fits it as it is. */

import type { NodeId } from '../../base/id.ts';
import type { TagChange } from '../../core/commands.ts';
import type { NodeEvent } from '../../core/events.ts';
import type {
  MembersDocument,
  MemberState,
  PathKind,
  Proof,
  StatusDocument,
} from '../../core/view.ts';

/** Where a name leads; the address is null while none is known. */
export interface Resolution {
  readonly id: NodeId;
  readonly name: string;
  readonly state: MemberState;
  readonly proof: Proof;
  readonly address: string | null;
  readonly ip: string | null;
  readonly port: number | null;
  readonly family: 4 | 6 | null;
}

/** What one ping came to. */
export type PingOutcome =
  | {
      readonly type: 'pong';
      readonly address: string;
      readonly path: PathKind;
      readonly roundTripMs: number;
    }
  | { readonly type: 'no-answer'; readonly tried: number };

/** An option of all that waits. */
export interface Wait {
  readonly signal?: AbortSignal;
}

/** A running node, as an operator steers it. Refusals are thrown as `UserError`. */
export interface Control {
  status(): StatusDocument;
  members(): MembersDocument;
  /** Undefined when nobody has that name; throws `name-ambiguous` for a prefix of several IDs. */
  resolve(nameOrId: string): Resolution | undefined;
  invite(options: {
    readonly at?: readonly string[];
    readonly uses?: number;
    readonly expiresMs?: number;
  }): Promise<{
    readonly token: string;
    readonly at: readonly string[];
    /** Whether this node can be found on its LAN with the token. */
    readonly lan: boolean;
  }>;
  join(
    token: string,
    wait?: Wait,
  ): Promise<{ readonly cluster: string; readonly already: boolean }>;
  ping(nameOrId: string, wait?: Wait): Promise<PingOutcome>;
  hint(nameOrId: string, address: string): Promise<void>;
  tag(changes: readonly TagChange[]): Promise<void>;
  leave(): Promise<void>;
  events(options?: Wait): AsyncIterable<NodeEvent>;
  /** With `members`, the members document too: once at the start and at each change of it. */
  events(options: Wait & { readonly members: true }): AsyncIterable<NodeEvent | MembersDocument>;
}
