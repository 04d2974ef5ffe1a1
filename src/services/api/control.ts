/** What the control API needs of a running node. The runtime's `Flotilla` fits it as it is. */

import type { NodeId } from '../../base/id.ts';
import type { TagChange } from '../../core/commands.ts';
import type { NodeEvent } from '../../core/events.ts';
import type { V1Why } from '../../v1/commands.ts';
import type { V1Event } from '../../v1/events.ts';
import type { V1CallResult, V1Imported, V1StatusView, V1Typed } from '../../v1/status.ts';
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
  /** Nobody proved the address, and the operator wants it given out all the same. */
  readonly unproven?: boolean;
}

/** What one ping came to. */
export type PingOutcome =
  | {
      readonly type: 'pong';
      readonly address: string;
      readonly path: PathKind | null;
      readonly roundTripMs: number;
    }
  | { readonly type: 'no-answer'; readonly tried: number; readonly why?: V1Why | null };

/** An option of all that waits. */
export interface Wait {
  readonly signal?: AbortSignal;
}

/** The v1 peers of a node, as an operator steers them. Refusals are thrown as `UserError`. */
export interface V1Control {
  add(typed: V1Typed, wait?: Wait): Promise<V1CallResult>;
  remove(name: string): Promise<void>;
  trust(name: string, wait?: Wait): Promise<V1CallResult>;
  users(): Promise<readonly string[]>;
  addUser(name: string, password: string): Promise<void>;
  removeUser(name: string): Promise<void>;
  import(original: unknown): Promise<V1Imported>;
  /** The value holds secrets. */
  export(): Promise<unknown>;
}

/** What a node tells: of its cluster, and of v1 peers. */
export type ControlEvent = NodeEvent | V1Event;

/** A node's status; `v1` is there while it speaks with v1 peers. */
export type ControlStatus = StatusDocument & { readonly v1?: V1StatusView };

/** A running node, as an operator steers it. Refusals are thrown as `UserError`. */
export interface Control {
  readonly v1: V1Control;
  status(): ControlStatus;
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
    readonly byV1: boolean;
  }>;
  join(
    token: string,
    wait?: Wait,
  ): Promise<{ readonly cluster: string; readonly already: boolean }>;
  ping(nameOrId: string, wait?: Wait): Promise<PingOutcome>;
  hint(nameOrId: string, address: string): Promise<void>;
  tag(changes: readonly TagChange[]): Promise<void>;
  leave(): Promise<void>;
  events(options?: Wait): AsyncIterable<ControlEvent>;
  /** With `members`, the members document too: once at the start and at each change of it. */
  events(options: Wait & { readonly members: true }): AsyncIterable<ControlEvent | MembersDocument>;
}
