/** The flags of `up` about names. */

import { formatAddress, parseAddress, usable, type Address } from '../base/address.ts';
import { hours, millis, days, type Duration } from '../base/time.ts';
import { parseZoneName } from '../services/names/labels.ts';
import { UsageError } from './exit.ts';
import { duration, listFlag, valueFlag, type Flag } from './flag.ts';

/** DNS servers listen there (RFC 1035 §4.2). */
const DNS_PORT = 53;

/** A machine that was silent for longer than a month has another address. */
const LOST_RANGE = [millis(0), days(30)] as const;

/** Of `up`. */
export const DNS: Flag<readonly (Address | 'off')[]> = listFlag(
  'dns',
  'HOST:PORT|off',
  'where the DNS server listens, may be repeated; off: nowhere (default: 127.0.0.1:4153)',
  (value, source) => (value === 'off' ? value : listenAddress(value, source)),
);
/** Of `up`. */
export const DNS_ZONE: Flag<string> = valueFlag(
  'dns-zone',
  'ZONE',
  'the domain in which the members have their names (default: CLUSTER.internal)',
  zoneName,
);
/** Of `up`. */
export const DNS_LOST: Flag<Duration> = valueFlag(
  'dns-lost',
  'TIME|off',
  'how long a lost member keeps its last address; off: not at all (default: 5m)',
  (value, source) => (value === 'off' ? hours(0) : duration(...LOST_RANGE)(value, source)),
);
/** Of `up`. */
export const DNS_UPSTREAM: Flag<Address> = valueFlag(
  'dns-upstream',
  'IP[:PORT]',
  'the resolver asked about all names outside the zone (default: none, they are refused)',
  resolver,
);

/** All of them. */
export const DNS_FLAGS: readonly Flag<unknown>[] = [DNS, DNS_ZONE, DNS_LOST, DNS_UPSTREAM];

function listenAddress(value: string, source: string): Address {
  const read = parseAddress(value);
  if (read !== undefined) return read;
  throw new UsageError(
    'dns-not-an-address',
    `${source}: "${value}" is no IP address with a port.`,
    'Write it as 127.0.0.1:4153 or [::1]:4153, or say off.',
  );
}

function zoneName(value: string, source: string): string {
  const name = parseZoneName(value);
  if (name !== undefined) return name;
  throw new UsageError(
    'dns-zone-not-a-name',
    `${source}: "${value}" is no domain that machines can have names in.`,
    'It is made of letters, digits and hyphens between dots, such as home.internal.',
  );
}

function resolver(value: string, source: string): Address {
  const bare = value.includes(':') && !value.includes('.') && !value.includes(']');
  const whole = parseAddress(value);
  const read = whole ?? parseAddress(`${bare ? `[${value}]` : value}:${String(DNS_PORT)}`);
  if (read !== undefined && usable(read)) return read;
  throw new UsageError(
    'dns-not-an-address',
    `${source}: "${value}" is no IP address of a resolver.`,
    'Write it as 192.0.2.53 or [2001:db8::53]:53; a name could not be looked up without it.',
  );
}

/** The command line's words for an upstream that would ask itself. */
export function ownUpstream(upstream: Address): UsageError {
  return new UsageError(
    'dns-upstream-is-own',
    `The upstream ${formatAddress(upstream)} is this server itself.`,
    'Name the resolver that this machine used before.',
  );
}
