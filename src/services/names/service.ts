/** Serving the names of a cluster: follows the members, answers over UDP and TCP. */

import { formatAddress, type Address } from '../../base/address.ts';
import { UserError } from '../../base/errors.ts';
import type { MembersDocument } from '../../core/view.ts';
import { Answers, noQueries, type Counters } from './answers.ts';
import { Follower, type NamesSource, type Reader } from './follow.ts';
import { expiresIn, LOST_MS } from './hosts.ts';
import { defaultZoneName } from './labels.ts';
import { Limit, networkKey } from './limit.ts';
import type { Carriage } from './packet.ts';
import type { Respond } from './respond.ts';
import { serveTcp } from './tcp.ts';
import { serveUdp, type Listener } from './udp.ts';
import { upstreamAt, type Upstream } from './upstream.ts';
import { keyText, recordText, Zone, type ZoneRecord } from './zone.ts';

/** How names are served. */
export interface NamesOptions {
  /** Where to listen, UDP and TCP; port 0 takes any free one. */
  readonly listen: readonly Address[];
  /** The zone's name, as `parseZoneName` gives it (default: `<cluster>.internal`). */
  readonly zone?: string;
  /** Milliseconds for which a lost member keeps its last address; 0: not at all. */
  readonly lostMs?: number;
  /** The resolver that is asked about all other names (default: none, they are refused). */
  readonly upstream?: Address;
  /** Whether unproven addresses of protocol 1 are given out. */
  readonly unproven?: boolean;
}

/** How the server is doing. */
export interface NamesStatus {
  readonly zone: string;
  /** `HOST:PORT` of each address listened on. */
  readonly listen: readonly string[];
  readonly upstream: string | null;
  readonly lostMs: number;
  /** Names with records, reverse ones included. */
  readonly names: number;
  /** Changes of the zone since the start. */
  readonly serial: number;
  readonly counters: Readonly<Counters>;
}

/** A running name server. */
export interface Names {
  status(): NamesStatus;
  /** All records, the zone's own first. */
  records(): readonly ZoneRecord[];
  close(): Promise<void>;
}

/** Serves the names of a cluster until it is closed. Rejects with `dns-…` when it cannot listen. */
export async function startNames(source: NamesSource, options: NamesOptions): Promise<Names> {
  const names = new NameServer(source, options);
  try {
    await names.listen(options.listen);
  } catch (error) {
    await names.close();
    throw error;
  }
  return names;
}

/** Longer timers of Node's ring at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

class NameServer implements Names, Reader {
  readonly #source: NamesSource;
  readonly #options: NamesOptions;
  readonly #counters = noQueries();
  readonly #limit = new Limit();
  readonly #upstream: Upstream | undefined;
  readonly #carriage: Record<'udp' | 'tcp', Carriage>;
  readonly #stop = new AbortController();
  readonly #listeners: Listener[] = [];
  readonly #listen: string[] = [];
  #cluster = '';
  #zone: Zone;
  #answers: Answers;
  readonly #follower: Follower;
  /** When the next address of a lost member runs out, by `performance.now()`. */
  #expiresAt = Infinity;
  #expiry: NodeJS.Timeout | undefined;
  #following: Promise<void> | undefined;

  constructor(source: NamesSource, options: NamesOptions) {
    this.#source = source;
    this.#options = options;
    this.#upstream = options.upstream === undefined ? undefined : upstreamAt(options.upstream);
    const recursion = this.#upstream !== undefined;
    this.#carriage = {
      udp: { transport: 'udp', recursion },
      tcp: { transport: 'tcp', recursion },
    };
    this.#zone = this.#newZone();
    this.#answers = new Answers(this.#zone, this.#counters);
    this.#follower = new Follower(source, this, this.#stop.signal);
  }

  async listen(addresses: readonly Address[]): Promise<void> {
    // Whoever asks before all are read would hear that some do not exist.
    await this.#follower.readAll();
    for (const at of addresses) {
      const respond = isBeyondLoopback(at) ? this.#respondWithin : this.#respond;
      try {
        const tcp = await serveTcp(at, respond);
        this.#listeners.push(tcp);
        // One port for both, if any free one will do.
        const udp = await serveUdp({ ...at, port: tcp.port }, respond);
        this.#listeners.push(udp);
        this.#listen.push(formatAddress({ ...at, port: tcp.port }));
      } catch (error) {
        throw cannotListen(at, error);
      }
    }
    this.#following = this.#follower.run();
  }

  status(): NamesStatus {
    return {
      zone: this.#zone.settings.name,
      listen: this.#listen,
      upstream: this.#upstream === undefined ? null : formatAddress(this.#upstream.address),
      lostMs: this.#zone.settings.lostMs,
      names: this.#zone.size,
      serial: this.#zone.serial,
      counters: { ...this.#counters },
    };
  }

  records(): readonly ZoneRecord[] {
    const records: ZoneRecord[] = [];
    for (const [key, { records: all }] of this.#zone.names()) {
      for (const data of all) records.push(recordText(keyText(key), data));
    }
    return records;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#expiry);
    this.#upstream?.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await this.#following;
  }

  readonly #respondWithin: Respond = (message, transport, asker) => {
    if (this.#limit.admits(asker, performance.now())) return this.#respond(message, transport);
    this.#counters.limited += 1;
    return undefined;
  };

  readonly #respond = (
    message: Buffer,
    transport: 'udp' | 'tcp',
  ): Buffer | undefined | Promise<Buffer | undefined> => {
    const carriage = this.#carriage[transport];
    const reply = this.#answers.reply(message, carriage);
    return reply === 'outside' ? this.#elsewhere(message, carriage) : reply;
  };

  /** Only who wishes for recursion is passed on (RFC 1034 §4.3.1). */
  #elsewhere(
    message: Buffer,
    carriage: Carriage,
  ): Buffer | undefined | Promise<Buffer | undefined> {
    const wishes = ((message[2] ?? 0) & 1) === 1;
    if (this.#upstream === undefined || !wishes) return this.#answers.refuse(message, carriage);
    this.#counters.forwarded += 1;
    return this.#upstream.ask(message, carriage.transport);
  }

  get held(): number {
    return this.#zone.held;
  }

  take(some: MembersDocument, gone: readonly string[]): void {
    if (this.#source.clusterName !== this.#cluster) {
      this.#zone = this.#newZone();
      this.#answers = new Answers(this.#zone, this.#counters);
    }
    this.#refresh(this.#zone.take(some, gone));
    for (const member of some.members) {
      const left = expiresIn(member, this.#zone.settings);
      if (left !== undefined) this.#expireIn(left);
    }
  }

  beside(ids: Iterable<string>): readonly string[] {
    return this.#zone.beside(ids);
  }

  retain(ids: ReadonlySet<string>): void {
    this.#refresh(this.#zone.retain(ids));
  }

  #refresh(touched: ReadonlySet<string>): void {
    if (touched.size > 0) this.#answers.refresh(touched);
  }

  /** Then all are looked at again, which tells when the next one runs out. */
  #expireIn(leftMs: number): void {
    // Ages are whole milliseconds: one more, and it is over when it is looked at.
    const wait = Math.min(leftMs + 1, TIMER_MAX_MS);
    const at = performance.now() + wait;
    if (at >= this.#expiresAt) return;
    this.#expiresAt = at;
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => {
      this.#expiresAt = Infinity;
      this.#follower.lookAgain();
    }, wait);
    this.#expiry.unref();
  }

  #newZone(): Zone {
    const { zone, lostMs = LOST_MS, unproven = false } = this.#options;
    this.#cluster = this.#source.clusterName;
    return new Zone({ name: zone ?? defaultZoneName(this.#cluster), lostMs, unproven });
  }
}

/** Whether other machines can ask there. */
export function isBeyondLoopback(at: Address): boolean {
  return networkKey(at.ip) !== undefined;
}

function cannotListen(at: Address, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const place = formatAddress(at);
  switch (code) {
    case 'EADDRINUSE':
      return new UserError(
        'dns-port-taken',
        `Another program has ${place}, where names were to be served.`,
        'Choose another with `--dns HOST:PORT`, or say `--dns off`.',
        { cause: error },
      );
    case 'EACCES':
      return new UserError(
        'dns-not-allowed',
        `This user may not listen on ${place}.`,
        'Choose a port above 1023 with `--dns HOST:PORT`.',
        { cause: error },
      );
    default:
      return new UserError('dns-cannot-listen', `Cannot listen on ${place}: ${message}.`, '', {
        cause: error,
      });
  }
}
