/**
 * The hub's voice on its LAN, when nobody is heard any other way, and its ear for others there
 * (PROTOCOL §6, "Beacon" and "Search"). What is heard here earns one datagram and changes no
 * belief.
 */

import type { Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import { after, millis } from '../base/time.ts';
import { BEACON_NONCE, decodeBeacon, type Beacon } from '../wire/beacon.ts';
import { decodeSearch, encodeSearch, type Search } from '../wire/search.ts';
import { BEACON_DELAY } from './config.ts';
import { count, othersCount, type Crew } from './crew.ts';
import { MAIN } from './io.ts';
import { beatTo, greet } from './talk.ts';

/** Calls out on the LAN while this node hears nobody, and goes on at an orphan's pace. */
export function beaconDue(crew: Crew): void {
  const unheard = crew.suspicions.heardAny === undefined;
  if (othersCount(crew) === 0 || (crew.orphan.since === undefined && !unheard)) return;
  const nonce = crew.unpredictable.bytes(BEACON_NONCE);
  const bytes = crew.beacons.make(crew.membership.all(), nonce);
  if (bytes !== undefined) crew.outbox.put({ type: 'beacon', bytes });
  crew.timers.set('beacon', after(crew.now, crew.orphan.pace(crew.now)));
}

/** Something was said to everyone on the LAN. */
export function overheard(crew: Crew, from: Address, bytes: Bytes): void {
  const beacon = decodeBeacon(bytes);
  const search = beacon === undefined ? decodeSearch(bytes) : undefined;
  if (beacon !== undefined) called(crew, from, beacon);
  else if (search?.type === 'search') sought(crew, from, search);
  else count(crew, 'beacon-malformed');
}

/** A member may be calling: it waits a moment, so that not everyone on the LAN answers at once. */
function called(crew: Crew, from: Address, beacon: Beacon): void {
  const { beacons, membership, now } = crew;
  const isMember = (id: Parameters<typeof membership.isMember>[0]): boolean =>
    membership.isMember(id);
  const verdict = beacons.hear(beacon, membership.all(), now, isMember);
  if (verdict.type === 'dropped') {
    if (verdict.reason !== 'beacon-own') count(crew, verdict.reason);
    return;
  }
  const at = after(now, millis(crew.random.next() * BEACON_DELAY));
  if (!beacons.hold({ peer: verdict.by, from, at }, now)) count(crew, 'beacon-flood');
  armAnswers(crew);
}

/**
 * One hello to where the beacon came from; none while the member is alive as far as I know, or
 * whoever replays its beacons would learn that I am here. That one is asked where it is proven: if
 * it has moved, its next beacon finds it suspect.
 */
export function beaconAnswerDue(crew: Crew): void {
  for (const { peer, from } of crew.beacons.due(crew.now)) {
    if (!crew.membership.isMember(peer)) continue;
    const alive = crew.suspicions.liveness(peer) === 'alive';
    if (alive && crew.suspicions.failures(peer) === 0) beatTo(crew, peer);
    else greet(crew, peer, MAIN, from);
  }
  armAnswers(crew);
}

function armAnswers(crew: Crew): void {
  const next = crew.beacons.nextDue;
  if (next !== undefined) crew.timers.set('beacon-answer', next);
}

/** The holder of a token asks where its maker is: the maker, and nobody else, says "here". */
function sought(crew: Crew, from: Address, search: Search): void {
  const key = crew.invites.sought(search, crew.wall);
  if (key === undefined) {
    count(crew, 'search-refused');
    return;
  }
  const bytes = encodeSearch(crew.suite, 'here', key, search.nonce);
  crew.outbox.put({ type: 'send', socket: MAIN, to: from, bytes });
}
