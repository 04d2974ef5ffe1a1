/**
 * The virtual internet: who holds which address, how long a datagram takes, and whether it comes
 * at all.
 */

import type { Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { SeededRandom } from '../base/random.ts';
import type { Duration } from '../base/time.ts';
import { millis } from '../base/time.ts';
import type { Timeline } from './timeline.ts';

/** Octets around a datagram's payload: Ethernet 14, IPv4 20 or IPv6 40, UDP 8. */
export const HEADERS: Readonly<Record<4 | 6, number>> = { 4: 42, 6: 62 };

/** What the LANs behind two home routers add to a way at most. */
const LAN_DELAYS = 1;

/** By so much a datagram is overtaken, when somebody on the way wants to be first. */
const OVERTAKEN = 40;

/** A datagram between two public addresses. */
export interface Datagram {
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Bytes;
}

/** What holds public addresses: a machine, a home router, or an attacker. */
export interface Endpoint {
  /** Unique in its network. */
  readonly site: string;
  receive(datagram: Datagram): void;
}

/** How the network treats datagrams. */
export interface Weather {
  /** One way, milliseconds; each pair of sites draws its own once. */
  readonly latency: readonly [Duration, Duration];
  /** Added anew for each datagram, so that they overtake each other. */
  readonly jitter: Duration;
  /** Parts of the datagrams that get lost and that arrive twice. */
  readonly loss: number;
  readonly duplication: number;
}

/** A dull day between European homes. */
export const FAIR: Weather = {
  latency: [millis(2), millis(15)],
  jitter: millis(1),
  loss: 0,
  duplication: 0,
};

/** What one site sent and received on its public side, headers included. */
export interface Traffic {
  sentBytes: number;
  sentDatagrams: number;
  receivedBytes: number;
  receivedDatagrams: number;
}

/** Sees each datagram that leaves a site; `late`: somebody on the way overtakes it. */
export type Tap = (sender: string, datagram: Datagram) => 'pass' | 'late';

/** True when nothing passes from one site to another. */
export type Cut = (from: string, to: string) => boolean;

/**
 * The public network. A datagram goes to whoever holds its address when it arrives: to nobody, if
 * nobody does (no ICMP: an address that an ISP took away is a black hole), or to whoever got the
 * address since. A source address that the sender does not hold is dropped, as BCP 38 asks.
 */
export class Network {
  #weather: Weather;
  #longestDelay: Duration = millis(0);
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #holders = new Map<string, Endpoint>();
  /** By site and site: a text made of both for each datagram would cost more than the rest. */
  readonly #latencies = new Map<string, Map<string, number>>();
  readonly #traffic = new Map<string, Traffic>();
  readonly #cuts = new Map<string, Cut>();
  readonly #taps: Tap[] = [];
  #spoofed = 0;

  constructor(timeline: Timeline, random: SeededRandom, weather: Weather) {
    this.#timeline = timeline;
    this.#random = random;
    this.#weather = weather;
    this.weather = weather;
  }

  get weather(): Weather {
    return this.#weather;
  }

  set weather(weather: Weather) {
    this.#weather = weather;
    const longest = weather.latency[1] + weather.jitter + LAN_DELAYS + OVERTAKEN;
    this.#longestDelay = millis(Math.max(this.#longestDelay, longest));
  }

  /** Datagrams dropped for a source address that was not the sender's: stale mappings, mostly. */
  get spoofed(): number {
    return this.#spoofed;
  }

  /** Nothing was ever under way for longer than this, whatever the draw and the weather. */
  get longestDelay(): Duration {
    return this.#longestDelay;
  }

  hold(ip: string, endpoint: Endpoint): void {
    this.#holders.set(ip, endpoint);
  }

  /** Only who holds an address can give it up: another may have it by now. */
  release(ip: string, endpoint: Endpoint): void {
    if (this.#holders.get(ip) === endpoint) this.#holders.delete(ip);
  }

  holder(ip: string): Endpoint | undefined {
    return this.#holders.get(ip);
  }

  /** Names a cut, so that it can be mended; a name used again replaces the older cut. */
  cut(name: string, cut: Cut): void {
    this.#cuts.set(name, cut);
  }

  mend(name: string): void {
    this.#cuts.delete(name);
  }

  mendAll(): void {
    this.#cuts.clear();
  }

  tap(tap: Tap): void {
    this.#taps.push(tap);
  }

  send(sender: Endpoint, datagram: Datagram): void {
    const counted = this.trafficOf(sender.site);
    counted.sentBytes += sizeOf(datagram);
    counted.sentDatagrams += 1;
    if (this.#holders.get(datagram.from.ip) !== sender) {
      this.#spoofed += 1;
      return;
    }
    let extra = 0;
    for (const tap of this.#taps) {
      if (tap(sender.site, datagram) === 'late') extra = OVERTAKEN;
    }
    this.#carry(sender, datagram, extra);
    if (this.#random.chance(this.#weather.duplication)) this.#carry(sender, datagram, extra);
  }

  /** Sites that sent or were sent anything. */
  get sites(): Iterable<string> {
    return this.#traffic.keys();
  }

  trafficOf(site: string): Traffic {
    let traffic = this.#traffic.get(site);
    if (traffic === undefined) {
      traffic = { sentBytes: 0, sentDatagrams: 0, receivedBytes: 0, receivedDatagrams: 0 };
      this.#traffic.set(site, traffic);
    }
    return traffic;
  }

  /** One way between two sites without jitter, as drawn at their first datagram. */
  latency(one: string, other: string): Duration {
    const [first, second] = one < other ? [one, other] : [other, one];
    let known = this.#latencies.get(first);
    if (known === undefined) {
      known = new Map();
      this.#latencies.set(first, known);
    }
    let latency = known.get(second);
    if (latency === undefined) {
      latency = this.#random.next();
      known.set(second, latency);
    }
    const [least, most] = this.#weather.latency;
    return millis(least + latency * (most - least));
  }

  /** True when nothing passes from one site to the other now. */
  isCut(from: string, to: string): boolean {
    for (const cut of this.#cuts.values()) {
      if (cut(from, to)) return true;
    }
    return false;
  }

  #carry(sender: Endpoint, datagram: Datagram, extra: number): void {
    // Drawn whatever happens, so that a fault changes as little as can be of what follows.
    const lost = this.#random.chance(this.#weather.loss);
    const jitter = this.#random.next() * this.#weather.jitter;
    const expected = this.#holders.get(datagram.to.ip)?.site;
    if (lost || expected === undefined) return;
    const delay = millis(this.latency(sender.site, expected) + jitter + extra);
    this.#timeline.in(delay, () => this.#deliver(sender.site, datagram));
  }

  #deliver(from: string, datagram: Datagram): void {
    const endpoint = this.#holders.get(datagram.to.ip);
    if (endpoint === undefined || this.isCut(from, endpoint.site)) return;
    const counted = this.trafficOf(endpoint.site);
    counted.receivedBytes += sizeOf(datagram);
    counted.receivedDatagrams += 1;
    endpoint.receive(datagram);
  }
}

/** Octets of a datagram on the wire. */
export function sizeOf(datagram: Datagram): number {
  return datagram.bytes.length + HEADERS[datagram.to.family];
}
