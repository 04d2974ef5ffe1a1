/** A v1 node of ours in this process: the machine and its host, without a daemon around. */
import { onTestFinished } from 'vitest';
import { address, type Address } from '../../src/base/address.ts';
import { V1Host } from '../../src/runtime/v1/host.ts';
import type { NewPeer, V1Command, V1Reply } from '../../src/v1/commands.ts';
import { INTERVAL_RANGE } from '../../src/v1/config.ts';
import type { V1Event } from '../../src/v1/events.ts';
import { V1Machine } from '../../src/v1/machine.ts';
import type { V1PeerView } from '../../src/v1/view.ts';
import { Arrivals } from '../real/waiting.ts';

/** How a node is set up. */
export interface OursOptions {
  readonly name: string;
  readonly beat?: boolean;
  readonly users?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly port?: number;
  readonly host?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** A document to start from, as `document()` gave it. */
  readonly document?: unknown;
}

/** A node that runs until its test ends. */
export interface Ours {
  readonly at: { readonly host: string; readonly port: number };
  readonly machine: V1Machine;
  readonly events: Arrivals<V1Event>;
  command(command: V1Command): Promise<V1Reply>;
  /** Puts in a peer with the login `user`, over plain HTTP unless `further` says otherwise. */
  add(name: string, ip: string, port: number, further?: Partial<NewPeer>): Promise<V1Reply>;
  peer(name: string): V1PeerView | undefined;
  /** Waits until the view of a peer fits. */
  shows(name: string, fits: (view: V1PeerView) => boolean): Promise<V1PeerView>;
  close(): Promise<void>;
}

/** The one user whom nodes of ours know unless told otherwise. */
export const LOGIN = { username: 'user', password: '123456' };

/** Starts a node that serves on loopback, at the shortest interval there is. */
export async function startOurs(options: OursOptions): Promise<Ours> {
  const { name, users = { [LOGIN.username]: LOGIN.password }, document } = options;
  const [interval] = INTERVAL_RANGE;
  const stored = document === undefined ? undefined : V1Machine.readDocument(document);
  const settings = { interval, beat: options.beat ?? true };
  const machine = new V1Machine({ name, stored, settings, seed: 1 });
  const events = new Arrivals<V1Event>();
  const views = new Arrivals<number>();
  let changes = 0;
  const host = new V1Host({
    machine,
    authenticate: (username, password) =>
      Promise.resolve(users[username] === password ? username : undefined),
    onEvent: events.add,
    onViewChanged: () => {
      views.add((changes += 1));
    },
    onBroken: (error) => {
      throw error;
    },
    ...(options.path === undefined ? {} : { path: options.path }),
  });
  const ip = options.host ?? '127.0.0.1';
  const { port } = await host.listen({ host: ip, port: options.port ?? 0, tls: options.tls });
  host.start();
  onTestFinished(() => host.close());
  const peer = (of: string): V1PeerView | undefined => machine.find(of, host.now);
  return {
    at: { host: ip, port },
    machine,
    events,
    command: (command) => host.command(command),
    add: (peerName, at, peerPort, further = {}) => {
      const endpoint = { at: whole(at, peerPort), path: '/godddns', https: false };
      const peer = { name: peerName, endpoint, login: LOGIN, insecure: true, ...further };
      return host.command({ type: 'add-peer', peer });
    },
    peer,
    shows: async (of, fits) => {
      const fitting = (): boolean => {
        const view = peer(of);
        return view !== undefined && fits(view);
      };
      if (!fitting()) await views.first((change) => change === changes && fitting());
      return peer(of) ?? fail(of);
    },
    close: () => host.close(),
  };
}

/** An address of parts that are known to be good. */
export function whole(ip: string, port: number): Address {
  return address(ip, port) ?? fail(`${ip} ${String(port)}`);
}

function fail(what: string): never {
  throw new Error(`not there: ${what}`);
}
