/** What the acts of one cluster come to: who is a member, under which name and key. */

import { toHex, type Bytes } from '../base/bytes.ts';
import { UserError } from '../base/errors.ts';
import type { NodeId } from '../base/id.ts';
import type { Suite } from '../crypto/suite.ts';
import { Ledger } from './ledger.ts';
import { nameNodes } from './names.ts';
import { judge, type Standing, type Standings } from './standing.ts';

/** A node of the cluster as the acts have it. */
export interface Member {
  readonly id: NodeId;
  /** As shown: unique, a DNS label. */
  readonly name: string;
  /** X25519 public key. */
  readonly agreement: Bytes;
  /** Undefined for the founder. */
  readonly admitter: NodeId | undefined;
  readonly state: 'member' | 'left';
}

/** What an act changed among the members. */
export interface Change {
  readonly joined: readonly Member[];
  readonly left: readonly NodeId[];
  /** A member that was there before is shown under another name now. */
  readonly renamed: boolean;
}

/** What the acts of one cluster come to, whoever looks at it. */
export interface Roll {
  readonly ledger: Ledger;
  standings: Standings;
  /** All that ever were members. */
  nodes: Map<NodeId, Member>;
  shown: Set<string>;
  byAgreement: Map<string, Member>;
  /** Lists built when asked for; undefined after a change. */
  members: readonly Member[] | undefined;
  everyone: readonly Member[] | undefined;
  all: readonly Bytes[] | undefined;
}

/** The roll that stored acts make. Throws a `UserError` `state-damaged`. */
export function rollOf(suite: Suite, acts: readonly Bytes[]): Roll {
  const ledger = Ledger.read(suite, acts);
  if (ledger === undefined) throw damaged('its signed acts do not form one cluster');
  const roll: Roll = {
    ledger,
    standings: judge(ledger),
    nodes: new Map(),
    shown: new Set(),
    byAgreement: new Map(),
    members: undefined,
    everyone: undefined,
    all: undefined,
  };
  renew(roll);
  return roll;
}

/** Names all nodes anew and compares them with those before. */
export function renew(roll: Roll): Change {
  const before = roll.nodes;
  roll.nodes = new Map();
  roll.shown = new Set();
  roll.byAgreement = new Map();
  const names = nameNodes(roll.standings.nodes.values());
  const joined: Member[] = [];
  let renamed = false;
  // In the order of arrival, because of two keys that are the same: the first keeps it.
  const standings = [...roll.standings.nodes.values()];
  for (const standing of standings.toSorted((a, b) => a.arrival - b.arrival)) {
    const member = show(roll, standing, names.get(standing.id) ?? standing.id);
    const past = before.get(member.id);
    if (member.state === 'member' && past?.state !== 'member') joined.push(member);
    else if (past !== undefined && past.name !== member.name) renamed = true;
  }
  const left = [...before.values()]
    .filter(({ id, state }) => state === 'member' && roll.nodes.get(id)?.state !== 'member')
    .map(({ id }) => id);
  return { joined, left, renamed };
}

/** Enters a node under its name. */
export function show(roll: Roll, standing: Standing, name: string): Member {
  const { id, agreement, admitter, left } = standing;
  const member: Member = { id, name, agreement, admitter, state: left ? 'left' : 'member' };
  const key = toHex(agreement);
  roll.nodes.set(id, member);
  roll.shown.add(name);
  if (!left && !roll.byAgreement.has(key)) roll.byAgreement.set(key, member);
  roll.members = undefined;
  roll.everyone = undefined;
  return member;
}

function damaged(why: string): UserError {
  return new UserError(
    'state-damaged',
    `The stored cluster cannot be used: ${why}.`,
    'Restore the state folder from a backup, or move it away and join the cluster anew.',
  );
}
