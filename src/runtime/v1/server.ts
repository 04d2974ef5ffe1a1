/** The port that v1 peers call: HTTP or HTTPS, with bounds on time, size and number. */

import { once } from 'node:events';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { UserError } from '../../base/errors.ts';
import { systemCode } from '../disk.ts';
import type { Inbound } from './inbound.ts';

/** A request's header has to be here after this, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
/** And all of it after this. */
const REQUEST_TIMEOUT_MS = 15_000;
/** How often both are looked at; Node's own 30 s would make 40 s of 10. */
const CHECK_MS = 1_000;
/** Go's clients keep a quiet connection for 90 s; who closes first must not be the server. */
const KEEP_ALIVE_MS = 120_000;
/** All connections: the 1,024 peers there can be, and as many that are just changing. */
const CONNECTIONS_MAX = 2_048;
/** Connections over which nothing good was asked yet; above it the oldest is cut. */
export const STRANGERS_MAX = 512;
/** How long the last answers may take to leave at the end, in milliseconds. */
const FAREWELL_MS = 300;

/** Where to listen. */
export interface ListenAt {
  /** An IP address; undefined: all of both families. */
  readonly host?: string | undefined;
  /** 0: one of the system's choice. */
  readonly port: number;
  /** PEM; without it, plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** A server for v1 peers. */
export class V1Server {
  readonly #server: Server;
  /** Connections that nothing good was asked over yet, by source, the oldest first. */
  readonly #strangers = new Map<string, Socket>();

  /** Reads `tls` at once; throws what is wrong with it. */
  constructor(inbound: Inbound, tls: ListenAt['tls']) {
    const timing = {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    };
    const listener: RequestListener = (request, response) => {
      inbound.handle(request, response, {}, (status) => {
        if (status === 200) this.#strangers.delete(sourceKey(request.socket));
      });
    };
    this.#server =
      tls === undefined
        ? createHttp(timing, listener)
        : createHttps(
            { ...timing, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_TIMEOUT_MS },
            listener,
          );
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('connection', (socket: Socket) => {
      this.#admit(socket);
    });
  }

  /** Gives the port. Throws `UserError` v1-port-taken, v1-port-forbidden or v1-unavailable. */
  async listen({ host, port }: ListenAt): Promise<number> {
    try {
      this.#server.listen(host === undefined ? { port } : { port, host });
      await once(this.#server, 'listening');
    } catch (error) {
      throw listenError(host, port, error);
    }
    // A connection that could not be accepted (EMFILE) is its client's loss, not the node's end.
    this.#server.on('error', () => undefined);
    // A socket's own address tells nothing but the port that the system chose (R1).
    const bound = this.#server.address();
    return (bound as AddressInfo).port;
  }

  /** Takes no more, lets the last answers leave, and cuts what remains. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => {
      this.#server.closeAllConnections();
      // Those in the middle of a TLS handshake are no HTTP connections yet.
      for (const socket of this.#strangers.values()) socket.destroy();
    }, FAREWELL_MS);
    await closed;
    clearTimeout(cut);
  }

  #admit(socket: Socket): void {
    const key = sourceKey(socket);
    this.#strangers.set(key, socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#strangers.get(key) === socket) this.#strangers.delete(key);
    });
    const [oldest] = this.#strangers;
    if (this.#strangers.size <= STRANGERS_MAX || oldest === undefined) return;
    this.#strangers.delete(oldest[0]);
    oldest[1].destroy();
  }
}

/** One a connection; of TLS the same for the socket inside. */
function sourceKey({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${String(remotePort)}`;
}

function listenError(host: string | undefined, port: number, error: unknown): UserError {
  const options = { cause: error };
  const text = `TCP port ${String(port)}`;
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new UserError(
        'v1-port-taken',
        `${text} is in use by another program.`,
        'Stop that program, or take another port with --v1 HOST:PORT.',
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new UserError(
        'v1-port-forbidden',
        `${text} may not be used by this user.`,
        'Take a port above 1023 with --v1 HOST:PORT.',
        options,
      );
    default: {
      const why = error instanceof Error ? error.message : String(error);
      return new UserError(
        'v1-unavailable',
        `This machine can't listen on ${host ?? 'any address'}: ${why}.`,
        'Name an address that this machine holds, or *:PORT for all.',
        options,
      );
    }
  }
}
