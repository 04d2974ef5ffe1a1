/** A cluster of real machines on a wire, with rogues among them when a test asks for some. */
import type { ClusterId, NodeId } from '../../../src/base/id.ts';
import { wallTime } from '../../../src/base/time.ts';
import { writeBook, writeCluster } from '../../../src/core/documents.ts';
import { Author, admitBody, found, identityOf, inviteBody } from '../../unit/core/acts.ts';
import { Machine } from './machine.ts';
import { Rogue } from './rogue.ts';
import { Wire } from './wire.ts';

export interface HarbourPlan {
  /** Real machines; the first founded the cluster. */
  readonly machines: readonly string[];
  readonly rogues?: readonly string[];
  /** Who was admitted by somebody else than the founder, and by whom; admitters come first. */
  readonly admittedBy?: Readonly<Record<string, string>>;
  readonly seed?: number;
  /** The first machine can be taken back to a snapshot. */
  readonly snapshots?: boolean;
}

const USES = 100;

/** A wire, real machines that found each other, and rogues that said hello to all of them. */
export class Harbour {
  readonly wire: Wire;
  readonly machines: readonly Machine[];
  readonly rogues: readonly Rogue[];
  readonly founder: Author;
  /** The chain of each node, to be signed on; one more than it signed is a fork. */
  readonly authors: ReadonlyMap<NodeId, Author>;

  constructor(plan: HarbourPlan) {
    const { machines, rogues = [], admittedBy = {}, seed } = plan;
    this.wire = new Wire(seed);
    const names = [...machines, ...rogues];
    const [first = 'attic', ...joined] = names;
    this.founder = found(first);
    const authors = names.map((name) =>
      name === first ? this.founder : new Author(identityOf(name), this.cluster),
    );
    this.authors = new Map(authors.map((author) => [author.identity.id, author]));
    for (const name of joined) {
      const by = this.author({ id: identityOf(admittedBy[name] ?? first).id });
      if (by.chain.every(({ act }) => act.type !== 'invite'))
        by.sign(inviteBody(by.identity.id, USES));
      by.sign(admitBody(this.cluster, identityOf(name), name, by.identity.id));
    }
    const acts = authors.flatMap(({ chain }) => chain.map(({ bytes }) => bytes));
    const everyone = names.map((name) => identityOf(name));
    this.machines = machines.map(
      (name) => new Machine(this.wire, { name, identity: identityOf(name) }, new Map()),
    );
    this.rogues = rogues.map(
      (name) => new Rogue(this.wire, { name, identity: identityOf(name) }, this.cluster, everyone),
    );
    const places = [...this.machines, ...this.rogues];
    const history = places.map(({ id, address }) => ({
      id,
      addresses: [{ address, at: wallTime(0) }],
    }));
    for (const machine of this.machines) {
      const others = history.filter(({ id }) => id !== machine.id);
      machine.files.set('cluster', writeCluster({ acts, invites: [], reserved: 0, tags: [] }));
      machine.files.set('book', writeBook({ records: [], history: others }));
    }
  }

  get cluster(): ClusterId {
    return this.founder.cluster;
  }

  author({ id }: { readonly id: NodeId }): Author {
    const author = this.authors.get(id);
    if (author === undefined) throw new Error('nobody of this harbour');
    return author;
  }

  /** A real machine by number. */
  machine(index: number): Machine {
    const machine = this.machines[index];
    if (machine === undefined) throw new Error('there are not so many machines');
    return machine;
  }

  rogue(index: number): Rogue {
    const rogue = this.rogues[index];
    if (rogue === undefined) throw new Error('there are not so many rogues');
    return rogue;
  }

  /** Everyone real has found everyone, the rogues included. */
  get whole(): boolean {
    const all = [...this.machines, ...this.rogues];
    return this.machines.every((machine) =>
      all.every((other) => other === machine || machine.hasFound(other)),
    );
  }
}

/** A harbour whose machines are on and have found everyone; quiet for a while. */
export function harbour(plan: HarbourPlan): Harbour {
  const made = new Harbour(plan);
  if (plan.snapshots === true) made.machine(0).records = true;
  for (const machine of made.machines) machine.start();
  if (!made.wire.runUntil(() => made.whole, 5_000)) throw new Error('they never found each other');
  made.wire.run(5_000);
  for (const machine of made.machines) machine.events.length = 0;
  return made;
}
