/** Builds the documents of view.ts from the parts: what `members` and `status` show (DESIGN §9). */

import { address, formatAddress, sameHost } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import { elapsed, type Instant } from '../base/time.ts';
import { nameOf, others, othersCount, type Crew } from './crew.ts';
import { orphanAdvice } from './heal.ts';
import { MAIN } from './io.ts';
import type { Path } from './path.ts';
import {
  roundTripDigits,
  type MembersDocument,
  type MemberState,
  type MemberView,
  type OwnAddressView,
  type Proof,
  type SelfState,
  type StatusDocument,
} from './view.ts';

/** How long ago that was, in the whole milliseconds that the documents give. */
function age(since: Instant, now: Instant): number {
  return Math.round(elapsed(since, now));
}

/** The members document, as of now; with those of `of` alone who ever were members. */
export function membersDocument(crew: Crew, now: Instant, of?: readonly NodeId[]): MembersDocument {
  const { membership } = crew;
  const shown = of?.flatMap((id) => membership.get(id) ?? []) ?? membership.everyone();
  const members = shown.map(({ id, state }) =>
    id === crew.id ? selfView(crew, now) : memberView(crew, id, state === 'left', now),
  );
  return { schema: 1, self: crew.id, members };
}

function selfView(crew: Crew, now: Instant): MemberView {
  const own = ownAddresses(crew, now)[0];
  return {
    ...nobody(crew, crew.id, 'self'),
    address: own?.address ?? null,
    // Others saw it; this node cannot challenge itself.
    proof: own === undefined ? 'none' : 'vouched',
    addressSinceMs: own?.sinceMs ?? null,
    moves: crew.reflections.moves,
  };
}

function memberView(crew: Crew, id: NodeId, left: boolean, now: Instant): MemberView {
  if (left) return nobody(crew, id, 'left');
  const { paths, book, suspicions } = crew;
  const path = paths.path(id);
  const { since, moves } = paths.history(id);
  const heardAt = suspicions.heardAt(id);
  const roundTrip = paths.roundTrip(id);
  // What another member was proven to hold is not shown for this one, whatever its record says.
  const vouched = book
    .record(id)
    ?.addresses.find(({ address, voters }) => voters >= 1 && [...paths.at(address)].length === 0);
  const proven = path !== undefined && !outdated(crew, id, path) ? path : undefined;
  const shown = proven?.address ?? vouched?.address;
  const proof: Proof = proven !== undefined ? 'direct' : vouched !== undefined ? 'vouched' : 'none';
  const sinceAt = proven === undefined ? undefined : since;
  return {
    ...nobody(crew, id, suspicions.liveness(id)),
    address: shown === undefined ? null : formatAddress(shown),
    proof,
    provenMs: proven === undefined ? null : age(proven.provenAt, now),
    path: proven === undefined ? null : 'udp',
    rttMs: roundTrip === undefined ? null : roundTripDigits(roundTrip),
    lastHeardMs: heardAt === undefined ? null : age(heardAt, now),
    addressSinceMs: sinceAt === undefined ? null : age(sinceAt, now),
    moves,
  };
}

/** Whether the member said after this proof that it is elsewhere; not challenged there yet. */
function outdated(crew: Crew, id: NodeId, path: Path): boolean {
  const listed = crew.book.listed(id);
  if (listed.length === 0 || crew.book.since(id) <= path.provenAt) return false;
  return !listed.some((address) => sameHost(address, path.address));
}

function nobody(crew: Crew, id: NodeId, state: MemberState): MemberView {
  const tags = id === crew.id ? [...crew.own.tags] : tagsOf(crew, id);
  return {
    id,
    name: nameOf(crew, id),
    state,
    protocol: 2,
    address: null,
    proof: 'none',
    provenMs: null,
    path: null,
    rttMs: null,
    lastHeardMs: null,
    addressSinceMs: null,
    moves: 0,
    tags: Object.fromEntries(tags),
  };
}

function tagsOf(crew: Crew, id: NodeId): readonly (readonly [string, string])[] {
  return crew.book.record(id)?.tags.map(({ key, value }) => [key, value] as const) ?? [];
}

function ownAddresses(crew: Crew, now: Instant): readonly OwnAddressView[] {
  const shown: OwnAddressView[] = [];
  for (const { ip, family, scope, ports, votes, voters, since } of crew.reflections.own()) {
    const port = ports.get(MAIN) ?? [...ports.values()][0];
    const at = port === undefined ? undefined : address(ip, port);
    if (at === undefined) continue;
    const sinceMs = age(since, now);
    shown.push({ address: formatAddress(at), family, scope, votes, voters, sinceMs });
  }
  return shown;
}

/** The status document, as of now. */
export function statusDocument(crew: Crew, now: Instant): StatusDocument {
  const all = others(crew);
  const alive = crew.suspicions.count('alive');
  const lost = crew.suspicions.count('lost');
  const redeemed = (key: Uint8Array): number => crew.membership.inviteBy(key)?.redeemed ?? 0;
  const invites = crew.invites
    .live(crew.wall, redeemed)
    .map(({ usesLeft, expiresIn }) => ({ usesLeft, expiresInMs: Math.round(expiresIn) }));
  return {
    schema: 1,
    self: {
      id: crew.id,
      name: nameOf(crew, crew.id),
      cluster: crew.membership.clusterName,
      clusterId: crew.cluster,
      state: selfState(crew),
      addresses: ownAddresses(crew, now),
      nat: crew.reflections.nat,
    },
    members: { total: all.length + 1, alive: alive + 1, lost },
    advice: advice(crew, all),
    invites,
    counters: Object.fromEntries([...crew.counters].sort()),
    beatMs: crew.settings.beat,
  };
}

/** Alone, afloat, or an orphan. */
export function selfState(crew: Crew): SelfState {
  if (othersCount(crew) === 0) return 'alone';
  return crew.orphan.since === undefined ? 'afloat' : 'orphan';
}

/** What is wrong and what would help, in words (R5). */
function advice(crew: Crew, all: readonly NodeId[]): readonly string[] {
  const lines: string[] = [];
  if (all.length === 0) {
    lines.push('this node is alone: make an invite here and join with it elsewhere');
  }
  if (crew.orphan.since !== undefined) lines.push(orphanAdvice(crew));
  if (all.length === 1) {
    lines.push(
      'two nodes that both move at the same instant cannot find each other without a hint: ' +
        'a third member would help',
    );
  }
  if (crew.twinToldAt !== undefined) {
    lines.push(
      'another machine signs with this node’s key: stop one, and give it a state of its own',
    );
  }
  for (const id of all) {
    if (crew.reflections.isNamed(id, crew.now)) {
      lines.push(`${nameOf(crew, id)} reports addresses that the others contradict`);
    }
  }
  return lines;
}
