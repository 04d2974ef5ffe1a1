/** macOS: a file in /etc/resolver, named like the zone, is read as it comes (man 5 resolver). */

import { marked, type Command, type Resolver } from './plan.ts';

const FOLDER = '/etc/resolver';

/** Names that were not found before are forgotten. */
const FLUSH: readonly Command[] = [
  ['dscacheutil', '-flushcache'],
  ['killall', '-HUP', 'mDNSResponder'],
];

export const macos: Resolver = {
  name: 'macos',
  folders: [FOLDER],
  mayBeOurs: () => true,
  plan: ({ zone, ip, port }) => ({
    resolver: 'macos',
    files: [
      { path: `${FOLDER}/${zone}`, text: marked(`nameserver ${ip}`, `port ${String(port)}`) },
    ],
    checks: [],
    apply: FLUSH,
    notes: [],
  }),
  forget: () => FLUSH,
};
