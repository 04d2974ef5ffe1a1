/** A cluster of real machines on a wire, with rogues among them when a test asks for some. */
import { concat, utf8 } from '../../../src/base/bytes.ts';
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
  /** Admitted by the first rogue instead of by the founder. */
  readonly puppets?: readonly string[];
  readonly seed?: number;
}

/** The secret of the invite that everyone joined with. */
const SECRET = 'harbour';
const PUPPET_SECRET = 'puppets';
const USES = 100;

/** A wire, real machines that found each other, and rogues that said hello to all of them. */
export class Harbour {
  readonly wire: Wire;
  readonly machines: readonly Machine[];
  readonly rogues: readonly Rogue[];
  readonly founder: Author;
  /** Chains of the rogues, to be signed on. */
  readonly authors: ReadonlyMap<NodeId, Author>;

  constructor(plan: HarbourPlan) {
    const { machines, rogues = [], puppets = [], seed } = plan;
    this.wire = new Wire(seed);
    const [first = 'attic', ...joined] = machines;
    this.founder = found(first);
    this.founder.sign(inviteBody(SECRET, USES));
    for (const name of [...joined, ...rogues]) this.founder.admit(identityOf(name), name, SECRET);
    const master = new Author(identityOf(rogues[0] ?? 'nobody'), this.cluster);
    if (puppets.length > 0) master.sign(inviteBody(PUPPET_SECRET, USES));
    for (const name of puppets) {
      master.sign(admitBody(this.cluster, identityOf(name), name, PUPPET_SECRET));
    }
    this.authors = new Map(
      rogues.map((name, index) => {
        const author = index === 0 ? master : new Author(identityOf(name), this.cluster);
        return [author.identity.id, author];
      }),
    );
    const acts = [...this.founder.chain, ...master.chain].map(({ bytes }) => bytes);
    const everyone = [...machines, ...rogues, ...puppets].map((name) => identityOf(name));
    this.machines = machines.map(
      (name) => new Machine(this.wire, { name, identity: identityOf(name) }, new Map()),
    );
    this.rogues = [...rogues, ...puppets].map(
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
  for (const machine of made.machines) machine.start();
  if (!made.wire.runUntil(() => made.whole, 5_000)) throw new Error('they never found each other');
  made.wire.run(5_000);
  for (const machine of made.machines) machine.events.length = 0;
  return made;
}

/** Octets that only look random: the same in every run. */
export function noise(label: string, length: number): Uint8Array {
  let made = new Uint8Array(0);
  for (let turn = 0; made.length < length; turn += 1) {
    made = concat(made, identityOf(`${label} ${String(turn)}`).publicKey, utf8('')) as Uint8Array<ArrayBuffer>;
  }
  return made.slice(0, length);
}
