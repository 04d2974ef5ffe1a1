/** The v1 part of a node's status, and what calls to a peer came to. */

import type { V1Why } from './commands.ts';
import type { V1OwnView, V1PeerView } from './view.ts';

/** `v1` in `status --json`; there only while a node speaks v1. */
export interface V1StatusView {
  /** The name that v1 peers know this node by. */
  readonly name: string;
  /** Where it serves them; null: it only calls. */
  readonly serving: {
    readonly address: string;
    readonly path: string;
    readonly https: boolean;
    /** SHA-256 of the certificate's public key, in hexadecimal; null over plain HTTP. */
    readonly pin: string | null;
  } | null;
  readonly intervalMs: number;
  readonly own: V1OwnView;
  readonly peers: readonly V1PeerView[];
}

/** What a call to a peer came to; `why` is null when it was answered well. */
export interface V1CallResult {
  readonly name: string;
  readonly address: string | null;
  readonly why: V1Why | null;
}

/** What an import took in. */
export interface V1Imported {
  /** The name that v1 peers know this node by, from now on. */
  readonly name: string;
  readonly peers: number;
  /** Entries that could not be taken, in words. */
  readonly skipped: readonly string[];
  /** The interval in the file, which is not taken over. */
  readonly intervalMs: number;
}

/** A peer as an operator types it in. */
export interface V1Typed {
  readonly name: string;
  /** `HOST:PORT`. */
  readonly at: string;
  readonly path?: string;
  readonly https?: boolean;
  /** Credentials may go there over plain HTTP. */
  readonly insecure?: boolean;
  readonly login?: { readonly username: string; readonly password: string };
}
