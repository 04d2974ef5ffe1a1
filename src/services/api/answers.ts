/**
 * The JSON documents of the control API and of `--json`, besides those of core/view.ts. `schema`
 * rises when a field changes its meaning or goes; new fields alone do not raise it.
 */

import type { MemberState, PathKind, Proof } from '../../core/view.ts';
import type { V1Why } from '../../v1/commands.ts';
import type { V1CallResult, V1Imported } from '../../v1/status.ts';
import type { NamesStatus } from '../names/service.ts';
import type { ZoneRecord } from '../names/zone.ts';

/** The schema this release speaks, the same number in every document. */
export const SCHEMA = 1;

/** Why something failed: a stable code for scripts, words for people, and what would help. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** `invite --json`. The token is a secret until it is used up or expired. */
export interface InvitedDocument {
  readonly schema: 1;
  readonly token: string;
  /** Where the token says this node can be found; empty: on the same LAN at the most. */
  readonly at: readonly string[];
  /** Whether this node can be found on the same LAN with it. */
  readonly lan: boolean;
  /** Only nodes of protocol 1 told those addresses; nobody was seen to reach this node there. */
  readonly byV1: boolean;
  readonly uses: number;
  readonly expiresMs: number;
}

/** `join --json`. */
export interface JoinedDocument {
  readonly schema: 1;
  readonly cluster: string;
  /** The node was a member before; nothing changed. */
  readonly already: boolean;
}

/** `resolve --json`. A lost member's `address` is null, so that no script calls a stale one. */
export interface ResolvedDocument {
  readonly schema: 1;
  readonly id: string;
  readonly name: string;
  readonly state: MemberState;
  readonly proof: Proof;
  readonly address: string | null;
  readonly ip: string | null;
  readonly port: number | null;
  readonly family: 4 | 6 | null;
  /** The last address known, when there is no current one. */
  readonly lastAddress: string | null;
  /** There when the address is given out though nobody proved it: what that means. */
  readonly warning?: string;
}

/** What one ping came to: `rttMs` to the hundredth, `tried` addresses that were asked. */
export type PingAnswer =
  | {
      readonly answered: true;
      readonly address: string;
      /** Null: over HTTP, of a v1 peer. */
      readonly path: PathKind | null;
      readonly rttMs: number;
    }
  /** `why`: of a v1 peer, what came of the one call. */
  | { readonly answered: false; readonly tried: number; readonly why?: V1Why | null };

/** The answer to one request for a ping. */
export type PingDocument = { readonly schema: 1 } & PingAnswer;

/** `tag --json`: all tags of this node after the change. */
export interface TagsDocument {
  readonly schema: 1;
  readonly tags: Readonly<Record<string, string>>;
}

/** `dns status --json`: how names are served, if they are. */
export type DnsDocument =
  | { readonly schema: 1; readonly serving: false }
  | ({ readonly schema: 1; readonly serving: true } & NamesStatus);

/** `dns records --json`; the zone is null while no names are served. */
export interface DnsRecordsDocument {
  readonly schema: 1;
  readonly zone: string | null;
  readonly records: readonly ZoneRecord[];
}

/** `v1 add --json`, `v1 trust --json`: `why` is null when the peer answered well. */
export type V1CallDocument = { readonly schema: 1 } & V1CallResult;

/** `v1 user list --json`. */
export interface V1UsersDocument {
  readonly schema: 1;
  readonly users: readonly string[];
}

/** `v1 import --json`. */
export type V1ImportedDocument = { readonly schema: 1 } & V1Imported;

/** The answer to `v1 export`: what a node of the original reads. It holds secrets. */
export interface V1ExportedDocument {
  readonly schema: 1;
  readonly original: unknown;
}

/** The answer to a request that has nothing to tell but that it was done. */
export interface DoneDocument {
  readonly schema: 1;
  readonly done: true;
}
