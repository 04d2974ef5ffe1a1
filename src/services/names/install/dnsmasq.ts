/** dnsmasq: `server=/zone/address#port` in a file of its folder (man 8 dnsmasq). */

import {
  fileNameOf,
  folderFor,
  marked,
  restart,
  restartNote,
  type Facts,
  type Resolver,
} from './plan.ts';

/** Its own, and the one of NetworkManager's dnsmasq. */
const OF_MANAGER = '/etc/NetworkManager/dnsmasq.d';
const FOLDERS = ['/etc/dnsmasq.d', OF_MANAGER, '/usr/local/etc/dnsmasq.d'];

/** Where it is said which folders are read; Debian's service says it in its own file. */
const READ_BY = ['/etc/dnsmasq.conf', '/etc/default/dnsmasq', '/usr/local/etc/dnsmasq.conf'];

export const dnsmasq: Resolver = {
  name: 'dnsmasq',
  folders: FOLDERS,
  mayBeOurs: (name) => name.startsWith('flotilla-') && name.endsWith('.conf'),
  plan: ({ zone, ip, port }, facts) => {
    const folder = folderFor('dnsmasq', FOLDERS, facts);
    const isRead = folder === OF_MANAGER || readsFolder(facts.files, folder);
    const text = marked(
      `server=/${zone}/${ip}#${String(port)}`,
      '# Members may have private addresses; `stop-dns-rebind` would drop them.',
      `rebind-domain-ok=/${zone}/`,
    );
    return {
      resolver: 'dnsmasq',
      files: [{ path: `${folder}/${fileNameOf(zone, '.conf')}`, text }],
      checks: [['dnsmasq', '--test', `--conf-file=${folder}/${fileNameOf(zone, '.conf')}`]],
      apply: restart(serviceOf(folder), facts),
      notes: [
        ...(isRead ? [] : [`It is read only if dnsmasq’s settings say \`conf-dir=${folder}\`.`]),
        ...restartNote('dnsmasq', facts),
      ],
    };
  },
  forget: (facts, folders) => folders.flatMap((folder) => restart(serviceOf(folder), facts)),
};

/** Whether it is here; NetworkManager has its folder for it even where it runs none. */
export function hasDnsmasq({ folders, files }: Facts): boolean {
  const manager = files.get('/etc/NetworkManager/NetworkManager.conf') ?? '';
  const isManaged = /^dns=dnsmasq\s*$/m.test(manager);
  return FOLDERS.some((one) => folders.includes(one) && (one !== OF_MANAGER || isManaged));
}

/** A signal makes dnsmasq read hosts and leases again, but not its settings. */
function serviceOf(folder: string): string {
  return folder === OF_MANAGER ? 'NetworkManager' : 'dnsmasq';
}

function readsFolder(files: ReadonlyMap<string, string>, folder: string): boolean {
  return READ_BY.some((path) =>
    (files.get(path) ?? '')
      .split('\n')
      .some((line) => /^(conf-dir|CONFIG_DIR)=/.test(line) && line.includes(folder)),
  );
}
