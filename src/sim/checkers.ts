/**
 * What must hold after each step, whatever the faults: safety, as functions from a view and the
 * truth to a finding.
 */

import type { NodeId } from '../base/id.ts';
import type { Instant } from '../base/time.ts';
import { after, millis } from '../base/time.ts';
import { readBook, type StoredBook } from '../core/documents.ts';
import type { Effect, Input } from '../core/io.ts';
import type { MembersDocument } from '../core/view.ts';
import { SIGNATURE_SIZE } from '../wire/field.ts';
import { Failure } from './failure.ts';
import type { VirtualHost } from './host.ts';
import type { Traffic } from './network.ts';
import type { Truth } from './truth.ts';

/** What is wrong, in words; undefined when nothing is. */
export type Finding = string | undefined;

// Written out and not imported: a bound that somebody lifts in the machine must show here.
/** Addresses of history a member (DESIGN R2). */
const HISTORY_MAX = 32;
/** Octets of a datagram (PROTOCOL §2.1). */
const DATAGRAM_MAX = 1_200;
/** Extra sockets (PROTOCOL §5). */
const FRESH_MAX = 2;

/** Records of one member: a bucket of five, and a margin for what is taken while clocks drift. */
const RECORDS_AT_ONCE = 8;
const RECORDS_PER_SECOND = 1.01;

/** A book is read at every change that is shown, and besides after each so many steps. */
const BOOK_EVERY = 16;

/** Views and clocks are rounded: a challenge may have left by so much earlier or later. */
const ROUNDING = 2;

/** What a forwarder may draw for each octet sent (PROTOCOL §4: no more than was sent). */
export const FORWARDED_MAX = 1;

/**
 * The same of a replayer. A replay opens nowhere; only its hellos are answered, with less than
 * their size, and they are few. Measured: 0.02–0.11; without replay windows 0.65–0.78.
 */
export const REPLAYED_MAX = 0.3;

/**
 * B1: an address with proof `direct` was held by that member when the challenge to it arrived.
 * `provenAt` turns an age into true time; `held` says whether a member held an address then.
 */
export function proofsHold(
  view: MembersDocument,
  provenAt: (provenMs: number) => Instant,
  held: (ip: string, member: NodeId, provenAt: Instant) => boolean,
): Finding {
  for (const { id, name, address, proof, provenMs, state } of view.members) {
    if (proof !== 'direct' || state === 'self') continue;
    if (address === null || provenMs === null) return `${name} is proven, but not where or when`;
    const at = provenAt(provenMs);
    if (held(ipOf(address), id, at)) continue;
    return `${address} is proven for ${name}, which did not hold it at ${at.toFixed(1)} ms`;
  }
  return undefined;
}

/** No two members are shown under one name, and no member twice. */
export function namesUnique(view: MembersDocument): Finding {
  const names = new Set<string>();
  const ids = new Set<string>();
  for (const { id, name } of view.members) {
    if (names.has(name)) return `two members are called ${name}`;
    if (ids.has(id)) return `${name} is shown twice`;
    names.add(name);
    ids.add(id);
  }
  return undefined;
}

/**
 * B2: every record held was signed by a node, and none is older than one this machine held before.
 * `newest` is what it held so far in this life, and is brought up to date.
 */
export function recordsSigned(
  book: StoredBook,
  truth: Truth,
  newest: Map<NodeId, number>,
): Finding {
  for (const bytes of book.records) {
    const signed = truth.signerOf(bytes.subarray(bytes.length - SIGNATURE_SIZE));
    if (signed === undefined) return 'holds a record that nobody signed';
    const { author, sequence } = signed;
    const before = newest.get(author) ?? 0;
    if (sequence < before) {
      return `went back from record ${String(before)} of ${author} to ${String(sequence)}`;
    }
    newest.set(author, sequence);
  }
  return undefined;
}

/**
 * B3 and PROTOCOL §7: what a node signs about itself. No host that three or more voted was never
 * its own, and no sequence is used twice, unless a snapshot made it forget.
 */
export function claimsTrue(
  author: NodeId,
  site: string,
  truth: Truth,
  wasResumed: boolean,
): Finding {
  const host = truth.falseClaim(author, site);
  if (host !== undefined) return `signed that it is at ${host}, where it never was`;
  if (truth.hasReusedSequence(author) && !wasResumed) return 'signed two records of one sequence';
  return undefined;
}

/** R2 and DESIGN §1: no member's history grows past its bound. */
export function historyBounded(book: StoredBook): Finding {
  for (const { id, addresses } of book.history) {
    if (addresses.length > HISTORY_MAX) {
      return `remembers ${String(addresses.length)} addresses of ${id}`;
    }
  }
  return undefined;
}

/** R2: nothing is sent where no member ever was and nobody was told to. No datagram is too long. */
export function sendsAllowed(effects: readonly Effect[], truth: Truth): Finding {
  for (const effect of effects) {
    if (effect.type !== 'send') continue;
    if (!truth.maySendTo(effect.to)) {
      return `sent to ${effect.to.ip}:${String(effect.to.port)}, where no member ever was`;
    }
    if (effect.bytes.length > DATAGRAM_MAX) {
      return `sent a datagram of ${String(effect.bytes.length)} octets`;
    }
  }
  return undefined;
}

/** Sockets are bounded. */
export function socketsBounded(fresh: number): Finding {
  return fresh > FRESH_MAX ? `holds ${String(fresh)} fresh sockets` : undefined;
}

/**
 * B6 and PROTOCOL §4: who forwards or replays draws little; `factor` 0: a stranger draws nothing.
 */
export function drawsLittle(name: string, traffic: Traffic, factor: number): Finding {
  const { sentBytes, receivedBytes } = traffic;
  if (receivedBytes <= factor * sentBytes) return undefined;
  return `${name} sent ${String(sentBytes)} octets and drew ${String(receivedBytes)}`;
}

/** What safety is judged by. */
export interface SafetyFacts {
  readonly truth: Truth;
  /** The site a member sits at; undefined for an ID that is no node of this world. */
  siteOf(member: NodeId): string | undefined;
  /** How long an answer can have been under way. */
  longestDelay(): number;
  readonly now: () => Instant;
  /** Nodes whose beliefs are not judged: liars see another world. */
  isExempt(host: VirtualHost): boolean;
  /** A view is looked at after each so many steps of its machine: 1 in small worlds. */
  readonly every: number;
}

/** Looks at a machine after its steps and ends the simulation when a rule is broken. */
export class SafetyWatch {
  readonly #facts: SafetyFacts;
  readonly #newest = new Map<VirtualHost, { life: number; sequences: Map<NodeId, number> }>();
  readonly #taken = new Map<string, { readonly since: Instant; count: number }>();
  #steps = 0;

  constructor(facts: SafetyFacts) {
    this.#facts = facts;
  }

  look(host: VirtualHost, input: Input, effects: readonly Effect[]): void {
    if (this.#facts.isExempt(host)) return;
    this.#steps += 1;
    const quick = sendsAllowed(effects, this.#facts.truth) ?? socketsBounded(host.freshSockets);
    const finding =
      quick ?? (this.#steps % this.#facts.every === 0 ? this.#whole(host, effects) : undefined);
    if (finding === undefined) return;
    throw new Failure('safety', `${host.name}, after ${input.type}: ${finding}`);
  }

  #whole(host: VirtualHost, effects: readonly Effect[]): Finding {
    const view = host.view();
    if (view === undefined) return undefined;
    const { truth } = this.#facts;
    return (
      namesUnique(view) ??
      this.#proofs(host, view) ??
      claimsTrue(host.id, host.site.site, truth, host.wasResumed) ??
      this.#book(host, effects)
    );
  }

  /** Writing a book down to read it costs more than a step; it changes with the view, or a save. */
  #book(host: VirtualHost, effects: readonly Effect[]): Finding {
    const changed = effects.some(({ type }) => type === 'view-changed' || type === 'save');
    if (!changed && this.#steps % BOOK_EVERY !== 0) return undefined;
    const book = readBook(host.machine?.document('book'));
    if (book === undefined) return undefined;
    const known = this.#sequencesOf(host);
    const before = new Map(known);
    return (
      historyBounded(book) ??
      recordsSigned(book, this.#facts.truth, known) ??
      this.#recordsPaced(host, before, known)
    );
  }

  /** Of one member one record a second is taken, and a few at once (PROTOCOL §4). */
  #recordsPaced(
    host: VirtualHost,
    before: ReadonlyMap<NodeId, number>,
    after: ReadonlyMap<NodeId, number>,
  ): Finding {
    const now = this.#facts.now();
    for (const [author, sequence] of after) {
      if (author === host.id || sequence === before.get(author)) continue;
      const key = `${host.name} ${String(host.life)} ${author}`;
      const taken = this.#taken.get(key) ?? { since: now, count: 0 };
      taken.count += 1;
      this.#taken.set(key, taken);
      const most = RECORDS_AT_ONCE + (RECORDS_PER_SECOND * (now - taken.since)) / 1_000;
      if (taken.count > most) return `took ${String(taken.count)} records of ${author} in no time`;
    }
    return undefined;
  }

  /** A proof is as old as its challenge; that arrived at most the longest delay later. */
  #proofs(host: VirtualHost, view: MembersDocument): Finding {
    const { truth, now, longestDelay, siteOf } = this.#facts;
    const seen = host.clock.monotonic(now());
    return proofsHold(
      view,
      (provenMs) => host.clock.worldTime(after(seen, millis(-provenMs))),
      (ip, member, at) => {
        const site = siteOf(member);
        if (site === undefined) return false;
        const arrived = after(at, millis(longestDelay() + ROUNDING));
        return truth.heldDuring(ip, site, after(at, millis(-ROUNDING)), arrived);
      },
    );
  }

  #sequencesOf(host: VirtualHost): Map<NodeId, number> {
    let known = this.#newest.get(host);
    if (known?.life !== host.life) {
      known = { life: host.life, sequences: new Map() };
      this.#newest.set(host, known);
    }
    return known.sequences;
  }
}

/** The host of `HOST:PORT`, brackets taken off. */
export function ipOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':'));
  return host.startsWith('[') ? host.slice(1, -1) : host;
}
