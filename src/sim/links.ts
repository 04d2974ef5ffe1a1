/**
 * TLS connections as joining sees them: a knock, a proven key, an ordered pipe of bytes that may
 * break.
 */

import type { Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import type { Duration } from '../base/time.ts';
import { millis } from '../base/time.ts';
import type { LinkId } from '../core/io.ts';
import { FrameReader } from '../wire/frame-reader.ts';
import type { LinkCarrier } from './carriers.ts';
import type { VirtualHost } from './host.ts';
import type { Timeline } from './timeline.ts';

/** The side that opened a link. */
export interface LinkClient {
  /** The key its certificate proves. */
  readonly id: NodeId;
  /** The handshake ended; frames may be sent. */
  opened(link: LinkId): void;
  /** The body of one frame, its length taken off. */
  received(link: LinkId, body: Bytes): void;
  closed(link: LinkId): void;
}

interface Pipe {
  readonly server: VirtualHost;
  readonly life: number;
  readonly client: LinkClient;
  /** One way. The same for all, so that order is kept. */
  readonly delay: Duration;
  /** Cut the streams into frames, as the hosts at both ends do. */
  readonly toServer: FrameReader;
  readonly toClient: FrameReader;
}

/**
 * TLS connections, reduced to what the machine sees of them: a knock with a tag, a handshake that
 * proves a key, frames in order, an end. A link belongs to one life of the machine that took it.
 */
export class Links implements LinkCarrier {
  readonly #timeline: Timeline;
  readonly #pipes = new Map<LinkId, Pipe>();
  #next = 1;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** Connects and sends a ClientHello that names the tag. */
  knock(
    server: VirtualHost,
    client: LinkClient,
    hello: { readonly tag: Bytes | undefined; readonly from: Address; readonly delay: Duration },
  ): LinkId {
    const link = this.#next;
    this.#next += 1;
    const { tag, from, delay } = hello;
    const [toServer, toClient] = [new FrameReader(), new FrameReader()];
    this.#pipes.set(link, { server, life: server.life, client, delay, toServer, toClient });
    // One way for SYN, one back, and the hello goes with the third packet.
    this.#timeline.in(millis(3 * delay), () => {
      const pipe = this.#alive(link);
      pipe?.server.input({ type: 'knock', link, tag, from });
    });
    return link;
  }

  /** The client sends frames, their lengths before them. */
  clientSends(link: LinkId, bytes: Bytes): void {
    const pipe = this.#alive(link);
    if (pipe === undefined) return;
    this.#timeline.in(pipe.delay, () => {
      for (const body of frames(pipe.toServer, bytes)) {
        if (this.#alive(link) !== undefined) pipe.server.input({ type: 'link-frame', link, body });
      }
    });
  }

  /** The client hangs up, or its network does. */
  clientCloses(link: LinkId): void {
    const pipe = this.#alive(link);
    if (pipe === undefined) return;
    this.#pipes.delete(link);
    this.#timeline.in(pipe.delay, () => {
      if (pipe.life === pipe.server.life) pipe.server.input({ type: 'link-closed', link });
    });
  }

  admit(link: LinkId): void {
    const pipe = this.#alive(link);
    if (pipe === undefined) return;
    // The server's answer, the client's Finished; the client may write right after it.
    this.#timeline.in(millis(2 * pipe.delay), () => {
      if (this.#alive(link) === undefined) return;
      pipe.server.input({ type: 'link-open', link, peer: pipe.client.id });
      pipe.client.opened(link);
    });
  }

  send(link: LinkId, bytes: Bytes): void {
    const pipe = this.#alive(link);
    if (pipe === undefined) return;
    this.#timeline.in(pipe.delay, () => {
      for (const body of frames(pipe.toClient, bytes)) pipe.client.received(link, body);
    });
  }

  close(link: LinkId): void {
    const pipe = this.#alive(link);
    if (pipe === undefined) return;
    this.#pipes.delete(link);
    this.#timeline.in(pipe.delay, () => pipe.client.closed(link));
  }

  /** A pipe of a machine that was switched off since is dead. */
  #alive(link: LinkId): Pipe | undefined {
    const pipe = this.#pipes.get(link);
    return pipe?.life === pipe?.server.life ? pipe : undefined;
  }
}

/** All whole frames that these octets complete. */
function frames(reader: FrameReader, bytes: Bytes): Bytes[] {
  reader.push(bytes);
  const bodies: Bytes[] = [];
  for (let body = reader.next(); body !== undefined; body = reader.next()) bodies.push(body);
  return bodies;
}
