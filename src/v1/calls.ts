/** Calls under way, by number and by what they are for. */

import type { Instant } from '../base/time.ts';
import { QUESTIONS_MAX } from './config.ts';
import type { Login } from './contact.ts';
import type { CallId, Endpoint } from './io.ts';

/** What a call is for. */
export type Errand =
  /** Of the cycle. `again`: after a registration, so that a second 401 registers no more. */
  | { readonly type: 'heartbeat'; readonly again: boolean }
  /** The same once more beside it, over a new connection. */
  | { readonly type: 'repeat'; readonly again: boolean }
  | { readonly type: 'connect'; readonly login: Login }
  /** A heartbeat to another address of the peer; it moves there when answered. */
  | { readonly type: 'trial'; readonly because: Because }
  /** A question about a lost peer. */
  | { readonly type: 'question'; readonly about: string; readonly lost: boolean };

/** Why another address is tried. */
export type Because =
  | { readonly type: 'code'; readonly first: boolean }
  /** Another peer named it. */
  | { readonly type: 'told' }
  | { readonly type: 'typed' };

/** A call under way. */
export interface Call {
  readonly id: CallId;
  /** Who is called. */
  readonly name: string;
  readonly errand: Errand;
  readonly to: Endpoint;
  readonly sentAt: Instant;
}

type Lane = 'cycle' | 'repeat' | 'trial';

/** Calls under way: one of the cycle, its repeat, one trial a peer, and a few questions. */
export class Calls {
  #next: CallId = 1;
  readonly #calls = new Map<CallId, Call>();
  readonly #lanes: Readonly<Record<Lane, Map<string, CallId>>> = {
    cycle: new Map(),
    repeat: new Map(),
    trial: new Map(),
  };
  readonly #questions = new Map<string, number>();

  get size(): number {
    return this.#calls.size;
  }

  /** The one of the cycle under way to a peer, or else its repeat. */
  ofCycle(name: string): Call | undefined {
    const { cycle, repeat } = this.#lanes;
    return this.#calls.get(cycle.get(name) ?? repeat.get(name) ?? -1);
  }

  /** True when the one of the cycle was sent twice already. */
  repeated(name: string): boolean {
    return this.#lanes.repeat.has(name);
  }

  /** What came of one of the cycle holds for its twin as well, which is waited for no longer. */
  endCycle(name: string): void {
    for (const lane of [this.#lanes.cycle, this.#lanes.repeat]) {
      const id = lane.get(name);
      if (id !== undefined) this.end(id);
    }
  }

  trial(name: string): Call | undefined {
    return this.#calls.get(this.#lanes.trial.get(name) ?? -1);
  }

  /** True when a peer may be asked one more thing about others. */
  mayAsk(name: string): boolean {
    return (this.#questions.get(name) ?? 0) < QUESTIONS_MAX;
  }

  begin(name: string, errand: Errand, to: Endpoint, sentAt: Instant): Call {
    const call: Call = { id: this.#next, name, errand, to, sentAt };
    this.#next += 1;
    this.#calls.set(call.id, call);
    const lane = laneOf(errand);
    if (lane === undefined) this.#questions.set(name, (this.#questions.get(name) ?? 0) + 1);
    else this.#lanes[lane].set(name, call.id);
    return call;
  }

  /** Takes a call out that has ended; undefined: no such call. */
  end(id: CallId): Call | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    this.#calls.delete(id);
    const lane = laneOf(call.errand);
    if (lane === undefined) {
      const left = (this.#questions.get(call.name) ?? 1) - 1;
      if (left > 0) this.#questions.set(call.name, left);
      else this.#questions.delete(call.name);
    } else if (this.#lanes[lane].get(call.name) === id) this.#lanes[lane].delete(call.name);
    return call;
  }
}

function laneOf(errand: Errand): Lane | undefined {
  if (errand.type === 'question') return undefined;
  if (errand.type === 'trial' || errand.type === 'repeat') return errand.type;
  return 'cycle';
}
