/** One peer: where it is believed to be, what it proved, and what both sides signed with so far. */

import { address, formatAddress, type Address } from '../base/address.ts';
import { elapsed, type Instant } from '../base/time.ts';
import type { Login } from './commands.ts';
import type { StoredPeer } from './document.ts';
import type { Endpoint } from './io.ts';
import { Keyring } from './secret.ts';
import { Skew } from './skew.ts';
import type { V1PeerState, V1PeerView, V1Problem } from './view.ts';

/** A code's step, and where the first code of that step came from. */
export interface Sighting {
  readonly step: number;
  readonly ip: string;
}

/** An address that a peer may have moved to, and why one thinks so. */
export interface Candidate {
  readonly ip: string;
  /** The code that came from there was the first of its step: no replay. */
  readonly first: boolean;
}

/** What is known of a peer. Parts of the machine change it in place. */
export class Peer {
  readonly name: string;
  endpoint: Endpoint | undefined;
  /** Its IP address while no endpoint is known. */
  bareIp: string | undefined;
  /**
   * The port of the call that showed it there, for people to see. It is that of one connection, and
   * stays as long as the IP address does: originals come from another port in each interval.
   */
  barePort: number | undefined;
  typed: Address | undefined;
  login: Login | undefined;
  insecure = false;
  pin: string | undefined;
  owner: string | undefined;
  removed = false;
  /** What the config says of it, in one text; undefined: it does not stand there. */
  said: string | undefined;
  moves = 0;

  /** What this node signs with there. */
  sendSecret: string | undefined;
  /** A registration was begun whose answer never came: the peer may know another secret. */
  unsure = false;
  /** What the peer signs with here. */
  readonly keyring: Keyring;
  newest: Sighting | undefined;

  /** It answered a call at its present address. */
  answeredAt: Instant | undefined;
  /** A code of its own, first of its step from there, came from this IP address last. */
  cameFrom: { readonly ip: string; readonly at: Instant } | undefined;
  addressSince: Instant | undefined;
  rttMs: number | undefined;
  reflected: string | undefined;
  readonly skew: Skew = new Skew();

  retries = 0;
  lost = false;
  problem: V1Problem | undefined;
  /** Refused registrations in a row, and when the next may be tried. */
  refusals = 0;
  /** When it first said 401 since it answered well. */
  refusedAt: Instant | undefined = undefined;
  registerAfter: Instant | undefined;

  /** The next call back, and the pause that failed ones have grown to. */
  wanted: Candidate | undefined;
  callBackAfter: Instant | undefined;
  callBackPause = 0;
  /** It answered elsewhere, and its present address still has a moment to speak up. */
  pending: { readonly to: Endpoint; readonly reflected: string } | undefined;

  constructor(name: string, keyring: Keyring = new Keyring()) {
    this.name = name;
    this.keyring = keyring;
  }

  /** The IP address it is believed to be at. */
  get ip(): string | undefined {
    return this.endpoint?.at.ip ?? this.bareIp;
  }

  /** When it was last heard at its present address, by answer or by code. */
  get heardAt(): Instant | undefined {
    const came = this.cameFrom?.ip === this.ip ? this.cameFrom?.at : undefined;
    if (came === undefined || this.answeredAt === undefined) return came ?? this.answeredAt;
    return came > this.answeredAt ? came : this.answeredAt;
  }

  /** This node calls it: it knows where and has something to show. */
  get called(): boolean {
    const key = this.sendSecret ?? this.login;
    return this.endpoint !== undefined && key !== undefined && !this.removed;
  }

  /** Where it would be called at another IP address; undefined: no endpoint is known. */
  endpointAt(ip: string): Endpoint | undefined {
    if (this.endpoint === undefined) return undefined;
    const at = address(ip, this.endpoint.at.port);
    return at === undefined ? undefined : { ...this.endpoint, at };
  }

  /** Puts it elsewhere. What was proven at the old address says nothing of the new one. */
  moveTo(ip: string, now: Instant): void {
    const endpoint = this.endpointAt(ip);
    if (endpoint === undefined) {
      this.bareIp = ip;
      this.barePort = undefined;
    } else this.endpoint = endpoint;
    this.typed = undefined;
    this.answeredAt = undefined;
    this.addressSince = now;
    this.moves += 1;
  }

  /** An operator removed it. What is kept is its name, whose it is, and what it signs with. */
  forget(): void {
    this.removed = true;
    this.said = undefined;
    this.endpoint = undefined;
    this.bareIp = undefined;
    this.typed = undefined;
    this.login = undefined;
    this.insecure = false;
    this.pin = undefined;
    this.sendSecret = undefined;
    this.unsure = false;
    this.answeredAt = undefined;
    this.cameFrom = undefined;
    this.reflected = undefined;
    this.retries = 0;
    this.lost = false;
    this.problem = undefined;
    this.wanted = undefined;
    this.pending = undefined;
  }

  /** `IP:PORT` where it is called, or else where it called from; the IP alone before it called. */
  get #shown(): string | null {
    if (this.endpoint !== undefined) return formatAddress(this.endpoint.at);
    const at = this.bareIp === undefined ? undefined : address(this.bareIp, this.barePort ?? 0);
    return at === undefined || at.port === 0 ? (this.bareIp ?? null) : formatAddress(at);
  }

  view(now: Instant, state: V1PeerState): V1PeerView {
    const age = (at: Instant | undefined): number | null =>
      at === undefined ? null : Math.max(0, Math.round(elapsed(at, now)));
    const at = this.endpoint?.at;
    const https = this.endpoint?.https ?? false;
    const proven = https ? this.answeredAt : this.heardAt;
    return {
      name: this.name,
      state,
      address: this.#shown,
      ip: this.ip ?? null,
      port: at?.port ?? null,
      https,
      proof: https && this.pin !== undefined && this.answeredAt !== undefined ? 'tls' : 'none',
      provenMs: age(proven),
      rttMs: this.rttMs === undefined ? null : Math.round(this.rttMs * 10) / 10,
      lastHeardMs: age(this.heardAt),
      addressSinceMs: age(this.addressSince),
      moves: this.moves,
      configured: this.said !== undefined,
      registeredIn: !this.keyring.empty,
      registeredOut: this.sendSecret !== undefined,
      skewMs: this.skew.ms,
      reflected: this.reflected ?? null,
      retries: this.retries,
      problem: this.problem ?? null,
    };
  }

  stored(): StoredPeer {
    return {
      name: this.name,
      endpoint: this.endpoint,
      ip: this.bareIp,
      typed: this.typed,
      login: this.login,
      insecure: this.insecure,
      pin: this.pin,
      sendSecret: this.sendSecret,
      unsure: this.unsure,
      receiveSecret: this.keyring.used,
      handed: this.keyring.handed,
      owner: this.owner,
      removed: this.removed,
      said: this.said,
      newest: this.newest,
      reflected: this.reflected,
      moves: this.moves,
    };
  }

  /** A peer as it was stored; nothing is proven of it until it answers. */
  static restore(stored: StoredPeer): Peer {
    const peer = new Peer(stored.name, new Keyring(stored.receiveSecret, stored.handed));
    peer.endpoint = stored.endpoint;
    peer.bareIp = stored.ip;
    peer.typed = stored.typed;
    peer.login = stored.login;
    peer.insecure = stored.insecure;
    peer.pin = stored.pin;
    peer.sendSecret = stored.sendSecret;
    peer.unsure = stored.unsure;
    peer.owner = stored.owner;
    peer.removed = stored.removed;
    peer.said = stored.said;
    peer.newest = stored.newest;
    peer.reflected = stored.reflected;
    peer.moves = stored.moves;
    return peer;
  }
}
