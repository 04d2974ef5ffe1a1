/**
 * A virtual machine with sockets, disk and clocks: the second Host, besides the real one in
 * runtime.
 */

import type { Address } from '../base/address.ts';
import { unreachable } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import type { NodeId } from '../base/id.ts';
import type { SeededRandom } from '../base/random.ts';
import type { Duration, Instant } from '../base/time.ts';
import { elapsed, instant, millis } from '../base/time.ts';
import type { DocumentName } from '../core/documents.ts';
import type { Effect, FreshSocket, Host, Input } from '../core/io.ts';
import type { Machine, Moment, SocketId } from '../core/io.ts';
import type { MembersDocument } from '../core/view.ts';
import type { Disguise, LinkCarrier } from './carriers.ts';
import type { VirtualClock } from './clock.ts';
import type { VirtualDisk } from './disk.ts';
import { Failure } from './failure.ts';
import { MAIN_PORT, type Site } from './site.ts';
import type { Birth, Boot, Snapshot, Step, Subject } from './subject.ts';
import type { Timeline } from './timeline.ts';
import { VirtualTimer } from './timer.ts';
import type { Trace } from './trace.ts';

/** Sees every step of every machine, and may end the simulation by throwing a {@link Failure}. */
export type Witness = (host: VirtualHost, input: Input, effects: readonly Effect[]) => void;

/** What surrounds a host. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly trace: Trace;
  readonly links: LinkCarrier;
  /** Carries what a host says to everyone on its LAN. */
  readonly cast: (host: VirtualHost, bytes: Bytes) => void;
  readonly witness: Witness;
  /** Documents are kept as values and not as text: see {@link VALUES}. */
  readonly lean: boolean;
  /** Told each port a socket was bound to. */
  readonly onPort: (site: string, port: number) => void;
}

/** Ports the system gives to sockets without a wish: Linux' range. */
const EPHEMERAL: readonly [number, number] = [32_768, 61_000];

/** Wake-ups in a second above which a machine is taken to be spinning; a busy one has fifty. */
const WAKES_MAX = 1_000;

/** One machine with its clocks, its disk and its sockets, in one life after the other. */
export class VirtualHost implements Host {
  readonly name: string;
  readonly id: NodeId;
  readonly clock: VirtualClock;
  readonly disk: VirtualDisk;
  readonly site: Site;
  /** Machines of one name here hear each other's multicasts; none: it is alone on its line. */
  lan: string | undefined;
  disguise: Disguise | undefined;
  /** While true every input is kept, so that snapshots can be taken. */
  records = false;
  readonly #boot: Boot;
  readonly #world: Surroundings;
  readonly #random: SeededRandom;
  readonly #timer: VirtualTimer;
  #machine: Subject | undefined;
  #birth: Birth | undefined;
  #steps: Step[] = [];
  readonly #sockets = new Map<SocketId, number>();
  #life = 0;
  #asleep = false;
  #wasResumed = false;
  #stalledUntil: Instant = instant(0);
  #wakes: { since: Instant; count: number } = { since: instant(0), count: 0 };

  constructor(
    parts: { name: string; id: NodeId; boot: Boot; site: Site; clock: VirtualClock },
    disk: VirtualDisk,
    random: SeededRandom,
    world: Surroundings,
  ) {
    this.name = parts.name;
    this.id = parts.id;
    this.#boot = parts.boot;
    this.site = parts.site;
    this.clock = parts.clock;
    this.disk = disk;
    this.#random = random;
    this.#world = world;
    const wake = (): void => this.input({ type: 'wake' });
    this.#timer = new VirtualTimer(world.timeline, random, parts.clock, wake);
    this.site.plug((port, from, bytes) => this.#receive(port, from, bytes));
  }

  /** The running machine; undefined while it is off or asleep. */
  get machine(): Subject | undefined {
    return this.#asleep ? undefined : this.#machine;
  }

  /** Switched off; a sleeping one is not. */
  get isOff(): boolean {
    return this.#machine === undefined;
  }

  /** Was once put back to a snapshot, and so may do again what it did before. */
  get wasResumed(): boolean {
    return this.#wasResumed;
  }

  /** Counts lives: what was believed in an earlier one may be forgotten. */
  get life(): number {
    return this.#life;
  }

  /** Extra sockets open now. */
  get freshSockets(): number {
    return this.#sockets.size - (this.#sockets.has(0) ? 1 : 0);
  }

  /** Whether one of its sockets has this port. */
  isOpen(port: number): boolean {
    return [...this.#sockets.values()].includes(port);
  }

  /** What `members --json` would show now; undefined while it is off. */
  view(): MembersDocument | undefined {
    return this.machine?.members(this.clock.monotonic(this.#world.timeline.now));
  }

  /** Switches the machine on with what its disk holds. */
  start(): void {
    const cluster = this.disk.read('cluster');
    const book = this.disk.read('book');
    this.#birth = { cluster, book, seed: this.#random.bytes(32) };
    this.#fate('starts');
    this.#steps = [];
    this.#machine = this.#boot(this.#birth);
    this.#bind(0, MAIN_PORT);
    this.input({ type: 'start' });
  }

  /** Power off, without a word to anybody. */
  crash(): void {
    this.#fate('loses power');
    this.#stop();
    this.disk.cutPower();
  }

  /**
   * The process is not scheduled for a while; what comes meanwhile waits in the socket's buffer.
   */
  stall(length: Duration): void {
    this.#fate(`stalls for ${String(Math.round(length))} ms`);
    const until = instant(this.#world.timeline.now + length);
    if (until > this.#stalledUntil) this.#stalledUntil = until;
  }

  /** Sleeps like a laptop whose lid is closed; what comes meanwhile is lost. */
  suspend(length: Duration): void {
    if (this.machine === undefined) return;
    this.#fate(`is suspended for ${String(Math.round(length))} ms`);
    this.clock.suspend(this.#world.timeline.now);
    this.#timer.pause();
    this.#asleep = true;
    this.#later(length, () => this.rouse());
  }

  /** Ends a sleep early. */
  rouse(): void {
    if (!this.#asleep) return;
    this.#fate('wakes up');
    this.clock.resume(this.#world.timeline.now);
    this.#asleep = false;
    if (this.#timer.at !== undefined) this.#timer.set(this.#timer.at);
  }

  /** The wall clock is set. */
  setWall(by: Duration): void {
    this.#fate(`sets its wall clock by ${String(Math.round(by))} ms`);
    this.clock.setWall(by);
  }

  /** Everything about the machine as it is now, as a hypervisor would keep it. */
  snapshot(): Snapshot | undefined {
    if (this.#birth === undefined || this.#machine === undefined) return undefined;
    return {
      birth: this.#birth,
      steps: [...this.#steps],
      files: this.disk.contents(),
      sockets: new Map(this.#sockets),
      monotonic: this.clock.monotonic(this.#world.timeline.now),
      wakeAt: this.#timer.at,
    };
  }

  /** Takes the machine back to a snapshot: the same inputs make the same machine. */
  resume(snapshot: Snapshot): void {
    this.#fate('is resumed from a snapshot');
    this.#stop();
    this.#wasResumed = true;
    this.disk.restore(snapshot.files);
    this.clock.resume(this.#world.timeline.now, snapshot.monotonic);
    const machine = this.#boot(snapshot.birth);
    for (const { moment, input } of snapshot.steps) machine.step(moment, input);
    this.#birth = snapshot.birth;
    this.#steps = [...snapshot.steps];
    this.#machine = machine;
    for (const [socket, port] of snapshot.sockets) this.#bind(socket, port);
    if (snapshot.wakeAt !== undefined) this.#timer.set(snapshot.wakeAt);
  }

  /** Loses power, and its disk is put back to what it was once: a backup was played in. */
  restore(files: ReadonlyMap<DocumentName, string>): void {
    if (!this.isOff) this.crash();
    this.#fate('gets an old copy of its disk');
    this.disk.restore(files);
    this.#wasResumed = true;
  }

  /** Gives the machine an input, now or when it is scheduled again. */
  input(input: Input): void {
    const { timeline } = this.#world;
    if (this.#asleep) {
      // What the kernel holds back comes late; what the network brought meanwhile is gone.
      if (input.type !== 'datagram') this.#later(millis(100), () => this.input(input));
    } else if (this.#stalledUntil > timeline.now) {
      const arrived = timeline.now;
      const life = this.#life;
      const ready = (): void => {
        if (life !== this.#life) return;
        // It may have been put to sleep in the middle of the stall: its clock stands still.
        if (this.#asleep) this.#later(millis(100), ready);
        else this.#step(input, elapsed(arrived, timeline.now));
      };
      timeline.at(this.#stalledUntil, ready);
    } else {
      this.#step(input, millis(0));
    }
  }

  carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send':
        return this.#send(effect.socket, effect.to, effect.bytes);
      case 'wake':
        return this.#timer.set(effect.at);
      case 'beacon':
        return this.#world.cast(this, effect.bytes);
      case 'open-socket':
        return this.#open(effect.socket);
      case 'close-socket':
        this.#sockets.delete(effect.socket);
        return;
      case 'save':
        return this.disk.save(this, effect.document, effect.ticket, effect.urgent);
      case 'admit-link':
        return this.#world.links.admit(effect.link);
      case 'link-send':
        return this.#world.links.send(effect.link, effect.bytes);
      case 'close-link':
        return this.#world.links.close(effect.link);
      case 'event':
      case 'answer':
      case 'view-changed':
        return;
      default:
        unreachable(effect);
    }
  }

  // What the disk asks and tells.

  document(name: DocumentName): unknown {
    const machine = this.#machine;
    if (!this.#world.lean) return machine?.document(name);
    return name === 'book' ? machine?.storedBook?.() : machine?.storedCluster?.();
  }

  saved(ticket: number): void {
    this.input({ type: 'saved', ticket });
  }

  saveFailed(ticket: number, reason: string): void {
    this.input({ type: 'save-failed', ticket, reason });
  }

  #step(input: Input, late: Duration): void {
    const machine = this.#machine;
    if (machine === undefined) return;
    const { timeline, trace } = this.#world;
    const now = this.clock.monotonic(timeline.now);
    const wall = this.clock.wall(timeline.now);
    const moment: Moment = { now, wall, late, entropy: this.#random.bytes(32) };
    trace.note(timeline.now, this.name, 'input', input);
    if (this.records) this.#steps.push({ moment, input });
    const effects = this.#stepOrFail(machine, moment, input);
    for (const effect of effects) {
      trace.note(timeline.now, this.name, 'effect', effect);
      this.carryOut(effect);
    }
    this.#watchForSpinning(input);
    this.#world.witness(this, input, effects);
  }

  /** Nothing a peer or a disk does may make a machine throw: that is outcome `crash`. */
  #stepOrFail(machine: Machine, moment: Moment, input: Input): readonly Effect[] {
    try {
      return machine.step(moment, input);
    } catch (cause) {
      const words = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      throw new Failure('crash', `${this.name} threw on ${input.type}: ${words}`, { cause });
    }
  }

  /** A timer that sets itself to now would stop virtual time, and melt a real machine. */
  #watchForSpinning({ type }: Input): void {
    if (type !== 'wake') return;
    const { now } = this.#world.timeline;
    if (now - this.#wakes.since > 1_000) this.#wakes = { since: now, count: 0 };
    this.#wakes.count += 1;
    if (this.#wakes.count > WAKES_MAX) throw new Failure('crash', `${this.name} spins in place`);
  }

  /** A datagram for a port that no socket has is dropped; no ICMP reaches an unconnected socket. */
  #receive(port: number, from: Address, bytes: Bytes): void {
    for (const [socket, bound] of this.#sockets) {
      if (bound !== port) continue;
      const shown = this.disguise?.shown(from) ?? from;
      this.input({ type: 'datagram', socket, from: shown, bytes });
      return;
    }
  }

  /** What fails is told a moment later, as a system call's error comes through the event loop. */
  #send(socket: SocketId, shown: Address, bytes: Bytes): void {
    const port = this.#sockets.get(socket);
    const to = this.disguise?.real(shown) ?? shown;
    if (port !== undefined && this.site.send(port, to, bytes)) return;
    const reason = port === undefined ? 'closed' : 'unreachable';
    this.#later(millis(0.05), () => this.input({ type: 'send-failed', socket, to: shown, reason }));
  }

  /** A port of the system's choice, never one that another socket of this machine has. */
  #open(socket: FreshSocket): void {
    const [least, most] = EPHEMERAL;
    let port = least + this.#random.below(most - least);
    while ([...this.#sockets.values()].includes(port)) port += 1;
    this.#later(millis(0.1), () => {
      this.#bind(socket, port);
      this.input({ type: 'socket-opened', socket });
    });
  }

  #bind(socket: SocketId, port: number): void {
    this.#sockets.set(socket, port);
    this.#world.onPort(this.site.site, port);
  }

  /** The end of a life: nothing that was under way to it arrives any more. */
  #stop(): void {
    if (this.#asleep) this.clock.resume(this.#world.timeline.now);
    this.#asleep = false;
    this.#machine = undefined;
    this.#sockets.clear();
    this.#life += 1;
    this.#timer.clear();
    this.#stalledUntil = instant(0);
  }

  /** Something of this life: it does not happen when the machine was switched off meanwhile. */
  #later(delay: Duration, run: () => void): void {
    const life = this.#life;
    this.#world.timeline.in(delay, () => {
      if (life === this.#life) run();
    });
  }

  #fate(words: string): void {
    this.#world.trace.note(this.#world.timeline.now, this.name, 'fate', words);
  }
}
