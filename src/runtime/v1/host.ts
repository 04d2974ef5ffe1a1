/**
 * Drives one v1 machine in the real world: clocks, chance and the alarm; requests that come in, by
 * an own server or handed over by one that embeds the node; requests that go out; logins.
 */

import { randomFillSync } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { unreachable } from '../../base/assert.ts';
import type { Instant, WallTime } from '../../base/time.ts';
import type { V1Command, V1Reply } from '../../v1/commands.ts';
import { DEFAULT_PATH } from '../../v1/config.ts';
import type { V1Event } from '../../v1/events.ts';
import type { ClusterFacts, V1Effect, V1Input, V1Moment } from '../../v1/io.ts';
import { Alarm, systemClock, type Clock } from '../clock.ts';
import { aborted } from '../dial.ts';
import { stopped } from '../life.ts';
import { V1Client } from './client.ts';
import { Inbound, type Answered, type Asked, type InboundParticulars } from './inbound.ts';
import type { Authenticate } from './options.ts';
import { V1Server, type ListenAt } from './server.ts';

/** Octets of fresh entropy that come with each input. */
const ENTROPY_SIZE = 32;

/** The machine, as it is driven. */
export interface V1Stepped {
  step(moment: V1Moment, input: V1Input): readonly V1Effect[];
}

/** What a host needs. */
export interface V1HostOptions {
  readonly machine: V1Stepped;
  readonly authenticate: Authenticate;
  /** `document()` changed. */
  readonly onSave?: () => void;
  /** Puts `document()` on disk, or finds that this can't be done now; it never rejects. */
  readonly write?: () => Promise<void>;
  readonly onEvent?: (event: V1Event) => void;
  readonly onViewChanged?: () => void;
  /** A rule of our own code broke; the machine is not stepped again. */
  readonly onBroken: (error: Error) => void;
  /** The endpoint's path; default: the original's. */
  readonly path?: string;
  /** IP addresses of proxies whose `Forwarded` or `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  readonly clock?: Clock;
}

interface Waiting {
  readonly settle: (reply: V1Reply) => void;
  readonly fail: (error: Error) => void;
}

/** A v1 machine that runs. */
export class V1Host {
  readonly #options: V1HostOptions;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #client = new V1Client();
  readonly #inbound: Inbound;
  readonly #inputs: V1Input[] = [];
  readonly #commands = new Map<number, Waiting>();
  /** Requests that the machine has not answered yet. It bounds how many of them wait. */
  readonly #requests = new Map<number, (answer: Answered | undefined) => void>();
  #server: V1Server | undefined;
  #nextId = 1;
  #busy = false;
  #stopped = false;

  constructor(options: V1HostOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#alarm = new Alarm(this.#clock, () => {
      this.#take({ type: 'wake' });
    });
    this.#inbound = new Inbound({
      ask: (asked) => this.#ask(asked),
      path: options.path ?? DEFAULT_PATH,
      trustedProxies: new Set(options.trustedProxies),
    });
  }

  /** The time by the clock that the machine is given, for its views. */
  get now(): Instant {
    return this.#clock.now();
  }

  /** The wall clock that the machine is given. */
  get wall(): WallTime {
    return this.#clock.wall();
  }

  /** Begins. */
  start(): void {
    this.#take({ type: 'start' });
  }

  /** Asks the machine; rejects with `UserError` closed or aborted. */
  command(command: V1Command, wait?: { signal?: AbortSignal }): Promise<V1Reply> {
    return new Promise((settle, fail) => {
      const signal = wait?.signal;
      if (signal?.aborted === true) return fail(aborted(signal));
      if (this.#stopped) return fail(stopped());
      const id = this.#newId();
      const forget = (): void => {
        this.#commands.delete(id);
        signal?.removeEventListener('abort', giveUp);
      };
      const giveUp = (): void => {
        forget();
        if (signal !== undefined) fail(aborted(signal));
      };
      signal?.addEventListener('abort', giveUp);
      this.#commands.set(id, {
        settle: (reply) => {
          forget();
          settle(reply);
        },
        fail: (error) => {
          forget();
          fail(error);
        },
      });
      this.#take({ type: 'command', id, command });
    });
  }

  /** Tells what the v2 cluster knows. */
  cluster(cluster: ClusterFacts): void {
    this.#take({ type: 'cluster', cluster });
  }

  /**
   * Serves on a port of its own; at most one. Throws what is wrong with the certificate, and
   * `UserError` v1-port-taken, v1-port-forbidden or v1-unavailable.
   */
  async listen(where: ListenAt): Promise<{ readonly port: number }> {
    const server = new V1Server(this.#inbound, where.tls);
    const port = await server.listen(where);
    this.#server = server;
    return { port };
  }

  /** Answers a request of a server that embeds the node. */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    particulars: InboundParticulars = {},
  ): void {
    this.#inbound.handle(request, response, particulars);
  }

  /** The same as a function; `from` is the TCP peer's `IP` or `IP:PORT`. */
  fetch(
    request: Request,
    particulars: InboundParticulars & { readonly from: string },
  ): Promise<Response> {
    return this.#inbound.fetch(request, particulars);
  }

  /** Ends it: nothing steps any more, calls and requests under way end without an answer. */
  async close(): Promise<void> {
    this.#stop();
    await this.#server?.close();
  }

  #take(input: V1Input): void {
    if (this.#stopped) return;
    this.#inputs.push(input);
    // No step ever runs inside another.
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        this.#step(next);
      }
    } catch (error) {
      // Whatever it was, the machine's state can't be trusted: it is neither used nor stored again.
      this.#stop();
      this.#options.onBroken(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#busy = false;
    }
  }

  #step(input: V1Input): void {
    if (input.type === 'wake') this.#alarm.clear();
    const entropy = randomFillSync(new Uint8Array(ENTROPY_SIZE));
    const moment: V1Moment = { now: this.#clock.now(), wall: this.#clock.wall(), entropy };
    for (const effect of this.#options.machine.step(moment, input)) {
      if (this.#stopped) return;
      if ('durable' in effect && effect.durable) this.#carryOutOnceWritten(effect);
      else this.#carryOut(effect);
    }
  }

  #carryOutOnceWritten(effect: V1Effect): void {
    const { write } = this.#options;
    if (write === undefined) return this.#carryOut(effect);
    void write().then(() => {
      if (!this.#stopped) this.#carryOut(effect);
    });
  }

  #carryOut(effect: V1Effect): void {
    switch (effect.type) {
      case 'reply':
        this.#requests.get(effect.request)?.({ status: effect.status, body: effect.body });
        return;
      case 'check-login':
        this.#judge(effect);
        return;
      case 'call':
        void this.#client.call(effect).then((outcome) => {
          this.#take({ ...outcome, call: effect.call });
        });
        return;
      case 'wake':
        this.#alarm.set(effect.at);
        return;
      case 'save':
        this.#options.onSave?.();
        return;
      case 'event':
        this.#options.onEvent?.(effect.event);
        return;
      case 'answer':
        this.#commands.get(effect.id)?.settle(effect.reply);
        return;
      case 'view-changed':
        this.#options.onViewChanged?.();
        return;
      default:
        unreachable(effect);
    }
  }

  #judge(effect: Extract<V1Effect, { type: 'check-login' }>): void {
    const { request, username, password } = effect;
    // Also one that throws instead of rejecting.
    const judged = Promise.resolve().then(() => this.#options.authenticate(username, password));
    void judged
      .catch(() => undefined)
      .then((login) => {
        this.#take({ type: 'login-checked', request, login });
      });
  }

  #ask({ from, operation, body }: Asked): Promise<Answered | undefined> {
    if (this.#stopped) return Promise.resolve(undefined);
    return new Promise((settle) => {
      const request = this.#newId();
      this.#requests.set(request, (answer) => {
        this.#requests.delete(request);
        settle(answer);
      });
      this.#take({ type: 'request', request, from, operation, body });
    });
  }

  #newId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#inputs.length = 0;
    this.#alarm.clear();
    this.#client.close();
    for (const { fail } of [...this.#commands.values()]) fail(stopped());
    for (const answer of [...this.#requests.values()]) answer(undefined);
  }
}
