/**
 * A node that behaves as one of the original does, its faults included: peers one after the other,
 * codes of its own step alone, addresses cut at the first colon, any registered name taken over.
 * Written from the protocol's description alone, and not on our codec.
 */

import { address } from '../../base/address.ts';
import { toBase32 } from '../../base/base32.ts';
import type { SeededRandom } from '../../base/random.ts';
import {
  instant,
  millis,
  seconds,
  wallTime,
  type Duration,
  type Instant,
} from '../../base/time.ts';
import { codeAt, stepOf } from '../../crypto/totp.ts';
import type { Endpoint, Operation } from '../../v1/io.ts';
import { VirtualClock } from '../clock.ts';
import type { Timeline } from '../timeline.ts';
import {
  dateOf,
  type Answer,
  type Incoming,
  type Outcome,
  type Resident,
  type Web,
} from './web.ts';

/** A peer as an original keeps it. */
interface Entry {
  readonly name: string;
  ip: string;
  readonly port: number;
  readonly login: { readonly username: string; readonly password: string };
  secret: string | undefined;
  reflected: string;
  retries: number;
  heardAt: Instant | undefined;
}

/** What an original is made of. */
export interface OriginalParts {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  readonly interval: Duration;
  readonly clockOff: Duration;
  readonly users: ReadonlyMap<string, string>;
  /** With verbose logging alone do heartbeat and sync take turns. */
  readonly verbose: boolean;
}

/** No limit of its own for a connect: longer than any simulation waits. */
const CONNECT_TIMEOUT = seconds(600);

/** A node of the original. */
export class SimulatedOriginal implements Resident {
  readonly name: string;
  readonly port: number;
  readonly pin = undefined;
  ip: string | undefined;
  /** Its own idea of its address. */
  own: string | undefined;
  /** What it was told when it asked about a name. */
  readonly told: Map<string, Answer> = new Map<string, Answer>();
  readonly #parts: OriginalParts;
  readonly #timeline: Timeline;
  readonly #web: Web;
  readonly #random: SeededRandom;
  readonly #clock: VirtualClock;
  readonly #entries: Entry[] = [];
  /** Secrets handed out, by name. */
  readonly #secrets = new Map<string, string>();

  constructor(parts: OriginalParts, timeline: Timeline, web: Web, random: SeededRandom) {
    this.name = parts.name;
    this.port = parts.port;
    this.ip = parts.ip;
    this.#parts = parts;
    this.#timeline = timeline;
    this.#web = web;
    this.#random = random;
    const faults = { drift: 0, wallOffset: parts.clockOff, origin: instant(0) };
    this.#clock = new VirtualClock(timeline.now, faults);
    web.join(this);
    timeline.in(millis(random.between(0, parts.interval)), () => {
      this.#cycle();
    });
  }

  /** Where it believes a peer to be. */
  where(name: string): string | undefined {
    return this.#entries.find((one) => one.name === name)?.ip;
  }

  /** True when a peer answered within two intervals. */
  hears(name: string): boolean {
    const entry = this.#entries.find((one) => one.name === name);
    return entry !== undefined && this.#recent(entry);
  }

  /** A peer is typed in, and registered with at once. */
  add(peer: { name: string; ip: string; port: number; username: string; password: string }): void {
    const { name, ip, port, username, password } = peer;
    const login = { username, password };
    const bare = { secret: undefined, reflected: '', retries: 0, heardAt: undefined };
    const entry: Entry = { name, ip, port, login, ...bare };
    this.#entries.push(entry);
    this.#connect(entry, () => undefined);
  }

  /** Asks a peer about any name, as the original's library lets one; the answer is kept. */
  ask(name: string, lost: string): void {
    const helper = this.#entries.find((one) => one.name === name);
    if (helper?.secret === undefined) return;
    const totp = this.#code(helper.secret);
    const body = `{"LostUUID":"${lost}","NodeUUID":"${this.name}","TOTP":"${totp}"}`;
    this.#post(helper, 's', body, seconds(5), (outcome) => {
      if (outcome.type === 'answer') this.told.set(lost, outcome);
    });
  }

  serve({ from, operation, body }: Incoming, answer: (answer: Answer) => void): void {
    const said = this.#answer(from.ip, `${from.ip}:${String(from.port)}`, operation, body);
    answer({ ...said, date: dateOf(this.#clock.wall(this.#timeline.now)) });
  }

  #answer(ip: string, reflection: string, operation: string, body: string): Answer {
    const said = JSON.parse(body) as Readonly<Record<string, string>>;
    const { NodeUUID: name = '', TOTP: code = '', LostUUID: lost = '' } = said;
    if (operation === 'c') return this.#register(said, name, reflection);
    const secret = this.#secrets.get(name);
    const entry = this.#entries.find((one) => one.name === name);
    if (operation === 's') {
      if (secret === undefined) return { status: 401, body: 'node UUID not registered' };
      if (code !== this.#code(secret)) return { status: 401, body: '400 - Invalid TOTP' };
      const known = this.#entries.find((one) => one.name === lost);
      if (known !== undefined) return { status: 200, body: known.ip };
      return { status: 500, body: '500 - Node not register on this host' };
    }
    if (secret === undefined) return { status: 401, body: 'node TOTP not registered' };
    if (code !== this.#code(secret)) return { status: 400, body: '400 - Invalid TOTP' };
    if (entry === undefined) return { status: 401, body: 'node UUID not registered' };
    entry.ip = ip;
    return { status: 200, body: reflection };
  }

  #register(said: Readonly<Record<string, string>>, name: string, reflection: string): Answer {
    const { Username: username = '', Password: password = '' } = said;
    if (this.#parts.users.get(username) !== password) {
      return { status: 401, body: 'Incorrect username or password' };
    }
    const secret = toBase32(this.#random.bytes(5)).toUpperCase();
    this.#secrets.set(name, secret);
    return { status: 200, body: `{"TOTPSecret":"${secret}","ReflectionIP":"${reflection}"}` };
  }

  /** Its peers, one after the other. */
  #cycle(): void {
    const began = this.#timeline.now;
    const next = (index: number): void => {
      const entry = this.#entries[index];
      if (entry !== undefined) {
        this.#visit(entry, () => {
          next(index + 1);
        });
        return;
      }
      this.#vote();
      const due = instant(began + this.#parts.interval);
      this.#timeline.at(due, () => {
        this.#cycle();
      });
    };
    next(0);
  }

  #visit(entry: Entry, done: () => void): void {
    if (entry.retries >= 3) this.#sync(entry, done);
    else this.#heartbeat(entry, done);
  }

  #heartbeat(entry: Entry, done: () => void): void {
    const totp = entry.secret === undefined ? '' : this.#code(entry.secret);
    const ip = this.own ?? '\\u003cnil\\u003e';
    const body = `{"IPADDR":"${ip}","NodeUUID":"${this.name}","TOTP":"${totp}"}`;
    this.#post(entry, 'h', body, seconds(5), (outcome) => {
      if (outcome.type === 'failed') {
        entry.reflected = '';
        entry.retries += 1;
        return done();
      }
      if (outcome.status === 401) return this.#connect(entry, done);
      if (outcome.status !== 200) {
        entry.reflected = '';
        return done();
      }
      entry.reflected = outcome.body.split(':')[0] ?? '';
      entry.retries = 0;
      entry.heardAt = this.#timeline.now;
      done();
    });
  }

  #connect(entry: Entry, done: () => void): void {
    const { username, password } = entry.login;
    const body = `{"NodeUUID":"${this.name}","Password":"${password}","Username":"${username}"}`;
    this.#post(entry, 'c', body, CONNECT_TIMEOUT, (outcome) => {
      if (outcome.type === 'answer' && outcome.status === 200) {
        const said = JSON.parse(outcome.body) as Readonly<Record<string, string>>;
        entry.secret = said['TOTPSecret'];
        entry.heardAt = this.#timeline.now;
      }
      done();
    });
  }

  #sync(lost: Entry, done: () => void): void {
    const able = this.#entries.filter((one) => one !== lost && this.#recent(one));
    const helper = this.#random.pick(able);
    if (helper?.secret === undefined) {
      lost.retries = 0;
      return done();
    }
    const totp = this.#code(helper.secret);
    const body = `{"LostUUID":"${lost.name}","NodeUUID":"${this.name}","TOTP":"${totp}"}`;
    this.#post(helper, 's', body, seconds(5), (outcome) => {
      if (outcome.type === 'answer' && outcome.status === 200) {
        if (outcome.body !== lost.ip) {
          lost.ip = outcome.body;
          lost.retries = 0;
        } else if (this.#parts.verbose) lost.retries = 2;
      }
      done();
    });
  }

  #vote(): void {
    const counts = new Map<string, number>();
    for (const { reflected } of this.#entries) {
      if (reflected !== '') counts.set(reflected, (counts.get(reflected) ?? 0) + 1);
    }
    const [winner] = [...counts].sort((a, b) => b[1] - a[1]);
    if (winner !== undefined) this.own = winner[0];
  }

  #recent(entry: Entry): boolean {
    const { heardAt } = entry;
    return heardAt !== undefined && this.#timeline.now - heardAt <= 2 * this.#parts.interval;
  }

  #code(secret: string): string {
    return codeAt(secret, stepOf(wallTime(this.#clock.wall(this.#timeline.now))));
  }

  #post(
    entry: Entry,
    operation: Operation,
    body: string,
    timeout: Duration,
    end: (outcome: Outcome) => void,
  ): void {
    const at = address(entry.ip, entry.port);
    if (at === undefined) return end({ type: 'failed', reason: 'other' });
    const to: Endpoint = { at, path: '/godddns', https: false };
    this.#web.call(this, to, undefined, { operation, body, timeout }, end);
  }
}
