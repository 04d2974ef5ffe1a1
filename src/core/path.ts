/** One proven way to a peer, and the rule of which of several to use (PROTOCOL §4, B1). */

import { sameAddress, type Address } from '../base/address.ts';
import type { Instant } from '../base/time.ts';
import { SILENCES_FOR_UNLISTED } from './config.ts';
import { MAIN, type SocketId } from './io.ts';

/** From this socket of mine the peer answered a challenge sent to this address. */
export interface Path {
  readonly socket: SocketId;
  readonly address: Address;
  /** When the newest answered challenge was sent. */
  readonly provenAt: Instant;
  /** When the oldest question was sent that no proof followed; undefined while it answers. */
  readonly silentSince: Instant | undefined;
  /** How many questions in a row no proof followed. */
  readonly silences: number;
}

/** Two paths are one when socket and address are the same. */
export function samePath(a: Path, b: Path): boolean {
  return a.socket === b.socket && sameAddress(a.address, b.address);
}

/**
 * Whether a proven path should take the present one's place. Yes when the present one fell silent
 * and this one answered since, or when the peer's newest record puts this address before that one.
 * So a forwarder, whose address no record lists, drags nobody away while the old path answers.
 *
 * `listed` holds the addresses of the peer's newest record, in its order.
 */
export function shouldReplace(present: Path, other: Path, listed: readonly Address[]): boolean {
  if (other.silentSince !== undefined) return false;
  const presentRank = rankIn(listed, present.address);
  const otherRank = rankIn(listed, other.address);
  if (present.silentSince !== undefined) {
    // One lost datagram must not be enough for an address that only a forwarder may know of.
    const needed = otherRank === Infinity && listed.length > 0 ? SILENCES_FOR_UNLISTED : 1;
    return present.silences >= needed && other.provenAt >= present.silentSince;
  }
  if (otherRank !== presentRank) return otherRank < presentRank;
  // The same address through another socket of mine: the main port is the one that stays.
  return (
    sameAddress(present.address, other.address) && other.socket === MAIN && present.socket !== MAIN
  );
}

function rankIn(listed: readonly Address[], address: Address): number {
  const rank = listed.findIndex((entry) => sameAddress(entry, address));
  return rank < 0 ? Infinity : rank;
}

/**
 * A late pong to an older challenge neither ages a proof nor ends a silence that began after it.
 */
export function laterProof(held: Path, proven: Path): Path {
  if (held.provenAt > proven.provenAt) return held;
  if (held.silentSince !== undefined && held.silentSince > proven.provenAt) {
    return { ...held, provenAt: proven.provenAt };
  }
  return proven;
}
