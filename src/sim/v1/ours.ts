/** One of our v1 machines in the virtual web: the second host, besides the real one in runtime. */

import { unreachable } from '../../base/assert.ts';
import { BoundedList } from '../../base/bounded.ts';
import type { SeededRandom } from '../../base/random.ts';
import { instant, millis, wallTime, type Duration } from '../../base/time.ts';
import type { V1Command, V1Reply } from '../../v1/commands.ts';
import { DEFAULT_PATH, type V1Settings } from '../../v1/config.ts';
import type { V1Event } from '../../v1/events.ts';
import type { ClusterFacts, V1Effect, V1Input } from '../../v1/io.ts';
import { V1Machine } from '../../v1/machine.ts';
import type { V1PeerView } from '../../v1/view.ts';
import { VirtualClock } from '../clock.ts';
import type { Timeline } from '../timeline.ts';
import { dateOf, type Answer, type Incoming, type Resident, type Web } from './web.ts';

/** Time that judging a password takes. */
const JUDGING: Duration = millis(50);

/** What a node of ours is made of. */
export interface OursParts {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  readonly pin: string | undefined;
  readonly settings: V1Settings;
  readonly clockOff: Duration;
  /** Usernames and their passwords. */
  readonly users: ReadonlyMap<string, string>;
}

/** A v1 machine, its clocks, and a disk that holds its document. */
export class Ours implements Resident {
  readonly name: string;
  readonly port: number;
  readonly pin: string | undefined;
  readonly path: string = DEFAULT_PATH;
  ip: string | undefined;
  /** The last events, oldest first. */
  readonly events: BoundedList<V1Event> = new BoundedList<V1Event>(1_000);
  readonly #parts: OursParts;
  readonly #timeline: Timeline;
  readonly #web: Web;
  readonly #random: SeededRandom;
  readonly #clock: VirtualClock;
  #machine: V1Machine;
  #disk: unknown;
  #life = 0;
  #wakes = 0;
  #next = 0;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  readonly #replies = new Map<number, (reply: V1Reply) => void>();

  constructor(parts: OursParts, timeline: Timeline, web: Web, random: SeededRandom) {
    this.name = parts.name;
    this.port = parts.port;
    this.pin = parts.pin;
    this.ip = parts.ip;
    this.#parts = parts;
    this.#timeline = timeline;
    this.#web = web;
    this.#random = random;
    const origin = instant(random.between(0, 1e9));
    this.#clock = new VirtualClock(timeline.now, { drift: 0, wallOffset: parts.clockOff, origin });
    this.#machine = this.#make();
    web.join(this);
    this.#step({ type: 'start' });
  }

  get machine(): V1Machine {
    return this.#machine;
  }

  /** What it shows of a peer now. */
  peer(name: string): V1PeerView | undefined {
    return this.#machine.find(name, this.#clock.monotonic(this.#timeline.now));
  }

  /** The IP address it would tell others of itself. */
  get own(): string | undefined {
    const { public: open, private: home } = this.#machine.own();
    return open?.ip ?? home?.ip;
  }

  serve(incoming: Incoming, answer: (answer: Answer) => void): void {
    const request = this.#number();
    this.#answers.set(request, answer);
    this.#step({ type: 'request', request, ...incoming });
  }

  command(command: V1Command, reply: (reply: V1Reply) => void = () => undefined): void {
    const id = this.#number();
    this.#replies.set(id, reply);
    this.#step({ type: 'command', id, command });
  }

  cluster(cluster: ClusterFacts): void {
    this.#step({ type: 'cluster', cluster });
  }

  /** Its wall clock is set. */
  setClock(by: Duration): void {
    this.#clock.setWall(by);
  }

  /** The process ends and begins again with what was on disk, as JSON keeps it. */
  restart(): void {
    this.#life += 1;
    this.#answers.clear();
    this.#machine = this.#make();
    this.#step({ type: 'start' });
  }

  #make(): V1Machine {
    const stored = this.#disk === undefined ? undefined : V1Machine.readDocument(this.#disk);
    const { name, settings } = this.#parts;
    return new V1Machine({ name, stored, settings, seed: this.#random.below(2 ** 32) });
  }

  #step(input: V1Input): void {
    const { now } = this.#timeline;
    const moment = {
      now: this.#clock.monotonic(now),
      wall: wallTime(this.#clock.wall(now)),
      entropy: this.#random.bytes(32),
    };
    for (const effect of this.#machine.step(moment, input)) this.#carryOut(effect);
  }

  #carryOut(effect: V1Effect): void {
    switch (effect.type) {
      case 'reply':
        this.#answers.get(effect.request)?.({
          status: effect.status,
          body: effect.body,
          date: dateOf(this.#clock.wall(this.#timeline.now)),
        });
        this.#answers.delete(effect.request);
        return;
      case 'check-login':
        return this.#judge(effect.request, effect.username, effect.password);
      case 'call':
        return this.#call(effect);
      case 'wake':
        return this.#wake(effect);
      case 'save':
        this.#disk = JSON.parse(JSON.stringify(this.#machine.document())) as unknown;
        return;
      case 'event':
        this.events.push(effect.event);
        return;
      case 'answer':
        this.#replies.get(effect.id)?.(effect.reply);
        this.#replies.delete(effect.id);
        return;
      case 'view-changed':
        return;
      default:
        return unreachable(effect);
    }
  }

  #judge(request: number, username: string, password: string): void {
    const login = this.#parts.users.get(username) === password ? username : undefined;
    this.#inThisLife(JUDGING, () => {
      this.#step({ type: 'login-checked', request, login });
    });
  }

  #call(effect: Extract<V1Effect, { readonly type: 'call' }>): void {
    const life = this.#life;
    this.#web.call(this, effect.to, effect.pin, effect, (outcome) => {
      if (life !== this.#life) return;
      const { call } = effect;
      if (outcome.type === 'failed') {
        this.#step({ type: 'call-failed', call, reason: outcome.reason });
      } else {
        const { status, body, date, pin } = outcome;
        this.#step({ type: 'response', call, status, body, date, pin });
      }
    });
  }

  #wake(effect: Extract<V1Effect, { readonly type: 'wake' }>): void {
    this.#wakes += 1;
    const wake = this.#wakes;
    this.#timeline.at(this.#clock.worldTime(effect.at), () => {
      if (wake === this.#wakes) this.#step({ type: 'wake' });
    });
  }

  #inThisLife(delay: Duration, run: () => void): void {
    const life = this.#life;
    this.#timeline.in(delay, () => {
      if (life === this.#life) run();
    });
  }

  #number(): number {
    this.#next += 1;
    return this.#next;
  }
}
