/**
 * The whole contract between the v1 machine and the world: what can happen (`V1Input`), and what it
 * can ask for (`V1Effect`). HTTP, TLS, the clocks, the users' hashes and the disk are the host's.
 * What is said over the wire: the original's protocol, as PROTOCOL.md's appendix on v1 gives it.
 */

import type { Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Duration, Instant, WallTime } from '../base/time.ts';
import type { V1Command, V1Reply } from './commands.ts';
import type { CallFailure, Endpoint, Operation } from './contact.ts';
import type { V1Event } from './events.ts';

export type { CallFailure, Endpoint, Operation } from './contact.ts';

/** A request somebody sent to this node, numbered by the host. */
export type RequestId = number;

/** A request this node sends, numbered by the machine. */
export type CallId = number;

/** When an input happened, and bytes nobody could foresee (new secrets come of them). */
export interface V1Moment {
  readonly now: Instant;
  /** TOTP codes hang on it, and nothing else does (B4). */
  readonly wall: WallTime;
  /** 32 bytes, fresh and unpredictable for each input. */
  readonly entropy: Bytes;
}

/** All that can happen to a v1 node. */
export type V1Input =
  | { readonly type: 'start' }
  | { readonly type: 'wake' }
  /** A POST to the endpoint, whatever its method and content type were; `body` is ≤ 64 KiB. */
  | {
      readonly type: 'request';
      readonly request: RequestId;
      /** Where it came from: the TCP source, or what a trusted proxy says of it. */
      readonly from: Address;
      /** As the query gave it; undefined: none. */
      readonly operation: string | undefined;
      readonly body: string;
    }
  /** The host judged a login. Undefined: wrong username or password. */
  | {
      readonly type: 'login-checked';
      readonly request: RequestId;
      readonly login: string | undefined;
    }
  | {
      readonly type: 'response';
      readonly call: CallId;
      readonly status: number;
      readonly body: string;
      /** The `Date` header (RFC 9110 §6.6.1); undefined: none that can be read. */
      readonly date: WallTime | undefined;
      /** SHA-256 of the server's public key (SPKI), in hexadecimal; undefined over plain HTTP. */
      readonly pin: string | undefined;
    }
  | { readonly type: 'call-failed'; readonly call: CallId; readonly reason: CallFailure }
  | { readonly type: 'command'; readonly id: number; readonly command: V1Command }
  /** What the v2 cluster knows, whenever it changes. */
  | { readonly type: 'cluster'; readonly cluster: ClusterFacts };

/** What a v1 node is told by the v2 node that it lives in. */
export interface ClusterFacts {
  /** Own hosts as v2 members voted them; v1 reflections count only where this is empty (B3). */
  readonly own: readonly { readonly family: 4 | 6; readonly ip: string }[];
  /** Members whom a v1 sync may learn of (`--v1-visible`), by name. */
  readonly visible: readonly { readonly name: string; readonly ip: string }[];
}

/**
 * All that a v1 node can ask for. Effects are carried out in their order, but for those that are
 * `durable`: they wait until the document of this step is on disk, or until it is known that the
 * disk does not take it.
 */
export type V1Effect =
  /**
   * Answers a request, status and body as they are. A 200 to `c` is JSON, all else text. Durable:
   * it hands out a secret, which the other side uses from then on.
   */
  | {
      readonly type: 'reply';
      readonly request: RequestId;
      readonly status: number;
      readonly body: string;
      readonly durable: boolean;
    }
  /** Judge a login; answered by `login-checked`, always. At most four are under way. */
  | {
      readonly type: 'check-login';
      readonly request: RequestId;
      readonly username: string;
      readonly password: string;
    }
  /**
   * POST `body` to `PATH?opr=OPERATION`; answered by `response` or `call-failed`, once. With a pin
   * nothing is sent to a server of another key. At a time a peer gets one call of the cycle and
   * its repeat, one that tries another address of it, and at most six questions about others.
   * Durable: it ends the secret in use at the other side, whether its answer comes or not.
   */
  | {
      readonly type: 'call';
      readonly call: CallId;
      readonly to: Endpoint;
      readonly pin: string | undefined;
      readonly operation: Operation;
      readonly body: string;
      readonly timeout: Duration;
      /** Over a new connection: those kept open may be dead, because this node moved. */
      readonly fresh: boolean;
      readonly durable: boolean;
    }
  | { readonly type: 'wake'; readonly at: Instant; readonly why: string }
  /** `document()` changed and should be on disk soon. Nothing waits for it. */
  | { readonly type: 'save' }
  | { readonly type: 'event'; readonly event: V1Event }
  | { readonly type: 'answer'; readonly id: number; readonly reply: V1Reply }
  /** Something that the views show changed. */
  | { readonly type: 'view-changed' };
