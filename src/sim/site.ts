/** A place on the virtual network: an address of its own, or one behind a home router. */

import { address, type Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Datagram, Endpoint, Network } from './network.ts';

/** The port every simulated node listens on: the default one. */
export const MAIN_PORT = 4117;

/** Takes what arrives for a machine: the machine's port, the source as the machine sees it. */
export type Receiver = (port: number, from: Address, bytes: Bytes) => void;

/**
 * The place where one machine is plugged in: with public addresses of its own or behind a router.
 */
export interface Site extends Endpoint {
  /** Public addresses now; none while unplugged. */
  readonly addresses: readonly string[];
  /** Whether others may see another port than the machine's. */
  readonly translates: boolean;
  /** Other addresses from now on. The network and the truth are told by the world. */
  readdress(ips: readonly string[]): void;
  /** Sends from a port of the machine; false when there is no way to that family. */
  send(port: number, to: Address, bytes: Bytes): boolean;
  plug(receiver: Receiver): void;
}

/** A machine that holds its public addresses itself, at most one of each family. */
export class DirectSite implements Site {
  readonly site: string;
  readonly translates = false;
  readonly #network: Network;
  #addresses: readonly string[] = [];
  #receiver: Receiver | undefined;

  constructor(site: string, network: Network) {
    this.site = site;
    this.#network = network;
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  readdress(ips: readonly string[]): void {
    this.#addresses = ips;
  }

  plug(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  send(port: number, to: Address, bytes: Bytes): boolean {
    const from = sourceFor(this.#addresses, to, port);
    if (from === undefined) return false;
    this.#network.send(this, { from, to, bytes });
    return true;
  }

  receive(datagram: Datagram): void {
    this.#receiver?.(datagram.to.port, datagram.from, datagram.bytes);
  }
}

/** The address among these that a datagram to `to` would leave from. */
export function sourceFor(ips: readonly string[], to: Address, port: number): Address | undefined {
  for (const ip of ips) {
    const from = address(ip, port);
    if (from?.family === to.family) return from;
  }
  return undefined;
}
