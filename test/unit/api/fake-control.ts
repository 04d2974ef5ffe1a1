/** A node for tests of what stands in front of one: it answers as told and keeps what was asked. */

import { UserError } from '../../../src/base/errors.ts';
import type { NodeId } from '../../../src/base/id.ts';
import type { TagChange } from '../../../src/core/commands.ts';
import type { MembersDocument, MemberView, StatusDocument } from '../../../src/core/view.ts';
import type {
  Control,
  ControlEvent,
  ControlStatus,
  PingOutcome,
  Resolution,
  V1Control,
} from '../../../src/services/api/control.ts';
import type { V1CallResult, V1Imported, V1Typed } from '../../../src/v1/status.ts';

/** An ID that begins with the name, for readable tests. */
export function idOf(name: string): NodeId {
  return name.padEnd(52, '7') as NodeId;
}

/** A member as `members --json` shows it: alive and proven, unless said otherwise. */
export function member(name: string, differences: Partial<MemberView> = {}): MemberView {
  return {
    id: idOf(name),
    name,
    state: 'alive',
    protocol: 2,
    address: '192.0.2.7:4117',
    proof: 'direct',
    provenMs: 400,
    path: 'udp',
    rttMs: 12,
    lastHeardMs: 400,
    addressSinceMs: 60_000,
    moves: 0,
    tags: {},
    ...differences,
  };
}

/** A status of a node that is well, unless said otherwise. */
export function status(differences: Partial<StatusDocument> = {}): StatusDocument {
  return {
    schema: 1,
    self: {
      id: idOf('attic'),
      name: 'attic',
      cluster: 'home',
      clusterId: 'a'.repeat(26),
      state: 'afloat',
      addresses: [],
      nat: 'unknown',
    },
    members: { total: 3, alive: 3, lost: 0 },
    advice: [],
    invites: [],
    counters: {},
    beatMs: 600,
    ...differences,
  };
}

/** Items handed on to those who watch, until it is closed. */
class Feed<T> {
  readonly #waiting = new Set<(item: T | undefined) => void>();

  tell(item: T): void {
    for (const take of [...this.#waiting]) take(item);
  }

  close(): void {
    for (const take of [...this.#waiting]) take(undefined);
  }

  get watched(): boolean {
    return this.#waiting.size > 0;
  }

  async *watch(signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
    const items: (T | undefined)[] = [];
    let wake: () => void = () => undefined;
    const take = (item: T | undefined): void => {
      items.push(item);
      wake();
    };
    const end = (): void => {
      take(undefined);
    };
    this.#waiting.add(take);
    signal?.addEventListener('abort', end);
    for (;;) {
      if (items.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const item = items.shift();
      if (item === undefined) break;
      yield item;
    }
    this.#waiting.delete(take);
  }
}

/** The v1 side of a node that does nothing. */
export class FakeV1 implements V1Control {
  readonly #note: (words: readonly unknown[]) => Promise<void>;
  called: V1CallResult = { name: 'pi', address: '192.0.2.9:8290', why: null };
  names: readonly string[] = [];
  imported: V1Imported = { name: 'attic', peers: 2, skipped: [], intervalMs: 10_000 };

  constructor(note: (words: readonly unknown[]) => Promise<void>) {
    this.#note = note;
  }

  async add(typed: V1Typed): Promise<V1CallResult> {
    await this.#note(['v1 add', typed]);
    return this.called;
  }

  async remove(name: string): Promise<void> {
    await this.#note(['v1 remove', name]);
  }

  async trust(name: string): Promise<V1CallResult> {
    await this.#note(['v1 trust', name]);
    return this.called;
  }

  users(): Promise<readonly string[]> {
    return Promise.resolve(this.names);
  }

  async addUser(name: string, password: string): Promise<void> {
    await this.#note(['v1 user add', name, password]);
  }

  async removeUser(name: string): Promise<void> {
    await this.#note(['v1 user remove', name]);
  }

  async import(original: unknown): Promise<V1Imported> {
    await this.#note(['v1 import', original]);
    return this.imported;
  }

  async export(): Promise<unknown> {
    await this.#note(['v1 export']);
    return { NodeMap: [] };
  }
}

/** A node that does nothing. Set what it answers; read what it was asked. */
export class FakeControl implements Control {
  readonly asked: unknown[] = [];
  readonly feed = new Feed<ControlEvent | MembersDocument>();
  readonly v1: FakeV1 = new FakeV1((words) => this.#note(...words));
  nextStatus: ControlStatus = status();
  list: readonly MemberView[] = [member('attic', { state: 'self', tags: { room: 'roof' } })];
  resolution: Resolution | undefined;
  pings: PingOutcome[] = [];
  failure: Error | undefined;
  already = false;
  at: readonly string[] = ['192.0.2.1:4117'];
  lan = true;
  byV1 = false;

  status(): ControlStatus {
    this.#failIfToldTo();
    return this.nextStatus;
  }

  members(): MembersDocument {
    return { schema: 1, self: idOf('attic'), members: this.list };
  }

  resolve(name: string): Resolution | undefined {
    this.#failIfToldTo();
    this.asked.push(['resolve', name]);
    return this.resolution;
  }

  async invite(options: object): Promise<Awaited<ReturnType<Control['invite']>>> {
    await this.#note('invite', options);
    return { token: 'flt2-token', at: this.at, lan: this.lan, byV1: this.byV1 };
  }

  async join(token: string): Promise<{ cluster: string; already: boolean }> {
    await this.#note('join', token);
    return { cluster: 'home', already: this.already };
  }

  async ping(name: string): Promise<PingOutcome> {
    await this.#note('ping', name);
    const next = this.pings.shift();
    if (next === undefined) throw new UserError('name-unknown', 'Nobody.', '');
    return next;
  }

  async hint(name: string, address: string): Promise<void> {
    await this.#note('hint', name, address);
  }

  async tag(changes: readonly TagChange[]): Promise<void> {
    await this.#note('tag', ...changes.map(({ key, value }) => [key, value]));
  }

  async leave(): Promise<void> {
    await this.#note('leave');
  }

  events(): AsyncIterable<ControlEvent>;
  events(options: {
    signal?: AbortSignal;
    members: true;
  }): AsyncIterable<ControlEvent | MembersDocument>;
  events(options: { signal?: AbortSignal } = {}): AsyncIterable<ControlEvent | MembersDocument> {
    return this.feed.watch(options.signal);
  }

  #note(...words: readonly unknown[]): Promise<void> {
    this.#failIfToldTo();
    this.asked.push(words);
    return Promise.resolve();
  }

  #failIfToldTo(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}
