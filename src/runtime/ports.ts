/** The node's one port in both its kinds: UDP for datagrams, TCP for those who join. */

import type { SecureContext } from 'node:tls';
import { UserError } from '../base/errors.ts';
import type { Input } from '../core/io.ts';
import { GroupSockets } from './beacon.ts';
import { placesOf } from './bind.ts';
import { Links } from './links.ts';
import { UdpSockets } from './udp.ts';

/** Tries to find a port that is free in both kinds and families, when the system may choose. */
const CHOICES = 20;

/** What ports need from the one who opens them. */
export interface PortsOptions {
  /** The key that links are answered with. */
  readonly context: SecureContext;
  readonly deliver: (input: Input) => void;
  readonly note: (message: string) => void;
  /** Whether to speak and listen to everyone on the LAN; default: no. */
  readonly lan?: boolean;
}

/** UDP sockets and TCP links on the same port and places. */
export class Ports {
  readonly udp: UdpSockets;
  readonly links: Links;
  readonly group: GroupSockets;
  readonly #lan: boolean;
  #port = 0;

  constructor({ context, deliver, note, lan = false }: PortsOptions) {
    this.udp = new UdpSockets({ deliver, note });
    this.links = new Links(context, deliver);
    this.group = new GroupSockets(deliver, this.udp);
    this.#lan = lan;
  }

  /** The port bound; 0 before. */
  get port(): number {
    return this.#port;
  }

  /**
   * Binds; port 0: one of the system's choice. Throws a `UserError` (port-taken, port-forbidden,
   * bind-unavailable) and leaves nothing open.
   */
  async open(bind: readonly string[] | undefined, port: number): Promise<void> {
    for (let choice = 1; ; choice += 1) {
      try {
        await this.#open(bind, port);
        return;
      } catch (error) {
        this.udp.closeMain();
        const taken = error instanceof UserError && error.code === 'port-taken';
        if (port !== 0 || !taken || choice === CHOICES) throw error;
      }
    }
  }

  /** See `UdpSockets.swap`: elsewhere, and the machine isn't told. */
  async swap(bind: readonly string[], port: number, release: boolean): Promise<void> {
    const places = placesOf(bind);
    await Promise.all([
      this.udp.swap(places, port, release),
      this.links.swap(places, port, release),
    ]);
    this.#port = port;
  }

  /** Closes what swaps left behind. */
  releaseVacated(): void {
    this.udp.releaseVacated();
    this.links.releaseVacated();
  }

  /** Back to the main socket alone, for another machine to begin with. */
  reset(): void {
    this.udp.closeFresh(1);
    this.udp.closeFresh(2);
    this.links.endAll();
  }

  /** Closes everything; no input follows. */
  close(): void {
    this.group.close();
    this.udp.close();
    this.links.close();
  }

  async #open(bind: readonly string[] | undefined, port: number): Promise<void> {
    const places = placesOf(bind);
    const chosen = await this.udp.openMain(places, port);
    await this.links.open(places, chosen);
    this.#port = chosen;
    if (this.#lan) this.group.open(places);
  }
}
