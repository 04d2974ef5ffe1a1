/**
 * The TCP side of the node's port: takes connections, and keeps strangers few and without answer.
 */

import { constants } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { address, ipBytes, type Address } from '../base/address.ts';
import { toHex, type Bytes } from '../base/bytes.ts';
import type { Input, LinkId } from '../core/io.ts';
import { selfSignedCertificate } from '../crypto/certificate.ts';
import { bindError, lacksFamily, whenFree, type Place } from './bind.ts';
import { Link } from './link.ts';

/** Connections at a time: each holds up to 20 KiB and ten seconds; joins are rare. */
const LINKS_MAX = 64;

/** Of those from one source, so that no single host can take all. */
const LINKS_PER_SOURCE_MAX = 8;

/** The TLS both ends of a link speak with the key of this seed: 1.3 alone, no resumption. */
export function linkContext(seed: Bytes): SecureContext {
  const { certificatePem, privateKeyPem } = selfSignedCertificate(seed);
  return createSecureContext({
    cert: certificatePem,
    key: privateKeyPem,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    // A resumed connection shows no certificate in Node 20.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
}

/** A server and where it listens. */
interface Listener {
  readonly server: Server;
  readonly place: Place;
}

/** All links that others opened to this node. */
export class Links {
  readonly #context: SecureContext;
  readonly #deliver: (input: Input) => void;
  readonly #links = new Map<LinkId, Link>();
  readonly #sources = new Map<string, number>();
  #servers: readonly Listener[] = [];
  readonly #deaf: Listener[] = [];
  #nextId = 1;

  constructor(context: SecureContext, deliver: (input: Input) => void) {
    this.#context = context;
    this.#deliver = deliver;
  }

  /** Listens at all places. Throws as `UdpSockets.openMain` does, and leaves nothing open. */
  async open(places: readonly Place[], port: number): Promise<void> {
    const servers: Listener[] = [];
    for (const place of places) {
      try {
        servers.push({ server: await this.#listen(place, port), place });
      } catch (error) {
        if (lacksFamily(place, error)) continue;
        for (const { server } of servers) server.close();
        throw bindError('TCP', place, port, error);
      }
    }
    this.#servers = servers;
  }

  /** See {@link Link.admit}; nothing for a link that is gone. */
  admit(link: LinkId): void {
    this.#links.get(link)?.admit();
  }

  /** See {@link Link.send}. */
  send(link: LinkId, bytes: Bytes): void {
    this.#links.get(link)?.send(bytes);
  }

  /** See {@link Link.close}. */
  closeLink(link: LinkId): void {
    this.#links.get(link)?.close();
  }

  /** As `UdpSockets.swap`: the vacated port takes connections and never answers. */
  async swap(places: readonly Place[], port: number, release: boolean): Promise<void> {
    for (const { server } of this.#servers) {
      server.removeAllListeners('connection');
      server.on('connection', hold);
    }
    for (const vacated of [...this.#servers, ...this.#deaf.splice(0)]) {
      if (release || places.some(({ ip }) => ip === vacated.place.ip)) vacated.server.close();
      else this.#deaf.push(vacated);
    }
    this.#servers = [];
    this.endAll();
    await whenFree(() => this.open(places, port));
  }

  /** Closes what swaps left behind. */
  releaseVacated(): void {
    for (const { server } of this.#deaf.splice(0)) server.close();
  }

  /** Ends every link and goes on listening. */
  endAll(): void {
    for (const link of [...this.#links.values()]) link.destroy();
  }

  /** Ends every link and stops listening. */
  close(): void {
    for (const { server } of this.#servers) server.close();
    this.#servers = [];
    this.releaseVacated();
    this.endAll();
  }

  #listen({ family, ip }: Place, port: number): Promise<Server> {
    return new Promise((done, fail) => {
      const server = createServer((socket) => {
        this.#accept(socket);
      });
      server.once('error', fail);
      server.listen({ port, host: ip, ipv6Only: family === 6, exclusive: true }, () => {
        server.off('error', fail);
        // A connection that could not be accepted (EMFILE) is its client's loss.
        server.on('error', () => undefined);
        done(server);
      });
    });
  }

  #accept(socket: Socket): void {
    const from = address(socket.remoteAddress ?? '', socket.remotePort ?? 0);
    const source = from === undefined ? '' : sourceOf(from);
    const count = this.#sources.get(source) ?? 0;
    if (from === undefined || this.#links.size >= LINKS_MAX || count >= LINKS_PER_SOURCE_MAX) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#sources.set(source, count + 1);
    const onEnd = (): void => {
      this.#links.delete(id);
      const left = (this.#sources.get(source) ?? 1) - 1;
      if (left > 0) this.#sources.set(source, left);
      else this.#sources.delete(source);
    };
    const common = { context: this.#context, deliver: this.#deliver };
    this.#links.set(id, new Link(socket, { id, from, onEnd, ...common }));
  }
}

/** Who counts as one source: an IPv4 address, or an IPv6 /64, which is one host's to fill. */
function sourceOf(from: Address): string {
  return from.family === 4 ? from.ip : toHex(ipBytes(from).subarray(0, 8));
}

/** What a vacated port does: nothing, for three seconds. */
function hold(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.setTimeout(3000, () => socket.destroy());
  socket.unref();
}
