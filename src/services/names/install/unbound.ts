/** unbound: a stub zone in a file of its folder (man 5 unbound.conf). */

import {
  fileNameOf,
  folderFor,
  marked,
  reload,
  restartNote,
  type Resolver,
  type Target,
} from './plan.ts';

/** Debian and Arch, Fedora, FreeBSD. */
const FOLDERS = [
  '/etc/unbound/unbound.conf.d',
  '/etc/unbound/conf.d',
  '/usr/local/etc/unbound/conf.d',
];

export const unbound: Resolver = {
  name: 'unbound',
  folders: FOLDERS,
  mayBeOurs: (name) => name.startsWith('flotilla-') && name.endsWith('.conf'),
  plan: (target, facts) => {
    const folder = folderFor('unbound', FOLDERS, facts);
    return {
      resolver: 'unbound',
      files: [{ path: `${folder}/${fileNameOf(target.zone, '.conf')}`, text: textOf(target) }],
      checks: [['unbound-checkconf']],
      apply: reload('unbound', facts),
      notes: restartNote('unbound', facts),
    };
  },
  forget: (facts) => reload('unbound', facts),
};

/**
 * A stub, since the daemon is the zone's own server and no resolver. Nothing of it is kept, so that
 * `cache-min-ttl` and `serve-expired` hold no old address; the zone is not signed, may have private
 * addresses, and may lie in one that unbound answers itself, such as home.arpa.
 */
function textOf({ zone, ip, port }: Target): string {
  const local = ip === '::1' || ip.startsWith('127.');
  return marked(
    'server:',
    ...(local ? ['    do-not-query-localhost: no'] : []),
    `    domain-insecure: "${zone}"`,
    `    private-domain: "${zone}"`,
    `    local-zone: "${zone}." transparent`,
    'stub-zone:',
    `    name: "${zone}"`,
    `    stub-addr: ${ip}@${String(port)}`,
    '    stub-no-cache: yes',
  );
}
