/** What paths.ts keeps of one peer. */

import type { Address, AddressKey } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import type { Instant } from '../base/time.ts';
import { Hints } from './hints.ts';
import type { SocketId } from './io.ts';
import type { Path } from './path.ts';
import { RoundTrip } from './round-trip.ts';
import { Strays } from './strays.ts';

/** A challenge under way. */
export interface Question {
  readonly peer: NodeId;
  readonly challenge: number;
  readonly socket: SocketId;
  readonly address: Address;
  readonly sentAt: Instant;
  readonly deadline: Instant;
  /** The time-out passed; a late pong still proves. */
  readonly overdue: boolean;
}

/** Challenges, proofs and guesses about one peer. */
export interface PeerPaths {
  /** Challenges under way, in this peer's sessions; by challenge, oldest first. */
  readonly open: Map<number, Question>;
  path: Path | undefined;
  /** Other proven paths, newest proof first. */
  others: Path[];
  /** Addresses of the newest record and their order in it. */
  listed: Map<AddressKey, number>;
  /** Addresses that somebody named or that datagrams came from, newest first. */
  readonly hints: Hints;
  readonly strays: Strays;
  readonly roundTrip: RoundTrip;
  wrongPongs: number;
  since: Instant | undefined;
  lastHost: Address | undefined;
  moves: number;
}

/** Of a peer that nothing is known of yet. */
export function blankPeerPaths(): PeerPaths {
  return {
    open: new Map(),
    path: undefined,
    others: [],
    listed: new Map(),
    hints: new Hints(),
    strays: new Strays(),
    roundTrip: new RoundTrip(),
    wrongPongs: 0,
    since: undefined,
    lastHost: undefined,
    moves: 0,
  };
}
