/** Real machines and scripted members without a network, with clock and chance set by the test. */
import { parseAddress, sameAddress, type Address } from '../../../src/base/address.ts';
import { utf8, type Bytes } from '../../../src/base/bytes.ts';
import type { ClusterId, NodeId } from '../../../src/base/id.ts';
import { instant, millis, wallTime, type Instant } from '../../../src/base/time.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Unpredictable } from '../../../src/crypto/unpredictable.ts';
import type { Command, Reply } from '../../../src/core/commands.ts';
import { DEFAULTS, type Settings } from '../../../src/core/config.ts';
import { EMPTY_BOOK, type StoredBook, type StoredCluster } from '../../../src/core/documents.ts';
import type { NodeEvent } from '../../../src/core/events.ts';
import type { Effect, Input, Moment, SocketId } from '../../../src/core/io.ts';
import { Node } from '../../../src/core/node.ts';
import { Sessions } from '../../../src/core/session.ts';
import type { MemberView } from '../../../src/core/view.ts';
import { decodeMessage, encodeMessage, type Message } from '../../../src/wire/message.ts';
import { decodePacket } from '../../../src/wire/packet.ts';
import { signRecord, type RecordFields, type SignedRecord } from '../../../src/wire/record.ts';
import { clusterOfMachines, identityOf, seedOf } from './acts.ts';

/** Wakes in a row at one instant: a hundred members may have alarms at the same time, no more. */
const SPINNING = 1_000;

export type Send = Extract<Effect, { type: 'send' }>;

/** When every test begins: not zero, so that a forgotten clock shows. */
export const START = 10_000;
/** The wall clock at monotonic zero. */
export const WALL = 1_800_000_000_000;

export function at(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`${text} is no address`);
  return parsed;
}

/** Thirty-two octets that no other call of this test run gave. */
export function freshEntropy(): Bytes {
  drawn += 1;
  return nodeSuite.hash(utf8(`entropy ${String(drawn)}`));
}
let drawn = 0;

export function unpredictable(): Unpredictable {
  const source = new Unpredictable(nodeSuite);
  source.refill(freshEntropy());
  return source;
}

/** What the founder of these machines and all it admitted have on disk. */
export function storedCluster(...names: readonly string[]): {
  readonly cluster: ClusterId;
  readonly stored: StoredCluster;
} {
  const [founderName = 'attic', ...joiners] = names;
  const { founder } = clusterOfMachines(founderName, ...joiners);
  const acts = founder.chain.map(({ bytes }) => bytes);
  return { cluster: founder.cluster, stored: { acts, invites: [], reserved: 0, tags: [] } };
}

/** A record as its author would sign it. */
export function recordOf(
  identity: Identity,
  cluster: ClusterId,
  fields: Partial<RecordFields> & { readonly at?: readonly string[] } = {},
): SignedRecord {
  const { at: addresses = [], ...rest } = fields;
  return signRecord(identity, {
    cluster,
    id: identity.id,
    sequence: 1,
    beat: millis(600),
    reachability: 'unknown',
    addresses: addresses.map((text) => ({ address: at(text), voters: 1 })),
    relays: [],
    services: [],
    tags: [],
    ...rest,
  });
}

/** An address book that knows where each of these is. */
export function bookOf(places: Readonly<Record<string, string>>): StoredBook {
  const history = Object.entries(places).map(([name, place]) => ({
    id: identityOf(name).id,
    addresses: [{ address: at(place), at: wallTime(WALL) }],
  }));
  return { records: [], history };
}

interface StationOptions {
  readonly stored: StoredCluster;
  readonly book?: StoredBook;
  readonly settings?: Partial<Settings>;
  readonly now?: number;
}

/** One real machine, and a host for it that saves and opens sockets at once unless told not to. */
export class Station {
  readonly id: NodeId;
  readonly node: Node;
  now: number;
  /** How far the wall clock was set off. */
  skew = 0;
  late = 0;
  saves = true;
  sockets = true;
  wakeAt: number | undefined;
  /** All effects since the last {@link clear}. */
  effects: Effect[] = [];
  /** Called with each effect, in order. */
  watch: (effect: Effect) => void = () => undefined;
  #commands = 0;

  constructor(name: string, options: StationOptions) {
    const identity = identityOf(name);
    this.id = identity.id;
    this.now = options.now ?? START;
    this.node = new Node({
      suite: nodeSuite,
      identity,
      cluster: options.stored,
      book: options.book ?? EMPTY_BOOK,
      settings: { ...DEFAULTS, ...options.settings },
      seed: seedOf(name),
    });
  }

  get wall(): number {
    // Whole milliseconds, as Date gives them.
    return Math.floor(WALL + this.now + this.skew);
  }

  get moment(): Moment {
    const { now, wall, late } = this;
    return {
      now: instant(now),
      wall: wallTime(wall),
      late: millis(late),
      entropy: freshEntropy(),
    };
  }

  /** One input, and what the host answers to its effects at once; all effects in their order. */
  step(input: Input): Effect[] {
    const effects = [...this.node.step(this.moment, input)];
    const all = [...effects];
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.type === 'wake') this.wakeAt = effect.at;
      this.watch(effect);
    }
    for (const effect of effects) {
      if (effect.type === 'save' && this.saves) {
        all.push(...this.step({ type: 'saved', ticket: effect.ticket }));
      }
      if (effect.type === 'open-socket' && this.sockets) {
        all.push(...this.step({ type: 'socket-opened', socket: effect.socket }));
      }
    }
    return all;
  }

  start(): Effect[] {
    return this.step({ type: 'start' });
  }

  /** Moves both clocks to this instant without looking at alarms. */
  set(now: number): void {
    this.now = now;
  }

  /** Lets this many milliseconds go by and rings every alarm at its time. */
  pass(ms: number): Effect[] {
    const end = this.now + ms;
    const all: Effect[] = [];
    let rung = 0;
    while (this.wakeAt !== undefined && this.wakeAt <= end) {
      rung += 1;
      if (rung > SPINNING * (ms + 1)) throw new Error('the machine asks to be woken now, for ever');
      this.set(Math.max(this.now, this.wakeAt));
      this.wakeAt = undefined;
      all.push(...this.step({ type: 'wake' }));
    }
    this.set(end);
    return all;
  }

  /** The answers that a command got in its own step. */
  ask(command: Command): Reply | undefined {
    this.#commands += 1;
    const id = this.#commands;
    return replyTo(id, this.step({ type: 'command', id, command }));
  }

  /** The number that the last command had. */
  get asked(): number {
    return this.#commands;
  }

  clear(): void {
    this.effects = [];
  }

  view(id: NodeId): MemberView {
    const found = this.node.members(instant(this.now)).members.find((member) => member.id === id);
    if (found === undefined) throw new Error('no such member');
    return found;
  }

  status(): ReturnType<Node['status']> {
    return this.node.status(instant(this.now), wallTime(this.wall));
  }

  count(reason: string): number {
    return this.status().counters[reason] ?? 0;
  }
}

export function replyTo(id: number, effects: readonly Effect[]): Reply | undefined {
  for (const effect of effects)
    if (effect.type === 'answer' && effect.id === id) return effect.reply;
  return undefined;
}

export function sends(effects: readonly Effect[], to?: Address): Send[] {
  return effects.filter(
    (effect): effect is Send =>
      effect.type === 'send' && (to === undefined || sameAddress(effect.to, to)),
  );
}

export function events(effects: readonly Effect[]): NodeEvent[] {
  return effects.flatMap((effect) => (effect.type === 'event' ? [effect.event] : []));
}

export function eventTypes(effects: readonly Effect[]): string[] {
  return events(effects).map(({ type }) => type);
}

/** The first byte of a datagram tells its class. */
export function classOf(bytes: Bytes): 'hello' | 'answer' | 'session' | 'other' {
  const packet = decodePacket(bytes);
  return typeof packet === 'string' ? 'other' : packet.type;
}

/** A member that does what the test says, with real keys and sessions. */
export class Puppet {
  readonly id: NodeId;
  readonly identity: Identity;
  readonly cluster: ClusterId;
  sessions: Sessions;
  at: Address;
  /** Whether it hears anything at all. */
  on = true;
  /** Whether what leaves from this socket of the machine reaches it. */
  reached: (socket: SocketId) => boolean = () => true;
  /** Whether it answers pings. */
  pongs = true;
  /** Where it says it saw a datagram that left this socket. */
  sees: (socket: SocketId) => Address = (socket) => at(`198.51.100.1:${String(4117 + socket)}`);
  sequence = 0;
  /** Of all it holds; undefined: whatever the machine has. */
  digest: number | undefined;
  lastDigest = 0;
  /** What it opened, through which socket of the machine it had come, and where to. */
  heard: { readonly message: Message; readonly socket: SocketId; readonly to: Address }[] = [];
  readonly #source = unpredictable();

  constructor(name: string, cluster: ClusterId, place: string) {
    this.identity = identityOf(name);
    this.id = this.identity.id;
    this.cluster = cluster;
    this.at = at(place);
    this.sessions = this.#begin();
  }

  /** Loses all keys, as a restart does. */
  restart(): void {
    this.sessions = this.#begin();
  }

  #begin(): Sessions {
    return new Sessions(nodeSuite, this.identity, this.cluster, this.#source);
  }

  /** What the machine put into this datagram; undefined when it opens nowhere. */
  open(bytes: Bytes, now: Instant, member: NodeId, key: Bytes): Message | Bytes | undefined {
    this.#source.refill(freshEntropy());
    const packet = decodePacket(bytes);
    if (typeof packet === 'string') return undefined;
    const verdict = this.sessions.receive(packet, now, (agreement) =>
      agreement.every((octet, index) => octet === key[index]) ? member : undefined,
    );
    if (verdict.type === 'reply') return verdict.bytes;
    return verdict.type === 'opened' ? decodeMessage(verdict.message) : undefined;
  }

  greet(peer: NodeId, key: Bytes, now: Instant): Bytes {
    this.#source.refill(freshEntropy());
    const bytes = this.sessions.greet(peer, key, now);
    if (bytes === undefined) throw new Error('no hello can be said');
    return bytes;
  }

  seal(peer: NodeId, message: Message, now: Instant): Bytes {
    const bytes = this.sessions.seal(peer, encodeMessage(message), now);
    if (bytes === undefined) throw new Error('there is no session');
    return bytes;
  }

  messages<T extends Message['type']>(type: T): Extract<Message, { type: T }>[] {
    return this.heard
      .map(({ message }) => message)
      .filter((message): message is Extract<Message, { type: T }> => message.type === type);
  }

  record(fields: Parameters<typeof recordOf>[2] = {}): SignedRecord {
    return recordOf(this.identity, this.cluster, fields);
  }
}

/** One machine among scripted members that answer at once. */
export class Scene {
  readonly station: Station;
  readonly puppets: readonly Puppet[];
  readonly cluster: ClusterId;
  readonly #key: Bytes;
  /** Whether the members ping the machine each second, as real ones would. */
  pings = true;
  /** The socket of the machine that their pings come to. */
  pingedSocket: SocketId = 0;
  /** What leaves from this socket reaches the members before what leaves from others. */
  first: SocketId = 0;
  #pingedAt = START;
  #busy = false;
  readonly #queue: Send[] = [];

  /** The first name is the machine, the others are members at 192.0.2.N:4117. */
  constructor(
    names: readonly [string, ...string[]],
    options: Partial<StationOptions> & { readonly blank?: boolean } = {},
  ) {
    const [name, ...others] = names;
    const { cluster, stored } = storedCluster(...names);
    const places = Object.fromEntries(others.map((one, index) => [one, placeOf(index)]));
    const book = options.blank === true ? EMPTY_BOOK : bookOf(places);
    this.cluster = cluster;
    this.station = new Station(name, { stored, book, ...options });
    this.#key = identityOf(name).agreement.public;
    this.puppets = others.map((one, index) => new Puppet(one, cluster, placeOf(index)));
    this.station.watch = (effect) => {
      if (effect.type === 'send') this.#queue.push(effect);
    };
  }

  puppet(index: number): Puppet {
    const found = this.puppets[index];
    if (found === undefined) throw new Error('no such puppet');
    return found;
  }

  get now(): Instant {
    return instant(this.station.now);
  }

  /** One input, then all that the members say to it at once. */
  step(input: Input): Effect[] {
    const all = this.station.step(input);
    all.push(...this.#serve());
    return all;
  }

  start(): Effect[] {
    return this.step({ type: 'start' });
  }

  pass(ms: number): Effect[] {
    const { station } = this;
    const end = station.now + ms;
    const all: Effect[] = [];
    let idle = 0;
    while (station.now < end) {
      const before = station.now;
      const pingAt = this.pings ? this.#pingedAt + 1_000 : Infinity;
      const next = Math.max(station.now, Math.min(end, pingAt, station.wakeAt ?? Infinity));
      all.push(...station.pass(next - station.now), ...this.#serve());
      if (station.now >= pingAt) all.push(...this.#ping());
      idle = station.now > before ? 0 : idle + 1;
      if (idle > SPINNING) throw new Error('the machine asks to be woken now, for ever');
    }
    return all;
  }

  #ping(): Effect[] {
    this.#pingedAt = this.station.now;
    const all: Effect[] = [];
    for (const puppet of this.puppets) {
      if (!puppet.on || !puppet.sessions.has(this.station.id, this.now)) continue;
      const { sequence, digest = puppet.lastDigest } = puppet;
      const ping = { type: 'ping', challenge: 1, sequence, digest } as const;
      all.push(...this.say(puppet, ping, puppet.at, this.pingedSocket));
    }
    return all;
  }

  ask(command: Command): Reply | undefined {
    const mark = this.station.effects.length;
    const reply = this.station.ask(command);
    this.#serve();
    return reply ?? replyTo(this.station.asked, this.station.effects.slice(mark));
  }

  /** A member says this; by default from where it is, to the main socket. */
  say(puppet: Puppet, message: Message, from = puppet.at, socket: SocketId = 0): Effect[] {
    const bytes = puppet.seal(this.station.id, message, this.now);
    return this.step({ type: 'datagram', socket, from, bytes });
  }

  /** A member says hello and takes the answer; the machine learns it from its next datagram. */
  meet(puppet: Puppet, from = puppet.at): Effect[] {
    const bytes = puppet.greet(this.station.id, this.#key, this.now);
    return this.step({ type: 'datagram', socket: 0, from, bytes });
  }

  #serve(): Effect[] {
    if (this.#busy) return [];
    this.#busy = true;
    const all: Effect[] = [];
    for (let send = this.#next(); send !== undefined; send = this.#next()) {
      for (const puppet of this.puppets) {
        if (!puppet.on || !puppet.reached(send.socket)) continue;
        if (!sameAddress(puppet.at, send.to)) continue;
        all.push(...this.#give(puppet, send));
      }
    }
    this.#busy = false;
    return all;
  }

  #next(): Send | undefined {
    const sooner = this.#queue.findIndex(({ socket }) => socket === this.first);
    return this.#queue.splice(Math.max(0, sooner), 1)[0];
  }

  #give(puppet: Puppet, { socket, to, bytes }: Send): Effect[] {
    const opened = puppet.open(bytes, this.now, this.station.id, this.#key);
    if (opened === undefined) return [];
    if (opened instanceof Uint8Array) {
      return this.station.step({ type: 'datagram', socket, from: puppet.at, bytes: opened });
    }
    puppet.heard.push({ message: opened, socket, to });
    if (opened.type !== 'ping' || !puppet.pongs) return [];
    puppet.lastDigest = opened.digest;
    const { sequence, digest = opened.digest } = puppet;
    const pong: Message = {
      ...{ type: 'pong', challenge: opened.challenge, sequence, digest },
      seen: puppet.sees(socket),
    };
    const sealed = puppet.seal(this.station.id, pong, this.now);
    return this.station.step({ type: 'datagram', socket, from: puppet.at, bytes: sealed });
  }
}

export function placeOf(index: number): string {
  // A network each, so that the vote counts each of them.
  return `192.0.${String(index + 2)}.9:4117`;
}

interface Place {
  readonly station: Station;
  host: string;
}

/** Several machines on one wire with one delay everywhere; each socket has a port of its own. */
export class Wire {
  now = START;
  readonly delay: number;
  readonly #places: Place[] = [];
  #flying: { readonly at: number; readonly from: Address; readonly to: Address; bytes: Bytes }[] =
    [];
  /** A datagram that this refuses is lost. */
  carries: (from: Address, to: Address) => boolean = () => true;
  /** Every datagram that left. */
  readonly seen: { readonly from: Address; readonly to: Address; readonly bytes: Bytes }[] = [];

  constructor(delay = 5) {
    this.delay = delay;
  }

  add(station: Station, host: string): void {
    const place = { station, host };
    this.#places.push(place);
    station.watch = (effect) => {
      if (effect.type !== 'send') return;
      const from = at(`${place.host}:${String(portOf(effect.socket))}`);
      const { to, bytes } = effect;
      this.seen.push({ from, to, bytes });
      if (this.carries(from, to)) {
        this.#flying.push({ at: this.now + this.delay, from, to, bytes });
      }
    };
  }

  move(station: Station, host: string): void {
    for (const place of this.#places) if (place.station === station) place.host = host;
  }

  remove(station: Station): void {
    this.#places.splice(
      this.#places.findIndex((place) => place.station === station),
      1,
    );
  }

  hostOf(station: Station): string {
    return this.#places.find((place) => place.station === station)?.host ?? '';
  }

  /** Everything that happens in this many milliseconds, in order. */
  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = Math.min(
        ...this.#flying.map((datagram) => datagram.at),
        ...this.#places.map(({ station }) => station.wakeAt ?? Infinity),
      );
      if (next > end) break;
      this.now = Math.max(this.now, next);
      for (const { station } of this.#places) station.set(this.now);
      const due = this.#flying.filter((datagram) => datagram.at <= this.now);
      this.#flying = this.#flying.filter((datagram) => datagram.at > this.now);
      for (const datagram of due) this.#deliver(datagram);
      for (const { station } of this.#places) {
        if (station.wakeAt !== undefined && station.wakeAt <= this.now) station.pass(0);
      }
    }
    this.now = end;
    for (const { station } of this.#places) station.set(end);
  }

  #deliver({ from, to, bytes }: { from: Address; to: Address; bytes: Bytes }): void {
    for (const { station, host } of this.#places) {
      const socket = to.port - portOf(0);
      if (host !== to.ip || socket < 0 || socket > 2) continue;
      station.step({ type: 'datagram', socket: socket as SocketId, from, bytes });
    }
  }
}

function portOf(socket: SocketId): number {
  return 4117 + socket;
}
