/** The machine under test, its disk, its sockets and clocks, and the members around it. */
import { sameAddress, type Address } from '../../../src/base/address.ts';
import { utf8, type Bytes } from '../../../src/base/bytes.ts';
import type { ClusterId } from '../../../src/base/id.ts';
import { instant, millis, wallTime, type Instant } from '../../../src/base/time.ts';
import type { Command } from '../../../src/core/commands.ts';
import { DEFAULTS } from '../../../src/core/config.ts';
import {
  EMPTY_BOOK,
  readBook,
  readCluster,
  writeBook,
  writeCluster,
  type DocumentName,
} from '../../../src/core/documents.ts';
import type { Effect, FreshSocket, Input, SocketId } from '../../../src/core/io.ts';
import { Node } from '../../../src/core/node.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { decodeMessage, encodeMessage } from '../../../src/wire/message.ts';
import { Author } from '../../unit/core/acts.ts';
import { must } from '../targets/target.ts';
import { history, MEMBERS, person, PLACES, suite } from './people.ts';
import { Puppet } from './puppet.ts';
import { Watch } from './watch.ts';

const START = 10_000;
const WALL = 1_800_000_000_000;
/** Wakes or datagrams in a row at one instant: some for each member and socket, no more. */
const SPINNING = 3_000;
/** Datagrams remembered, to be replayed and changed. */
const RECORDED_MAX = 200;

type Send = Extract<Effect, { type: 'send' }>;

/** How the disk is: at once, only when told, or full. */
export type Disk = 'works' | 'slow' | 'full';

/** With what it begins. */
export interface Beginning {
  /** Of the founder, with all others; of one who joined; or of a founder still alone. */
  readonly who: 'founder' | 'joined' | 'alone';
  readonly knowsPlaces: boolean;
  readonly disk?: Disk;
}

export class World {
  readonly watch: Watch;
  readonly founder: Author;
  /** What somebody signs with who holds a copy of the machine's key. */
  readonly ownChain: Author;
  readonly puppets: readonly Puppet[];
  readonly cluster: ClusterId;
  readonly machine: Identity;
  node: Node;
  now = START;
  /** How far the wall clock was set off, and how late the host's loop says it is. */
  skew = 0;
  late = 0;
  disk: Disk = 'works';
  sockets = true;
  token = '';
  /** The machine's datagrams, and those of members to it. */
  readonly recorded: Bytes[] = [];
  readonly beacons: Bytes[] = [];
  /** What showed, for the fuzzer to go by. */
  readonly signs = new Set<string>();
  readonly opening = new Set<FreshSocket>();
  readonly links = new Set<number>();
  lastTicket = 0;
  readonly #stored = new Map<DocumentName, string>();
  readonly #unsaved: { readonly document: DocumentName; readonly ticket: number }[] = [];
  readonly #wire: Send[] = [];
  #wakeAt: number | undefined;
  #drawn = 0;
  #commands = 0;
  #busy = false;
  #life = 0;

  constructor(beginning: Beginning) {
    const { founder, chains } = history();
    this.founder = founder;
    this.cluster = founder.cluster;
    const joined = beginning.who === 'joined';
    this.machine = person(joined ? MEMBERS[0] : 'attic');
    this.watch = new Watch(this.machine.id);
    const { chain } = joined ? (chains[0] ?? founder) : founder;
    this.ownChain = new Author(this.machine, founder.cluster, [...chain], suite);
    const names: readonly string[] = joined ? ['attic', ...MEMBERS.slice(1)] : MEMBERS;
    this.puppets = names.map((name, index) => {
      const chain = name === 'attic' ? founder : chains[MEMBERS.findIndex((one) => one === name)];
      must(chain !== undefined, 'everybody has a chain');
      return new Puppet(name, chain, PLACES[index] ?? PLACES[0], () => this.entropy());
    });
    const alone = beginning.who === 'alone';
    const acts = founder.chain.slice(0, alone ? 1 : undefined).map(({ bytes }) => bytes);
    this.#store('cluster', writeCluster({ acts, invites: [], reserved: 0, tags: [] }));
    this.#store('book', writeBook(this.#book(beginning.knowsPlaces && !alone)));
    this.disk = beginning.disk ?? 'works';
    this.node = this.#boot();
    this.step({ type: 'start' });
  }

  /** Thirty-two octets that no other call in this execution gave. */
  entropy(): Bytes {
    this.#drawn += 1;
    return nodeSuite.hash(utf8(`entropy ${String(this.#drawn)}`));
  }

  get instant(): Instant {
    return instant(this.now);
  }

  /** One input, then all that the host and the members say to it at once. */
  step(input: Input): void {
    this.#one(input);
    this.#serve();
  }

  /** Lets time pass and rings every alarm at its time. */
  pass(ms: number): void {
    const end = this.now + ms;
    let idle = 0;
    while (this.#wakeAt !== undefined && this.#wakeAt <= end) {
      const before = this.now;
      this.now = Math.max(this.now, this.#wakeAt);
      idle = this.now > before ? 0 : idle + 1;
      must(idle < SPINNING, 'the machine asks to be woken now, for ever');
      this.#wakeAt = undefined;
      this.step({ type: 'wake' });
    }
    this.now = end;
  }

  ask(command: Command): void {
    this.#commands += 1;
    const id = this.#commands;
    this.watch.asked(id);
    this.step({ type: 'command', id, command });
  }

  /** A member sends this message, whatever it is, sealed as it should be. */
  say(puppet: Puppet, message: Bytes, from: Address, socket: SocketId = 0): void {
    const bytes = puppet.seal(this.machine, message, this.instant);
    if (bytes === undefined) return;
    this.watch.told(decodeMessage(message));
    this.genuine(from, bytes, socket);
  }

  /** A datagram that its sender made, for the first time. */
  genuine(from: Address, bytes: Bytes, socket: SocketId = 0): void {
    this.watch.allow(from);
    this.#record(bytes);
    this.step({ type: 'datagram', socket, from, bytes });
  }

  /** The disk writes what it owes; or says that it can't. */
  flush(): void {
    if (this.disk === 'full') {
      const ticket = this.#unsaved.at(-1)?.ticket ?? this.lastTicket;
      this.step({ type: 'save-failed', ticket, reason: 'no space left on device' });
      return;
    }
    const due = this.#unsaved.splice(0);
    for (const { document } of due) this.#store(document, this.node.document(document));
    const last = due.at(-1);
    if (last !== undefined) this.step({ type: 'saved', ticket: last.ticket });
  }

  /** Whether the machine still counts itself among the members or those that were. */
  get belongs(): boolean {
    return this.node.members(this.instant).members.some(({ id }) => id === this.machine.id);
  }

  /** The power fails: what the disk holds is all there is. */
  crash(): void {
    // Who admitted it took that back by a fork: its disk says truly that it is nobody there.
    if (!this.belongs) return;
    this.#life += 1;
    this.#unsaved.length = 0;
    this.#wire.length = 0;
    this.opening.clear();
    this.links.clear();
    this.#wakeAt = undefined;
    this.node = this.#boot();
    this.signs.add('crash');
    this.step({ type: 'start' });
  }

  /** Looks at all that can be seen from outside. */
  check(): void {
    const { node } = this;
    const document = node.members(this.instant);
    this.watch.view(document);
    const status = node.status(this.instant, wallTime(this.#wall));
    for (const name of Object.keys(status.counters)) this.signs.add(`counted ${name}`);
    for (const { state, proof } of document.members) this.signs.add(`${state} ${proof}`);
    this.signs.add(status.self.state);
  }

  /** What would go to the disk can be read again. */
  checkDocuments(): void {
    const { node } = this;
    must(readCluster(json(node.document('cluster'))) !== undefined, 'an unreadable cluster');
    must(readBook(json(node.document('book'))) !== undefined, 'an unreadable book');
  }

  get #wall(): number {
    return Math.floor(WALL + this.now + this.skew);
  }

  #one(input: Input): void {
    const { now, late } = this;
    const effects = this.node.step(
      {
        now: instant(now),
        wall: wallTime(this.#wall),
        late: millis(late),
        entropy: this.entropy(),
      },
      input,
    );
    this.watch.look(input, effects);
    const life = this.#life;
    for (const effect of effects) if (life === this.#life) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        this.#record(effect.bytes);
        this.#wire.push(effect);
        break;
      case 'wake':
        this.#wakeAt = effect.at;
        break;
      case 'save':
        this.lastTicket = effect.ticket;
        this.#unsaved.push(effect);
        break;
      case 'open-socket':
        this.opening.add(effect.socket);
        break;
      case 'close-socket':
        this.opening.delete(effect.socket);
        break;
      case 'beacon':
        if (this.beacons.length < RECORDED_MAX) this.beacons.push(effect.bytes);
        break;
      case 'answer':
        if (effect.reply.type === 'invited') this.token = effect.reply.token;
        this.signs.add(effect.reply.type === 'refused' ? effect.reply.code : effect.reply.type);
        break;
      case 'close-link':
        this.links.delete(effect.link);
        break;
      case 'admit-link':
      case 'link-send':
        must(this.links.has(effect.link), 'something was asked of a link that is not there');
        break;
      case 'event':
        this.signs.add(effect.event.type);
        break;
      case 'view-changed':
        break;
    }
  }

  /** All that happens by itself at this instant. */
  #serve(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let turn = 0; this.#serveOne(); turn += 1) must(turn < SPINNING, 'an endless talk');
    } finally {
      this.#busy = false;
    }
  }

  #serveOne(): boolean {
    const [socket] = this.sockets ? this.opening : [];
    if (socket !== undefined) {
      this.opening.delete(socket);
      this.#one({ type: 'socket-opened', socket });
      return true;
    }
    if (this.disk === 'works' && this.#unsaved.length > 0) {
      this.flush();
      return true;
    }
    const send = this.#wire.shift();
    if (send === undefined) return false;
    for (const puppet of this.puppets) {
      if (puppet.on && sameAddress(puppet.at, send.to)) this.#give(puppet, send);
    }
    return true;
  }

  #give(puppet: Puppet, { socket, to, bytes }: Send): void {
    const opened = puppet.open(bytes, this.instant, this.machine);
    if (opened === undefined) return;
    if (opened instanceof Uint8Array) {
      this.genuine(puppet.at, opened, socket);
      return;
    }
    this.signs.add(`said ${opened.type}`);
    if (opened.type === 'news') for (const item of opened.items) this.watch.said(item);
    if (opened.type !== 'ping') return;
    this.watch.pinged(puppet.id, to);
    if (!puppet.pongs) return;
    const seen = PLACES[8 + socket] ?? PLACES[0];
    this.say(puppet, puppet.pong(opened, seen), puppet.at, socket);
  }

  #record(bytes: Bytes): void {
    if (this.recorded.length < RECORDED_MAX) this.recorded.push(bytes);
  }

  #boot(): Node {
    const cluster = readCluster(json(this.#load('cluster')));
    const book = readBook(json(this.#load('book')));
    must(cluster !== undefined && book !== undefined, 'the disk holds nonsense');
    return new Node({
      ...{ suite, identity: this.machine, cluster, book, settings: DEFAULTS },
      seed: nodeSuite.hash(utf8('jitter')),
    });
  }

  #book(knowsPlaces: boolean): typeof EMPTY_BOOK {
    if (!knowsPlaces) return EMPTY_BOOK;
    const known = this.puppets.map((puppet) => {
      this.watch.allow(puppet.at);
      return { id: puppet.id, addresses: [{ address: puppet.at, at: wallTime(WALL) }] };
    });
    return { records: [], history: known };
  }

  #store(name: DocumentName, document: unknown): void {
    this.#stored.set(name, JSON.stringify(document));
  }

  #load(name: DocumentName): unknown {
    return JSON.parse(this.#stored.get(name) ?? 'null') as unknown;
  }
}

/** As it comes back from a disk. */
function json(document: unknown): unknown {
  return JSON.parse(JSON.stringify(document)) as unknown;
}

/** A ping that a member sends of its own accord. */
export function pingOf(puppet: Puppet, challenge: number): Bytes {
  const { sequence, digest = 0 } = puppet;
  return encodeMessage({ type: 'ping', challenge, sequence, digest });
}
