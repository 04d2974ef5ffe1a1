import type { Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import type { Duration } from '../base/time.ts';
import { millis } from '../base/time.ts';
import type { LinkId } from '../core/io.ts';
import type { LinkCarrier, VirtualHost } from './host.ts';
import type { Timeline } from './timeline.ts';

/** Octets of a frame's length, which the server's host takes off as a real one does. */
const LENGTH_SIZE = 4;

/** The side that opened a link. */
export interface LinkClient {
  /** The key its certificate proves. */
  readonly id: NodeId;
  /** The handshake ended; frames may be sent. */
  opened(link: LinkId): void;
  /** One frame without its length. */
  received(link: LinkId, body: Bytes): void;
  closed(link: LinkId): void;
}

interface Pipe {
  readonly server: VirtualHost;
  readonly life: number;
  readonly client: LinkClient;
  /** One way. The same for all, so that order is kept. */
  readonly delay: Duration;
  admitted: boolean;
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
    this.#pipes.set(link, { server, life: server.life, client, delay, admitted: false });
    // One way for SYN, one back, and the hello goes with the third packet.
    this.#timeline.in(millis(3 * delay), () => {
      const pipe = this.#alive(link);
      pipe?.server.input({ type: 'knock', link, tag, from });
    });
    return link;
  }

  /** The client sends one frame, its length before it. */
  clientSends(link: LinkId, frame: Bytes): void {
    const pipe = this.#alive(link);
    if (pipe === undefined) return;
    const body = frame.slice(LENGTH_SIZE);
    this.#timeline.in(pipe.delay, () => {
      if (this.#alive(link) !== undefined) pipe.server.input({ type: 'link-frame', link, body });
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
    pipe.admitted = true;
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
    const body = bytes.slice(LENGTH_SIZE);
    this.#timeline.in(pipe.delay, () => pipe.client.received(link, body));
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
