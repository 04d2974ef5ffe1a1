/**
 * Clusters ready to start: identities, acts and books of N nodes, built without the N joins they
 * stand for.
 */

import { address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import { parseName, type ClusterId, type NodeName } from '../base/id.ts';
import type { SeededRandom } from '../base/random.ts';
import { assert } from '../base/assert.ts';
import { wallTime } from '../base/time.ts';
import { EMPTY_BOOK } from '../core/documents.ts';
import type { StoredBook, StoredCluster } from '../core/documents.ts';
import { identityFrom, type Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { clusterOf, consentInput, redemptionInput, signAct } from '../wire/act.ts';
import type { AdmitAct, SignedAct } from '../wire/act.ts';
import { MAIN_PORT } from './site.ts';

/** Names people give to machines at home; more nodes get numbers. */
const NAMES: readonly string[] = [
  ...['attic', 'cellar', 'pi', 'garage', 'kitchen', 'barn', 'shed', 'porch', 'loft', 'den'],
  ...['hall', 'studio', 'office', 'cabin', 'boat', 'camper'],
];

/** One node before it is switched on for the first time. */
export interface Seaman {
  readonly name: NodeName;
  readonly identity: Identity;
}

/** Nodes with keys of their own, the same for the same seed. */
export function muster(suite: Suite, count: number, random: SeededRandom): Seaman[] {
  return Array.from({ length: count }, (_, index) => ({
    name: nameOf(index),
    identity: identityFrom(suite, random.bytes(32)),
  }));
}

/** Admissions by one member: an author signs at most 4,096 acts (PROTOCOL §7). */
const ADMITTED_BY_ONE = 4_000;

/**
 * The acts of a cluster that all of them are members of: the first founded it, opened one invite
 * and admitted the others with it; of more than 4,000 the second the next 4,000, and so on. The
 * same acts as joining one after the other makes, without the talk.
 */
export function enlist(suite: Suite, crew: readonly Seaman[], random: SeededRandom): Bytes[] {
  const [founder, ...others] = crew;
  assert(founder !== undefined, 'a cluster has at least one member');
  const { identity, name } = founder;
  const found = signAct(suite, identity, {
    type: 'found',
    author: identity.id,
    number: 1,
    previous: new Uint8Array(32),
    cluster: undefined,
    nonce: random.bytes(16),
    agreement: identity.agreement.public,
    clusterName: 'harbour',
    name,
  });
  const chain: SignedAct[] = [found];
  const cluster = clusterOf(suite, found);
  const inviteSeed = random.bytes(32);
  const inviteKey = suite.signingKey(inviteSeed);
  const link = { author: identity.id, cluster };
  chain.push(
    signAct(suite, identity, {
      type: 'invite',
      ...link,
      ...next(chain),
      key: inviteKey,
      uses: 65_535,
      // The year 2100: expiry is nobody's subject here.
      expires: wallTime(4_102_444_800_000),
    }),
  );
  const invite = { seed: inviteSeed, public: inviteKey };
  const acts = [...chain];
  const chains = [chain];
  others.forEach((joiner, index) => {
    const place = Math.floor(index / ADMITTED_BY_ONE);
    const maker = crew[place];
    assert(maker !== undefined, 'who admits was admitted before');
    const own = (chains[place] ??= []);
    const redeemed = redeem(suite, cluster, invite, joiner);
    const author = { author: maker.identity.id, cluster };
    const body = { type: 'admit' as const, ...author, ...next(own), ...redeemed };
    const signed = signAct(suite, maker.identity, body);
    own.push(signed);
    acts.push(signed);
  });
  return acts.map(({ bytes }) => bytes);
}

/** What a member's disk holds: the acts, and where each of the others is said to be. */
export function filesOf(
  acts: readonly Bytes[],
  others: readonly { readonly seaman: Seaman; readonly ips: readonly string[] }[],
): { readonly cluster: StoredCluster; readonly book: StoredBook } {
  const cluster: StoredCluster = { acts, invites: [], reserved: 0, tags: [] };
  const history = others.map(({ seaman, ips }) => ({
    id: seaman.identity.id,
    addresses: ips.flatMap((ip) => {
      const known = address(ip, MAIN_PORT);
      return known === undefined ? [] : [{ address: known, at: wallTime(0) }];
    }),
  }));
  return { cluster, book: { ...EMPTY_BOOK, history } };
}

/** The first names are words, the rest numbers: `attic`, …, `node-17`. */
export function nameOf(index: number): NodeName {
  const name = parseName(NAMES[index] ?? `node-${String(index + 1)}`);
  assert(name !== undefined, 'a name for a simulated node is no label');
  return name;
}

/** Where the next act of a chain stands: one number on, bound to the last by its hash. */
function next(chain: readonly SignedAct[]): { readonly number: number; readonly previous: Bytes } {
  return { number: chain.length + 1, previous: chain.at(-1)?.hash ?? new Uint8Array(32) };
}

/** What a joiner contributes to its admission: keys, name, and its signatures over them. */
function redeem(
  suite: Suite,
  cluster: ClusterId,
  invite: { readonly seed: Bytes; readonly public: Bytes },
  { name, identity }: Seaman,
): Pick<AdmitAct, 'id' | 'agreement' | 'name' | 'inviteKey' | 'redemption' | 'consent'> {
  const { id } = identity;
  const agreement = identity.agreement.public;
  const input = redemptionInput(cluster, invite.public, id, agreement, name);
  const redemption = suite.sign(invite.seed, input);
  const consent = identity.sign(consentInput(cluster, invite.public, id, agreement, name));
  return { id, agreement, name, inviteKey: invite.public, redemption, consent };
}
