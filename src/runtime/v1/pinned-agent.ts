/**
 * Connections to v1 peers. Over TLS nothing is sent before the server's public key was compared
 * with the pinned one; names and authorities mean nothing, as with everything here.
 */

import { createHash, X509Certificate } from 'node:crypto';
import { Agent, type ClientRequestArgs } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** The server's key is another one than the pinned. */
export class WrongPin extends Error {}

/** What a request says of its connection besides host and port. */
export interface Wanted extends ClientRequestArgs {
  readonly secure?: boolean;
  readonly pin?: string | undefined;
}

/** A handshake that takes longer is over; whoever asked has given up before. In milliseconds. */
const HANDSHAKE_MS = 10_000;

type Connected = (error: Error | null, socket?: Socket) => void;

const pins = new WeakMap<object, string>();

/** The pin of the server at the other end; undefined over plain TCP. */
export function pinOf(socket: Socket): string | undefined {
  return pins.get(socket);
}

/** SHA-256 of a certificate's public key (SPKI), in hexadecimal; `certificate` is PEM or DER. */
export function pinOfCertificate(certificate: string | Buffer): string {
  const { publicKey } = new X509Certificate(certificate);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}

/** An agent for HTTP over both TCP and TLS: a request with `secure` gets TLS. */
export class PinnedAgent extends Agent {
  /** Connections of another pin are other connections. */
  override getName(options: Wanted = {}): string {
    const kind = options.secure === true ? `tls:${options.pin ?? ''}` : 'tcp';
    return `${super.getName(options)}:${kind}`;
  }

  /** Closes the connections that are kept for this and not in use. */
  drop(wanted: Wanted): void {
    for (const socket of this.freeSockets[this.getName(wanted)] ?? []) socket.destroy();
  }

  /** Called by Node for each connection that is not kept from before. */
  override createConnection(wanted: object, connected?: unknown): Socket {
    const { host, port, secure, pin } = wanted as Wanted;
    const to = { host: host ?? '', port: Number(port) };
    if (secure !== true) return connectTcp({ ...to, noDelay: true });
    const done = connected as Connected;
    const socket = connectTls({
      ...to,
      // The pin decides, below; what the certificate says of itself is not looked at.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
    });
    const failed = (error: Error): void => {
      done(error);
    };
    const tooLate = setTimeout(() => socket.destroy(new Error('no handshake')), HANDSHAKE_MS);
    socket.once('close', () => {
      clearTimeout(tooLate);
    });
    socket.once('error', failed);
    socket.once('secureConnect', () => {
      clearTimeout(tooLate);
      socket.off('error', failed);
      const found = pinOfServer(socket);
      if (found === undefined || (pin !== undefined && found !== pin)) {
        socket.on('error', () => undefined);
        socket.destroy();
        done(new WrongPin('the server shows another key'));
        return;
      }
      pins.set(socket, found);
      done(null, socket);
    });
    // Handed over by `done`, when it may be written to.
    return undefined as unknown as Socket;
  }
}

function pinOfServer(socket: TLSSocket): string | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : pinOfCertificate(certificate.raw);
}
