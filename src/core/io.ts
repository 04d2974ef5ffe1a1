/**
 * The whole contract between the machine and the world: what can happen to a node (`Input`), what a
 * node can ask for (`Effect`), and who carries that out (`Host`). Nothing else passes in or out.
 */

import type { Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import type { Duration, Instant, WallTime } from '../base/time.ts';
import type { Command, Reply } from './commands.ts';
import type { DocumentName } from './documents.ts';
import type { NodeEvent } from './events.ts';

/**
 * One of the node's own UDP sockets: 0 is the main one, bound for good; 1 and 2 are fresh ones that
 * bursts leave from. The number says nothing of an address: nodes learn that from each other (R1).
 */
export type SocketId = 0 | FreshSocket;

/** One of the two that come and go. */
export type FreshSocket = 1 | 2;

/** The main socket. */
export const MAIN: SocketId = 0;

/** A TLS connection that somebody opened to this node, numbered by the host. */
export type LinkId = number;

/** When an input happened, as the host's clocks tell, and bytes nobody could foresee. */
export interface Moment {
  /** Monotonic time; never runs backwards within one life of the machine. */
  readonly now: Instant;
  /** The wall clock. Decides nothing but an invite's expiry (B4). */
  readonly wall: WallTime;
  /** How late the host's own loop ran at this input; widens time-outs, nothing else does. */
  readonly late: Duration;
  /** 32 bytes, fresh and unpredictable for each input. */
  readonly entropy: Bytes;
}

/** Why a datagram could not be sent. */
export type SendFailure = 'refused' | 'unreachable' | 'closed' | 'other';

/** All that can happen to a node. */
export type Input =
  /** The host is ready: the main socket is bound. Once, before all others. */
  | { readonly type: 'start' }
  | {
      readonly type: 'datagram';
      readonly socket: SocketId;
      readonly from: Address;
      readonly bytes: Bytes;
    }
  | {
      readonly type: 'send-failed';
      readonly socket: SocketId;
      readonly to: Address;
      readonly reason: SendFailure;
    }
  /** Somebody asked everyone on the LAN; `from` is where an answer goes. */
  | { readonly type: 'beacon'; readonly from: Address; readonly bytes: Bytes }
  | { readonly type: 'socket-opened'; readonly socket: FreshSocket }
  | { readonly type: 'socket-failed'; readonly socket: FreshSocket }
  /** The time that the last `wake` effect named has come. */
  | { readonly type: 'wake' }
  /** Every document asked for with a ticket up to this one is on disk. */
  | { readonly type: 'saved'; readonly ticket: number }
  | { readonly type: 'save-failed'; readonly ticket: number; readonly reason: string }
  | { readonly type: 'command'; readonly id: number; readonly command: Command }
  /** A TCP client's ClientHello named this tag; it has been sent no byte yet. */
  | {
      readonly type: 'knock';
      readonly link: LinkId;
      readonly tag: Bytes | undefined;
      readonly from: Address;
    }
  /** The TLS handshake of an admitted link ended; `peer` is the key its certificate proved. */
  | { readonly type: 'link-open'; readonly link: LinkId; readonly peer: NodeId }
  /** The body of one frame, its length prefix taken off. */
  | { readonly type: 'link-frame'; readonly link: LinkId; readonly body: Bytes }
  | { readonly type: 'link-closed'; readonly link: LinkId };

/** All that a node can ask for. Effects are carried out in their order. */
export type Effect =
  | {
      readonly type: 'send';
      readonly socket: SocketId;
      readonly to: Address;
      readonly bytes: Bytes;
    }
  /**
   * Send to the LAN's multicast group, from the main socket. Nobody is told when that fails, or
   * when there is no such thing here.
   */
  | { readonly type: 'beacon'; readonly bytes: Bytes }
  /** Wake me at `at`, once; replaces the wake asked for before. `why` is for the trace. */
  | { readonly type: 'wake'; readonly at: Instant; readonly why: string }
  /** Open a socket on a port of the system's choice; answered by socket-opened or -failed. */
  | { readonly type: 'open-socket'; readonly socket: FreshSocket }
  | { readonly type: 'close-socket'; readonly socket: FreshSocket }
  /**
   * Write `document(name)` as it is when the write begins; answered by saved or save-failed. Writes
   * may be put together; `urgent` ones are waited for by somebody, others may wait some seconds.
   */
  | {
      readonly type: 'save';
      readonly document: DocumentName;
      readonly ticket: number;
      readonly urgent: boolean;
    }
  | { readonly type: 'event'; readonly event: NodeEvent }
  | { readonly type: 'answer'; readonly id: number; readonly reply: Reply }
  /**
   * The view changed in something that `watch --members` shows: of these members surely, of others
   * perhaps.
   */
  | { readonly type: 'view-changed'; readonly of: readonly NodeId[] }
  /** Let the TLS handshake of this link begin, and compare the client's key. */
  | { readonly type: 'admit-link'; readonly link: LinkId }
  /** Bytes with their length prefix. */
  | { readonly type: 'link-send'; readonly link: LinkId; readonly bytes: Bytes }
  /** Close after what was sent has left; without a byte when nothing was. */
  | { readonly type: 'close-link'; readonly link: LinkId };

/**
 * What carries effects out. Written twice: for the real world (runtime) and a simulated one (sim).
 */
export interface Host {
  /** Carries out one effect; never throws, never calls back into the machine at once. */
  carryOut(effect: Effect): void;
}

/** What a host drives. `Node` in node.ts is the one implementation. */
export interface Machine {
  /** Takes one input and returns what is to be done about it. Never throws on a peer's input. */
  step(moment: Moment, input: Input): readonly Effect[];
  /** The JSON value to be stored under this name, as of now. */
  document(name: DocumentName): unknown;
}
