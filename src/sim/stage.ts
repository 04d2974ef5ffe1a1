/**
 * A cluster on the virtual network and what a scenario can do to it: move, cut, kill, wait until
 * it is whole.
 */

import { address } from '../base/address.ts';
import { assert } from '../base/assert.ts';
import type { ClusterId } from '../base/id.ts';
import type { SeededRandom } from '../base/random.ts';
import type { Duration, Instant } from '../base/time.ts';
import { hours, instant, millis } from '../base/time.ts';
import { readBook, writeBook } from '../core/documents.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { clusterOf, decodeAct } from '../wire/act.ts';
import { forgedRecord } from './attackers.ts';
import { Convergence } from './convergence.ts';
import { enlist, filesOf, muster, type Seaman } from './fleet.ts';
import type { VirtualHost } from './host.ts';
import type { Boot } from './subject.ts';
import { askForInvite, redeem } from './joining.ts';
import type { NatKind } from './nat.ts';
import type { Traffic, Weather } from './network.ts';
import { MAIN_PORT } from './site.ts';
import { World } from './world.ts';

/** Makes the machine of one node; tests put machines of their own in its place. */
export type BootFor = (suite: Suite, identity: Identity) => Boot;

/** What is particular about one node of a cast. */
export interface Role {
  readonly nat: NatKind | undefined;
  readonly drift: number;
  readonly wallOffset: Duration;
  /** No member at first: it is to join later. */
  readonly late: boolean;
  /** Its addresses are of one network, that of this number; none: of any. */
  readonly isp: number | undefined;
  /** What runs in its place, where that is no machine of the usual kind. */
  readonly bootFor?: BootFor | undefined;
}

/** What the cast of a scenario is. */
export interface StagePlan {
  readonly seed: number;
  readonly nodes: number;
  readonly suite: Suite;
  readonly weather: Weather;
  readonly nat: NatKind | undefined;
  readonly bootFor: BootFor;
  /** Only the first is a member at first; the others are to join it. */
  readonly joining: boolean;
  /** This one takes every signature for good, as a member's changed program might. */
  readonly gullible?: number | undefined;
  /** One role a node, in their order; none: all alike. */
  readonly roles?: readonly Role[] | undefined;
  /** See {@link Convergence}. */
  readonly anyOpenPort?: boolean;
}

/** What nodes sent and received in a stretch of time, on average, headers included. */
export interface TrafficRate {
  readonly seconds: number;
  /** Octets a second and node, each way. */
  readonly sentPerSecond: number;
  readonly receivedPerSecond: number;
  /** The node that sent most. */
  readonly mostSentPerSecond: number;
  readonly datagramsPerSecond: number;
}

/** Between two looks at whether a cluster healed; finer where a look is cheap. */
const LOOK_SMALL = 10;
const LOOK_LARGE = 250;
const SMALL = 16;

/** Crystals of cheap boards: up to 100 ppm off. */
const DRIFT = 1e-4;

/**
 * A cluster in its world, and what a scenario can do to it. Everyone is a member from the start,
 * knows one address of everyone else, and holds nobody's record yet.
 */
export class Stage {
  readonly world: World;
  readonly crew: readonly Seaman[];
  readonly hosts: readonly VirtualHost[];
  /** For the choices of the scenario alone. */
  readonly random: SeededRandom;
  readonly suite: Suite;
  /** What the network is like when nothing is wrong with it. */
  readonly weather: Weather;
  readonly #roles: readonly Role[];
  readonly #convergence: Convergence;
  readonly #cluster: ClusterId;
  /** Switched off for good: nobody need find them. */
  readonly #dead = new Set<VirtualHost>();
  /** Not joined yet: nobody can know them. */
  readonly #absent = new Set<VirtualHost>();
  #traps: (() => void)[] = [];
  #commands = 1_000;

  constructor(plan: StagePlan) {
    const { seed, weather, nodes, nat, bootFor, joining, gullible, roles = [] } = plan;
    this.weather = weather;
    this.#roles = roles;
    this.world = new World({ seed, weather, size: nodes });
    this.random = this.world.random.fork();
    this.suite = this.world.truth.witness(plan.suite);
    this.#convergence = new Convergence(this.world.truth, plan.anyOpenPort);
    this.crew = muster(this.suite, nodes, this.world.random.fork());
    const isLate = (index: number): boolean => (joining ? index > 0 : roles[index]?.late === true);
    const members = this.crew.filter((_, index) => !isLate(index));
    const acts = enlist(this.suite, members, this.world.random.fork());
    const found = decodeAct(this.suite, acts[0] ?? new Uint8Array(0));
    assert(found !== undefined, 'a founding act was signed that cannot be read');
    this.#cluster = clusterOf(this.suite, found);
    const placed = this.crew.map((seaman, index) => ({ seaman, ips: [this.#freshFor(index)] }));
    this.hosts = placed.map(({ seaman, ips }, index) => {
      const others = placed.filter(
        (other) => other.seaman !== seaman && members.includes(other.seaman),
      );
      const files = joining ? filesOf(acts, []) : filesOf(acts, others);
      const { name, identity } = seaman;
      const host = this.world.add({
        name,
        id: identity.id,
        boot: (roles[index]?.bootFor ?? bootFor)(
          index === gullible ? trusting(this.suite) : this.suite,
          identity,
        ),
        nat: roles[index] === undefined ? nat : roles[index].nat,
        clock: this.#clockOf(index),
        files: members.includes(seaman) ? files : undefined,
      });
      this.world.readdress([[host, ips]]);
      if (!joining && isLate(index)) this.#absent.add(host);
      return host;
    });
  }

  /**
   * One after the other joins through a random member, each with an invite of its own. Ends when
   * all are admitted; false when that does not come within a second each.
   */
  joinAll(): boolean {
    const [founder, ...others] = this.hosts;
    founder?.start();
    this.world.run(100);
    for (const host of others) {
      const seaman = this.crew[this.hosts.indexOf(host)];
      const makers = this.hosts.filter(({ machine }) => machine !== undefined);
      const maker = this.random.pick(makers);
      if (seaman === undefined || maker === undefined) return false;
      askForInvite(this.world, maker, (token) => {
        redeem(this.world, this.suite, token, { host, seaman }, () => undefined);
      });
      this.world.run(1_000, () => host.machine !== undefined);
      if (host.machine === undefined) return false;
    }
    return true;
  }

  get cluster(): ClusterId {
    return this.#cluster;
  }

  /** A node by its number, from 0. */
  host(index: number): VirtualHost {
    const host = this.hosts[index];
    assert(host !== undefined, 'the scenario needs more nodes than there are');
    return host;
  }

  /** Those who must find each other: neither dead nor exempt, and members already. */
  get counted(): readonly VirtualHost[] {
    const gone = (host: VirtualHost): boolean => this.#dead.has(host) || this.#absent.has(host);
    return this.hosts.filter((host) => !gone(host) && !this.world.exempt.has(host));
  }

  /** Whether this machine was switched off for good. */
  isDead(host: VirtualHost): boolean {
    return this.#dead.has(host);
  }

  /** Whether this machine is off, and has a cluster on its disk that it may go on with. */
  mayStart(host: VirtualHost): boolean {
    return host.isOff && !this.#dead.has(host) && host.disk.read('cluster') !== undefined;
  }

  /** Whether this one is to join and did not yet. */
  isAbsent(host: VirtualHost): boolean {
    return this.#absent.has(host);
  }

  /** It is to leave: nobody need find it any more, and it need find nobody. */
  depart(host: VirtualHost): void {
    this.world.exempt.add(host);
  }

  /** It joined: from now on everyone must find it. */
  welcome(host: VirtualHost): void {
    this.#absent.delete(host);
  }

  /** What keeps the cluster from being whole, in words. */
  get complaint(): string {
    return this.#convergence.complaint;
  }

  /** True when everyone has found everyone. */
  isWhole(): boolean {
    return this.#convergence.holds(this.counted);
  }

  /**
   * Milliseconds from now until the cluster is whole and stays so for `hold`; null when that does
   * not come within `cap`.
   */
  healed(cap: Duration, hold: Duration): number | null {
    const start = this.world.now;
    const look = this.hosts.length <= SMALL ? LOOK_SMALL : LOOK_LARGE;
    let whole: number | undefined;
    for (let looks = 0; looks * look < cap + (whole === undefined ? 0 : hold); looks += 1) {
      if (!this.isWhole()) whole = undefined;
      else whole ??= looks * look;
      if (whole !== undefined && looks * look - whole >= hold) return whole;
      this.world.run(start + (looks + 1) * look - this.world.now);
    }
    return null;
  }

  /** Switches machines on, each a little after the last, as people do. */
  start(hosts: readonly VirtualHost[], within: Duration): void {
    for (const host of hosts) {
      const delay = millis(this.random.next() * within);
      this.world.timeline.in(delay, () => {
        if (this.mayStart(host)) host.start();
      });
    }
  }

  /** Fresh addresses for all of them at one instant. */
  move(hosts: readonly VirtualHost[]): void {
    const fresh = (host: VirtualHost): string => this.#freshFor(this.hosts.indexOf(host));
    this.world.readdress(hosts.map((host) => [host, [fresh(host)]] as const));
  }

  /** Two machines get each other's addresses. */
  swap(one: VirtualHost, other: VirtualHost): void {
    this.world.readdress([
      [one, other.site.addresses],
      [other, one.site.addresses],
    ]);
  }

  /** Switched off for good. */
  kill(host: VirtualHost): void {
    this.#dead.add(host);
    host.crash();
    this.world.readdress([[host, []]]);
  }

  /**
   * Lets power fail the next time a machine asks for a write, if it does in this life; then tells.
   */
  crashAtSave(host: VirtualHost, crashed: () => void): void {
    const { life } = host;
    const stop = this.world.watchSteps((stepped, effects) => {
      if (host.life !== life) return stop();
      if (stepped !== host || !effects.some(({ type }) => type === 'save')) return;
      stop();
      host.crash();
      crashed();
    });
    this.#traps.push(stop);
  }

  /** Takes back what was to happen at some later occasion. */
  clearTraps(): void {
    for (const stop of this.#traps) stop();
    this.#traps = [];
  }

  /** Puts a record on the disk of one that another never signed. */
  forge(forger: VirtualHost, victim: VirtualHost): void {
    const seaman = this.crew[this.hosts.indexOf(victim)];
    const book = readBook(forger.disk.read('book'));
    assert(seaman !== undefined && book !== undefined, 'a forger needs a disk and a victim');
    const records = [forgedRecord(this.world, this.#cluster, seaman)];
    forger.disk.put('book', writeBook({ ...book, records }));
  }

  /** The operator of one node types where another is. */
  hint(host: VirtualHost, about: VirtualHost): void {
    const [ip = ''] = about.site.addresses;
    const known = address(ip, MAIN_PORT);
    assert(known !== undefined, 'a node without an address cannot be hinted at');
    this.world.truth.tell(known);
    this.#commands += 1;
    const command = { type: 'hint', member: about.id, address: known } as const;
    host.input({ type: 'command', id: this.#commands, command });
  }

  /** Lets time pass and says what was sent and received in it. */
  measure(length: Duration): TrafficRate {
    const start = this.world.now;
    const before = this.totals();
    this.world.run(length);
    return this.rateSince(start, before);
  }

  /** What each node sent and received so far. */
  totals(): readonly Traffic[] {
    return this.hosts.map(({ site }) => ({ ...this.world.network.trafficOf(site.site) }));
  }

  /** Rates since a time and the totals then. */
  rateSince(start: Instant, before: readonly Traffic[]): TrafficRate {
    const length = Math.max(1, this.world.now - start) / 1000;
    const now = this.totals();
    const rate = (pick: (traffic: Traffic) => number): number[] =>
      now.map((traffic, index) => {
        const then = before[index];
        return then === undefined ? 0 : (pick(traffic) - pick(then)) / length;
      });
    const sent = rate((traffic) => traffic.sentBytes);
    return {
      seconds: length,
      sentPerSecond: mean(sent),
      receivedPerSecond: mean(rate((traffic) => traffic.receivedBytes)),
      mostSentPerSecond: Math.max(0, ...sent),
      datagramsPerSecond: mean(rate((traffic) => traffic.sentDatagrams)),
    };
  }

  /** The network of the node's ISP, where it has one; else any. */
  #freshFor(index: number): string {
    const isp = this.#roles[index]?.isp;
    return isp === undefined ? this.world.pool.fresh() : this.world.pool.freshOf(isp);
  }

  #clockOf(index: number): { drift: number; wallOffset: Duration; origin: Instant } {
    const role = this.#roles[index];
    const some = this.#someClock();
    return role === undefined ? some : { ...some, ...timesOf(role) };
  }

  /** Nobody's clocks agree with anybody's: no rule may need them to (B4). */
  #someClock(): { drift: number; wallOffset: Duration; origin: Instant } {
    return {
      drift: this.random.between(-DRIFT, DRIFT),
      wallOffset: millis(this.random.between(-hours(1), hours(1))),
      origin: instant(this.random.between(1_000, 1_000_000)),
    };
  }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function timesOf({ drift, wallOffset }: Role): { drift: number; wallOffset: Duration } {
  return { drift, wallOffset };
}

/** Signs like everyone, and believes every signature. */
function trusting(suite: Suite): Suite {
  const { name } = suite;
  return { ...suite, name, verify: () => true };
}
