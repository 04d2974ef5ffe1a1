/** One TCP connection that somebody opened to this node, from its first octet to its end. */

import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Address } from '../base/address.ts';
import { concat, type Bytes } from '../base/bytes.ts';
import { nodeIdOf } from '../base/id.ts';
import type { Input, LinkId } from '../core/io.ts';
import { certificatePublicKey } from '../crypto/certificate.ts';
import { serverNameOf } from '../wire/client-hello.ts';
import { FrameReader } from '../wire/join.ts';
import { CLIENT_HELLO_MAX } from '../wire/limits.ts';
import { serverNameToTag } from '../wire/token.ts';

/**
 * Milliseconds for a ClientHello: three lost packets of a mobile line; slower ones are no client's.
 */
const HELLO_MS = 3000;

/** Milliseconds for the whole connection: a handshake and a join's frames take a tenth. */
const WHOLE_MS = 10_000;

/** Octets a joiner may send in all: its one request has under 300. */
const RECEIVED_MAX = 16_384;

/** What a link needs from its listener. */
export interface LinkOptions {
  readonly id: LinkId;
  readonly from: Address;
  readonly context: SecureContext;
  readonly deliver: (input: Input) => void;
  /** The connection is gone. */
  readonly onEnd: () => void;
}

/**
 * A link. Until `admit` nothing is sent, not even an alert: a stranger sees a port that takes
 * connections and drops them (B6). Whatever goes wrong ends it, and never throws.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #raw: Socket;
  readonly #deadline: NodeJS.Timeout;
  readonly #helloDeadline: NodeJS.Timeout;
  #hello: Bytes = new Uint8Array(0);
  #tls: TLSSocket | undefined;
  #received = 0;
  #knocked = false;
  #ended = false;

  constructor(socket: Socket, options: LinkOptions) {
    this.#options = options;
    this.#raw = socket;
    const end = (): void => {
      this.destroy();
    };
    this.#deadline = setTimeout(end, WHOLE_MS);
    this.#helloDeadline = setTimeout(end, HELLO_MS);
    socket.on('error', end);
    socket.on('close', end);
    socket.on('data', this.#readHello);
  }

  /** Goes on with TLS; the key of the client's certificate comes back as an input. */
  admit(): void {
    if (this.#ended || !this.#knocked || this.#tls !== undefined) return;
    // What was read to see the name is put back for the one whom it was meant for.
    this.#raw.unshift(this.#hello);
    this.#hello = new Uint8Array(0);
    const tls = new TLSSocket(this.#raw, {
      isServer: true,
      secureContext: this.#options.context,
      requestCert: true,
      // Names and authorities mean nothing; the key is looked at in #secured.
      rejectUnauthorized: false,
    });
    this.#tls = tls;
    const end = (): void => {
      this.destroy();
    };
    tls.on('error', end);
    tls.on('close', end);
    tls.on('secure', () => {
      this.#secured(tls);
    });
  }

  /** Sends whole frames; nothing before the handshake ended. */
  send(bytes: Bytes): void {
    if (!this.#ended) this.#tls?.write(bytes);
  }

  /** Ends after what was sent has left; without a byte when the link was never admitted. */
  close(): void {
    if (this.#tls === undefined) this.destroy();
    else if (!this.#ended) this.#tls.end();
  }

  /** Ends now. */
  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#helloDeadline);
    this.#tls?.destroy();
    this.#raw.destroy();
    this.#options.onEnd();
    // The machine never heard of a link that did not get as far as a knock.
    if (this.#knocked) this.#options.deliver({ type: 'link-closed', link: this.#options.id });
  }

  readonly #readHello = (chunk: Buffer): void => {
    this.#hello = concat(this.#hello, chunk);
    const name = serverNameOf(this.#hello);
    if (name.type === 'need-more' && this.#hello.length < CLIENT_HELLO_MAX) return;
    const tag = name.type === 'name' ? serverNameToTag(name.name) : undefined;
    // No TLS, or for nobody here: the machine need not be asked.
    if (tag === undefined) {
      this.destroy();
      return;
    }
    clearTimeout(this.#helloDeadline);
    this.#raw.off('data', this.#readHello);
    this.#raw.pause();
    this.#knocked = true;
    const { id: link, from, deliver } = this.#options;
    deliver({ type: 'knock', link, tag, from });
  };

  #secured(tls: TLSSocket): void {
    const key = peerKey(tls);
    if (key === undefined) {
      this.destroy();
      return;
    }
    const { id: link, deliver } = this.#options;
    deliver({ type: 'link-open', link, peer: nodeIdOf(key) });
    const frames = new FrameReader();
    tls.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      frames.push(chunk);
      for (let body = frames.next(); body !== undefined; body = frames.next()) {
        if (this.#ended) return;
        deliver({ type: 'link-frame', link, body });
      }
      if (frames.failed || this.#received > RECEIVED_MAX) this.destroy();
    });
  }
}

/** The Ed25519 key that the other end proved; undefined when it showed no certificate of one. */
export function peerKey(tls: TLSSocket): Bytes | undefined {
  // An empty object when the peer showed none, null when the socket is gone already.
  const certificate = tls.getPeerCertificate() as { readonly raw?: Bytes } | null;
  return certificate?.raw === undefined ? undefined : certificatePublicKey(certificate.raw);
}
