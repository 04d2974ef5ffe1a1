/** The flags about nodes of protocol 1, the original's. */

import { INTERVAL_RANGE } from '../v1/config.ts';
import { duration, hostPort, listFlag, switchFlag, text, valueFlag, type Flag } from './flag.ts';
import type { Duration } from '../base/time.ts';

/** Of `up`. */
export const V1: Flag<string> = valueFlag(
  'v1',
  'HOST:PORT|off',
  'serve nodes of protocol 1 there, *:PORT for all addresses; off: nor call them (default: call)',
  text,
);
/** Of `up`. */
export const V1_PATH: Flag<string> = valueFlag(
  'v1-path',
  'PATH',
  'the path under which they are served (default: /godddns)',
  text,
);
/** Of `up`. */
export const V1_INTERVAL: Flag<Duration> = valueFlag(
  'v1-interval',
  'TIME',
  'each node of protocol 1 is called once in it (default: 10s)',
  duration(...INTERVAL_RANGE),
);
/** Of `up`. */
export const V1_HTTPS: Flag<boolean> = switchFlag(
  'v1-https',
  'serve them over HTTPS, with a certificate that is made at the first start',
);
/** Of `up`. */
export const V1_CERT: Flag<string> = valueFlag(
  'v1-cert',
  'FILE',
  'serve them over HTTPS with this certificate, PEM; takes --v1-key too',
  text,
);
/** Of `up`. */
export const V1_KEY: Flag<string> = valueFlag(
  'v1-key',
  'FILE',
  "the certificate's private key, PEM without a password",
  text,
);
/** Of `up`. */
export const V1_VISIBLE: Flag<boolean> = switchFlag(
  'v1-visible',
  'let members tell nodes of protocol 1 where this node is; sets the tag v1-visible=yes',
);
/** Of `up`. */
export const V1_TRUST_PROXY: Flag<readonly string[]> = listFlag(
  'v1-trust-proxy',
  'ADDR',
  'believe Forwarded and X-Forwarded-For of this reverse proxy, may be repeated',
  text,
);
/** Of `up`. */
export const V1_UNPROVEN: Flag<boolean> = switchFlag(
  'v1-unproven',
  'resolve gives out addresses of plain HTTP nodes too, which nobody proved, with a warning',
);

/** Of `v1 add`. */
export const PEER_AT: Flag<string> = valueFlag(
  'at',
  'HOST:PORT',
  'where that node serves',
  hostPort,
  { key: 'v1-at' },
);
/** Of `v1 add`. */
export const PEER_USER: Flag<string> = valueFlag(
  'user',
  'USER',
  'the user name that its operator gave this node; without it, this node does not register there',
  text,
  { key: 'v1-user' },
);
/** Of `v1 add`. */
export const PEER_PATH: Flag<string> = valueFlag(
  'path',
  'PATH',
  'its path (default: /godddns)',
  text,
  { key: 'v1-peer-path' },
);
/** Of `v1 add`. */
export const PEER_HTTPS: Flag<boolean> = switchFlag(
  'https',
  'it serves HTTPS; the certificate it shows first is the one that counts from then on',
  { key: 'v1-peer-https' },
);
/** Of `v1 add`. */
export const INSECURE_HTTP: Flag<boolean> = switchFlag(
  'insecure-http',
  'send the password over plain HTTP, where everybody on the way can read it',
  { key: 'v1-insecure-http' },
);
/** Of `v1 add` and `v1 user add`. */
export const PASSWORD_FILE: Flag<string> = valueFlag(
  'password-file',
  'FILE',
  'a file that holds the password, or - for standard input',
  text,
  { key: 'v1-password-file' },
);
/** Of `v1 export`. */
export const SECRETS: Flag<boolean> = switchFlag(
  'secrets',
  'yes, write the secrets that the format consists of',
  { key: 'v1-secrets' },
);

/** Those of `up`. */
export const V1_FLAGS: readonly Flag<unknown>[] = [
  ...[V1, V1_PATH, V1_INTERVAL, V1_HTTPS, V1_CERT, V1_KEY],
  ...[V1_VISIBLE, V1_TRUST_PROXY, V1_UNPROVEN],
];

/** Those of the commands `v1 …`. */
export const V1_COMMAND_FLAGS: readonly Flag<unknown>[] = [
  ...[PEER_AT, PEER_USER, PEER_PATH, PEER_HTTPS, INSECURE_HTTP, PASSWORD_FILE, SECRETS],
];
