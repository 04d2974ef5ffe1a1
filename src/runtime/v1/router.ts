/**
 * The library's v1 node, with the original's notions: a `ServiceRouter` that another program embeds
 * behind its own HTTP server. It opens no port.
 */

import { randomInt } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { address, parseIp } from '../../base/address.ts';
import { millis } from '../../base/time.ts';
import type { V1Reply, V1Why } from '../../v1/commands.ts';
import { V1_DEFAULTS } from '../../v1/config.ts';
import type { V1Event } from '../../v1/events.ts';
import { V1Machine } from '../../v1/machine.ts';
import { writeOriginal } from '../../v1/original.ts';
import { stopped } from '../life.ts';
import { typedAddresses } from '../typed.ts';
import { V1Host } from './host.ts';
import { refusal } from './refusals.ts';
import { RouterNode, type NodeLink, type NodeOptions } from './router-node.ts';
import {
  checkInterval,
  checkUuid,
  insecureHttp,
  notConnected,
  unknownNode,
} from './router-errors.ts';
import { optionsOf, readRouterFile, withoutSecrets, type RouterFile } from './router-file.ts';

/** Says whether a neighbour that registers may; a rejection counts as no. */
export type AuthFunction = (username: string, password: string) => boolean | Promise<boolean>;

/** Told of this node's new address. */
export type IpChangeListener = (ip: string) => void;

/** How a router is made, or restored. */
export interface RouterSettings {
  /** Who may register here. Default: nobody. */
  readonly authFunction?: AuthFunction;
  /** Milliseconds between two heartbeats to a node, 1,000 to 3,600,000; default 10,000. */
  readonly syncIntervalMs?: number;
  /**
   * IP addresses of reverse proxies in front of this server. Of them alone is it believed, by
   * `Forwarded` (RFC 7239) or `X-Forwarded-For`, where a request came from. Default: none.
   */
  readonly trustedProxies?: readonly string[];
  /** What `toJSON` gives has changed. */
  readonly onChange?: () => void;
  /**
   * Puts what `toJSON` gives on disk. A new secret is told to the node it is for only afterwards,
   * so that no crash can lose one; if it rejects, the node is told all the same.
   */
  readonly write?: () => Promise<void>;
  /** Sees what happens: moves, losses, refused claims of a name. Nothing in it is secret. */
  readonly onEvent?: (event: V1Event) => void;
  /** A rule of our own code broke and the router has stopped; without this the process ends. */
  readonly onFatal?: (error: Error) => void;
}

/** How a router is made. */
export interface RouterOptions extends RouterSettings {
  /** The name that neighbours know this node by, 1–64 printable characters. */
  readonly deviceUuid: string;
}

/** What became of one heartbeat. */
export interface HeartbeatOutcome {
  readonly uuid: string;
  readonly answered: boolean;
  /** Undefined when it was answered. */
  readonly why: V1Why | undefined;
}

/** Takes a request of Node's server, or of anything that speaks in `Request` and `Response`. */
export interface HandleConnections {
  (request: IncomingMessage, response: ServerResponse): void;
  /** `from`: `IP` or `IP:PORT` of the TCP peer, which only the server knows. */
  (request: Request, particulars: { readonly from: string }): Promise<Response>;
}

/** A node of the original's protocol inside another program. */
export class ServiceRouter {
  readonly deviceUuid: string;
  readonly syncIntervalMs: number;
  /**
   * Answers neighbours: routed to it is every request to the path that neighbours were told, under
   * whatever prefix. Bound: `createServer(router.handleConnections)` works.
   */
  readonly handleConnections: HandleConnections;
  readonly #machine: V1Machine;
  readonly #host: V1Host;
  readonly #settings: RouterSettings;
  readonly #nodes = new Map<string, RouterNode>();
  readonly #listeners = new Set<IpChangeListener>();
  readonly #link: NodeLink;
  #authenticate: AuthFunction | undefined;
  #lastIp: string | undefined;
  /** Names of those put in whose address is not known yet. */
  readonly #unplaced = new Set<string>();
  /** Names of those that gave a secret since they were asked. */
  readonly #given = new Set<string>();
  #closed = false;

  /** `file` is `fromJSON`'s. Throws `UserError` v1-uuid-invalid or v1-interval-out-of-range. */
  constructor(options: RouterOptions, file?: RouterFile) {
    this.deviceUuid = checkUuid(options.deviceUuid);
    this.syncIntervalMs = checkInterval(options.syncIntervalMs ?? V1_DEFAULTS.interval);
    this.#settings = options;
    this.#authenticate = options.authFunction;
    this.#machine = new V1Machine({
      name: options.deviceUuid,
      stored: file?.stored,
      settings: { interval: millis(this.syncIntervalMs), beat: false },
      seed: randomInt(2 ** 32),
    });
    this.#host = this.#drive();
    this.#link = {
      view: (uuid) => this.#machine.find(uuid, this.#host.now),
      connect: (node, login, host) => this.#connect(node, login, host),
      disconnect: (node) => this.#disconnect(node),
    };
    this.handleConnections = this.#handling();
    for (const node of file?.nodes ?? []) {
      this.#nodes.set(node.nodeId, new RouterNode(node, this.#link));
    }
    this.#lastIp = this.voteRouterIp() ?? file?.ip;
    this.#host.start();
    for (const uuid of this.#nodes.keys()) this.#adopt(uuid);
  }

  /**
   * Carries on from what `toJSON({ secrets: true })` gave, or from a file that an original
   * exported, as text or as JSON value, without registering again. Throws `UserError`
   * v1-file-invalid.
   */
  static fromJSON(file: unknown, settings: RouterSettings = {}): ServiceRouter {
    const read = readRouterFile(file);
    const options = { syncIntervalMs: read.intervalMs, ...settings, deviceUuid: read.stored.name };
    return new ServiceRouter(options, read);
  }

  /** A neighbour as a value; `addNode` puts it in. Throws `UserError` v1-port-not-a-port. */
  newNode(options: NodeOptions): RouterNode {
    return new RouterNode(options, this.#link);
  }

  /** Puts a neighbour in; one of the same name is replaced. Throws `UserError` v1-own-name. */
  addNode(node: RouterNode): void {
    if (node.uuid === this.deviceUuid) throw refusal('own-name', node.uuid);
    this.#nodes.set(node.uuid, node);
    this.#adopt(node.uuid);
    this.#settings.onChange?.();
  }

  /** Takes a neighbour out; its codes are refused from now on. False: it was not there. */
  async removeNode(uuid: string): Promise<boolean> {
    const added = this.#nodes.delete(uuid);
    this.#unplaced.delete(uuid);
    this.#given.delete(uuid);
    const reply = await this.#host.command({ type: 'remove-peer', name: uuid });
    if (added) this.#settings.onChange?.();
    return added || reply.type === 'done';
  }

  /** Whether a neighbour of that name is in the list, or has registered here. */
  nodeRegistered(uuid: string): boolean {
    return this.getNodeByUuid(uuid) !== undefined;
  }

  /** Whether this node has registered with that neighbour and was not refused since. */
  nodeConnected(uuid: string): boolean {
    return this.#link.view(uuid)?.registeredOut ?? false;
  }

  /** The neighbour of that name; undefined: none. */
  getNodeByUuid(uuid: string): RouterNode | undefined {
    const added = this.#nodes.get(uuid);
    if (added !== undefined) return added;
    const view = this.#link.view(uuid);
    return view === undefined ? undefined : new RouterNode({ nodeId: uuid }, this.#link);
  }

  /** Where a neighbour is now, an IP address; undefined: not known. */
  getNodeIp(uuid: string): string | undefined {
    return this.#link.view(uuid)?.ip ?? undefined;
  }

  /** All neighbours: those put in, then those that registered without. */
  getNeighbourNodes(): readonly RouterNode[] {
    const others = this.#machine
      .peers(this.#host.now)
      .filter(({ name }) => !this.#nodes.has(name))
      .map(({ name }) => new RouterNode({ nodeId: name }, this.#link));
    return [...this.#nodes.values(), ...others];
  }

  /** Heartbeats go to all connected neighbours, each once an interval, from now on. */
  startHeartbeat(): void {
    this.#beat(true);
  }

  /** No more heartbeats leave; those of others are answered. */
  stopHeartbeat(): void {
    this.#beat(false);
  }

  /** One heartbeat now, or a sync if it is lost. Rejects with `UserError` v1-node-unknown. */
  async heartbeatToNode(node: RouterNode | string): Promise<HeartbeatOutcome> {
    const uuid = typeof node === 'string' ? node : node.uuid;
    const reply = await this.#host.command({ type: 'heartbeat', name: uuid });
    if (reply.type === 'unknown-peer') throw unknownNode(uuid);
    const failure = failuresOf(reply).find(({ name }) => name === uuid);
    return { uuid, answered: failure === undefined, why: failure?.why };
  }

  /** One heartbeat to every connected neighbour, side by side; resolves when all have ended. */
  async executeHeartbeatCycle(): Promise<readonly HeartbeatOutcome[]> {
    const called = this.getNeighbourNodes().filter(({ uuid }) => this.nodeConnected(uuid));
    const failures = failuresOf(await this.#host.command({ type: 'cycle' }));
    const names = new Set([...called.map(({ uuid }) => uuid), ...failures.map(({ name }) => name)]);
    return [...names].map((uuid) => {
      const failure = failures.find(({ name }) => name === uuid);
      return { uuid, answered: failure === undefined, why: failure?.why };
    });
  }

  /** What most neighbours see this node as now: the public winner, else the private one. */
  voteRouterIp(): string | undefined {
    const own = this.#machine.own();
    return own.public?.ip ?? own.private?.ip;
  }

  /** This node's address as the neighbours saw it last; undefined before anybody did. */
  get deviceIpAddr(): string | undefined {
    return this.voteRouterIp() ?? this.#lastIp;
  }

  /** Calls `listener` whenever the own address changed; call what is returned to end that. */
  onIpChange(listener: IpChangeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Says who may register here from now on; a restored router has nobody who could say so. */
  injectAuthFunction(authenticate: AuthFunction): void {
    this.#authenticate = authenticate;
  }

  /**
   * The router as an original writes its file. Secrets and passwords are blank unless asked for;
   * with them `fromJSON` carries on from it, and an original does too. Keep that for the owner.
   */
  toJSON(options?: { readonly secrets?: boolean } | string): unknown {
    const file = writeOriginal(this.#machine.stored(), millis(this.syncIntervalMs));
    // JSON.stringify calls it with a key.
    if (typeof options !== 'object' || options.secrets !== true) return withoutSecrets(file);
    const nodes = [...this.#nodes.values()].map(optionsOf);
    return { ...(file as object), Flotilla: { document: this.#machine.document(), nodes } };
  }

  /** Ends it: no heartbeat leaves, no request is answered. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    await this.#host.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #drive(): V1Host {
    const { trustedProxies, onChange, write, onFatal } = this.#settings;
    return new V1Host({
      machine: this.#machine,
      authenticate: async (username, password) =>
        (await this.#authenticate?.(username, password)) === true ? username : undefined,
      onEvent: (event) => {
        this.#happened(event);
      },
      onViewChanged: () => {
        for (const uuid of [...this.#unplaced]) this.#adopt(uuid);
      },
      onBroken: onFatal ?? endProcess,
      ...(onChange === undefined ? {} : { onSave: onChange }),
      ...(write === undefined ? {} : { write: () => tried(write) }),
      ...(trustedProxies === undefined ? {} : { trustedProxies }),
    });
  }

  #handling(): HandleConnections {
    const anyPath = true;
    const handle = (
      request: IncomingMessage | Request,
      second: ServerResponse | { readonly from: string },
    ): Promise<Response> | undefined => {
      if ('from' in second) return this.#host.fetch(request as Request, { ...second, anyPath });
      this.#host.handle(request as IncomingMessage, second, { anyPath });
      return undefined;
    };
    return handle as HandleConnections;
  }

  #happened(event: V1Event): void {
    if (event.type === 'v1-registered' && event.direction === 'out') this.#given.add(event.name);
    if (event.type === 'v1-self-moved') {
      const ip = this.voteRouterIp();
      if (ip !== undefined && ip !== this.#lastIp) {
        this.#lastIp = ip;
        for (const listener of [...this.#listeners]) listener(ip);
      }
    }
    this.#settings.onEvent?.(event);
  }

  #beat(on: boolean): void {
    if (this.#closed) throw stopped();
    void this.#host.command({ type: 'beat', on });
  }

  async #connect(
    node: RouterNode,
    login: { readonly username: string; readonly password: string },
    host: string,
  ): Promise<void> {
    const { uuid, port, restInterface: path, requireHttps: https } = node;
    const insecure = node.insecureHttp;
    if (this.#nodes.get(uuid) !== node || port === undefined) throw unknownNode(uuid);
    if (!https && !insecure) throw insecureHttp(uuid);
    const [at] = await typedAddresses(`${bracketed(host)}:${String(port)}`);
    if (at === undefined) throw unknownNode(uuid);
    const peer = { name: uuid, endpoint: { at, path, https }, login, insecure };
    const added = await this.#host.command({ type: 'add-peer', peer });
    if (added.type === 'refused') throw refusal(added.reason, uuid);
    this.#given.delete(uuid);
    const reply = await this.#host.command({ type: 'register', name: uuid, login });
    if (reply.type === 'refused') throw refusal(reply.reason, uuid);
    const [failure] = failuresOf(reply);
    // A heartbeat follows, which the neighbour refuses until it has this node in its own list.
    if (failure !== undefined && !this.#given.has(uuid)) throw notConnected(uuid, failure.why);
  }

  async #disconnect({ uuid }: RouterNode): Promise<void> {
    await this.#host.command({ type: 'remove-peer', name: uuid });
  }

  /** A neighbour that was typed in, and then called here, can be called back at its port. */
  #adopt(uuid: string): void {
    const node = this.#nodes.get(uuid);
    const view = this.#link.view(uuid);
    const at = node?.port === undefined ? undefined : address(view?.ip ?? '', node.port);
    if (node === undefined || view === undefined || at === undefined) {
      if (node !== undefined) this.#unplaced.add(uuid);
      return;
    }
    this.#unplaced.delete(uuid);
    if (this.#closed || view.port !== null) return;
    const { restInterface: path, requireHttps: https, insecureHttp: insecure } = node;
    const peer = { name: uuid, endpoint: { at, path, https }, login: undefined, insecure };
    void this.#host.command({ type: 'add-peer', peer });
  }
}

function failuresOf(reply: V1Reply): readonly { readonly name: string; readonly why: V1Why }[] {
  return reply.type === 'called' ? reply.failed : [];
}

/** An IPv6 address as it stands before a port. */
function bracketed(host: string): string {
  return parseIp(host)?.family === 6 ? `[${host}]` : host;
}

/** An error nobody catches ends a Node process with its stack on stderr, which is what is meant. */
function endProcess(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}

/** Ends well whatever becomes of it: a disk that is full keeps no node from registering. */
async function tried(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch {
    // Whoever wrote that function hears of it there.
  }
}
