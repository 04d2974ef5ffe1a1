/**
 * The node's UDP sockets: the main one, bound for good, and two fresh ones that bursts leave from.
 */

import type { RemoteInfo, Socket, SocketType } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { address, scopeOf, usable, type Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import { MAIN, type FreshSocket, type Input, type SendFailure, type SocketId } from '../core/io.ts';
import { bindError, lacksFamily, whenFree, type Place } from './bind.ts';
import { systemCode } from './disk.ts';

/**
 * Octets of receive buffer: a burst of a thousand members' answers, each with the kernel's
 * overhead.
 */
const RECEIVE_BUFFER = 1024 * 1024;

/** What UDP sockets need from the one who opens them. */
export interface UdpOptions {
  readonly deliver: (input: Input) => void;
  /** Said once, when a family is missing on this machine. */
  readonly note: (message: string) => void;
}

/** A socket and where it listens. */
interface Bound {
  readonly place: Place;
  readonly socket: Socket;
}

/** All UDP sockets of a node. Never throws on what the network does. */
export class UdpSockets {
  readonly #options: UdpOptions;
  readonly #open = new Map<SocketId, readonly Bound[]>();
  /** What each fresh socket's bind under way was asked as; closed meanwhile: no entry. */
  readonly #opening = new Map<FreshSocket, symbol>();
  /** Vacated by a swap: bound, so that nobody gets a refusal, and deaf. */
  readonly #deaf: Bound[] = [];
  #places: readonly Place[] = [];
  #closed = false;
  #swapping = false;
  readonly #dropped = { 'udp-zoned-source': 0, 'udp-unusable-source': 0 };

  constructor(options: UdpOptions) {
    this.#options = options;
  }

  /** Datagrams dropped before the machine saw them, by reason. */
  get counters(): Readonly<Record<string, number>> {
    return this.#dropped;
  }

  /**
   * Binds the main socket at all places, port 0 to one the system chooses; gives the port. Throws
   * a `UserError` (port-taken, port-forbidden, bind-unavailable) and leaves nothing open.
   */
  async openMain(places: readonly Place[], port: number): Promise<number> {
    const bound = await this.#bindAll(places, port, MAIN);
    this.#places = bound.map(({ place }) => place);
    this.#open.set(MAIN, bound);
    const [first] = bound;
    // The port alone is looked at: what address a socket has is none of the program's business
    // (R1).
    return port === 0 && first !== undefined ? first.socket.address().port : port;
  }

  /** Undoes `openMain`, for another try. */
  closeMain(): void {
    this.#close(MAIN);
  }

  /** Opens a fresh socket on ports of the system's choice; answered by an input. */
  openFresh(id: FreshSocket): void {
    this.closeFresh(id);
    const asked = Symbol();
    this.#opening.set(id, asked);
    const wanted = (): boolean => this.#opening.get(id) === asked && this.#opening.delete(id);
    this.#bindAll(this.#places, 0, id).then(
      (bound) => {
        if (!wanted()) {
          closeAll(bound);
          return;
        }
        this.#open.set(id, bound);
        this.#options.deliver({ type: 'socket-opened', socket: id });
      },
      () => {
        if (wanted()) this.#options.deliver({ type: 'socket-failed', socket: id });
      },
    );
  }

  /** Closes a fresh socket, also one that is only being opened: nothing is said of it then. */
  closeFresh(id: FreshSocket): void {
    this.#opening.delete(id);
    this.#close(id);
  }

  /** Sends, or says why not in an input. */
  send(id: SocketId, to: Address, bytes: Bytes): void {
    // Between two networks nothing leaves, and nothing tells the machine why.
    if (this.#swapping) return;
    const from = choose(this.#open.get(id) ?? [], to);
    if (from === undefined) {
      this.#failed(id, to, this.#open.has(id) ? 'unreachable' : 'closed');
      return;
    }
    try {
      from.socket.send(bytes, to.port, to.ip, (error) => {
        if (error !== null && !this.#closed) this.#failed(id, to, failureOf(error));
      });
    } catch (error) {
      // A port of 0, or a socket that just closed.
      this.#failed(id, to, failureOf(error));
    }
  }

  /**
   * Sends to the group of each family from the main socket, one hop far and back to this machine;
   * `failed` is called for each that could not be sent. Nothing leaves from loopback.
   */
  cast(groups: readonly Address[], bytes: Bytes, failed: () => void): void {
    if (this.#swapping) return;
    for (const { place, socket } of this.#open.get(MAIN) ?? []) {
      const group = groups.find(({ family }) => family === place.family);
      const own = address(place.ip, 0);
      if (group === undefined || (own !== undefined && scopeOf(own) === 'loopback')) continue;
      try {
        socket.setMulticastTTL(1);
        socket.setMulticastLoopback(true);
        socket.send(bytes, group.port, group.ip, (error) => {
          if (error !== null) failed();
        });
      } catch {
        failed();
      }
    }
  }

  /**
   * Moves all sockets elsewhere without a word to the machine, as a change of networks would: for
   * the demo and tests. The vacated sockets stay bound and deaf, so that the old address is silent
   * rather than refusing; with `release` they are closed first, for a swap of two nodes.
   */
  async swap(places: readonly Place[], port: number, release: boolean): Promise<void> {
    this.#swapping = true;
    try {
      const fresh = [...this.#open.keys()].filter((id) => id !== MAIN);
      for (const bound of [...this.#open.values()].flat()) {
        bound.socket.removeAllListeners('message');
        this.#deaf.push(bound);
      }
      this.#open.clear();
      if (release) this.releaseVacated();
      else this.#releaseAt(places);
      await whenFree(() => this.openMain(places, port));
      for (const id of fresh) this.#open.set(id, await this.#bindAll(this.#places, 0, id));
    } finally {
      this.#swapping = false;
    }
  }

  /** Closes what swaps left behind. */
  releaseVacated(): void {
    closeAll(this.#deaf.splice(0));
  }

  /** Closes everything; no input follows. */
  close(): void {
    this.#closed = true;
    this.#opening.clear();
    for (const id of [...this.#open.keys()]) this.#close(id);
    this.releaseVacated();
  }

  /** A node that comes back to a place it vacated finds its own deaf socket there. */
  #releaseAt(places: readonly Place[]): void {
    const back = ({ place }: Bound): boolean => places.some(({ ip }) => ip === place.ip);
    const [free, keep] = [this.#deaf.filter(back), this.#deaf.filter((one) => !back(one))];
    closeAll(free);
    this.#deaf.splice(0, this.#deaf.length, ...keep);
  }

  #close(id: SocketId): void {
    closeAll(this.#open.get(id) ?? []);
    this.#open.delete(id);
  }

  async #bindAll(places: readonly Place[], port: number, id: SocketId): Promise<readonly Bound[]> {
    const bound: Bound[] = [];
    let chosen = port;
    let failure: { place: Place; error: unknown } | undefined;
    for (const place of places) {
      try {
        const socket = await this.#bind(place, chosen, id);
        bound.push({ place, socket });
        // Both families of the main socket share a port, since one record lists one main port.
        if (id === MAIN && chosen === 0) chosen = socket.address().port;
      } catch (error) {
        failure = { place, error };
        if (!lacksFamily(place, error)) break;
        if (id === MAIN) this.#options.note(`This machine has no IPv${String(place.family)}.`);
        if (bound.length > 0 || place !== places.at(-1)) failure = undefined;
      }
    }
    if (failure === undefined) return bound;
    closeAll(bound);
    throw bindError('UDP', failure.place, chosen, failure.error);
  }

  #bind({ family, ip }: Place, port: number, id: SocketId): Promise<Socket> {
    return new Promise((done, fail) => {
      const type: SocketType = family === 4 ? 'udp4' : 'udp6';
      // Addresses come as literals, never as names: a lookup that answers at once saves each
      // datagram a turn of the loop (DESIGN §12).
      const socket = createSocket({
        type,
        ipv6Only: family === 6,
        lookup: (host, _options, answer) => {
          answer(null, host, family);
        },
      });
      socket.once('error', (error) => {
        socket.close();
        fail(error);
      });
      // Alone on its port, also under Node's cluster module.
      socket.bind({ port, address: ip, exclusive: true }, () => {
        socket.removeAllListeners('error');
        // What is wrong with one datagram is said at its send; nothing else matters to a node.
        socket.on('error', () => undefined);
        socket.on('message', (bytes, from) => {
          this.#received(id, bytes, from);
        });
        widen(socket);
        done(socket);
      });
    });
  }

  #received(id: SocketId, message: Buffer, { address: ip, port }: RemoteInfo): void {
    const from = readSource(ip, port);
    if (typeof from === 'string') {
      this.#dropped[from] += 1;
    } else {
      const bytes = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
      this.#options.deliver({ type: 'datagram', socket: id, from, bytes });
    }
  }

  #failed(socket: SocketId, to: Address, reason: SendFailure): void {
    this.#options.deliver({ type: 'send-failed', socket, to, reason });
  }
}

/**
 * A datagram's source in the one form of addresses, or why it is dropped: a link-local address with
 * its zone (RFC 4007 §11), which nobody else could be told of, or one that no answer can go to.
 */
export function readSource(
  ip: string,
  port: number,
): Address | 'udp-zoned-source' | 'udp-unusable-source' {
  const from = address(ip, port);
  if (from === undefined) return 'udp-zoned-source';
  return usable(from) ? from : 'udp-unusable-source';
}

/** The socket to leave from: of the family, and of the scope if places were named. */
function choose(bound: readonly Bound[], to: Address): Bound | undefined {
  const family = bound.filter(({ place }) => place.family === to.family);
  if (family.length < 2) return family[0];
  const scope = scopeOf(to);
  const near = family.find(({ place }) => {
    const own = address(place.ip, 0);
    return own !== undefined && scopeOf(own) === scope;
  });
  return near ?? family[0];
}

function failureOf(error: unknown): SendFailure {
  switch (systemCode(error)) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'unreachable';
    case 'ERR_SOCKET_DGRAM_NOT_RUNNING':
      return 'closed';
    default:
      return 'other';
  }
}

/** Linux cuts the wish to net.core.rmem_max in silence; other systems may refuse it. */
function widen(socket: Socket): void {
  try {
    if (socket.getRecvBufferSize() < RECEIVE_BUFFER) socket.setRecvBufferSize(RECEIVE_BUFFER);
  } catch {
    // The system's own size serves, with more loss in bursts.
  }
}

function closeAll(bound: readonly Bound[]): void {
  for (const { socket } of bound) {
    socket.removeAllListeners('message');
    socket.close();
  }
}
