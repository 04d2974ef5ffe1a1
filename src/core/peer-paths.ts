/** What paths.ts keeps of one peer. */

import type { Address } from '../base/address.ts';
import type { Instant } from '../base/time.ts';
import { Hints } from './hints.ts';
import type { Path } from './path.ts';
import { RoundTrip } from './round-trip.ts';
import type { Strays } from './strays.ts';

/** Challenges, proofs and guesses about one peer. */
export interface PeerPaths {
  path: Path | undefined;
  /** Other proven paths, newest proof first. */
  others: Path[];
  /** Addresses that somebody named or that datagrams came from, newest first. */
  readonly hints: Hints;
  /** Made when the first datagram comes from elsewhere: most peers never do that. */
  strays: Strays | undefined;
  readonly roundTrip: RoundTrip;
  wrongPongs: number;
  since: Instant | undefined;
  lastHost: Address | undefined;
  moves: number;
}

/** Of a peer that nothing is known of yet. */
export function blankPeerPaths(): PeerPaths {
  return {
    path: undefined,
    others: [],
    hints: new Hints(),
    strays: undefined,
    roundTrip: new RoundTrip(),
    wrongPongs: 0,
    since: undefined,
    lastHost: undefined,
    moves: 0,
  };
}
