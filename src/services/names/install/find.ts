/** Which resolver this machine asks, and what there is to know before it is told of a zone. */

import { UserError } from '../../../base/errors.ts';
import { dnsmasq, hasDnsmasq } from './dnsmasq.ts';
import type { Machine } from './machine.ts';
import { macos } from './macos.ts';
import type { Facts, Resolver, ResolverName } from './plan.ts';
import { isAsked, systemdResolved } from './systemd-resolved.ts';
import { unbound } from './unbound.ts';
import { windows } from './windows.ts';

/** Every resolver there is, by name. */
export const resolvers: Readonly<Record<ResolverName, Resolver>> = {
  'systemd-resolved': systemdResolved,
  macos,
  windows,
  dnsmasq,
  unbound,
};

/** Files that say who is asked, and who reads what. */
const FILES = [
  '/etc/resolv.conf',
  '/etc/nsswitch.conf',
  '/etc/dnsmasq.conf',
  '/etc/default/dnsmasq',
  '/usr/local/etc/dnsmasq.conf',
  '/etc/NetworkManager/NetworkManager.conf',
  '/etc/systemd/resolved.conf',
  '/run/systemd/resolve/resolv.conf',
];

/** Where drop-ins of resolved.conf may be. */
const DROP_INS = ['/etc', '/run', '/usr/local/lib', '/usr/lib'].map(
  (root) => `${root}/systemd/resolved.conf.d`,
);

/** Looks at the machine; changes nothing. */
export async function look(machine: Machine): Promise<Facts> {
  const { platform } = machine;
  if (platform === 'win32') {
    return { platform, folders: [], files: new Map(), systemd: { runs: false, version: 0 } };
  }
  const folders: string[] = [];
  for (const folder of Object.values(resolvers).flatMap((resolver) => resolver.folders)) {
    if ((await machine.list(folder)) !== undefined) folders.push(folder);
  }
  const files = new Map<string, string>();
  const readInto = async (path: string): Promise<void> => {
    const text = await machine.read(path);
    if (text !== undefined) files.set(path, text);
  };
  for (const path of FILES) await readInto(path);
  for (const folder of DROP_INS) {
    const names = (await machine.list(folder)) ?? [];
    for (const name of names) if (name.endsWith('.conf')) await readInto(`${folder}/${name}`);
  }
  return { platform, folders, files, systemd: await lookAtSystemd(machine) };
}

/** `/run/systemd/system` is there where systemd was booted (man 3 sd_booted). */
async function lookAtSystemd(machine: Machine): Promise<Facts['systemd']> {
  if (machine.platform !== 'linux') return { runs: false, version: 0 };
  const runs = (await machine.list('/run/systemd/system')) !== undefined;
  const { output } = await machine.run(['systemctl', '--version']);
  const version = Number(/^systemd (\d+)/.exec(output)?.[1] ?? 0);
  return { runs, version };
}

/** The resolver that this machine asks. Throws `UserError` when there is none to tell, or two. */
export function findResolver(facts: Facts): Resolver {
  if (facts.platform === 'win32') return windows;
  if (facts.platform === 'darwin') return macos;
  if (isAsked(facts)) return systemdResolved;
  const asked = nameservers(facts);
  const local = asked.some((ip) => ip.startsWith('127.') || ip === '::1');
  const hasUnbound = unbound.folders.some((folder) => facts.folders.includes(folder));
  const [first, second] = [
    ...(hasDnsmasq(facts) ? [dnsmasq] : []),
    ...(hasUnbound ? [unbound] : []),
  ];
  if (local && first !== undefined && second === undefined) return first;
  if (local && first !== undefined) {
    throw new UserError(
      'dns-resolver-unclear',
      'Both dnsmasq and unbound are installed here.',
      'Say which one answers this machine: --resolver dnsmasq or --resolver unbound.',
    );
  }
  throw new UserError(
    'dns-no-resolver',
    `No resolver runs here that can be told of a zone: ${whoIsAsked(asked)}.`,
    'Install systemd-resolved, dnsmasq or unbound, say which with --resolver, or keep a hosts ' +
      'file: `flotilla hosts --watch FILE`.',
  );
}

function nameservers({ files }: Facts): readonly string[] {
  const lines = (files.get('/etc/resolv.conf') ?? '').split('\n');
  return lines.flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
}

function whoIsAsked(servers: readonly string[]): string {
  if (servers.length === 0) return '/etc/resolv.conf names no server';
  return `/etc/resolv.conf names ${servers.join(' and ')}`;
}
