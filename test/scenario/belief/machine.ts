import { parseAddress, type Address } from '../../../src/base/address.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import type { NodeId } from '../../../src/base/id.ts';
import type { SeededRandom } from '../../../src/base/random.ts';
import { instant, millis, wallTime } from '../../../src/base/time.ts';
import type { Command, Reply } from '../../../src/core/commands.ts';
import { DEFAULTS, type Settings } from '../../../src/core/config.ts';
import {
  EMPTY_BOOK,
  readBook,
  readCluster,
  type DocumentName,
} from '../../../src/core/documents.ts';
import type { NodeEvent } from '../../../src/core/events.ts';
import type { Effect, Input, Moment, SocketId } from '../../../src/core/io.ts';
import { Node } from '../../../src/core/node.ts';
import type { MembersDocument, MemberView, StatusDocument } from '../../../src/core/view.ts';
import type { Identity } from '../../../src/crypto/identity.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { at, PORT, type Datagram, type Wire } from './wire.ts';

/** Ports the system hands out; nothing hangs on which. */
const FIRST_FRESH_PORT = 40_000;

/** The wall clock when a test begins: some day in 2026. */
const WALL = 1_780_000_000_000;

interface Step {
  readonly moment: Moment;
  readonly input: Input;
}

/** A machine as a hypervisor keeps it: resumed, it goes on from there. */
export interface Snapshot {
  /** What the disk held when the machine was switched on, and what it holds now. */
  readonly birth: Map<DocumentName, unknown>;
  readonly files: Map<DocumentName, unknown>;
  readonly seed: Bytes;
  readonly steps: readonly Step[];
  readonly sockets: ReadonlyMap<SocketId, number>;
  readonly monotonic: number;
}

/** A real node and all it needs: an address, sockets, a disk, two clocks. */
export class Machine {
  /** Addresses that this machine's network says it cannot send to. */
  unreachable: (to: Address) => boolean = () => false;
  readonly name: string;
  readonly identity: Identity;
  readonly wire: Wire;
  readonly events: NodeEvent[] = [];
  /** Effects but sends, events and wakes, with their time. */
  readonly asked: Effect[] = [];
  readonly files: Map<DocumentName, unknown>;
  settings: Settings = DEFAULTS;
  /** Set before it is switched on: all inputs are kept, so that snapshots can be taken. */
  records = false;
  ip: string;
  /** Added to the wall clock, in milliseconds. */
  wallOffset = 0;
  node: Node | undefined;
  readonly #random: SeededRandom;
  readonly #receiver = (datagram: Datagram): void => {
    this.#receive(datagram);
  };
  #monotonicOffset: number;
  #seed: Bytes = new Uint8Array(32);
  #birth = new Map<DocumentName, unknown>();
  #steps: Step[] = [];
  #sockets = new Map<SocketId, number>();
  #ports = FIRST_FRESH_PORT;
  #wakeAt: number | undefined;
  #life = 0;
  #commands = 0;
  #stalledUntil = 0;
  #backlog: Input[] = [];

  constructor(
    wire: Wire,
    who: { readonly name: string; readonly identity: Identity },
    files: Map<DocumentName, unknown>,
  ) {
    this.wire = wire;
    this.name = who.name;
    this.identity = who.identity;
    this.files = files;
    this.#random = wire.random.fork();
    this.#monotonicOffset = 5_000 + this.#random.below(1_000_000);
    this.ip = wire.freshIp();
    this.move(this.ip);
  }

  get id(): NodeId {
    return this.identity.id;
  }

  get address(): Address {
    return at(this.ip);
  }

  get running(): Node {
    if (this.node === undefined) throw new Error(`${this.name} is off`);
    return this.node;
  }

  get status(): StatusDocument {
    return this.running.status(this.#monotonic(), this.#wall());
  }

  get view(): MembersDocument {
    return this.running.members(this.#monotonic());
  }

  /** How many packets and messages were dropped for this reason. */
  dropped(reason: string): number {
    return this.status.counters[reason] ?? 0;
  }

  /** What this machine shows of another member. */
  sees(who: { readonly id: NodeId }): MemberView {
    const view = this.view.members.find(({ id }) => id === who.id);
    if (view === undefined) throw new Error(`${this.name} knows no such member`);
    return view;
  }

  /** True when another is shown as proven at its present host, by whatever socket. */
  hasFound(other: { readonly id: NodeId; readonly address: Address }): boolean {
    const { address, proof, state } = this.sees(other);
    const host = parseAddress(address ?? '')?.ip;
    return state === 'alive' && proof === 'direct' && host === other.address.ip;
  }

  eventsOf<T extends NodeEvent['type']>(type: T): Extract<NodeEvent, { type: T }>[] {
    return this.events.filter(
      (event): event is Extract<NodeEvent, { type: T }> => event.type === type,
    );
  }

  start(): void {
    this.#seed = this.#random.bytes(32);
    this.#steps = [];
    this.#boot();
    this.#sockets = new Map([[0, PORT]]);
    this.input({ type: 'start' });
  }

  crash(): void {
    this.node = undefined;
    this.#life += 1;
    this.#wakeAt = undefined;
    this.#sockets.clear();
  }

  restart(): void {
    this.crash();
    this.start();
  }

  /** Another address from now on; nobody tells the machine. */
  move(ip: string = this.wire.freshIp()): void {
    this.unplug();
    this.ip = ip;
    this.wire.hold(ip, this.#receiver);
  }

  /** The address is nobody's any more. */
  unplug(): void {
    this.wire.release(this.ip, this.#receiver);
  }

  /** The process is not scheduled for a while; what comes waits. */
  stall(length: number): void {
    this.#stalledUntil = this.wire.now + length;
    this.wire.timeline.in(millis(length), () => this.#catchUp());
  }

  snapshot(): Snapshot {
    if (!this.records) throw new Error('nothing was kept of this machine');
    return {
      birth: this.#birth,
      files: new Map(this.files),
      seed: this.#seed,
      steps: [...this.#steps],
      sockets: new Map(this.#sockets),
      monotonic: this.#monotonic(),
    };
  }

  /** Goes on from a snapshot: the monotonic clock too, as when a hypervisor resumes a machine. */
  resume(kept: Snapshot): void {
    this.crash();
    this.#loadDisk(kept.birth);
    this.#seed = kept.seed;
    this.#boot();
    this.#loadDisk(kept.files);
    for (const { moment, input } of kept.steps) {
      for (const effect of this.running.step(moment, input)) {
        if (effect.type === 'wake') this.#wakeAt = effect.at;
      }
    }
    this.#steps = [...kept.steps];
    this.#sockets = new Map(kept.sockets);
    this.#monotonicOffset = kept.monotonic - this.wire.now;
    if (this.#wakeAt !== undefined) this.#setWake(instant(this.#wakeAt));
  }

  /** An operator's command; the reply, when it comes within a moment. */
  command(command: Command): Reply | undefined {
    this.#commands += 1;
    const id = this.#commands;
    this.input({ type: 'command', id, command });
    const reply = (): Reply | undefined => {
      for (const effect of this.asked)
        if (effect.type === 'answer' && effect.id === id) return effect.reply;
      return undefined;
    };
    this.wire.runUntil(() => reply() !== undefined, 3_000);
    return reply();
  }

  /** Something happens to the machine, now or when it is scheduled again. */
  input(input: Input): void {
    if (this.#stalledUntil > this.wire.now) this.#backlog.push(input);
    else this.#step(input, 0);
  }

  #loadDisk(files: ReadonlyMap<DocumentName, unknown>): void {
    this.files.clear();
    for (const [name, file] of files) this.files.set(name, file);
  }

  #boot(): void {
    const { identity, settings } = this;
    const cluster = readCluster(this.files.get('cluster'));
    const book = this.files.has('book') ? readBook(this.files.get('book')) : EMPTY_BOOK;
    if (cluster === undefined || book === undefined) throw new Error('this disk holds nonsense');
    this.#birth = new Map(this.files);
    const seed = this.#seed;
    this.node = new Node({ suite: nodeSuite, identity, cluster, book, settings, seed });
  }

  #monotonic(): ReturnType<typeof instant> {
    return instant(this.wire.now + this.#monotonicOffset);
  }

  #wall(): ReturnType<typeof wallTime> {
    return wallTime(Math.floor(WALL + this.wire.now + this.wallOffset));
  }

  /** Timers ring first after a standstill, as late as it was long; then what the sockets hold. */
  #catchUp(): void {
    this.#stalledUntil = 0;
    const due = this.#wakeAt;
    if (due !== undefined && due <= this.#monotonic()) this.#wake(this.#monotonic() - due);
    const waiting = this.#backlog;
    this.#backlog = [];
    for (const input of waiting) this.#step(input, 0);
  }

  #wake(late: number): void {
    this.#wakeAt = undefined;
    this.#step({ type: 'wake' }, late);
  }

  #step(input: Input, late: number): void {
    if (this.node === undefined) return;
    const entropy = this.#random.bytes(32);
    const moment = { now: this.#monotonic(), wall: this.#wall(), late: millis(late), entropy };
    if (this.records) this.#steps.push({ moment, input });
    for (const effect of this.node.step(moment, input)) this.#carryOut(effect);
  }

  #receive({ from, to, bytes }: Datagram): void {
    for (const [socket, port] of this.#sockets) {
      if (port === to.port) return this.input({ type: 'datagram', socket, from, bytes });
    }
  }

  #carryOut(effect: Effect): void {
    if (effect.type === 'wake') return this.#setWake(effect.at);
    if (effect.type === 'send') {
      const port = this.#sockets.get(effect.socket);
      if (this.unreachable(effect.to)) {
        const { socket, to } = effect;
        this.#soon({ type: 'send-failed', socket, to, reason: 'unreachable' });
        return;
      }
      if (port !== undefined) this.wire.send(at(this.ip, port), effect.to, effect.bytes);
      return;
    }
    if (effect.type === 'event') {
      this.events.push(effect.event);
      return;
    }
    this.asked.push(effect);
    if (effect.type === 'open-socket') this.#open(effect.socket);
    if (effect.type === 'close-socket') this.#sockets.delete(effect.socket);
    if (effect.type === 'save') this.#save(effect.document, effect.ticket);
  }

  #open(socket: 1 | 2): void {
    this.#ports += 1;
    this.#sockets.set(socket, this.#ports);
    this.#soon({ type: 'socket-opened', socket });
  }

  #save(name: DocumentName, ticket: number): void {
    this.files.set(name, this.running.document(name));
    this.#soon({ type: 'saved', ticket });
  }

  /** A millisecond later, if the machine lives that long. */
  #soon(input: Input): void {
    const life = this.#life;
    this.wire.timeline.in(millis(1), () => {
      if (life === this.#life) this.input(input);
    });
  }

  #setWake(due: ReturnType<typeof instant>): void {
    this.#wakeAt = due;
    const life = this.#life;
    this.wire.timeline.at(instant(due - this.#monotonicOffset), () => {
      if (life !== this.#life || this.#wakeAt !== due || this.#stalledUntil > this.wire.now) return;
      this.#wake(0);
    });
  }
}
