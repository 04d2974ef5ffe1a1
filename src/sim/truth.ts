/**
 * What nobody in the simulation may look at but the checkers: who really held which address, and
 * when.
 */

import { addressKey, type Address } from '../base/address.ts';
import { compare, concat, toHex, utf8, type Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import type { Instant } from '../base/time.ts';
import { instant } from '../base/time.ts';
import type { Suite } from '../crypto/suite.ts';
import { decodeRecord } from '../wire/record.ts';

/** What a record's signature covers begins with this (PROTOCOL §7). */
const RECORD_LABEL = utf8('flotilla v2 record');

/** With so many voters a minority of liars cannot have made an address up (B3). */
const MAJORITY_OF = 3;

/** A time during which a site held an address. */
interface Holding {
  readonly site: string;
  readonly from: Instant;
  until: Instant;
}

/** A record that a node really signed. */
export interface SignedRecord {
  readonly author: NodeId;
  readonly sequence: number;
}

const FOR_EVER: Instant = instant(Infinity);

/**
 * What is really so, which no simulated node may look at: who holds and held which address, which
 * records were signed by whom, and which addresses somebody was told. Checkers compare beliefs with
 * it.
 */
export class Truth {
  readonly #holdings = new Map<string, Holding[]>();
  /** Ports under which a site is or was seen. */
  readonly #ports = new Map<string, Set<number>>();
  readonly #told = new Set<string>();
  readonly #reflected = new Set<string>();
  readonly #anyPort = new Set<number>();
  readonly #lent = new Set<string>();
  readonly #signed = new Map<string, SignedRecord>();
  readonly #newest = new Map<NodeId, number>();
  /** Hosts that a node, on the word of three or more, once said to be its own. */
  readonly #claims = new Map<NodeId, Set<string>>();
  readonly #newestClaims = new Map<NodeId, Set<string>>();
  /** More members lie than not. */
  mostLie = false;
  readonly #invited = new Set<NodeId>();
  readonly #bodies = new Map<string, string>();
  readonly #reused = new Set<NodeId>();

  hold(ip: string, site: string, now: Instant): void {
    const holdings = this.#holdings.get(ip) ?? [];
    holdings.push({ site, from: now, until: FOR_EVER });
    this.#holdings.set(ip, holdings);
  }

  release(ip: string, site: string, now: Instant): void {
    for (const holding of this.#holdings.get(ip) ?? []) {
      if (holding.site === site && holding.until === FOR_EVER) holding.until = now;
    }
  }

  /** Did this site hold the address at any time from `from` to `until`? */
  heldDuring(ip: string, site: string, from: Instant, until: Instant): boolean {
    const holdings = this.#holdings.get(ip) ?? [];
    return holdings.some((one) => one.site === site && one.from <= until && one.until >= from);
  }

  /** Who holds the address now. */
  holderOf(ip: string, now: Instant): string | undefined {
    const holdings = this.#holdings.get(ip) ?? [];
    return holdings.find((one) => one.from <= now && one.until > now)?.site;
  }

  /** A site is seen under this port: its own or one a router gave it. */
  notePort(site: string, port: number): void {
    const ports = this.#ports.get(site) ?? new Set();
    ports.add(port);
    this.#ports.set(site, ports);
    this.#anyPort.add(port);
  }

  /** A router showed somebody at `ip` under another port. */
  noteRewrite(ip: string, port: number): void {
    for (const { site } of this.#holdings.get(ip) ?? []) this.notePort(site, port);
  }

  /** Somebody outside of the crew asks to be let in: others may show it as a member from now on. */
  invite(id: NodeId): void {
    this.#invited.add(id);
  }

  /** Whether this one asked. */
  wasInvited(id: NodeId): boolean {
    return this.#invited.has(id);
  }

  /** An invite, a hint or, where one is at work, a liar named this address to somebody. */
  tell(address: Address): void {
    this.#told.add(addressKey(address));
  }

  /**
   * A liar reflected this host. Who believes that lists it with all ports of its own: with the main
   * one and those of fresh sockets, whichever of them the lie named (PROTOCOL §5).
   */
  reflect(ip: string): void {
    this.#reflected.add(ip);
  }

  /**
   * R2: an address that a site holds or has held, under a port it was seen at, or one told, or a
   * host that was reflected, under a port that somebody has.
   */
  maySendTo(to: Address): boolean {
    if (this.#reflected.has(to.ip) && this.#anyPort.has(to.port)) return true;
    const holdings = this.#holdings.get(to.ip) ?? [];
    const held = holdings.some((one) => this.#ports.get(one.site)?.has(to.port) === true);
    return held || this.#told.has(addressKey(to));
  }

  /** A suite that signs as `suite` does, and lets the truth know which records were signed. */
  witness(suite: Suite): Suite {
    const sign = (seed: Bytes, data: Bytes): Bytes => {
      const signature = suite.sign(seed, data);
      this.#noteSigned(data, signature);
      return signature;
    };
    return {
      name: suite.name,
      hash: (data) => suite.hash(data),
      hmac: (key, data) => suite.hmac(key, data),
      signingKey: (seed) => suite.signingKey(seed),
      sign,
      verify: (publicKey, data, signature) => suite.verify(publicKey, data, signature),
      agreementKeyPair: (secret) => suite.agreementKeyPair(secret),
      agree: (secret, publicKey) => suite.agree(secret, publicKey),
      seal: (key, counter, associated, plaintext) =>
        suite.seal(key, counter, associated, plaintext),
      open: (key, counter, associated, ciphertext) =>
        suite.open(key, counter, associated, ciphertext),
    };
  }

  /** Somebody passes a site's datagrams on from this address: to all others it is its NAT's. */
  lend(ip: string, site: string): void {
    this.#lent.add(`${ip} ${site}`);
  }

  /** Who signed the record that ends in this signature; undefined: nobody did. */
  signerOf(signature: Bytes): SignedRecord | undefined {
    return this.#signed.get(toHex(signature));
  }

  /** The highest sequence a node ever signed; 0: none. */
  newestSequence(author: NodeId): number {
    return this.#newest.get(author) ?? 0;
  }

  /**
   * A host that a node claimed, on the word of three or more, and that its site never held. Where
   * most of the members lie an early count may name one for a moment, until all have answered
   * (PROTOCOL §4.1): then only what the newest record claims is to be asked for.
   */
  falseClaim(author: NodeId, site: string, newestOnly = false): string | undefined {
    if (this.mostLie && !newestOnly) return undefined;
    const claims = newestOnly ? this.#newestClaims : this.#claims;
    for (const ip of claims.get(author) ?? []) {
      const holdings = this.#holdings.get(ip) ?? [];
      if (this.#lent.has(`${ip} ${site}`)) continue;
      if (!holdings.some((one) => one.site === site)) return ip;
    }
    return undefined;
  }

  /** Did the node sign two different records of one sequence? After a restart it easily might. */
  hasReusedSequence(author: NodeId): boolean {
    return this.#reused.has(author);
  }

  #noteSigned(data: Bytes, signature: Bytes): void {
    if (compare(data.subarray(0, RECORD_LABEL.length), RECORD_LABEL) !== 0) return;
    const record = decodeRecord(concat(data.subarray(RECORD_LABEL.length), signature));
    if (record === undefined) return;
    const { id: author, sequence } = record;
    this.#signed.set(toHex(signature), { author, sequence });
    this.#newest.set(author, Math.max(this.newestSequence(author), sequence));
    const key = `${author} ${String(sequence)}`;
    const body = toHex(data);
    if ((this.#bodies.get(key) ?? body) !== body) this.#reused.add(author);
    this.#bodies.set(key, body);
    const claims = this.#claims.get(author) ?? new Set();
    const voted = record.addresses.filter(({ voters }) => voters >= MAJORITY_OF);
    const hosts = new Set(voted.map(({ address }) => address.ip));
    for (const ip of hosts) claims.add(ip);
    this.#claims.set(author, claims);
    this.#newestClaims.set(author, hosts);
  }
}
