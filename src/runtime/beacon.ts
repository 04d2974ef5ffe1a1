/**
 * The socket that hears what is said to everyone on the LAN (PROTOCOL, "Beacon" and "Search"). No
 * interface is ever named: the system's route to the group decides. What fails here is counted and
 * tried again; a node without multicast works all the same.
 */

import { createSocket, type Socket } from 'node:dgram';
import { scopeOf, address, type Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Input } from '../core/io.ts';
import type { Place } from './bind.ts';
import { readSource, type UdpSockets } from './udp.ts';

/**
 * Neither the main port, which a node holds alone, nor one beside it, where a second node on a
 * machine would be put, nor one that systems lend out (from 32768).
 */
export const GROUP_PORT = 24_117;

/** IPv4 Local Scope (RFC 2365 §6.1); transient and site-local (RFC 4291 §2.7, RFC 3307 §4.3). */
export const GROUPS: readonly Address[] = [
  { family: 4, ip: '239.255.41.17', port: GROUP_PORT },
  { family: 6, ip: 'ff15::f107:4117', port: GROUP_PORT },
];

/**
 * Milliseconds between two tries to join the groups: a network may come later than the daemon, and
 * the route to a group may change. Joining where one is already costs no packet.
 */
const JOIN_EVERY_MS = 15_000;

/** True when a node that listens there alone is on no LAN. */
export function isLoopback({ ip }: Place): boolean {
  const own = address(ip, 0);
  return own !== undefined && scopeOf(own) === 'loopback';
}

/** The groups' socket, one a family. Never throws, whatever the network does. */
export class GroupSockets {
  readonly #deliver: (input: Input) => void;
  readonly #udp: UdpSockets;
  readonly #sockets = new Map<4 | 6, Socket>();
  readonly #counts = { 'lan-bind': 0, 'lan-join': 0, 'lan-send': 0, 'lan-source': 0 };
  #places: readonly Place[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(deliver: (input: Input) => void, udp: UdpSockets) {
    this.#deliver = deliver;
    this.#udp = udp;
  }

  /** What failed so far, by reason; all zero where multicast works. */
  get counters(): Readonly<Record<string, number>> {
    return this.#timer === undefined ? {} : this.#counts;
  }

  /** Begins to listen, as far as that can be done from these places; goes on trying. */
  open(places: readonly Place[]): void {
    this.#places = places.filter((place) => !isLoopback(place));
    if (this.#places.length === 0 || this.#timer !== undefined) return;
    this.#join();
    this.#timer = setInterval(() => {
      this.#join();
    }, JOIN_EVERY_MS);
    this.#timer.unref();
  }

  /** Sends to the groups from the main socket, where answers will come. Nothing before `open`. */
  send(bytes: Bytes): void {
    if (this.#timer === undefined) return;
    // Whoever calls also wants to hear, and an orphan's network is probably a new one.
    this.#join();
    this.#udp.cast(GROUPS, bytes, () => {
      this.#counts['lan-send'] += 1;
    });
  }

  /** Listens no longer; no input follows. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    for (const family of [...this.#sockets.keys()]) this.#drop(family);
  }

  #join(): void {
    for (const { family, ip } of GROUPS) {
      if (!this.#places.some((place) => place.family === family)) continue;
      const socket = this.#sockets.get(family);
      if (socket === undefined) this.#bind(family, ip);
      else this.#joinWith(socket, ip);
    }
  }

  #bind(family: 4 | 6, group: string): void {
    const type = family === 4 ? 'udp4' : 'udp6';
    // Other nodes on this machine listen too.
    const socket = createSocket({ type, reuseAddr: true, ipv6Only: family === 6 });
    this.#sockets.set(family, socket);
    socket.on('error', () => {
      this.#counts['lan-bind'] += 1;
      this.#drop(family);
    });
    socket.on('message', (bytes, from) => {
      this.#received(bytes, from.address, from.port);
    });
    // Bound to the group it gets nothing that was sent to this machine alone. Windows can't.
    const ip = process.platform === 'win32' ? (family === 4 ? '0.0.0.0' : '::') : group;
    socket.bind({ port: GROUP_PORT, address: ip, exclusive: true }, () => {
      this.#joinWith(socket, group);
    });
  }

  #joinWith(socket: Socket, group: string): void {
    try {
      socket.addMembership(group);
    } catch (error) {
      // It is joined already, and the route is the same.
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return;
      this.#counts['lan-join'] += 1;
    }
  }

  #received(message: Buffer, ip: string, port: number): void {
    const from = readSource(ip, port);
    if (typeof from === 'string') {
      this.#counts['lan-source'] += 1;
      return;
    }
    const bytes = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
    this.#deliver({ type: 'beacon', from, bytes });
  }

  #drop(family: 4 | 6): void {
    const socket = this.#sockets.get(family);
    this.#sockets.delete(family);
    if (socket === undefined) return;
    socket.removeAllListeners('message');
    try {
      socket.close();
    } catch {
      // It never got so far as to be open.
    }
  }
}
