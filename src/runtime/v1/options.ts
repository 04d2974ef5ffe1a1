/** How a node speaks with v1 peers, checked before anything is touched. */

import { parseIp } from '../../base/address.ts';
import { UserError } from '../../base/errors.ts';
import { formatDuration, millis, type Duration } from '../../base/time.ts';
import { DEFAULT_PATH, INTERVAL_RANGE, V1_DEFAULTS } from '../../v1/config.ts';
import type { V1Typed } from '../../v1/status.ts';
import { checkPeers, type ConfiguredPeer } from './config-entry.ts';
import { checkPath } from './path.ts';

/** A member that carries this tag may be shown to v1 peers (`--v1-visible`). */
export const VISIBLE_TAG: { readonly key: string; readonly value: string } = {
  key: 'v1-visible',
  value: 'yes',
};

/** Judges a login: which one it is; undefined, or a rejection: none. */
export type Authenticate = (username: string, password: string) => Promise<string | undefined>;

/** Options of a node for v1 peers; everything has a default. */
export interface V1Options {
  /** `HOST:PORT` to serve on, `*:PORT` for every address; default: peers are only called. */
  readonly listen?: string;
  /** The endpoint's path; default: `/godddns`. */
  readonly path?: string;
  /** Each peer is called once in it, in milliseconds; default: 10,000. */
  readonly intervalMs?: number;
  /** Serves HTTPS, with a certificate made here unless one is given. */
  readonly https?: boolean;
  /** PEM files; both or none. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** Whether v1 peers may be told where this node is, by every member they ask. */
  readonly visible?: boolean;
  /** IP addresses of proxies whose word on a request's source counts. */
  readonly trustedProxies?: readonly string[];
  /** `resolve` gives out addresses that nobody proved. */
  readonly unproven?: boolean;
  /**
   * Peers that stand in the config. One whose entry was there at the last start and is gone is
   * removed; an entry counts anew when it changed. Default: the config says nothing about peers.
   */
  readonly peers?: readonly V1Typed[];
  /** Judges logins instead of the users that `flotilla v1 user add` stored. */
  readonly authenticate?: Authenticate;
}

/** Where to serve. */
export interface V1Place {
  /** Undefined: every address of both families. */
  readonly host: string | undefined;
  readonly port: number;
}

/** The options with their defaults, all valid. */
export interface CheckedV1 {
  readonly listen: V1Place | undefined;
  readonly path: string;
  readonly interval: Duration;
  readonly https: boolean;
  readonly files: { readonly cert: string; readonly key: string } | undefined;
  readonly trustedProxies: readonly string[];
  readonly unproven: boolean;
  /** Undefined: the config says nothing about peers. */
  readonly peers: readonly ConfiguredPeer[] | undefined;
  readonly authenticate: Authenticate | undefined;
}

/** Checks options; throws a `UserError` that names the bad one. */
export function checkV1(options: V1Options): CheckedV1 {
  const { listen, path = DEFAULT_PATH, certFile, keyFile } = options;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UserError(
      'v1-certificate-half',
      'A certificate and its key belong together; one of the two is missing.',
      'Give --v1-cert and --v1-key, or --v1-https alone.',
    );
  }
  const files =
    certFile === undefined || keyFile === undefined ? undefined : { cert: certFile, key: keyFile };
  return {
    listen: listen === undefined ? undefined : placeOf(listen),
    path: checkPath(path),
    interval: checkInterval(options.intervalMs ?? V1_DEFAULTS.interval),
    https: options.https === true || files !== undefined,
    files,
    trustedProxies: (options.trustedProxies ?? []).map(checkProxy),
    unproven: options.unproven === true,
    peers: options.peers === undefined ? undefined : checkPeers(options.peers),
    authenticate: options.authenticate,
  };
}

function checkInterval(intervalMs: number): Duration {
  const [shortest, longest] = INTERVAL_RANGE;
  if (intervalMs >= shortest && intervalMs <= longest) return millis(intervalMs);
  const range = `${formatDuration(shortest)} to ${formatDuration(longest)}`;
  throw new UserError(
    'v1-interval-out-of-range',
    `The interval of v1 heartbeats must be ${range}.`,
    `Leave it out for ${formatDuration(V1_DEFAULTS.interval)}.`,
  );
}

/** Addresses to listen on: those that stand for all are welcome here, port 0 too. */
function placeOf(text: string): V1Place {
  const [, bracketed, plain, port = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port);
  if (host !== undefined && port !== '' && number <= 65_535) {
    if (plain === '*') return { host: undefined, port: number };
    const ip = parseIp(host);
    const fits = ip !== undefined && (bracketed === undefined) === (ip.family === 4);
    if (fits) return { host: ip.ip, port: number };
  }
  throw new UserError(
    'v1-not-an-address',
    `${JSON.stringify(text.slice(0, 80))} is no address to serve v1 peers on.`,
    'Write it as *:8290 for every address of this machine, 192.0.2.7:8290 or [2001:db8::7]:8290.',
  );
}

function checkProxy(text: string): string {
  const ip = parseIp(text.replace(/^\[(.*)\]$/, '$1'))?.ip;
  if (ip !== undefined) return ip;
  throw new UserError(
    'v1-proxy-not-an-address',
    `A trusted proxy must be an IP address (it was ${JSON.stringify(text.slice(0, 80))}).`,
    'Write it as 192.0.2.7 or 2001:db8::7; name each proxy.',
  );
}
