/** A v1 machine with a hand on its clocks, and the peers around it played by the test. */

import { parseAddress, type Address } from '../../../src/base/address.ts';
import { instant, seconds, wallTime } from '../../../src/base/time.ts';
import { codeAt, stepOf } from '../../../src/crypto/totp.ts';
import type { Login, V1Command, V1Reply } from '../../../src/v1/commands.ts';
import type { V1Settings } from '../../../src/v1/config.ts';
import type { StoredV1 } from '../../../src/v1/document.ts';
import type { V1Event } from '../../../src/v1/events.ts';
import type { Endpoint, V1Effect, V1Input } from '../../../src/v1/io.ts';
import { V1Machine } from '../../../src/v1/machine.ts';
import type { V1PeerView } from '../../../src/v1/view.ts';

export type CallEffect = Extract<V1Effect, { readonly type: 'call' }>;

export const LOGIN: Login = { username: 'user', password: '123456' };

/** The secret that peers played by tests hand out. */
export const SECRET = 'UDDGFC63';

export function at(text: string): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

export function endpoint(text: string, https = false): Endpoint {
  return { at: at(text), path: '/godddns', https };
}

/** What one answer said. */
export interface Said {
  readonly status: number;
  readonly body: string;
}

export class Scene {
  machine: V1Machine;
  /** Milliseconds of both clocks; the wall clock is in the middle of a step at the start. */
  now = 0;
  wallOffset = 1_767_225_615_000;
  readonly effects: V1Effect[] = [];
  readonly settings: V1Settings;
  readonly #answers = new Map<number, Said>();
  readonly #replies = new Map<number, V1Reply>();
  #wakeAt: number | undefined;
  #next = 0;
  #entropy = 0;

  constructor(settings: Partial<V1Settings> = {}, stored?: StoredV1) {
    this.settings = { interval: seconds(10), beat: true, ...settings };
    this.machine = new V1Machine({ name: 'attic', stored, settings: this.settings, seed: 1 });
    this.step({ type: 'start' });
  }

  /** The machine made anew from its document, as JSON keeps it. */
  restart(): void {
    const json: unknown = JSON.parse(JSON.stringify(this.machine.document()));
    const stored = V1Machine.readDocument(json);
    if (stored === undefined) throw new Error('the document cannot be read back');
    this.machine = new V1Machine({ name: 'attic', stored, settings: this.settings, seed: 2 });
    this.#wakeAt = undefined;
    this.step({ type: 'start' });
  }

  get wall(): number {
    return this.wallOffset + this.now;
  }

  get currentStep(): number {
    return stepOf(wallTime(this.wall));
  }

  step(input: V1Input): readonly V1Effect[] {
    this.#entropy += 1;
    const entropy = new Uint8Array(32);
    new DataView(entropy.buffer).setUint32(0, this.#entropy);
    const moment = { now: instant(this.now), wall: wallTime(this.wall), entropy };
    const effects = this.machine.step(moment, input);
    for (const effect of effects) {
      if (effect.type === 'wake') this.#wakeAt = effect.at;
      if (effect.type === 'reply') this.#answers.set(effect.request, effect);
      if (effect.type === 'answer') this.#replies.set(effect.id, effect.reply);
    }
    this.effects.push(...effects);
    return effects;
  }

  /** Lets time pass, waking the machine when it asked for it. */
  pass(ms: number): void {
    const until = this.now + ms;
    while (this.#wakeAt !== undefined && this.#wakeAt <= until) {
      this.now = Math.max(this.now, this.#wakeAt);
      this.#wakeAt = undefined;
      this.step({ type: 'wake' });
    }
    this.now = until;
  }

  /** A request, and the number under which its answer comes. */
  request(operation: string | undefined, body: unknown, from: string): number {
    this.#next += 1;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request = this.#next;
    this.step({ type: 'request', request, from: at(from), operation, body: text });
    return request;
  }

  answerTo(request: number): Said | undefined {
    return this.#answers.get(request);
  }

  /** A request and its answer, which comes at once. */
  ask(operation: string | undefined, body: unknown, from: string): Said {
    const said = this.answerTo(this.request(operation, body, from));
    if (said === undefined) throw new Error('not answered yet');
    return said;
  }

  /** Somebody registers as `name`; its answer. `login`: what the host makes of its credentials. */
  connect(name: string, from: string, login: string | null = 'user'): Said {
    const body = { NodeUUID: name, Username: login ?? 'nobody', Password: 'p' };
    const request = this.request('c', body, from);
    const early = this.answerTo(request);
    if (early !== undefined) return early;
    this.step({ type: 'login-checked', request, login: login ?? undefined });
    const said = this.answerTo(request);
    if (said === undefined) throw new Error('not answered yet');
    return said;
  }

  /** The secret that somebody gets who registers. */
  register(name: string, from: string, login = 'user'): string {
    const { status, body } = this.connect(name, from, login);
    if (status !== 200) throw new Error(`not registered: ${body}`);
    return (JSON.parse(body) as { TOTPSecret: string }).TOTPSecret;
  }

  /** A heartbeat with the code of a step beside the present one. */
  heartbeat(name: string, secret: string, from: string, beside = 0): Said {
    const code = codeAt(secret, this.currentStep + beside);
    return this.ask('h', { IPADDR: '<nil>', NodeUUID: name, TOTP: code }, from);
  }

  command(command: V1Command): V1Reply | undefined {
    this.#next += 1;
    const id = this.#next;
    this.step({ type: 'command', id, command });
    return this.#replies.get(id);
  }

  /** A command that waits for calls; ask for its reply later. */
  wish(command: V1Command): () => V1Reply | undefined {
    this.#next += 1;
    const id = this.#next;
    this.step({ type: 'command', id, command });
    return () => this.#replies.get(id);
  }

  /** Takes out all calls that were asked for since the last look. */
  calls(): CallEffect[] {
    const calls = this.effects.filter((effect): effect is CallEffect => effect.type === 'call');
    const rest = this.effects.filter((effect) => effect.type !== 'call');
    this.effects.splice(0, this.effects.length, ...rest);
    return calls;
  }

  /** The one call that was asked for since the last look. */
  call(): CallEffect {
    const calls = this.calls();
    const [call] = calls;
    if (call === undefined || calls.length > 1) throw new Error(`${String(calls.length)} calls`);
    return call;
  }

  respond(call: CallEffect, status: number, body: string, pin?: string): void {
    const input = { type: 'response', call: call.call, status, body, date: undefined } as const;
    this.step({ ...input, pin });
  }

  fail(call: CallEffect, reason: 'time-out' | 'certificate' | 'refused' = 'time-out'): void {
    this.step({ type: 'call-failed', call: call.call, reason });
  }

  /** A peer is typed in, registered with and heard: `pi` at 192.0.2.9:8290. */
  friend(name = 'pi', place = '192.0.2.9:8290', reflected = '198.51.100.1:5'): void {
    const peer = { name, endpoint: endpoint(place), login: LOGIN, insecure: true };
    this.command({ type: 'add-peer', peer });
    const body = `{"TOTPSecret":"${SECRET}","ReflectionIP":"${reflected}"}`;
    this.respond(this.call(), 200, body);
    this.respond(this.call(), 200, reflected);
  }

  /** The same as `friend` for a machine whose cycle does not run. */
  friendQuietly(): void {
    const peer = { name: 'pi', endpoint: endpoint('192.0.2.9:8290'), login: LOGIN, insecure: true };
    this.command({ type: 'add-peer', peer });
    this.wish({ type: 'register', name: 'pi', login: undefined });
    this.respond(this.call(), 200, `{"TOTPSecret":"${SECRET}","ReflectionIP":""}`);
    this.respond(this.call(), 200, '198.51.100.1:5');
  }

  peer(name = 'pi'): V1PeerView {
    const view = this.machine.find(name, instant(this.now));
    if (view === undefined) throw new Error(`no peer ${name}`);
    return view;
  }

  events(type: V1Event['type']): V1Event[] {
    const events: V1Event[] = [];
    for (const effect of this.effects) {
      if (effect.type === 'event' && effect.event.type === type) events.push(effect.event);
    }
    return events;
  }

  /** How often an effect of this type was asked for. */
  count(type: V1Effect['type']): number {
    return this.effects.filter((effect) => effect.type === type).length;
  }
}
