/** The file that a node of the original exports and reads, and the document of ours. */

import { address, parseIp, usable } from '../base/address.ts';
import { millis, seconds, wallTime, type Duration, type WallTime } from '../base/time.ts';
import { readSecret } from '../crypto/totp.ts';
import { isName, isPath } from './codec.ts';
import { INTERVAL_RANGE, PEERS_MAX } from './config.ts';
import { emptyV1, type StoredPeer, type StoredV1 } from './document.ts';
import type { Endpoint } from './io.ts';
import { isPrivate } from './vote.ts';

/** An original's file, understood. */
export interface Original {
  /** `DeviceUUID`: the name its peers know it by. */
  readonly name: string;
  readonly interval: Duration;
  /** To start a machine with, or whose peers the command `import` takes in. */
  readonly stored: StoredV1;
  /** Entries that could not be taken, in words without secrets. */
  readonly skipped: readonly string[];
}

/** Two fields of an original that it never changes: seconds between attempts, unused by ours. */
const RETRY_WAIT = { min: 10, max: 120 } as const;

/** Reads an exported file's JSON value; a text says what is wrong with it. */
export function readOriginal(json: unknown): Original | string {
  const options = field(json, 'Options');
  const name = text(field(options, 'DeviceUUID')) ?? '';
  if (!isName(name)) return 'it names no Options.DeviceUUID of 1 to 64 printable characters';
  const nodes = list(field(json, 'NodeMap'));
  const secrets = list(field(json, 'TOTPMap'));
  if (nodes === undefined || secrets === undefined) return 'it has no NodeMap or no TOTPMap';
  if (nodes.length + secrets.length > 2 * PEERS_MAX) return 'it has too many peers';
  const skipped: string[] = [];
  const peers = new Map<string, StoredPeer>();
  for (const node of nodes) {
    const peer = readNode(node);
    if (typeof peer === 'string') skipped.push(peer);
    else if (peer.name === name) skipped.push(`${name}: it is the node itself`);
    else if (peers.has(peer.name)) skipped.push(`${peer.name}: it is there twice`);
    else peers.set(peer.name, peer);
  }
  for (const entry of secrets) readEntry(entry, peers, skipped);
  if (peers.size > PEERS_MAX) return 'it has too many peers';
  const stored = { ...emptyV1(name), peers: [...peers.values()], ...readOwn(json) };
  return { name, interval: readInterval(options), stored, skipped };
}

function readNode(json: unknown): StoredPeer | string {
  const name = text(field(json, 'UUID')) ?? '';
  if (!isName(name)) return 'NodeMap: an entry without a usable UUID';
  const at = address(text(field(json, 'IpAddr')) ?? '', whole(field(json, 'Port')) ?? 0);
  if (at === undefined || !usable(at)) return `${name}: its IpAddr and Port are no address`;
  const path = text(field(json, 'RESTfulInterface')) ?? '';
  if (!isPath(path)) return `${name}: its RESTfulInterface is no path`;
  const endpoint: Endpoint = { at, path, https: field(json, 'RequireHTTPS') === true };
  const seen = text(field(json, 'ReflectedIP')) ?? '';
  const seenAtHome = text(field(json, 'ReflectedPrivateIP')) ?? '';
  return {
    ...bare(name),
    endpoint,
    // What an operator hands over counts as typed.
    typed: at,
    sendSecret: readSecret(text(field(json, 'SendTotpSecret')) ?? ''),
    reflected: (parseIp(seen) ?? parseIp(seenAtHome))?.ip,
  };
}

/** One secret of a peer; one that no NodeMap knows is a node that only calls. */
function readEntry(json: unknown, peers: Map<string, StoredPeer>, skipped: string[]): void {
  const name = text(field(json, 'RemoteUUID')) ?? '';
  const receiveSecret = readSecret(text(field(json, 'RecvTOTPSecret')) ?? '');
  if (!isName(name)) skipped.push('TOTPMap: an entry without a usable RemoteUUID');
  else if (receiveSecret === undefined) skipped.push(`${name}: its RecvTOTPSecret is no secret`);
  else peers.set(name, { ...(peers.get(name) ?? bare(name)), receiveSecret });
}

function bare(name: string): StoredPeer {
  return {
    name,
    endpoint: undefined,
    ip: undefined,
    typed: undefined,
    login: undefined,
    insecure: false,
    pin: undefined,
    sendSecret: undefined,
    unsure: false,
    receiveSecret: undefined,
    handed: [],
    owner: undefined,
    removed: false,
    said: undefined,
    newest: undefined,
    reflected: undefined,
    moves: 0,
  };
}

function readOwn(json: unknown): Pick<StoredV1, 'own' | 'movedAt' | 'heardAt'> {
  const ip = parseIp(text(field(json, 'DeviceIpAddr')) ?? '')?.ip;
  const home = ip !== undefined && isPrivate(ip);
  return {
    own: { public: home ? undefined : ip, private: home ? ip : undefined },
    movedAt: readTime(field(json, 'LastIpUpdateTime')),
    heardAt: readTime(field(json, 'LastSyncTime')),
  };
}

function readTime(json: unknown): WallTime | undefined {
  const at = whole(json);
  return at === undefined || at === 0 ? undefined : wallTime(at * 1000);
}

/** Whole seconds, brought into the range that is allowed here. */
function readInterval(options: unknown): Duration {
  const [least, most] = INTERVAL_RANGE;
  const wanted = seconds(whole(field(options, 'SyncInterval')) ?? 10);
  return millis(Math.min(Math.max(wanted, least), most));
}

/**
 * The JSON value that an original reads, fields in its order. It cannot do without the secrets: its
 * file is for the owner alone. Peers that only call have no place in `NodeMap`, and removed ones in
 * neither list.
 */
export function writeOriginal(stored: StoredV1, interval: Duration): unknown {
  const peers = stored.peers.filter(({ removed }) => !removed);
  return {
    NodeMap: peers.flatMap(writeNode),
    TOTPMap: peers.flatMap(({ name, receiveSecret, handed }) => {
      // The one in use; a peer that has not used any yet knows the newest.
      const secret = receiveSecret ?? handed.at(-1)?.secret;
      return secret === undefined ? [] : [{ RemoteUUID: name, RecvTOTPSecret: secret }];
    }),
    Options: {
      DeviceUUID: stored.name,
      SyncInterval: Math.max(1, Math.round(interval / 1000)),
      Verbal: false,
    },
    DeviceIpAddr: stored.own.public ?? stored.own.private ?? '',
    LastIpUpdateTime: writeTime(stored.movedAt),
    LastSyncTime: writeTime(stored.heardAt),
    ConnectionRetryWaitTimeMin: RETRY_WAIT.min,
    ConnectionRetryWaitTimeMax: RETRY_WAIT.max,
  };
}

function writeNode({ name, endpoint, reflected, sendSecret }: StoredPeer): unknown[] {
  if (endpoint === undefined) return [];
  const home = reflected !== undefined && isPrivate(reflected);
  return [
    {
      UUID: name,
      IpAddr: endpoint.at.ip,
      Port: endpoint.at.port,
      RESTfulInterface: endpoint.path,
      ReflectedIP: home ? '' : (reflected ?? ''),
      ReflectedPrivateIP: home ? reflected : '',
      RequireHTTPS: endpoint.https,
      SendTotpSecret: sendSecret ?? '',
    },
  ];
}

function writeTime(at: WallTime | undefined): number {
  return at === undefined ? 0 : Math.floor(at / 1000);
}

function field(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null) return undefined;
  return (json as Readonly<Record<string, unknown>>)[name];
}

function text(json: unknown): string | undefined {
  return typeof json === 'string' ? json : undefined;
}

function whole(json: unknown): number | undefined {
  return Number.isSafeInteger(json) && (json as number) >= 0 ? (json as number) : undefined;
}

/** Go writes an empty list as null. */
function list(json: unknown): readonly unknown[] | undefined {
  if (json === null) return [];
  return Array.isArray(json) ? (json as unknown[]) : undefined;
}
