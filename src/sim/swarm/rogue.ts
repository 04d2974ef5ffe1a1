/**
 * A member with real keys whose mind is a script: it seals whatever it is told to seal, and answers
 * pings as it likes. Left alone it is as honest as a member that knows nothing can be.
 */

import { address, type Address } from '../../base/address.ts';
import type { Bytes } from '../../base/bytes.ts';
import { BoundedList } from '../../base/bounded.ts';
import type { ClusterId, NodeId } from '../../base/id.ts';
import { SeededRandom } from '../../base/random.ts';
import { after, elapsed, instant, millis, type Instant } from '../../base/time.ts';
import { EMPTY_BOOK, readBook, readCluster, writeBook } from '../../core/documents.ts';
import type { DocumentName } from '../../core/documents.ts';
import { MAIN, type Effect, type Input, type Moment } from '../../core/io.ts';
import { Membership } from '../../core/membership.ts';
import { Sessions } from '../../core/session.ts';
import type { MembersDocument } from '../../core/view.ts';
import type { Identity } from '../../crypto/identity.ts';
import type { Suite } from '../../crypto/suite.ts';
import { Unpredictable } from '../../crypto/unpredictable.ts';
import { assert } from '../../base/assert.ts';
import { decodeMessage, encodeMessage, type Message, type NewsItem } from '../../wire/message.ts';
import { decodePacket } from '../../wire/packet.ts';
import { signRecord } from '../../wire/record.ts';
import type { Birth, Subject } from '../subject.ts';
import type { AttackName } from './description.ts';

/** It acts twenty times a second. */
const TICK = 50;
/** An honest member pings each other one about so often. */
const PING_EVERY = 600;
/** Items of news it keeps, to tell them again when they are old. */
const KEPT_MAX = 64;

/** What a rogue needs to know of the world it is in. */
export interface Lair {
  /** Attacks that are on now. */
  readonly attacks: () => ReadonlySet<AttackName>;
  /** Carries out the attacks that are on; called each tick. */
  readonly act: (rogue: Rogue, now: Instant) => void;
  /** A pong came. */
  readonly answered: (peer: NodeId, challenge: number) => void;
  /** What it says it saw of a peer. */
  readonly reflect: (rogue: Rogue, from: Address) => Address;
}

/** A peer as the rogue knows it: where it heard it last. */
interface Known {
  at: Address;
  pingedAt: number;
  /** What the peer said last that it knows; given back, so that it has nothing to tell. */
  digest: number;
}

/** What a machine's place is given to when a world says `rogue`. */
export class Rogue implements Subject {
  readonly id: NodeId;
  readonly identity: Identity;
  readonly cluster: ClusterId;
  readonly suite: Suite;
  readonly random: SeededRandom;
  readonly membership: Membership;
  readonly unpredictable: Unpredictable;
  /** Records and acts it was told of, oldest first. */
  readonly kept: BoundedList<NewsItem> = new BoundedList<NewsItem>(KEPT_MAX);
  /** Sequence of its own record. */
  sequence = 1;
  /** Pings that came, for one that answers every other one. */
  pings = 0;
  now: Instant = instant(0);
  readonly #lair: Lair;
  readonly #known = new Map<NodeId, Known>();
  #sessions: Sessions;
  #effects: Effect[] = [];
  #acting = instant(0);

  constructor(suite: Suite, identity: Identity, birth: Birth, lair: Lair) {
    const cluster = readCluster(birth.cluster);
    assert(cluster !== undefined, 'a rogue is a member, too');
    this.id = identity.id;
    this.identity = identity;
    this.suite = suite;
    this.random = new SeededRandom(birth.seed);
    this.unpredictable = new Unpredictable(suite);
    this.membership = new Membership(suite, identity.id, cluster.acts);
    this.cluster = this.membership.cluster;
    this.#sessions = this.#noSessions();
    this.#lair = lair;
    for (const { id, addresses } of (readBook(birth.book) ?? EMPTY_BOOK).history) {
      const [first] = addresses;
      if (first !== undefined)
        this.#known.set(id, { at: first.address, pingedAt: -Infinity, digest: 0 });
    }
  }

  /** Members it knows an address of. */
  get peers(): readonly NodeId[] {
    return [...this.#known.keys()];
  }

  step(moment: Moment, input: Input): readonly Effect[] {
    this.now = moment.now;
    this.unpredictable.refill(moment.entropy);
    this.#effects = [];
    if (input.type === 'datagram') this.hear(input.from, input.bytes);
    if (moment.now >= this.#acting) {
      this.#acting = after(moment.now, millis(TICK));
      this.#pingAll();
      this.#lair.act(this, moment.now);
      this.#effects.push({ type: 'wake', at: this.#acting, why: 'mischief' });
    }
    return this.#effects;
  }

  document(name: DocumentName): unknown {
    return name === 'book' ? writeBook(EMPTY_BOOK) : undefined;
  }

  members(_now: Instant): MembersDocument {
    return { schema: 1, self: this.id, members: [] };
  }

  /** Seals a message for a peer and sends it there, if they share keys. */
  say(peer: NodeId, message: Message): void {
    const bytes = this.seal(peer, message);
    const to = this.#known.get(peer)?.at;
    if (bytes !== undefined && to !== undefined) {
      this.#effects.push({ type: 'send', socket: MAIN, to, bytes });
    }
  }

  /** The same to everyone. */
  sayAll(message: Message): void {
    for (const peer of this.peers) this.say(peer, message);
  }

  /** A sealed message, for whoever is to send it. */
  seal(peer: NodeId, message: Message): Bytes | undefined {
    return this.#sessions.seal(peer, encodeMessage(message), this.now);
  }

  /** Where a peer was heard last. */
  addressOf(peer: NodeId): Address | undefined {
    return this.#known.get(peer)?.at;
  }

  /** Pings a peer, and returns the challenge. */
  ping(peer: NodeId): number {
    const challenge = this.random.below(2 ** 32);
    const digest = this.#known.get(peer)?.digest ?? 0;
    this.say(peer, { type: 'ping', challenge, sequence: 0, digest });
    return challenge;
  }

  /** Says hello with a fresh key, whatever is under way. */
  greetAnew(peer: NodeId): void {
    this.#sessions = this.#noSessions();
    this.greet(peer);
  }

  greet(peer: NodeId): void {
    const agreement = this.membership.get(peer)?.agreement;
    const to = this.#known.get(peer)?.at;
    if (agreement === undefined || to === undefined) return;
    const bytes = this.#sessions.greet(peer, agreement, this.now);
    if (bytes !== undefined) this.#effects.push({ type: 'send', socket: MAIN, to, bytes });
  }

  /** A record about itself that lists these. */
  record(addresses: readonly Address[]): Bytes {
    this.sequence += 1;
    return signRecord(this.identity, {
      cluster: this.cluster,
      id: this.id,
      sequence: this.sequence,
      beat: millis(600),
      reachability: 'mapped',
      addresses: addresses.map((listed) => ({ address: listed, voters: 3 })),
      relays: [],
      services: [],
      tags: [],
    }).bytes;
  }

  /** Some address of a host. */
  static at(ip: string, port: number): Address {
    const found = address(ip, port);
    assert(found !== undefined, 'an attack names no address');
    return found;
  }

  /**
   * Opens what came, here or at an accomplice. Returns what a ping asked, with whoever asked it:
   * an accomplice hands that on.
   */
  hear(
    from: Address,
    bytes: Bytes,
    atAccomplice = false,
  ): { readonly peer: NodeId; readonly challenge: number } | undefined {
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') return undefined;
    const verdict = this.#sessions.receive(
      packet,
      this.now,
      (key) => this.membership.byAgreement(key)?.id,
    );
    if (verdict.type === 'reply') {
      if (!atAccomplice) {
        this.#effects.push({ type: 'send', socket: MAIN, to: from, bytes: verdict.bytes });
      }
      return undefined;
    }
    if (verdict.type === 'established' && !atAccomplice) this.#meet(verdict.peer, from);
    if (verdict.type !== 'opened') return undefined;
    const message = decodeMessage(verdict.message);
    if (message?.type === 'ping' && atAccomplice) {
      return { peer: verdict.peer, challenge: message.challenge };
    }
    if (message !== undefined && !atAccomplice) this.#heed(verdict.peer, from, message);
    return undefined;
  }

  #heed(peer: NodeId, from: Address, message: Message): void {
    const known = this.#known.get(peer) ?? { at: from, pingedAt: -Infinity, digest: 0 };
    known.at = from;
    this.#known.set(peer, known);
    if (message.type === 'news') this.#keep(message.items);
    if (message.type === 'pong' || message.type === 'ping') known.digest = message.digest;
    if (message.type === 'pong') this.#lair.answered(peer, message.challenge);
    if (message.type !== 'ping') return;
    this.pings += 1;
    if (this.#lair.attacks().has('mute') && this.pings % 2 === 0) return;
    const { challenge, digest } = message;
    const seen = this.#lair.reflect(this, from);
    this.say(peer, { type: 'pong', challenge, sequence: 0, digest, seen });
  }

  /** Who joined meanwhile may be talked to as well. */
  #keep(items: readonly NewsItem[]): void {
    for (const item of items) {
      this.kept.push(item);
      if (item.kind === 'act') this.membership.add(item.bytes);
    }
  }

  #meet(peer: NodeId, from: Address): void {
    const known = this.#known.get(peer) ?? { at: from, pingedAt: -Infinity, digest: 0 };
    known.at = from;
    this.#known.set(peer, known);
    this.ping(peer);
  }

  #pingAll(): void {
    for (const [peer, known] of this.#known) {
      if (elapsed(instant(known.pingedAt), this.now) < PING_EVERY) continue;
      known.pingedAt = this.now;
      if (this.#sessions.has(peer, this.now)) this.ping(peer);
      // The peer may have restarted and hold no keys: a hello never harms.
      if (!this.#sessions.has(peer, this.now) || this.random.chance(0.1)) this.greet(peer);
    }
  }

  #noSessions(): Sessions {
    return new Sessions(this.suite, this.identity, this.cluster, this.unpredictable);
  }
}
