/**
 * The JSON documents of the control API and of `--json`, besides those of core/view.ts. `schema`
 * rises when a field changes its meaning or goes; new fields alone do not raise it.
 */

import type { MemberState, PathKind, Proof } from '../../core/view.ts';

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
}

/** What one ping came to: `rttMs` to the hundredth, `tried` addresses that were asked. */
export type PingAnswer =
  | {
      readonly answered: true;
      readonly address: string;
      readonly path: PathKind;
      readonly rttMs: number;
    }
  | { readonly answered: false; readonly tried: number };

/** The answer to one request for a ping. */
export type PingDocument = { readonly schema: 1 } & PingAnswer;

/** `tag --json`: all tags of this node after the change. */
export interface TagsDocument {
  readonly schema: 1;
  readonly tags: Readonly<Record<string, string>>;
}

/** The answer to a request that has nothing to tell but that it was done. */
export interface DoneDocument {
  readonly schema: 1;
  readonly done: true;
}
