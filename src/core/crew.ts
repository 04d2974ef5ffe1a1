/**
 * The parts of one node, built once and handed to the hub's arms. Parts never import each other;
 * what one part's verdict means for another is decided in talk, tidings, heal, hear, admit and
 * command.
 */

import type { Address } from '../base/address.ts';
import type { Bytes } from '../base/bytes.ts';
import { UserError } from '../base/errors.ts';
import type { ClusterId, NodeId } from '../base/id.ts';
import { SeededRandom } from '../base/random.ts';
import { instant, wallTime, type Instant, type WallTime } from '../base/time.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Suite } from '../crypto/suite.ts';
import { Unpredictable } from '../crypto/unpredictable.ts';
import { AddressBook } from './address-book.ts';
import { Beacons } from './beacon.ts';
import { MAIN_FLOWS_MAX, type Settings } from './config.ts';
import type { DocumentName, StoredBook, StoredCluster } from './documents.ts';
import { Rounds } from './doubt.ts';
import type { NodeEvent } from './events.ts';
import { Flows } from './flows.ts';
import { Heartbeat } from './heartbeat.ts';
import { Inventory } from './inventory.ts';
import { Invites } from './invites.ts';
import type { Effect, LinkId } from './io.ts';
import type { Library } from './library.ts';
import { Membership } from './membership.ts';
import { News } from './news.ts';
import { Orphan } from './orphan.ts';
import { OwnRecord, TAGS_HINT, tagsFit } from './own-record.ts';
import { Paths } from './paths.ts';
import { Reflections } from './reflections.ts';
import { Seek } from './seek.ts';
import { Sessions } from './session.ts';
import { FreshSockets } from './sockets.ts';
import { Suspicions } from './suspicion.ts';
import { Timers } from './timers.ts';

/** What a node is made of. */
export interface NodeConfig {
  readonly suite: Suite;
  readonly identity: Identity;
  readonly cluster: StoredCluster;
  readonly book: StoredBook;
  readonly settings: Settings;
  /** For the seeded generator: jitter and choices. */
  readonly seed: Bytes;
  /** What simulated nodes share of what they read. */
  readonly library?: Library;
}

/** A TLS connection of somebody who may join. */
export interface Guest {
  readonly from: Address;
  peer: NodeId | undefined;
  /** Its request waits for the disk; whatever else it sends meanwhile is not kept. */
  asked: boolean;
}

/** A ping that an operator waits for. */
export interface AwaitedPing {
  readonly peer: NodeId;
  readonly since: Instant;
}

/** Effects collected during one step, and whether the view changed. */
export class Outbox {
  #effects: Effect[] = [];
  #tickets = 0;
  #changed: Set<NodeId> | undefined;

  put(effect: Effect): void {
    this.#effects.push(effect);
  }

  event(event: NodeEvent): void {
    this.put({ type: 'event', event });
    this.viewChanged('id' in event ? event.id : undefined);
  }

  /** Something that `members` shows changed, of this member if it is known. */
  viewChanged(of?: NodeId): void {
    this.#changed ??= new Set();
    if (of !== undefined) this.#changed.add(of);
  }

  /** Asks for a document to be written; returns the ticket that `saved` will answer. */
  save(document: DocumentName, urgent: boolean): number {
    this.#tickets += 1;
    this.put({ type: 'save', document, ticket: this.#tickets, urgent });
    return this.#tickets;
  }

  take(): readonly Effect[] {
    const effects = this.#effects;
    if (this.#changed !== undefined) effects.push({ type: 'view-changed', of: [...this.#changed] });
    this.#effects = [];
    this.#changed = undefined;
    return effects;
  }
}

/** What is remembered between steps besides the parts. */
interface Memory {
  readonly counters: Map<string, number>;
  readonly guests: Map<LinkId, Guest>;
  readonly awaited: Map<number, AwaitedPing>;
  /** What waits for a ticket to be on disk. */
  readonly whenSaved: { readonly ticket: number; readonly then: () => void }[];
  /** Commands that wait for the disk, to be refused when it fails. */
  readonly waiting: Map<number, { readonly ticket: number }>;
  /** Own acts up to this number are on disk; later ones leave for nobody yet. */
  savedActs: number;
  /** Admissions under way to the disk, by joiner: the link to answer, its newest one. */
  readonly admitting: Map<NodeId, LinkId>;
  /** When a listed address was asked last while another carried the path. */
  readonly listedAsked: Map<NodeId, Instant>;
  /** Last exchange of summaries with each member. */
  readonly summaries: Map<NodeId, { at: Instant; pause: number; digest: number }>;
  /** When a record was last wanted of each member. */
  readonly wanted: Map<NodeId, Instant>;
  /** When the main socket last sent to each member. */
  readonly mainSent: Map<NodeId, Instant>;
  now: Instant;
  wall: WallTime;
  digestChangedAt: Instant;
  /** When it first changed after it had been at rest. */
  digestRestlessAt: Instant;
  /** When the book was last asked to be written. */
  bookSavedAt: Instant;
  /** When news were pushed last. */
  newsSentAt: Instant;
  /**
   * Whether the main socket's flows may be stale: since a round began, until a pong came in there.
   */
  mainDoubted: boolean;
  /** Whether a pong came in on the main socket since the start. */
  mainEverProven: boolean;
  /** When the others last saw me at a new host. */
  movedAt: Instant | undefined;
  /** Since when the main socket has exchanged datagrams with an address. */
  readonly mainFlows: Flows;
  /** The main socket's port as the others last saw it: listed while only a fresh one is seen. */
  mainPort: number | undefined;
  /** A record is to be signed as soon as a sequence is reserved. */
  publishWanted: boolean;
  started: boolean;
  twinToldAt: Instant | undefined;
  sendRetries: number;
  sendFailedAt: Instant | undefined;
  /** When each member's path was last dropped because another was proven there. */
  readonly reusedAt: Map<NodeId, Instant>;
  /** When the lost were last asked anew because one of them answered. */
  revivedAt: Instant | undefined;
  /** Of the lost ones, those asked since then and shortly before. */
  readonly revived: Set<NodeId>;
  /** Lost members whose try waits for the fresh socket that was opened for it. */
  readonly awaitFresh: Set<NodeId>;
  /** Members called since the start, besides those a round asked. */
  startCalls: number;
}

/** All parts, and the moment of the step under way. */
export interface Crew extends Memory {
  readonly suite: Suite;
  readonly identity: Identity;
  readonly id: NodeId;
  readonly cluster: ClusterId;
  readonly settings: Settings;
  readonly random: SeededRandom;
  readonly unpredictable: Unpredictable;
  readonly timers: Timers;
  readonly outbox: Outbox;
  readonly sessions: Sessions;
  readonly paths: Paths;
  readonly suspicions: Suspicions;
  readonly heartbeat: Heartbeat;
  readonly rounds: Rounds;
  readonly reflections: Reflections;
  readonly fresh: FreshSockets;
  readonly book: AddressBook;
  readonly seek: Seek;
  readonly orphan: Orphan;
  readonly beacons: Beacons;
  readonly news: News;
  readonly inventory: Inventory;
  readonly membership: Membership;
  readonly invites: Invites;
  readonly own: OwnRecord;
}

/** Builds all parts from what was stored. Throws UserError when the cluster document is damaged. */
export function gather(config: NodeConfig): Crew {
  const { suite, identity, cluster, settings } = config;
  const random = new SeededRandom(config.seed);
  const unpredictable = new Unpredictable(suite);
  const membership = new Membership(suite, identity.id, cluster.acts, config.library);
  const isMember = (id: NodeId): boolean => membership.isMember(id);
  const shelves = config.library?.shelves(cluster.acts);
  const tags = new Map([...cluster.tags, ...settings.tags]);
  if (!tagsFit(identity.id, membership.cluster, settings.beat, tags)) {
    throw new UserError('tag-not-a-tag', 'these tags do not fit a record', TAGS_HINT);
  }
  return {
    suite,
    identity,
    id: identity.id,
    cluster: membership.cluster,
    settings,
    random,
    unpredictable,
    timers: new Timers(),
    outbox: new Outbox(),
    sessions: new Sessions(suite, identity, membership.cluster, unpredictable),
    paths: new Paths(),
    suspicions: new Suspicions(),
    heartbeat: new Heartbeat(random.fork(), settings.beat),
    rounds: new Rounds(),
    reflections: new Reflections(),
    fresh: new FreshSockets(),
    book: new AddressBook(suite, membership.cluster, config.book, isMember, shelves),
    seek: new Seek(random.fork()),
    orphan: new Orphan(),
    beacons: new Beacons(suite, identity, membership.cluster),
    news: new News(random.fork()),
    inventory: new Inventory(suite),
    membership,
    invites: new Invites(suite, cluster.invites),
    own: new OwnRecord(identity, membership.cluster, settings.beat, cluster.reserved, [...tags]),
    ...blank(membership.count(identity.id)),
  };
}

/** What a node remembers between steps before the first one. */
function blank(savedActs: number): Memory {
  return {
    counters: new Map(),
    guests: new Map(),
    awaited: new Map(),
    whenSaved: [],
    waiting: new Map(),
    savedActs,
    admitting: new Map(),
    listedAsked: new Map(),
    summaries: new Map(),
    wanted: new Map(),
    mainSent: new Map(),
    now: instant(0),
    wall: wallTime(0),
    digestChangedAt: instant(0),
    digestRestlessAt: instant(0),
    bookSavedAt: instant(-1e9),
    newsSentAt: instant(-1e9),
    mainDoubted: true,
    mainEverProven: false,
    movedAt: undefined,
    mainFlows: new Flows(MAIN_FLOWS_MAX),
    mainPort: undefined,
    publishWanted: false,
    started: false,
    twinToldAt: undefined,
    sendRetries: 0,
    sendFailedAt: undefined,
    reusedAt: new Map(),
    revivedAt: undefined,
    revived: new Set(),
    awaitFresh: new Set(),
    startCalls: 0,
  };
}

/** Counts something dropped or refused. Reasons are words of this code, so they are few. */
export function count(crew: Crew, reason: string): void {
  crew.counters.set(reason, (crew.counters.get(reason) ?? 0) + 1);
}

/** A member's name as shown. */
export function nameOf(crew: Crew, id: NodeId): string {
  return crew.membership.get(id)?.name ?? id;
}

/** The other members. */
export function others(crew: Crew): readonly NodeId[] {
  return crew.membership.others();
}

/** How many members there are besides this node. */
export function othersCount(crew: Crew): number {
  return others(crew).length;
}
