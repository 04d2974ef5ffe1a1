/**
 * Strangers and liars: replayers, forwarders, forgers, scanners, each counting what it sends and
 * what it draws.
 */

import { address, sameAddress, type Address } from '../base/address.ts';
import { assert } from '../base/assert.ts';
import { BoundedList, BoundedMap } from '../base/bounded.ts';
import type { Bytes } from '../base/bytes.ts';
import type { SeededRandom } from '../base/random.ts';
import type { ClusterId } from '../base/id.ts';
import { millis } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import { PACKET_TYPES } from '../wire/packet.ts';
import { signRecord } from '../wire/record.ts';
import type { Seaman } from './fleet.ts';
import type { Disguise } from './carriers.ts';
import type { VirtualHost } from './host.ts';
import type { Datagram, Endpoint } from './network.ts';
import type { World } from './world.ts';

/** Datagrams a replayer keeps. */
const RECORDED_MAX = 2_000;

/** A liar tells a new lie this often: each makes its victims ask around once. */
const LIE_LENGTH = 3_000;

/** Holds an address of its own and no key of anybody's. */
export class Outsider implements Endpoint {
  readonly site: string;
  readonly ip: string;
  protected readonly world: World;
  protected readonly random: SeededRandom;

  constructor(world: World, site: string) {
    this.world = world;
    this.site = site;
    this.ip = world.pool.fresh();
    this.random = world.random.fork();
    world.network.hold(this.ip, this);
    world.truth.hold(this.ip, site, world.now);
  }

  receive(_datagram: Datagram): void {
    // Most attackers look at nothing that comes back; who does says so.
  }

  /** Its own address with some port. */
  at(port: number): Address {
    const own = address(this.ip, port);
    assert(own !== undefined, 'an attacker sends from no port');
    return own;
  }

  /** Does something again and again until the world ends. */
  protected every(pause: number, act: () => void): void {
    this.world.timeline.in(millis(pause), () => {
      act();
      this.every(pause, act);
    });
  }
}

/**
 * Scans: sends noise, and noise with the look of ours, to every member's port. Must draw nothing.
 */
export class Scanner extends Outsider {
  start(targets: readonly VirtualHost[]): void {
    this.every(20, () => {
      const [ip] = this.random.pick(targets)?.site.addresses ?? [];
      const to = ip === undefined ? undefined : address(ip, 4117);
      if (to === undefined) return;
      const bytes = this.random.bytes(this.random.pick([1, 25, 57, 68, 117, 117, 1_200]) ?? 1);
      bytes[0] = this.random.pick([...Object.values(PACKET_TYPES), 0, 0x31]) ?? 0;
      this.world.network.send(this, { from: this.at(7), to, bytes });
    });
  }
}

/** Records what passes, and sends it again from elsewhere: at once, later, after restarts. */
export class Replayer extends Outsider {
  readonly #recorded = new BoundedList<Datagram>(RECORDED_MAX);
  readonly #targets = new BoundedList<{ site: string; ip: string }>(64);

  start(): void {
    this.world.truth.notePort(this.site, 9);
    this.world.network.tap((sender, datagram) => {
      if (sender !== this.site && this.random.chance(0.2)) this.#record(datagram);
      return 'pass';
    });
    this.every(25, () => this.#replay());
  }

  #record(datagram: Datagram): void {
    const site = this.world.network.holder(datagram.to.ip)?.site;
    this.#recorded.push(datagram);
    if (site !== undefined) this.#targets.push({ site, ip: datagram.to.ip });
  }

  #replay(): void {
    const old = this.#recorded.at(this.random.below(Math.max(1, this.#recorded.length)));
    if (old === undefined) return;
    this.world.network.send(this, { from: this.at(9), to: old.to, bytes: old.bytes });
  }
}

/**
 * Sits near a member, and passes its datagrams on from an address of its own, faster than they
 * come; what comes back it hands to the member. To the others the member seems to have moved here.
 */
export class Forwarder extends Outsider {
  readonly #peers = new BoundedMap<number, Address>(1_024, { evict: 'oldest' });
  #victim: VirtualHost | undefined;
  #only: VirtualHost | undefined;

  /**
   * `only`: races to this peer alone, and carries its answers, too. Whoever does that for all peers
   * is a router on the way, and is taken for one (PROTOCOL §12); for one of them it must not be.
   */
  start(victim: VirtualHost, only?: VirtualHost): void {
    this.#victim = victim;
    this.#only = only;
    // Reflections of what it passes on name its address: a forwarder on the way is a NAT (§4).
    this.world.truth.lend(this.ip, victim.site.site);
    this.world.network.tap((sender, datagram) => {
      if (this.#victim?.site.site !== sender || datagram.to.ip === this.ip) return 'pass';
      if (only !== undefined && !only.site.addresses.includes(datagram.to.ip)) return 'pass';
      const port = this.#portFor(datagram.to);
      this.world.network.send(this, { ...datagram, from: this.at(port) });
      // The original comes too, but later: the copy has made it a replay.
      return 'late';
    });
  }

  stop(): void {
    this.#victim = undefined;
  }

  override receive({ from, to, bytes }: Datagram): void {
    const [ip] = this.#victim?.site.addresses ?? [];
    const victim = ip === undefined ? undefined : address(ip, 4117);
    const back = this.#only !== undefined && from.ip === ip;
    const next = back ? this.#peers.get(to.port) : victim;
    if (next === undefined) return;
    this.world.network.send(this, { from: this.at(to.port), to: next, bytes });
  }

  /** Behind one port of its own for each peer, as a router would do it. */
  #portFor(peer: Address): number {
    for (const [port, known] of this.#peers) {
      if (sameAddress(known, peer)) return port;
    }
    const port = 20_000 + this.#peers.size;
    this.#peers.set(port, peer);
    this.world.truth.notePort(this.site, port);
    return port;
  }
}

/**
 * Makes a member a liar: it is shown others at addresses where they are not, so it reflects those,
 * and what it sends there goes where it should. A new lie every few seconds, each believed by
 * itself.
 */
export class Liar implements Disguise {
  readonly #world: World;
  readonly #lies = new Map<string, string>();
  readonly #truths = new Map<string, string>();
  readonly #until = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  shown(real: Address): Address {
    return this.#replace(real, this.#lieAbout(real.ip));
  }

  real(shown: Address): Address {
    return this.#replace(shown, this.#truths.get(shown.ip) ?? shown.ip);
  }

  #lieAbout(ip: string): string {
    const known = this.#lies.get(ip);
    if (known !== undefined && (this.#until.get(ip) ?? 0) > this.#world.now) return known;
    const lie = this.#world.pool.fresh();
    this.#lies.set(ip, lie);
    this.#truths.set(lie, ip);
    this.#until.set(ip, this.#world.now + LIE_LENGTH);
    return lie;
  }

  #replace(from: Address, ip: string): Address {
    const to = address(ip, from.port);
    assert(to !== undefined, 'a lie is an address too');
    // Whoever believes the liar may try it: a hint earns one challenge (PROTOCOL §4).
    this.#world.truth.tell(to);
    this.#world.truth.reflect(ip);
    return to;
  }
}

/**
 * A record of `victim` that it never signed, with a sequence far above its own and an address where
 * it is not. For the disk of a member that takes it for good and tells the others.
 */
export function forgedRecord(world: World, cluster: ClusterId, victim: Seaman): Bytes {
  const random = world.random.fork();
  const at = address(world.pool.fresh(), 4117);
  assert(at !== undefined, 'the pool gave no address');
  // Told to the others by a member, it earns one challenge, and no belief.
  world.truth.tell(at);
  const { identity } = victim;
  const forger: Identity = {
    id: identity.id,
    seed: identity.seed,
    publicKey: identity.publicKey,
    agreement: identity.agreement,
    sign: () => random.bytes(64),
  };
  return signRecord(forger, {
    cluster,
    id: identity.id,
    sequence: 1_000_000,
    beat: millis(600),
    reachability: 'open',
    addresses: [{ address: at, voters: 9 }],
    relays: [],
    services: [],
    tags: [],
  }).bytes;
}
