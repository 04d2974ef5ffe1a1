/**
 * systemd-resolved: from version 258 on a delegate file, which is just what split DNS asks for (man
 * 5 systemd.dns-delegate); before that a drop-in of resolved.conf with a route-only domain, which
 * has its limits (man 5 resolved.conf).
 */

import { basename } from 'node:path/posix';
import { UserError } from '../../../base/errors.ts';
import {
  fileNameOf,
  isMarked,
  marked,
  reload,
  restartNote,
  type Facts,
  type Plan,
  type Resolver,
  type Target,
} from './plan.ts';

const DELEGATES = '/etc/systemd/dns-delegate.d';
const DROP_INS = '/etc/systemd/resolved.conf.d';

/** The first that reads delegate files. */
const DELEGATES_SINCE = 258;
/** The first that takes a port with a server's address. */
const PORTS_SINCE = 246;

export const systemdResolved: Resolver = {
  name: 'systemd-resolved',
  folders: [DELEGATES, DROP_INS],
  mayBeOurs: (name) => name.startsWith('flotilla-'),
  plan: (target, facts) => {
    const { version } = facts.systemd;
    return version >= DELEGATES_SINCE ? delegate(target, facts) : dropIn(target, facts);
  },
  forget: (facts) => reload('systemd-resolved', facts),
};

/** Whether this machine's look-ups go through systemd-resolved: its stub, or its NSS module. */
export function isAsked({ files }: Facts): boolean {
  const hosts = /^hosts:.*\bresolve\b/m.test(files.get('/etc/nsswitch.conf') ?? '');
  return hosts || /^nameserver\s+127\.0\.0\.5[34]\s*$/m.test(files.get('/etc/resolv.conf') ?? '');
}

function delegate(target: Target, facts: Facts): Plan {
  const path = `${DELEGATES}/${fileNameOf(target.zone, '.dns-delegate')}`;
  const text = marked('[Delegate]', `DNS=${serverOf(target)}`, `Domains=~${target.zone}`);
  return planOf(facts, path, text, []);
}

/**
 * Global servers are alternatives of each other: resolved asks one, and another only when that one
 * is silent. With a second one there, half of the names would be asked in the wrong place.
 */
function dropIn(target: Target, facts: Facts): Plan {
  const path = `${DROP_INS}/${fileNameOf(target.zone, '.conf')}`;
  refuseOld(facts.systemd.version);
  const others = globalServers(facts, path);
  if (others.length > 0) {
    throw new UserError(
      'dns-resolved-has-servers',
      `systemd-resolved has a DNS server for all names in ${others.join(' and ')}; before ` +
        `systemd ${String(DELEGATES_SINCE)} it can’t tell that one from the daemon.`,
      'Set that server for the interface instead (networkd, NetworkManager), or use dnsmasq.',
    );
  }
  const text = marked('[Resolve]', `DNS=${serverOf(target)}`, `Domains=~${target.zone}`);
  const upstream = facts.files.get('/run/systemd/resolve/resolv.conf') ?? '';
  const isAlone = !/^nameserver /m.test(upstream);
  return planOf(facts, path, text, isAlone ? [NO_OTHERS] : []);
}

const NO_OTHERS =
  'systemd-resolved knows no DNS server of an interface now. Without one, other names than the ' +
  'zone’s are not found: its built-in fallback servers are for machines without any server.';

function planOf(facts: Facts, path: string, text: string, notes: readonly string[]): Plan {
  return {
    resolver: 'systemd-resolved',
    files: [{ path, text }],
    checks: [],
    apply: reload('systemd-resolved', facts),
    notes: [...notes, ...restartNote('systemd-resolved', facts)],
  };
}

function refuseOld(version: number): void {
  if (version >= PORTS_SINCE) return;
  throw new UserError(
    'dns-resolved-too-old',
    `This needs systemd ${String(PORTS_SINCE)} or later (here: ${String(version)}).`,
    'Use dnsmasq or unbound, or keep a hosts file with `flotilla hosts --watch FILE`.',
  );
}

/** The files that set servers for all names, but for the one that is to be written. */
function globalServers({ files }: Facts, own: string): readonly string[] {
  return [...files]
    .filter(([path]) => path.includes('/resolved.conf') && path !== own)
    .filter(([path, text]) => /^\s*DNS\s*=\s*\S/m.test(text) && !isShadowed(path, files))
    .map(([path, text]) => (isMarked(text) ? `${path} (another zone)` : path));
}

/** A drop-in in /etc takes the place of one of its name elsewhere (man 5 resolved.conf). */
function isShadowed(path: string, files: Facts['files']): boolean {
  const name = basename(path);
  return name !== 'resolved.conf' && !path.startsWith('/etc/') && files.has(`${DROP_INS}/${name}`);
}

function serverOf({ ip, port }: Target): string {
  return ip.includes(':') ? `[${ip}]:${String(port)}` : `${ip}:${String(port)}`;
}
