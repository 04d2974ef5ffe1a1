/** Views of made-up clusters, for tests of the zone. */

import { nodeIdOf } from '../../../src/base/id.ts';
import type { MembersDocument, MemberView } from '../../../src/core/view.ts';
import { Answers, noQueries } from '../../../src/services/names/answers.ts';
import type { ZoneSettings } from '../../../src/services/names/hosts.ts';
import { Zone } from '../../../src/services/names/zone.ts';

/** The ID of the node with this number. */
export function idOf(number: number): MemberView['id'] {
  return nodeIdOf(new Uint8Array(32).fill(number));
}

/** A living member that everybody has proven. */
export function member(
  number: number,
  name: string,
  differs: Partial<MemberView> = {},
): MemberView {
  return {
    id: idOf(number),
    name,
    state: 'alive',
    protocol: 2,
    address: `192.0.2.${String(number)}:4117`,
    proof: 'direct',
    provenMs: 10,
    path: 'udp',
    rttMs: 1,
    lastHeardMs: 10,
    addressSinceMs: 1_000,
    moves: 0,
    tags: {},
    ...differs,
  };
}

/** A peer of protocol 1. */
export function v1Peer(name: string, differs: Partial<MemberView> = {}): MemberView {
  const id = `v1:${name}` as MemberView['id'];
  return member(99, name, { id, protocol: 1, proof: 'tls', path: null, ...differs });
}

/** The view of `attic`, number 1, and these others. */
export function view(...others: readonly MemberView[]): MembersDocument {
  const self = member(1, 'attic', { state: 'self', lastHeardMs: null });
  return { schema: 1, self: self.id, members: [self, ...others] };
}

export const SETTINGS: ZoneSettings = { name: 'home.internal', lostMs: 300_000, unproven: false };

/** A zone of a view. */
export function zoneOf(of: MembersDocument, settings: Partial<ZoneSettings> = {}): Zone {
  const zone = new Zone({ ...SETTINGS, ...settings });
  zone.update(of);
  return zone;
}

/** The answers of a zone. */
export function answersOf(zone: Zone): Answers {
  const answers = new Answers(zone, noQueries());
  answers.refresh([]);
  return answers;
}
