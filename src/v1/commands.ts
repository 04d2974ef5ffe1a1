/** What an operator, or a program that embeds a v1 node, asks of it. */

import type { Address } from '../base/address.ts';
import type { CallFailure, Endpoint, Login } from './contact.ts';
import type { StoredPeer } from './document.ts';

export type { Login } from './contact.ts';

/** A peer to be called, as its operator's node is typed in once. */
export interface NewPeer {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Undefined: this node does not register there, it is only told of by that peer's heartbeats. */
  readonly login: Login | undefined;
  /** Credentials may go there over plain HTTP. */
  readonly insecure: boolean;
}

/** An entry of the config about a peer. */
export interface ConfigEntry {
  readonly name: string;
  /** All that it says but the password, as one text: another text is another entry. */
  readonly said: string;
  readonly login: Login | undefined;
}

export type V1Command =
  /**
   * Puts a peer in, or changes where and how it is called; what it proved so far is kept. `said` is
   * what the config says of it; by hand a peer that stands there can't be changed.
   */
  | { readonly type: 'add-peer'; readonly peer: NewPeer; readonly said?: string }
  /** All peers that stand in the config, as of this start; those of entries gone are removed. */
  | { readonly type: 'configured'; readonly entries: readonly ConfigEntry[] }
  | { readonly type: 'remove-peer'; readonly name: string }
  /** Forgets the pinned certificate, because the operator says that it was changed. */
  | { readonly type: 'trust-again'; readonly name: string }
  /** Registers now (`opr=c`); with a login it replaces the one kept. */
  | { readonly type: 'register'; readonly name: string; readonly login: Login | undefined }
  /** One heartbeat or, if it is lost, one sync, now. */
  | { readonly type: 'heartbeat'; readonly name: string }
  /** The whole cycle, now. */
  | { readonly type: 'cycle' }
  /** Takes peers of an original's export in, secrets too; names that are known are replaced. */
  | { readonly type: 'import'; readonly peers: readonly StoredPeer[] }
  /** Tries another address that the operator typed for a peer; it is taken when answered there. */
  | { readonly type: 'try'; readonly name: string; readonly at: Address }
  /** Beats on the interval from now on, or no longer. */
  | { readonly type: 'beat'; readonly on: boolean };

export type V1Reply =
  | { readonly type: 'done' }
  | { readonly type: 'unknown-peer'; readonly name: string }
  /** Of configured: entries that are new or not what they were, to be added. */
  | { readonly type: 'wanted'; readonly names: readonly string[] }
  /** Too many peers, or a name that is taken or not a name. */
  | { readonly type: 'refused'; readonly reason: V1Refusal }
  /** Of register, heartbeat and cycle, when all calls they made have ended. */
  | {
      readonly type: 'called';
      readonly failed: readonly { readonly name: string; readonly why: V1Why }[];
    };

export type V1Refusal =
  | 'too-many-peers'
  | 'name-invalid'
  | 'own-name'
  /** Port 0, multicast and the like; or a path that is none. */
  | 'endpoint-invalid'
  | 'login-invalid'
  /** Credentials over plain HTTP, which was not allowed. */
  | 'insecure-http'
  /** It stands in the config, and is changed and removed there. */
  | 'in-config'
  /** Too many commands wait already. */
  | 'busy';

/** Why a call that was asked for came to nothing. */
export type V1Why =
  | CallFailure
  /** Neither a secret nor a login, or no endpoint. */
  | 'not-callable'
  | 'credentials-withheld'
  | 'credentials-refused'
  /** It knows this node under another secret, or another node is there now. */
  | 'code-refused'
  /** It does not know this node, and registering again did not help or could not be tried. */
  | 'not-registered'
  /** The answer has no status of the protocol, or says nothing that can be read. */
  | 'answer-unknown'
  /** It is lost, and nobody who could be asked answered lately. */
  | 'orphan'
  /** It is lost, and whoever was asked knew no other address. */
  | 'not-found'
  | 'removed';
