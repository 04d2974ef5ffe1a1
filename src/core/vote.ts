import type { NodeId } from '../base/id.ts';

/** A member as the vote sees it. */
export interface Voter {
  readonly id: NodeId;
  /** /24 or /48 that it was last proven in; undefined: not known, so shared with nobody. */
  readonly network: string | undefined;
  /** Who admitted it; undefined for the founder. */
  readonly admitter: NodeId | undefined;
}

/** What one voter says. */
export interface Ballot {
  readonly voter: Voter;
  readonly choice: string;
}

/** How a vote ended. */
export interface Outcome {
  readonly choice: string;
  /** Voters of the winner, and all of them. */
  readonly votes: number;
  readonly voters: number;
  /** True when no other choice had as many groups. */
  readonly clear: boolean;
}

/** Which group each voter belongs to; only equality of the numbers means something. */
export type Grouping = ReadonlyMap<NodeId, number>;

/** As long as this many groups remain, what voters have in common counts. */
const GROUPS_MIN = 3;

/**
 * Puts voters together that one party may control: in one network or admitted by one member, if
 * that leaves three groups; else by network alone, else by admitter alone, else not at all
 * (PROTOCOL §4.1, rule 1). With fewer groups a home network, or a founder who admitted everyone,
 * would weigh as much as a single other node.
 */
export function groupVoters(voters: readonly Voter[]): Grouping {
  const network = (voter: Voter): string | undefined => voter.network;
  const admitter = (voter: Voter): string | undefined => voter.admitter;
  for (const traits of [[network, admitter], [network], [admitter]]) {
    const grouping = joinBy(voters, traits);
    if (new Set(grouping.values()).size >= GROUPS_MIN) return grouping;
  }
  return joinBy(voters, []);
}

/**
 * The winner: the choice of most groups, each group speaking for the choice of most of its voters,
 * in parts when that is a tie. Ties between groups go to `present`, then to the text that sorts
 * first, so that the outcome never hangs on the order of arrival. Undefined without ballots.
 */
export function elect(
  ballots: readonly Ballot[],
  grouping: Grouping,
  present: string | undefined,
): Outcome | undefined {
  const votes = new Map<string, number>();
  const groups = new Map<number, Map<string, number>>();
  for (const { voter, choice } of ballots) {
    add(votes, choice);
    const group = grouping.get(voter.id) ?? -1;
    const within = groups.get(group) ?? new Map<string, number>();
    groups.set(group, within);
    add(within, choice);
  }
  // A group speaks with one voice: of a tie inside each choice has its part, and no head count of
  // voters decides, or the puppets of one member would count again.
  const won = new Map<string, number>();
  for (const within of groups.values()) {
    const most = Math.max(...within.values());
    const tied = [...within].filter(([, count]) => count === most);
    for (const [choice] of tied) won.set(choice, (won.get(choice) ?? 0) + 1 / tied.length);
  }
  const before = (a: string, b: string): boolean =>
    a === present || b === present ? a === present : a < b;
  const choice = most(won, before);
  if (choice === undefined) return undefined;
  const rivals = [...won].filter(([other, count]) => other !== choice && count === won.get(choice));
  const clear = rivals.length === 0;
  return { choice, votes: votes.get(choice) ?? 0, voters: ballots.length, clear };
}

/** The key of the highest count; of equals the one that goes before the others. */
function most(
  counts: ReadonlyMap<string, number>,
  before: (a: string, b: string) => boolean,
): string | undefined {
  let found: string | undefined;
  let highest = 0;
  for (const [key, count] of counts) {
    if (found !== undefined && (count < highest || (count === highest && before(found, key)))) {
      continue;
    }
    found = key;
    highest = count;
  }
  return found;
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Groups voters that share a value of any of the traits, directly or through others. */
function joinBy(
  voters: readonly Voter[],
  traits: readonly ((voter: Voter) => string | undefined)[],
): Map<NodeId, number> {
  // Union-find: each voter points to another of its group, the first one to itself.
  const parents = voters.map((_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    while (parents[root] !== root) {
      // Halving the path on the way keeps later walks short.
      parents[root] = parents[parents[root] ?? root] ?? root;
      root = parents[root] ?? root;
    }
    return root;
  };
  for (const trait of traits) {
    const firsts = new Map<string, number>();
    voters.forEach((voter, index) => {
      const value = trait(voter);
      if (value === undefined) return;
      const first = firsts.get(value);
      if (first === undefined) firsts.set(value, index);
      else parents[rootOf(index)] = rootOf(first);
    });
  }
  return new Map(voters.map((voter, index) => [voter.id, rootOf(index)]));
}
