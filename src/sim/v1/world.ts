/** A small world of v1 nodes: ours, originals and rogues, on one web and one timeline. */

import { address } from '../../base/address.ts';
import { assert } from '../../base/assert.ts';
import { SeededRandom } from '../../base/random.ts';
import { after, millis, seconds, type Duration, type Instant } from '../../base/time.ts';
import { DEFAULT_PATH } from '../../v1/config.ts';
import type { Endpoint } from '../../v1/io.ts';
import { Timeline } from '../timeline.ts';
import { Trace } from '../trace.ts';
import { SimulatedOriginal } from './original.ts';
import { Ours } from './ours.ts';
import { Rogue } from './rogue.ts';
import { Web, type Resident } from './web.ts';

/** The one user that every node of such a world knows. */
export const LOGIN = { username: 'user', password: '123456' } as const;

/** The port all of them serve on. */
export const PORT = 8290;

/** How a node differs from the usual. */
export interface NodeWishes {
  readonly interval?: Duration;
  /** By how much its wall clock is wrong. */
  readonly clockOff?: Duration;
  readonly https?: boolean;
  /** Further users, by name. */
  readonly users?: ReadonlyMap<string, string>;
}

/** A world of v1 nodes; the same seed gives the same trace. */
export class V1World {
  readonly timeline: Timeline = new Timeline();
  readonly trace: Trace = new Trace();
  readonly web: Web;
  readonly #random: SeededRandom;
  #places = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.web = new Web(this.timeline, this.#random.fork(), this.trace);
  }

  get now(): Instant {
    return this.timeline.now;
  }

  /** An address that nobody has had, each in a network of its own. */
  fresh(): string {
    this.#places += 1;
    return `198.18.${String(this.#places)}.1`;
  }

  ours(name: string, wishes: NodeWishes = {}): Ours {
    const settings = { interval: wishes.interval ?? seconds(1), beat: true };
    const parts = {
      name,
      ip: this.fresh(),
      port: PORT,
      pin: wishes.https === true ? `key of ${name}` : undefined,
      settings,
      clockOff: wishes.clockOff ?? millis(0),
      users: wishes.users ?? USERS,
    };
    return new Ours(parts, this.timeline, this.web, this.#random.fork());
  }

  original(
    name: string,
    wishes: NodeWishes & { readonly verbose?: boolean } = {},
  ): SimulatedOriginal {
    const parts = {
      name,
      ip: this.fresh(),
      port: PORT,
      interval: wishes.interval ?? seconds(1),
      clockOff: wishes.clockOff ?? millis(0),
      users: wishes.users ?? USERS,
      verbose: wishes.verbose ?? false,
    };
    return new SimulatedOriginal(parts, this.timeline, this.web, this.#random.fork());
  }

  /** A rogue at an address, in place of whoever holds it. */
  rogue(name: string, ip: string, pin?: string): Rogue {
    const parts = { name, ip, port: PORT };
    const rogue = new Rogue(pin === undefined ? parts : { ...parts, pin }, this.web);
    this.web.move(rogue, ip);
    return rogue;
  }

  /** Each registers with each other one, as operators type them in. */
  acquaint(nodes: readonly (Ours | SimulatedOriginal)[]): void {
    for (const node of nodes) {
      for (const other of nodes) if (other !== node) this.introduce(node, other);
    }
  }

  /** One node's operator types another one in. */
  introduce(node: Ours | SimulatedOriginal, other: Resident): void {
    const { ip, name, port } = other;
    assert(ip !== undefined, 'whoever is typed in is somewhere');
    if (node instanceof SimulatedOriginal) return node.add({ name, ip, port, ...LOGIN });
    const endpoint = endpointOf(other);
    const peer = { name, endpoint, login: LOGIN, insecure: !endpoint.https };
    node.command({ type: 'add-peer', peer });
  }

  /** Lets time pass. */
  run(span: Duration): void {
    const until = after(this.now, span);
    while (this.timeline.next(until));
  }

  /** Lets time pass until something holds; how long that took, or undefined when it did not. */
  until(holds: () => boolean, limit: Duration): Duration | undefined {
    const began = this.now;
    const until = after(began, limit);
    while (!holds()) if (!this.timeline.next(until)) return undefined;
    return millis(this.now - began);
  }
}

const USERS: ReadonlyMap<string, string> = new Map([[LOGIN.username, LOGIN.password]]);

/** Where a resident serves now. */
export function endpointOf({ ip, port, pin }: Resident): Endpoint {
  const at = address(ip ?? '', port);
  assert(at !== undefined, 'a resident is at an address');
  return { at, path: DEFAULT_PATH, https: pin !== undefined };
}

/** True when each node holds the right address of each other one. */
export function afloat(nodes: readonly (Ours | SimulatedOriginal)[]): boolean {
  return nodes.every((node) =>
    nodes.every((other) => {
      if (node === other) return true;
      if (node instanceof SimulatedOriginal) return node.where(other.name) === other.ip;
      const seen = node.peer(other.name);
      return seen?.ip === other.ip && seen?.state === 'alive';
    }),
  );
}
