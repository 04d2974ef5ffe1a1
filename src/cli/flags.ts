/** All flags of all commands. */

import {
  duration,
  hostPort,
  listFlag,
  oneOf,
  switchFlag,
  tag,
  text,
  valueFlag,
  whole,
  type Flag,
} from './flag.ts';
import type { Duration } from '../base/time.ts';
import { INVITE_EXPIRY_MIN } from '../core/commands.ts';
import { BEAT_RANGE, INVITE_EXPIRY_MAX, INVITE_USES_MAX } from '../core/config.ts';
import { DNS_FLAGS } from './dns-flags.ts';
import { INSTALL_FLAGS } from './install-flags.ts';
import { LEVELS, type LogLevel } from './output/level.ts';
import { UsageError } from './exit.ts';
import { V1_COMMAND_FLAGS, V1_FLAGS } from './v1-flags.ts';

/** Taken by every command. */
export const STATE: Flag<string> = valueFlag(
  'state',
  'DIR',
  'the state folder: which node is meant (default: the usual place of this platform)',
  text,
);
/** Taken by every command. */
export const JSON_OUTPUT: Flag<boolean> = switchFlag('json', 'results as JSON, schema 1');
/** Taken by every command. */
export const CONFIG: Flag<string> = valueFlag(
  'config',
  'FILE',
  'read flags from this TOML file; the environment and the command line go before it',
  text,
);

/** Of `up`. */
export const NAME: Flag<string> = valueFlag(
  'name',
  'NAME',
  'what the others call this node: a DNS label (default: the host name)',
  text,
);
/** Of `up`. */
export const CLUSTER: Flag<string> = valueFlag(
  'cluster',
  'NAME',
  'name of the cluster, when one is founded here (default: flotilla)',
  text,
);
/** Of `up`; its value is a secret. */
export const JOIN: Flag<string> = valueFlag(
  'join',
  'TOKEN',
  'join the cluster of this invite; - reads it from standard input, file:PATH from a file',
  text,
);
/** Of `up`. */
export const PORT: Flag<number> = valueFlag(
  'port',
  'N',
  'UDP and TCP port; 0 takes any free one (default: 4117)',
  whole(0, 65_535),
);
/** Of `up`. */
export const BIND: Flag<readonly string[]> = listFlag(
  'bind',
  'ADDR',
  'IP address to listen on, may be repeated (default: all of both families)',
  text,
);
/** Of `up`. */
export const BEAT: Flag<Duration> = valueFlag(
  'beat',
  'TIME',
  'one ping leaves in each beat; longer is cheaper and notices later (default: 600ms)',
  duration(...BEAT_RANGE),
);
/** Of `up`. */
export const TAG: Flag<readonly (readonly [string, string])[]> = listFlag(
  'tag',
  'K=V',
  'a tag that all members see, may be repeated',
  tag,
);
/** Of `up`. */
export const LAN: Flag<boolean> = valueFlag(
  'lan',
  'on|off',
  'whether to call and listen on the LAN by multicast, when all else fails (default: on)',
  (value, source) => ['on', 'true'].includes(oneOf('on', 'off', 'true', 'false')(value, source)),
);
/** Of `up`. */
export const API: Flag<'off'> = notYet('api', 'the API on a loopback port');
/** Of `up`. */
export const LOG_FORMAT: Flag<'text' | 'json'> = valueFlag(
  'log-format',
  'FORMAT',
  'text or json (default: text)',
  oneOf('text', 'json'),
);
/** Of `up`. */
export const LOG_LEVEL: Flag<LogLevel> = valueFlag(
  'log-level',
  'LEVEL',
  'error, warn, info or debug (default: info)',
  oneOf(...LEVELS),
);

/** Of `invite`. */
export const AT: Flag<readonly string[]> = listFlag(
  'at',
  'HOST:PORT',
  'where this node can be reached, may be repeated (default: where the others see it)',
  hostPort,
);
/** Of `invite`. */
export const USES: Flag<number> = valueFlag(
  'uses',
  'N',
  'how many machines may join with it, up to 1000 (default: 1)',
  whole(1, INVITE_USES_MAX),
);
/** Of `invite`. */
export const EXPIRES: Flag<Duration> = valueFlag(
  'expires',
  'TIME',
  'how long it can be used, up to 30d (default: 15m)',
  duration(INVITE_EXPIRY_MIN, INVITE_EXPIRY_MAX),
);
/** Of `invite`. */
export const QR: Flag<boolean> = switchFlag('qr', 'also draw the token as a QR code');

/** Of `resolve`; not the `port` of `up`. */
export const WITH_PORT: Flag<boolean> = switchFlag('port', 'print the port too, as HOST:PORT', {
  key: 'resolve-port',
});
/** Of `resolve`. */
export const IPV4: Flag<boolean> = switchFlag('ipv4', 'only an IPv4 address', { short: '4' });
/** Of `resolve`. */
export const IPV6: Flag<boolean> = switchFlag('ipv6', 'only an IPv6 address', { short: '6' });

/** Of `ping`. */
export const COUNT: Flag<number> = valueFlag(
  'count',
  'N',
  'how many pings, half a second apart (default: 4)',
  whole(1, 1_000_000),
  { short: 'c' },
);

/** Of `watch`. */
export const MEMBERS: Flag<boolean> = switchFlag(
  'members',
  'show the members instead of events, again at each change',
);

/** Of `sim`. */
export const SEED: Flag<number> = valueFlag(
  'seed',
  'N',
  'everything that happens follows from it (default: 1)',
  whole(0, 2 ** 32 - 1),
);
/** Of `sim`. */
export const NODES: Flag<number> = valueFlag(
  'nodes',
  'N',
  'how many nodes; each scenario needs a few (default: as many as it is about)',
  whole(1, 10_000),
);
/** Of `sim`. */
export const SCENARIO: Flag<string> = valueFlag(
  'scenario',
  'S',
  'what happens to them; list names them all (default: swarm, everything at once)',
  text,
);
/** Of `sim`. */
export const SECONDS: Flag<number> = valueFlag(
  'seconds',
  'N',
  'length of the trouble in virtual seconds, where it is free (default: 60)',
  whole(1, 1_000_000),
);
/** Of `sim`. */
export const NAT: Flag<boolean> = switchFlag('nat', 'every node behind a home router of its own');

/** Flags that one config file may set: all but the one that names it. */
export const CONFIGURABLE: readonly Flag<unknown>[] = [
  ...[STATE, JSON_OUTPUT],
  ...[NAME, CLUSTER, JOIN, PORT, BIND, BEAT, TAG, LAN, API, LOG_FORMAT, LOG_LEVEL],
  ...DNS_FLAGS,
  ...V1_FLAGS,
  ...V1_COMMAND_FLAGS,
  ...INSTALL_FLAGS,
  ...[AT, USES, EXPIRES, QR, WITH_PORT, IPV4, IPV6, COUNT, MEMBERS],
  ...[SEED, NODES, SCENARIO, SECONDS, NAT],
];

/** A flag of the contract whose service comes with a later release: `off` is all it takes. */
function notYet(name: string, service: string): Flag<'off'> {
  return valueFlag(name, 'off', `${service}: off; not in this release yet`, (value, source) => {
    if (value === 'off') return 'off';
    throw new UsageError(
      'not-in-this-release',
      `${source}: ${service} is not in this release.`,
      `Leave --${name} away, or say --${name} off.`,
    );
  });
}
