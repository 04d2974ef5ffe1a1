/**
 * Clusters of thousands in one world: what a scenario of ten can do with copies and looks at all
 * pairs is done here with shared values and looks at sums.
 */

import { address } from '../base/address.ts';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { SeededRandom } from '../base/random.ts';
import type { Duration } from '../base/time.ts';
import { hours, instant, millis } from '../base/time.ts';
import { DEFAULTS, type Settings } from '../core/config.ts';
import type { Suite } from '../crypto/suite.ts';
import { Library } from '../core/library.ts';
import { clusterOf, decodeAct } from '../wire/act.ts';
import { decodeRecord, signRecord } from '../wire/record.ts';
import { bootNode } from './boot.ts';
import { enlist, filesOf, muster, type Seaman } from './fleet.ts';
import type { VirtualHost } from './host.ts';
import { FAIR, sizeOf, type Traffic, type Weather } from './network.ts';
import { MAIN_PORT } from './site.ts';
import { standInSuite } from './stand-in.ts';
import { World } from './world.ts';

/** What kind of large cluster. The cipher suite is always the stand-in, which is not secure. */
export interface LargePlan {
  readonly seed: number;
  readonly nodes: number;
  readonly settings?: Settings | undefined;
  readonly weather?: Weather | undefined;
  /** False: no two nodes share what they read of their disks. Costs time and memory alone. */
  readonly sharing?: boolean | undefined;
  /** A small world that keeps documents as values, as one of hundreds does. */
  readonly lean?: boolean | undefined;
}

/** What nodes sent and received in a stretch of time, headers included; octets a second. */
export interface Load {
  readonly sent: number;
  readonly received: number;
  /** The node that sent most. */
  readonly mostSent: number;
}

/** A world of more keeps documents as values. */
const LEAN_SIZE = 256;

/** Crystals of cheap boards: up to 100 ppm off. */
const DRIFT = 1e-4;

/** Octets of a ping's datagram without the headers around it (PROTOCOL §3). */
const PING_SIZE = 38;

/** Between two looks at whether all hold the same, milliseconds. */
const LOOK = 50;

/** The largest sum of ten neighbours. */
function mostInTen(tenths: readonly number[]): number {
  let most = 0;
  for (let from = 0; from < tenths.length; from += 1) {
    const second = tenths.slice(from, from + 10);
    most = Math.max(
      most,
      second.reduce((sum, sent = 0) => sum + sent, 0),
    );
  }
  return most;
}

/** What a node signed about itself before it was switched off. */
function firstRecord(
  suite: Suite,
  acts: readonly Bytes[],
  { beat }: Settings,
  { identity }: Seaman,
  ips: readonly string[],
): Bytes {
  const found = decodeAct(suite, acts[0] ?? new Uint8Array(0));
  assert(found !== undefined, 'a cluster begins with its founding');
  const addresses = ips.flatMap((ip) => {
    const at = address(ip, MAIN_PORT);
    return at === undefined ? [] : [{ address: at, voters: 8 }];
  });
  const cluster = clusterOf(suite, found);
  const fields = { cluster, id: identity.id, sequence: 1, beat, addresses };
  const none = { relays: [], services: [], tags: [] };
  return signRecord(identity, { ...fields, ...none, reachability: 'mapped' }).bytes;
}

/** A cluster of up to some ten thousand members, all in one world. */
export class LargeCluster {
  readonly world: World;
  readonly hosts: readonly VirtualHost[];
  readonly #random: SeededRandom;

  constructor(plan: LargePlan) {
    const { seed, nodes, settings = DEFAULTS, weather = FAIR, sharing = true } = plan;
    const size = plan.lean === true ? LEAN_SIZE + nodes : nodes;
    this.world = new World({ seed, weather, size });
    this.#random = new SeededRandom(seed);
    const suite = this.world.truth.witness(standInSuite);
    const crew = muster(suite, nodes, this.#random.fork());
    const acts = enlist(suite, crew, this.#random.fork());
    const placed = crew.map((seaman) => ({ seaman, ips: [this.world.pool.fresh()] }));
    // One document for all: it holds everyone's record, as it does where all were up before.
    const { cluster, book } = filesOf(acts, placed);
    const records = placed.map(({ seaman, ips }) =>
      firstRecord(suite, acts, settings, seaman, ips),
    );
    const files = { cluster: { ...cluster, reserved: 1 }, book: { ...book, records } };
    const library = sharing ? new Library() : undefined;
    this.hosts = placed.map(({ seaman, ips }) => {
      const { name, identity } = seaman;
      const boot = bootNode(suite, identity, settings, library);
      const clock = this.#someClock();
      const host = this.world.add({ name, id: identity.id, boot, nat: undefined, clock, files });
      this.world.readdress([[host, ips]]);
      return host;
    });
  }

  /** The first so many of the nodes. */
  first(count: number): readonly VirtualHost[] {
    return this.hosts.slice(0, count);
  }

  /** Switches nodes on at random times within this. */
  start(hosts: readonly VirtualHost[], within: Duration): void {
    for (const host of hosts) {
      this.world.timeline.in(millis(this.#random.next() * within), () => host.start());
    }
  }

  /** All of them get addresses that nobody ever had, at one instant. */
  move(hosts: readonly VirtualHost[]): void {
    this.world.readdress(hosts.map((host) => [host, [this.world.pool.fresh()]] as const));
  }

  /** All lose power and come back, at random times within this; half of them elsewhere. */
  restart(within: Duration): void {
    this.hosts.forEach((host, index) => {
      this.world.timeline.in(millis(this.#random.next() * within), () => {
        host.crash();
        if (index % 2 === 0) this.move([host]);
        host.start();
      });
    });
  }

  /** Nothing passes between the first half and the second. */
  part(): void {
    const inside = new Set(this.first(Math.floor(this.hosts.length / 2)).map(({ name }) => name));
    this.world.network.cut('halves', (from, to) => inside.has(from) !== inside.has(to));
  }

  /** Everything passes again. */
  join(): void {
    this.world.network.mend('halves');
  }

  /** Lets time pass. */
  run(length: Duration): void {
    this.world.run(length);
  }

  /** Milliseconds from now until {@link hasNewest}; undefined: not within `cap`. */
  untilNewest(cap: Duration): number | undefined {
    return this.#until(cap, () => this.hasNewest());
  }

  /** Milliseconds from now until nobody has lost anybody; undefined: not within `cap`. */
  untilFound(cap: Duration): number | undefined {
    return this.#until(cap, () => this.lost === 0);
  }

  /** Of all nodes together: how many others each has lost. */
  get lost(): number {
    return this.hosts.reduce((sum, { machine }) => sum + (machine?.glance?.lost ?? Infinity), 0);
  }

  /**
   * Whether each node holds the newest record of everyone, and each of these says where its node
   * really is. Equal digests are equal holdings, so one of all is looked through.
   */
  hasNewest(): boolean {
    const [first] = this.hosts;
    const digest = first?.machine?.glance?.digest;
    if (first === undefined || digest === undefined) return false;
    if (this.hosts.some(({ machine }) => machine?.glance?.digest !== digest)) return false;
    return this.#listsAll(first);
  }

  /** How many nodes hold something else than most. */
  get behind(): number {
    const counts = new Map<number | undefined, number>();
    for (const { machine } of this.hosts) {
      const digest = machine?.glance?.digest;
      counts.set(digest, (counts.get(digest) ?? 0) + 1);
    }
    return this.hosts.length - Math.max(...counts.values());
  }

  /** What was sent and received while this much time passed. */
  measure(length: Duration): Load {
    const before = this.#totals();
    this.world.run(length);
    const now = this.#totals();
    const rates = now.map((traffic, index) => {
      const then = before[index];
      assert(then !== undefined, 'as many nodes as before');
      const seconds = length / 1000;
      return {
        sent: (traffic.sentBytes - then.sentBytes) / seconds,
        received: (traffic.receivedBytes - then.receivedBytes) / seconds,
      };
    });
    const mean = (pick: (rate: (typeof rates)[number]) => number): number =>
      rates.reduce((sum, rate) => sum + pick(rate), 0) / rates.length;
    return {
      sent: mean(({ sent }) => sent),
      received: mean(({ received }) => received),
      mostSent: Math.max(...rates.map(({ sent }) => sent)),
    };
  }

  /**
   * Looks at what the node that sends most sends in any one second from now on; returns what tells,
   * in octets. The tenths of a second begin now.
   */
  watchBusiest(): () => number {
    const tenths: number[][] = this.hosts.map(() => []);
    const start = this.world.now;
    const indexes = new Map(this.hosts.map(({ name }, index) => [name, index]));
    this.world.network.tap((sender, datagram) => {
      const sent = tenths[indexes.get(sender) ?? -1];
      const tenth = Math.floor((this.world.now - start) / 100);
      if (sent !== undefined) sent[tenth] = (sent[tenth] ?? 0) + sizeOf(datagram);
      return 'pass';
    });
    return () => Math.max(0, ...tenths.map(mostInTen));
  }

  /** Of one node: how many pings it sends in a time without trouble, and to how many members. */
  pingsOf(index: number, length: Duration): { readonly pings: number; readonly members: number } {
    const site = this.hosts[index]?.site.site;
    const asked = new Set<string>();
    let pings = 0;
    this.world.network.tap((sender, { to, bytes }) => {
      if (sender !== site || bytes.length !== PING_SIZE) return 'pass';
      pings += 1;
      asked.add(to.ip);
      return 'pass';
    });
    this.world.run(length);
    return { pings, members: asked.size };
  }

  #totals(): readonly Traffic[] {
    return this.hosts.map(({ site }) => ({ ...this.world.network.trafficOf(site.site) }));
  }

  #until(cap: Duration, holds: () => boolean): number | undefined {
    const start = this.world.now;
    for (let looks = 0; looks * LOOK <= cap; looks += 1) {
      if (holds()) return looks * LOOK;
      this.world.run(start + (looks + 1) * LOOK - this.world.now);
    }
    return undefined;
  }

  #listsAll(host: VirtualHost): boolean {
    const places = new Map<string, string>();
    for (const bytes of host.machine?.storedBook?.().records ?? []) {
      const record = decodeRecord(bytes);
      const place = record?.addresses[0]?.address.ip;
      if (record !== undefined && place !== undefined) places.set(record.id, place);
    }
    return this.hosts.every(({ id, site }) => site.addresses.includes(places.get(id) ?? ''));
  }

  #someClock(): { drift: number; wallOffset: Duration; origin: ReturnType<typeof instant> } {
    return {
      drift: this.#random.between(-DRIFT, DRIFT),
      wallOffset: millis(this.#random.between(-hours(1), hours(1))),
      origin: instant(this.#random.between(1_000, 1_000_000)),
    };
  }
}
