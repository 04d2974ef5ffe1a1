/**
 * The whole virtual world: time, network, hosts and the truth about them, one step after another.
 */

import { address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import { SeededRandom } from '../base/random.ts';
import type { Instant } from '../base/time.ts';
import { instant, millis } from '../base/time.ts';
import { writeBook, writeCluster } from '../core/documents.ts';
import type { StoredBook, StoredCluster } from '../core/documents.ts';
import type { Effect, Input } from '../core/io.ts';
import { SafetyWatch } from './checkers.ts';
import { VirtualClock, type ClockFaults } from './clock.ts';
import { VALUES, VirtualDisk } from './disk.ts';
import { VirtualHost, type Surroundings } from './host.ts';
import type { Boot } from './subject.ts';
import { Links } from './links.ts';
import { HomeRouter, type NatKind } from './nat.ts';
import { Network, type Weather } from './network.ts';
import { AddressPool } from './pool.ts';
import { DirectSite, MAIN_PORT, type Site } from './site.ts';
import { Timeline } from './timeline.ts';
import { Trace } from './trace.ts';
import { Truth } from './truth.ts';

/** Up to this many nodes every step is followed by a look at the machine; above, one in so many. */
const LOOK_ALWAYS = 16;

/** Above this, documents are kept as values, and the trace tells each step in brief. */
const LEAN_ABOVE = 256;

/** From one end of a LAN to the other. */
const LAN_DELAY = millis(0.5);

/**
 * One look costs as much as there are members; in large worlds all looks together cost no more than
 * a part of the steps do.
 */
function lookEvery(size: number): number {
  if (size <= LOOK_ALWAYS) return 1;
  return size <= LEAN_ABOVE ? size : Math.ceil((size * size) / LOOK_ALWAYS);
}

/** Looks at a machine that made a step. */
export type StepWatcher = (host: VirtualHost, effects: readonly Effect[]) => void;

/** One machine to be put into a world. */
export interface HostPlan {
  readonly name: string;
  readonly id: NodeId;
  readonly boot: Boot;
  /** Behind what router; none: it holds its address itself. */
  readonly nat: NatKind | undefined;
  readonly clock: ClockFaults;
  /** What its disk holds at first; none: it was never part of a cluster. */
  readonly files: { readonly cluster: StoredCluster; readonly book: StoredBook } | undefined;
}

/** What kind of world. */
export interface WorldPlan {
  readonly seed: number;
  readonly weather: Weather;
  /** Machines there will be: decides how often each is looked at. */
  readonly size: number;
}

/**
 * A whole simulated world: time, the network, machines with their clocks and disks, the truth about
 * them and the watch over their beliefs. Everything that happens follows from the plan and the
 * seed.
 */
export class World {
  readonly timeline: Timeline = new Timeline();
  readonly trace: Trace;
  readonly truth: Truth = new Truth();
  readonly pool: AddressPool = new AddressPool();
  readonly random: SeededRandom;
  readonly network: Network;
  readonly links: Links;
  readonly hosts: VirtualHost[] = [];
  /** Nodes whose beliefs do not count: they see another world. */
  readonly exempt: Set<VirtualHost> = new Set<VirtualHost>();
  /** Whether this world has so many machines that it must be frugal. */
  readonly isLarge: boolean;
  readonly #watch: SafetyWatch;
  readonly #sites = new Map<NodeId, string>();
  readonly #watchers = new Set<StepWatcher>();

  constructor(plan: WorldPlan) {
    this.isLarge = plan.size > LEAN_ABOVE;
    this.trace = new Trace(this.isLarge ? 'brief' : 'whole');
    this.random = new SeededRandom(plan.seed);
    this.network = new Network(this.timeline, this.random.fork(), plan.weather);
    this.links = new Links(this.timeline);
    this.#watch = new SafetyWatch({
      truth: this.truth,
      siteOf: (member) => this.#sites.get(member),
      longestDelay: () => this.network.longestDelay,
      now: () => this.timeline.now,
      isExempt: (host) => this.exempt.has(host),
      every: lookEvery(plan.size),
    });
  }

  get now(): Instant {
    return this.timeline.now;
  }

  /** Lets virtual time pass; ends early, saying false, when `until` becomes true. */
  run(length: number, until: () => boolean = () => false): boolean {
    const end = instant(this.timeline.now + length);
    while (!until()) {
      if (!this.timeline.next(end)) return true;
    }
    return false;
  }

  /** Puts a machine into the world, switched off. */
  add(plan: HostPlan): VirtualHost {
    const site = this.#siteFor(plan);
    const surroundings: Surroundings = {
      timeline: this.timeline,
      trace: this.trace,
      links: this.links,
      cast: (host, bytes) => this.#cast(host, bytes),
      witness: (host, input, effects) => this.#witness(host, input, effects),
      lean: this.isLarge,
      onPort: (name, port) => this.truth.notePort(name, port),
    };
    const { name, id, boot } = plan;
    const clock = new VirtualClock(this.timeline.now, plan.clock);
    const format = this.isLarge ? VALUES : undefined;
    const disk = new VirtualDisk(this.timeline, this.random.fork(), format);
    const parts = { name, id, boot, site, clock };
    const host = new VirtualHost(parts, disk, this.random.fork(), surroundings);
    this.#sites.set(id, site.site);
    // Known before it is open: others may say that it will be there.
    this.truth.notePort(site.site, MAIN_PORT);
    this.hosts.push(host);
    if (plan.files !== undefined) {
      const { cluster, book } = plan.files;
      disk.put('cluster', this.isLarge ? cluster : writeCluster(cluster));
      disk.put('book', this.isLarge ? book : writeBook(book));
    }
    return host;
  }

  /**
   * Gives machines other public addresses at one instant: all old ones are taken away before any
   * new one is given, so that two machines can swap theirs.
   */
  readdress(moves: readonly (readonly [host: VirtualHost, ips: readonly string[]])[]): void {
    for (const [{ site }] of moves) {
      for (const ip of site.addresses) {
        this.network.release(ip, site);
        this.truth.release(ip, site.site, this.timeline.now);
      }
    }
    for (const [{ name, site }, ips] of moves) {
      this.trace.note(this.timeline.now, name, 'fate', `is at ${ips.join(', ') || 'no address'}`);
      for (const ip of ips) {
        this.network.hold(ip, site);
        this.truth.hold(ip, site.site, this.timeline.now);
      }
      site.readdress(ips);
    }
  }

  /** Calls after every step, checks passed; returns what ends it. */
  watchSteps(watcher: StepWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** The machine at a public address, for a TCP connection to it; undefined when none listens. */
  hostAt(ip: string): VirtualHost | undefined {
    const site = this.network.holder(ip)?.site;
    return this.hosts.find((host) => host.site.site === site && host.machine !== undefined);
  }

  /**
   * A multicast reaches all machines of a LAN, and comes back to its sender's. Its source is an
   * address that the sender holds: homes with private ones are beyond this network.
   */
  #cast(sender: VirtualHost, bytes: Bytes): void {
    const [ip] = sender.site.addresses;
    const from = ip === undefined ? undefined : address(ip, MAIN_PORT);
    if (sender.lan === undefined || from === undefined) return;
    for (const host of this.hosts) {
      if (host.lan !== sender.lan) continue;
      this.timeline.in(LAN_DELAY, () => {
        // What comes while a machine is off or asleep is lost, like any datagram.
        if (host.machine !== undefined) host.input({ type: 'beacon', from, bytes });
      });
    }
  }

  #siteFor({ name, nat }: HostPlan): Site {
    if (nat === undefined) return new DirectSite(name, this.network);
    const parts = { network: this.network, timeline: this.timeline, random: this.random.fork() };
    return new HomeRouter(name, nat, parts, (ip, port) => this.truth.noteRewrite(ip, port));
  }

  #witness(host: VirtualHost, input: Input, effects: readonly Effect[]): void {
    this.#watch.look(host, input, effects);
    for (const watcher of this.#watchers) watcher(host, effects);
  }
}
