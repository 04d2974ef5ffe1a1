/**
 * Home routers in the words of RFC 4787: mapping, filtering, port preservation, time-outs, and the
 * stale flow that outlives a change of address.
 */

import { addressKey, sameAddress, type Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { SeededRandom } from '../base/random.ts';
import type { Duration, Instant } from '../base/time.ts';
import { after, millis, seconds } from '../base/time.ts';
import type { Datagram, Network } from './network.ts';
import type { Receiver, Site } from './site.ts';
import { sourceFor } from './site.ts';
import type { Timeline } from './timeline.ts';

/** Which packets share a mapping, or may come in through one (RFC 4787 §4.1 and §5). */
export type Dependence =
  'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';

/** What kind of home router it is, in the words of RFC 4787. */
export interface NatKind {
  /** §4.1: for which remotes the same outside port serves one inside port. */
  readonly mapping: Dependence;
  /** §5: who may come in through a mapping. */
  readonly filtering: Dependence;
  /** §4.2: the inside port is kept outside where it is free. Else it is drawn. */
  readonly portPreserving: boolean;
  /** Every port is forwarded to the machine, as an operator sets it for a server at home. */
  readonly forwards: boolean;
  /** §4.3, of a flow answered and of one that was not. Linux: 120 s and 30 s. */
  readonly timeout: Duration;
  readonly unanswered: Duration;
}

/** A Linux router that masquerades and forwards the port: what most home routers run inside. */
export const HOME_ROUTER: NatKind = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
  portPreserving: true,
  forwards: true,
  timeout: seconds(120),
  unanswered: seconds(30),
};

/** One way through a LAN. */
const LAN_DELAY: Duration = millis(0.3);

/** Flows remembered: far above what one node makes; the oldest goes, as in a full table. */
const FLOWS_MAX = 65_536;

/** A conversation as the router's table holds it. */
interface Flow {
  /** The machine's port. */
  readonly inside: number;
  /** What the other side sees of the machine; the address may be one the router lost since. */
  readonly outside: Address;
  readonly remote: Address;
  /** What the machine sees of the other side: `remote`, but for a clash. */
  readonly remoteInside: Address;
  /** Opened by the machine (masqueraded) or by a packet that was forwarded in. */
  readonly origin: 'inside' | 'outside';
  answered: boolean;
  lastUsed: Instant;
}

/**
 * A home router: it holds the public address, the machine behind it never sees it change.
 *
 * Flows are kept as Linux' connection tracking keeps them. When the public address changes, the
 * flows that were masqueraded under it are flushed, but a flow that was opened from outside keeps
 * its old translation for as long as it is used: what the machine sends on it leaves with an
 * address that is not the router's any more, and the ISP drops it. A fresh local port makes a new
 * flow.
 */
export class HomeRouter implements Site {
  readonly site: string;
  readonly translates = true;
  readonly #kind: NatKind;
  readonly #network: Network;
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  /** Told each port other than the machine's own under which it or a remote is seen. */
  readonly #onRewrite: (ip: string, port: number) => void;
  #addresses: readonly string[] = [];
  #receiver: Receiver | undefined;
  #flows: Flow[] = [];
  readonly #byInside = new Map<string, Flow>();
  readonly #byOutside = new Map<string, Flow>();

  constructor(
    site: string,
    kind: NatKind,
    world: { network: Network; timeline: Timeline; random: SeededRandom },
    onRewrite: (ip: string, port: number) => void,
  ) {
    this.site = site;
    this.#kind = kind;
    this.#network = world.network;
    this.#timeline = world.timeline;
    this.#random = world.random;
    this.#onRewrite = onRewrite;
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Flows in the table, those included whose time is over and that nobody asked for since. */
  get flows(): number {
    return this.#byInside.size;
  }

  plug(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  readdress(ips: readonly string[]): void {
    this.#addresses = ips;
    for (const flow of [...this.#byInside.values()]) {
      if (flow.origin === 'inside' && !ips.includes(flow.outside.ip)) this.#forget(flow);
    }
  }

  send(port: number, to: Address, bytes: Bytes): boolean {
    const flow = this.#alive(this.#byInside.get(insideKey(port, to))) ?? this.#openOut(port, to);
    if (flow === undefined) return false;
    flow.lastUsed = this.#timeline.now;
    if (flow.origin === 'outside') flow.answered = true;
    const datagram = { from: flow.outside, to: flow.remote, bytes };
    this.#timeline.in(LAN_DELAY, () => this.#network.send(this, datagram));
    return true;
  }

  receive(datagram: Datagram): void {
    const { from, to, bytes } = datagram;
    const known = this.#alive(this.#byOutside.get(outsideKey(to, from)));
    const flow = known ?? this.#admit(to, from);
    if (flow === undefined) return;
    flow.lastUsed = this.#timeline.now;
    if (flow.origin === 'inside') flow.answered = true;
    this.#timeline.in(LAN_DELAY, () => this.#receiver?.(flow.inside, flow.remoteInside, bytes));
  }

  /** A flow from inside: through a mapping that may be shared, else through a new one. */
  #openOut(inside: number, remote: Address): Flow | undefined {
    const source = sourceFor(this.#addresses, remote, inside);
    if (source === undefined) return undefined;
    const shared = this.#shared(inside, remote, this.#kind.mapping, source.ip);
    const port = shared?.outside.port ?? this.#freePort(source, remote);
    const outside = { ...source, port };
    if (port !== inside) this.#onRewrite(source.ip, port);
    return this.#enter({ inside, outside, remote, remoteInside: remote, origin: 'inside' });
  }

  /** A packet from outside without a flow: let in through a mapping, forwarded, or dropped. */
  #admit(outside: Address, remote: Address): Flow | undefined {
    const filtering = this.#kind.filtering;
    const mapping = this.#flows.find(
      (flow) =>
        flow.origin === 'inside' &&
        sameAddress(flow.outside, outside) &&
        matches(flow.remote, remote, filtering) &&
        this.#alive(flow) !== undefined,
    );
    if (mapping === undefined && !this.#kind.forwards) return undefined;
    const inside = mapping?.inside ?? outside.port;
    const origin = mapping?.origin ?? 'outside';
    const remoteInside = this.#unusedRemote(inside, remote);
    return this.#enter({ inside, outside, remote, remoteInside, origin });
  }

  /**
   * The machine must be able to answer, so no two flows may look alike from inside. Where an old
   * one still does, Linux gives the remote another port on the LAN's side.
   */
  #unusedRemote(inside: number, remote: Address): Address {
    if (this.#alive(this.#byInside.get(insideKey(inside, remote))) === undefined) return remote;
    const port = this.#drawPort();
    this.#onRewrite(remote.ip, port);
    return { ...remote, port };
  }

  #shared(inside: number, remote: Address, dependence: Dependence, ip: string): Flow | undefined {
    if (dependence === 'address-and-port-dependent') return undefined;
    return this.#flows.find(
      (flow) =>
        flow.inside === inside &&
        flow.origin === 'inside' &&
        flow.outside.ip === ip &&
        matches(flow.remote, remote, dependence) &&
        this.#alive(flow) !== undefined,
    );
  }

  /** RFC 4787 §4.2.1: the machine's own port where that is free, else any that is. */
  #freePort(source: Address, remote: Address): number {
    if (this.#kind.portPreserving && this.#isFree(source, remote)) return source.port;
    for (;;) {
      const port = this.#drawPort();
      if (this.#isFree({ ...source, port }, remote)) return port;
    }
  }

  #isFree(outside: Address, remote: Address): boolean {
    return this.#alive(this.#byOutside.get(outsideKey(outside, remote))) === undefined;
  }

  /** Above the well-known ports, as RFC 4787 §4.2.2 asks for a machine's port above them. */
  #drawPort(): number {
    return 1024 + this.#random.below(65_536 - 1024);
  }

  /** A full table loses its oldest flow, as a router's does. */
  #enter(flow: Omit<Flow, 'answered' | 'lastUsed'>): Flow {
    const entered: Flow = { ...flow, answered: false, lastUsed: this.#timeline.now };
    this.#byInside.set(insideKey(flow.inside, flow.remoteInside), entered);
    this.#byOutside.set(outsideKey(flow.outside, flow.remote), entered);
    this.#flows.push(entered);
    if (this.#flows.length > FLOWS_MAX && this.#flows[0] !== undefined)
      this.#forget(this.#flows[0]);
    return entered;
  }

  /** Time-outs are looked at when a flow is asked for: nothing happens in a table by itself. */
  #alive(flow: Flow | undefined): Flow | undefined {
    if (flow === undefined) return undefined;
    const life = flow.answered ? this.#kind.timeout : this.#kind.unanswered;
    if (after(flow.lastUsed, life) > this.#timeline.now) return flow;
    this.#forget(flow);
    return undefined;
  }

  #forget(flow: Flow): void {
    const inside = insideKey(flow.inside, flow.remoteInside);
    const outside = outsideKey(flow.outside, flow.remote);
    // Another flow may stand there by now.
    if (this.#byInside.get(inside) === flow) this.#byInside.delete(inside);
    if (this.#byOutside.get(outside) === flow) this.#byOutside.delete(outside);
    this.#flows = this.#flows.filter((one) => one !== flow);
  }
}

// Flows are found from both sides by what identifies them there.

function insideKey(port: number, remote: Address): string {
  return `${String(port)} ${addressKey(remote)}`;
}

function outsideKey(outside: Address, remote: Address): string {
  return `${addressKey(outside)} ${addressKey(remote)}`;
}

/** Whether a remote may use what was made for another (RFC 4787 §4.1, §5). */
function matches(known: Address, remote: Address, dependence: Dependence): boolean {
  if (dependence === 'endpoint-independent') return true;
  if (dependence === 'address-dependent') return known.ip === remote.ip;
  return sameAddress(known, remote);
}
