/**
 * A virtual web for nodes of v1: who holds which address, and what becomes of a call from one to
 * another. As little of HTTP as the protocol shows: a request, an answer, or none.
 */

import { address, type Address } from '../../base/address.ts';
import { assert } from '../../base/assert.ts';
import type { SeededRandom } from '../../base/random.ts';
import { millis, wallTime, type Duration, type WallTime } from '../../base/time.ts';
import type { CallFailure, Endpoint, Operation } from '../../v1/io.ts';
import type { Timeline } from '../timeline.ts';
import type { Trace } from '../trace.ts';

/** What an HTTP server says. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Of its `Date` header, to the second; undefined: it has none. */
  readonly date?: WallTime;
}

/** A clock as a `Date` header gives it: cut to the second (RFC 9110 §5.6.7). */
export function dateOf(wall: number): WallTime {
  return wallTime(Math.floor(wall / 1000) * 1000);
}

/** What comes of a call. */
export type Outcome =
  | (Answer & { readonly type: 'answer'; readonly pin: string | undefined })
  | { readonly type: 'failed'; readonly reason: CallFailure };

/** A request as a server sees it. */
export interface Incoming {
  readonly from: Address;
  readonly operation: string;
  readonly body: string;
}

/** Somebody at an address: one of ours, an original, a rogue. */
export interface Resident {
  readonly name: string;
  /** Where it is; undefined: off the net. */
  ip: string | undefined;
  readonly port: number;
  /** Key of its HTTPS server; undefined: it speaks plain HTTP. */
  readonly pin: string | undefined;
  /** Answers when it likes, or never. */
  serve(incoming: Incoming, answer: (answer: Answer) => void): void;
}

/** What a web does to what passes over it. */
export interface WebWeather {
  /** One way, at the least and at the most. */
  readonly latency: readonly [Duration, Duration];
  /** Part of the calls that never arrive. */
  readonly loss: number;
}

/** Two homes in one country. */
export const FAIR_WEB: WebWeather = { latency: [millis(5), millis(40)], loss: 0 };

/** Who is where, and calls between them. */
export class Web {
  weather: WebWeather = FAIR_WEB;
  /** Everything that was said, for those who listen on the wire: plain HTTP alone. */
  readonly overheard: (Incoming & { readonly to: Endpoint })[] = [];
  readonly #residents: Resident[] = [];
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #trace: Trace;
  #port = 32_768;

  constructor(timeline: Timeline, random: SeededRandom, trace: Trace) {
    this.#timeline = timeline;
    this.#random = random;
    this.#trace = trace;
  }

  join(resident: Resident): void {
    this.#residents.push(resident);
  }

  /** A resident gets this address; whoever held it is off the net until it moves itself. */
  move(resident: Resident, ip: string): void {
    const holder = this.#residents.find((one) => one.ip === ip && one !== resident);
    if (holder !== undefined) holder.ip = undefined;
    resident.ip = ip;
    this.#trace.note(this.#timeline.now, resident.name, 'fate', `moved to ${ip}`);
  }

  /** Two get each other's address. */
  swap(one: Resident, other: Resident): void {
    [one.ip, other.ip] = [other.ip, one.ip];
    this.#trace.note(this.#timeline.now, one.name, 'fate', `swapped with ${other.name}`);
  }

  /**
   * Carries a call and what comes back. Nobody at the address: silence until the time-out, as in a
   * home whose router drops what it does not know.
   */
  call(
    caller: Resident,
    to: Endpoint,
    pin: string | undefined,
    said: { readonly operation: Operation; readonly body: string; readonly timeout: Duration },
    end: (outcome: Outcome) => void,
  ): void {
    let open = true;
    const finish = (outcome: Outcome): void => {
      if (!open) return;
      open = false;
      end(outcome);
    };
    const { ip } = caller;
    this.#timeline.in(said.timeout, () => {
      finish({ type: 'failed', reason: 'time-out' });
    });
    if (ip === undefined || this.#random.chance(this.weather.loss)) return;
    const from = address(ip, this.#nextPort());
    assert(from !== undefined, 'a resident is at an address');
    this.#timeline.in(this.#latency(), () => {
      this.#arrive(caller, { from, operation: said.operation, body: said.body }, to, pin, finish);
    });
  }

  #arrive(
    caller: Resident,
    incoming: Incoming,
    to: Endpoint,
    pin: string | undefined,
    finish: (outcome: Outcome) => void,
  ): void {
    const server = this.#residents.find((one) => one.ip === to.at.ip && one.port === to.at.port);
    if (server === undefined) return;
    const back = (outcome: Outcome): void => {
      this.#timeline.in(this.#latency(), () => {
        // A connection ends with the address of either end.
        if (caller.ip === incoming.from.ip && server.ip === to.at.ip) finish(outcome);
      });
    };
    if (to.https !== (server.pin !== undefined)) {
      return back({ type: 'failed', reason: 'malformed' });
    }
    if (pin !== undefined && pin !== server.pin) {
      return back({ type: 'failed', reason: 'certificate' });
    }
    if (!to.https) this.#overhear({ ...incoming, to });
    this.#trace.note(this.#timeline.now, server.name, 'input', incoming);
    server.serve(incoming, (answer) => {
      this.#trace.note(this.#timeline.now, server.name, 'effect', answer);
      back({ type: 'answer', ...answer, pin: server.pin });
    });
  }

  #overhear(said: Incoming & { readonly to: Endpoint }): void {
    this.overheard.push(said);
    if (this.overheard.length > OVERHEARD_MAX) this.overheard.shift();
  }

  #latency(): Duration {
    return millis(this.#random.between(...this.weather.latency));
  }

  #nextPort(): number {
    this.#port = this.#port >= 61_000 ? 32_768 : this.#port + 1;
    return this.#port;
  }
}

/** A minute of ten busy nodes. */
const OVERHEARD_MAX = 4_096;
