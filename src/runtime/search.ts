/**
 * How one who holds a token finds the invite's maker on its LAN (PROTOCOL, "Search"): asks the
 * group a few times, and hands over where genuine answers came from. They are believed in nothing
 * else.
 */

import { randomFillSync } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { addressKey, type Address } from '../base/address.ts';
import { toHex, type Bytes } from '../base/bytes.ts';
import { nodeSuite } from '../crypto/node-suite.ts';
import { SEARCH_NONCE, checkSearch, decodeSearch, encodeSearch } from '../wire/search.ts';
import { GROUPS, isLoopback } from './beacon.ts';
import type { Place } from './bind.ts';
import { readSource } from './udp.ts';

/** When the group is asked, in milliseconds from the start: a multicast on Wi-Fi is easily lost. */
const ASK_AT_MS = [0, 250, 500, 1000, 2000];

/** Milliseconds until the search is given up. */
const WHOLE_MS = 3000;

/** Milliseconds to wait for others after an answer: another member could give a wrong one first. */
const MORE_MS = 300;

/** Sources of answers looked at. */
const SOURCES_MAX = 4;

/**
 * Where on the LAN the maker of this invite may be, at most four addresses; none when nobody
 * answered in 3 s, there is no LAN, or the signal ended it. `places` are those the node listens on.
 */
export async function searchLan(
  inviteKey: Bytes,
  places: readonly Place[],
  signal?: AbortSignal,
): Promise<readonly Address[]> {
  const outside = places.filter((place) => !isLoopback(place));
  if (outside.length === 0 || signal?.aborted === true) return [];
  const search = new Search(inviteKey);
  const sockets = outside.map((place) => search.open(place));
  const giveUp = (): void => {
    search.end();
  };
  signal?.addEventListener('abort', giveUp);
  const timers = ASK_AT_MS.map((at) =>
    setTimeout(() => {
      search.ask();
    }, at),
  );
  timers.push(setTimeout(giveUp, WHOLE_MS));
  try {
    return await search.ended;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    for (const timer of timers) clearTimeout(timer);
    for (const socket of sockets) socket.close();
  }
}

/** One search: its nonces, and the answers to them. */
class Search {
  readonly ended: Promise<readonly Address[]>;
  #settle: (found: readonly Address[]) => void = () => undefined;
  readonly #inviteKey: Bytes;
  readonly #nonces = new Set<string>();
  readonly #found = new Map<string, Address>();
  readonly #sockets = new Map<Socket, Address>();

  constructor(inviteKey: Bytes) {
    this.#inviteKey = inviteKey;
    this.ended = new Promise((settle) => (this.#settle = settle));
  }

  /** A socket that asks from this place, if the system lets it. */
  open({ family, ip }: Place): Socket {
    const socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', ipv6Only: family === 6 });
    // A family that is missing, a network that carries no multicast: others may do.
    socket.on('error', () => {
      this.#sockets.delete(socket);
    });
    socket.on('message', (bytes, from) => {
      this.#received(bytes, readSource(from.address, from.port));
    });
    socket.bind({ port: 0, address: ip, exclusive: true }, () => {
      const group = GROUPS.find((one) => one.family === family);
      if (group === undefined) return;
      this.#sockets.set(socket, group);
      this.#askFrom(socket, group);
    });
    return socket;
  }

  /** Asks once more from all sockets that are open. */
  ask(): void {
    for (const [socket, group] of this.#sockets) this.#askFrom(socket, group);
  }

  end(): void {
    this.#settle([...this.#found.values()]);
  }

  #askFrom(socket: Socket, group: Address): void {
    const nonce = randomFillSync(new Uint8Array(SEARCH_NONCE));
    this.#nonces.add(toHex(nonce));
    const bytes = encodeSearch(nodeSuite, 'search', this.#inviteKey, nonce);
    try {
      socket.setMulticastTTL(1);
      socket.setMulticastLoopback(true);
      socket.send(bytes, group.port, group.ip, () => undefined);
    } catch {
      // No way there; the next try may find one.
    }
  }

  #received(message: Bytes, from: ReturnType<typeof readSource>): void {
    const answer = decodeSearch(new Uint8Array(message));
    if (typeof from === 'string' || answer?.type !== 'here') return;
    if (!this.#nonces.has(toHex(answer.nonce))) return;
    if (!checkSearch(nodeSuite, this.#inviteKey, answer)) return;
    if (this.#found.size === 0)
      setTimeout(() => {
        this.end();
      }, MORE_MS).unref();
    if (this.#found.size < SOURCES_MAX) this.#found.set(addressKey(from), from);
  }
}
