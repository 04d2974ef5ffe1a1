/**
 * The node as it shows itself: the documents of `members --json` and `status --json` (DESIGN §9).
 */

import type { NodeId } from '../base/id.ts';

/** How a peer is reached. */
export type PathKind = 'udp' | 'lan' | 'link' | 'relay';

/** What is known of a member: alive, doubted, silent for long, or gone by its own signed act. */
export type MemberState = 'self' | 'alive' | 'suspect' | 'lost' | 'left';

/** On what an address is believed (B2). */
export type Proof = 'direct' | 'vouched' | 'tls' | 'none';

/**
 * A round trip as the documents give it, in milliseconds to the hundredth: what a clock and a loop
 * add is larger than the rest.
 */
export function roundTripDigits(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/**
 * One member of `members --json`. Times are ages in whole milliseconds, `rttMs` see
 * {@link roundTripDigits}; null: never, or not known. `moves`: changes of host since the start.
 */
export interface MemberView {
  readonly id: NodeId;
  readonly name: string;
  readonly state: MemberState;
  readonly protocol: 1 | 2;
  readonly address: string | null;
  readonly proof: Proof;
  readonly provenMs: number | null;
  readonly path: PathKind | null;
  readonly rttMs: number | null;
  readonly lastHeardMs: number | null;
  readonly addressSinceMs: number | null;
  readonly moves: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** `members --json`, schema 1. */
export interface MembersDocument {
  readonly schema: 1;
  readonly self: NodeId;
  readonly members: readonly MemberView[];
}

/** One of the node's own addresses, as the others voted it. */
export interface OwnAddressView {
  readonly address: string;
  readonly family: 4 | 6;
  readonly scope: 'public' | 'private' | 'loopback' | 'link-local';
  readonly votes: number;
  readonly voters: number;
  readonly sinceMs: number;
}

/** alone: no other member. afloat: heard somebody lately. orphan: has members and hears nobody. */
export type SelfState = 'alone' | 'afloat' | 'orphan';

/** `status --json`, schema 1; times in whole milliseconds. */
export interface StatusDocument {
  readonly schema: 1;
  readonly self: {
    readonly id: NodeId;
    readonly name: string;
    readonly cluster: string;
    readonly clusterId: string;
    readonly state: SelfState;
    readonly addresses: readonly OwnAddressView[];
    readonly nat: 'unknown' | 'open' | 'mapped' | 'random' | 'blocked';
  };
  readonly members: { readonly total: number; readonly alive: number; readonly lost: number };
  /** Lines for a human: what is wrong and what would help; empty when all is well. */
  readonly advice: readonly string[];
  readonly invites: readonly { readonly usesLeft: number; readonly expiresInMs: number }[];
  /** Datagrams and requests dropped or refused, by reason, since the start. */
  readonly counters: Readonly<Record<string, number>>;
  readonly beatMs: number;
}
