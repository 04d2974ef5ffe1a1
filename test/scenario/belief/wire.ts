/** A network in memory, small enough that a test can hold each datagram in its hand. */
import { address, type Address } from '../../../src/base/address.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant, millis, type Instant } from '../../../src/base/time.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

/** One datagram on its way. */
export interface Datagram {
  readonly at: Instant;
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Bytes;
}

export type Receiver = (datagram: Datagram) => void;

/** One way, in milliseconds: two cities of one country. */
const DELAY = 5;

/** The port that everybody listens on at first. */
export const PORT = 4117;

export class Wire {
  readonly timeline: Timeline = new Timeline();
  readonly random: SeededRandom;
  /** All that was ever sent, by anybody, whether it arrived or not. */
  readonly sent: Datagram[] = [];
  /** False: the datagram is lost. */
  passes: (datagram: Datagram) => boolean = () => true;
  /** Milliseconds that a datagram is under way. */
  delay: (datagram: Datagram) => number = () => DELAY;
  readonly #holders = new Map<string, Receiver>();
  #ips = 0;

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
  }

  get now(): Instant {
    return this.timeline.now;
  }

  /** A public address that nobody had before, in a network of its own. */
  freshIp(): string {
    this.#ips += 1;
    return `${String(20 + (this.#ips >> 8))}.${String(this.#ips & 255)}.7.1`;
  }

  /** From now on this is who gets what is sent to the address. */
  hold(ip: string, receiver: Receiver): void {
    this.#holders.set(ip, receiver);
  }

  /** Nobody holds it any more; with a receiver given, only if that one still did. */
  release(ip: string, receiver?: Receiver): void {
    if (receiver === undefined || this.#holders.get(ip) === receiver) this.#holders.delete(ip);
  }

  /** Anybody can send anything from anywhere: sources are as false as the sender likes. */
  send(from: Address, to: Address, bytes: Bytes): void {
    const datagram: Datagram = { at: this.now, from, to, bytes: new Uint8Array(bytes) };
    this.sent.push(datagram);
    if (!this.passes(datagram)) return;
    this.timeline.in(millis(this.delay(datagram)), () => this.#holders.get(to.ip)?.(datagram));
  }

  /** Lets time pass. */
  run(length: number): void {
    this.runUntil(() => false, length);
  }

  /** Lets time pass until something is so; false when that does not come within `length`. */
  runUntil(so: () => boolean, length: number): boolean {
    const end = instant(this.now + length);
    while (!so()) if (!this.timeline.next(end)) return so();
    return true;
  }

  /** Runs something every `pause` milliseconds for `length` of them; ends with the last. */
  repeat(pause: number, length: number, act: (turn: number) => void): void {
    for (let turn = 0; turn * pause < length; turn += 1) {
      act(turn);
      this.run(pause);
    }
  }

  /** What was sent since a time, as far as it fits. */
  since(time: Instant, fits: (datagram: Datagram) => boolean = () => true): Datagram[] {
    return this.sent.filter((datagram) => datagram.at >= time && fits(datagram));
  }
}

/** An address that is surely one. */
export function at(ip: string, port: number = PORT): Address {
  const made = address(ip, port);
  if (made === undefined) throw new Error(`${ip} is no address`);
  return made;
}

/** Octets of UDP payload in all of them. */
export function octets(datagrams: readonly Datagram[]): number {
  return datagrams.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

export const toIp =
  (ip: string) =>
  ({ to }: Datagram): boolean =>
    to.ip === ip;

export const fromIp =
  (ip: string) =>
  ({ from }: Datagram): boolean =>
    from.ip === ip;
