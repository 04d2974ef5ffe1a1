/**
 * What a v1 node keeps on disk, as a JSON value. It holds secrets and passwords: its file is for
 * the owner alone (0600), and no part of it is ever shown or logged.
 */

import { formatAddress, parseAddress, parseIp, usable, type Address } from '../base/address.ts';
import { wallTime, type WallTime } from '../base/time.ts';
import { readSecret } from '../crypto/totp.ts';
import { isLogin, isName, isPath } from './codec.ts';
import { PEERS_MAX } from './config.ts';
import type { Endpoint, Login } from './contact.ts';

/** One peer as stored. */
export interface StoredPeer {
  readonly name: string;
  /** Where it is called; undefined: its heartbeats are all that is known of it. */
  readonly endpoint: Endpoint | undefined;
  /** Its IP address, when `endpoint` is not known. */
  readonly ip: string | undefined;
  /** The address that the operator typed, until the peer was seen to have left it. */
  readonly typed: Address | undefined;
  readonly login: Login | undefined;
  readonly insecure: boolean;
  /** Public key of its HTTPS server, SHA-256 in hexadecimal. */
  readonly pin: string | undefined;
  /** What this node signs with there; base32. */
  readonly sendSecret: string | undefined;
  /** A registration was begun whose answer is not on disk: the peer may know another secret. */
  readonly unsure: boolean;
  /** What that peer signs with here. */
  readonly receiveSecret: string | undefined;
  /** Secrets handed out since, not yet used from the peer's known address. */
  readonly handed: readonly { readonly secret: string; readonly ip: string }[];
  /** The login it registered with here; undefined: none yet. */
  readonly owner: string | undefined;
  /** The operator removed it: its name is kept for its owner, and its codes are refused. */
  readonly removed: boolean;
  /** What the config said of it when it was last added from there; undefined: never. */
  readonly said: string | undefined;
  /** The newest step of a code of that peer's, and where that step's first code came from. */
  readonly newest: { readonly step: number; readonly ip: string } | undefined;
  /** Where it saw this node last; an IP address. */
  readonly reflected: string | undefined;
  readonly moves: number;
}

/** All that a v1 node keeps. */
export interface StoredV1 {
  readonly name: string;
  readonly peers: readonly StoredPeer[];
  /** Winners of the vote, as they were announced. */
  readonly own: { readonly public: string | undefined; readonly private: string | undefined };
  /** When they changed last, and when a peer answered last; the original's export has both. */
  readonly movedAt: WallTime | undefined;
  readonly heardAt: WallTime | undefined;
}

/** A document of a node that met nobody yet. */
export function emptyV1(name: string): StoredV1 {
  return {
    name,
    peers: [],
    own: { public: undefined, private: undefined },
    movedAt: undefined,
    heardAt: undefined,
  };
}

/** The JSON value of a document. */
export function writeDocument(stored: StoredV1): unknown {
  return {
    name: stored.name,
    peers: stored.peers.map((peer) => ({
      ...peer,
      endpoint: peer.endpoint && { ...peer.endpoint, at: formatAddress(peer.endpoint.at) },
      typed: peer.typed && formatAddress(peer.typed),
    })),
    own: stored.own,
    movedMs: stored.movedAt,
    heardMs: stored.heardAt,
  };
}

/** A document read back; undefined when it is not one. Whatever it holds was made by a machine. */
export function readDocument(json: unknown): StoredV1 | undefined {
  const name = text(field(json, 'name'));
  const list = field(json, 'peers');
  if (name === undefined || !Array.isArray(list) || list.length > PEERS_MAX) return undefined;
  const peers: StoredPeer[] = [];
  for (const item of list as unknown[]) {
    const peer = readPeer(item);
    if (peer === undefined || peers.some((one) => one.name === peer.name)) return undefined;
    peers.push(peer);
  }
  const own = field(json, 'own');
  const seen = (range: string): string | undefined => ip(field(own, range));
  const movedAt = whole(field(json, 'movedMs'));
  const heardAt = whole(field(json, 'heardMs'));
  return {
    name,
    peers,
    own: { public: seen('public'), private: seen('private') },
    movedAt: movedAt === undefined ? undefined : wallTime(movedAt),
    heardAt: heardAt === undefined ? undefined : wallTime(heardAt),
  };
}

function readPeer(json: unknown): StoredPeer | undefined {
  const name = text(field(json, 'name'));
  const endpoint = readEndpoint(field(json, 'endpoint'));
  const handed = readHanded(field(json, 'handed'));
  if (name === undefined || !isName(name) || endpoint === 'wrong' || !handed) return undefined;
  return {
    name,
    endpoint,
    ip: ip(field(json, 'ip')),
    typed: parseAddress(text(field(json, 'typed')) ?? ''),
    login: readLogin(field(json, 'login')),
    insecure: field(json, 'insecure') === true,
    pin: text(field(json, 'pin')),
    sendSecret: readSecret(text(field(json, 'sendSecret')) ?? ''),
    unsure: field(json, 'unsure') === true,
    receiveSecret: readSecret(text(field(json, 'receiveSecret')) ?? ''),
    handed,
    owner: text(field(json, 'owner')),
    removed: field(json, 'removed') === true,
    said: text(field(json, 'said')),
    newest: readNewest(field(json, 'newest')),
    reflected: ip(field(json, 'reflected')),
    moves: whole(field(json, 'moves')) ?? 0,
  };
}

function readEndpoint(json: unknown): Endpoint | undefined | 'wrong' {
  if (json === undefined) return undefined;
  const at = parseAddress(text(field(json, 'at')) ?? '');
  const path = text(field(json, 'path'));
  const https = field(json, 'https');
  if (at === undefined || !usable(at) || path === undefined || !isPath(path)) return 'wrong';
  return typeof https === 'boolean' ? { at, path, https } : 'wrong';
}

function readHanded(json: unknown): StoredPeer['handed'] | undefined {
  if (!Array.isArray(json)) return undefined;
  const handed: { secret: string; ip: string }[] = [];
  for (const item of json as unknown[]) {
    const secret = readSecret(text(field(item, 'secret')) ?? '');
    const place = ip(field(item, 'ip'));
    if (secret === undefined || place === undefined) return undefined;
    handed.push({ secret, ip: place });
  }
  return handed;
}

function readLogin(json: unknown): Login | undefined {
  const username = text(field(json, 'username'));
  const password = text(field(json, 'password'));
  if (username === undefined || password === undefined) return undefined;
  return isLogin({ username, password }) ? { username, password } : undefined;
}

function readNewest(json: unknown): StoredPeer['newest'] {
  const step = whole(field(json, 'step'));
  const place = ip(field(json, 'ip'));
  return step === undefined || place === undefined ? undefined : { step, ip: place };
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

function ip(json: unknown): string | undefined {
  return parseIp(text(json) ?? '')?.ip;
}
