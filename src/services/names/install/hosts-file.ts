/** The members as a hosts file (man 5 hosts), for what asks no DNS server. */

import type { MembersDocument } from '../../../core/view.ts';
import { expiresIn, hostOf, type ZoneSettings } from '../hosts.ts';
import { hostLabel } from '../labels.ts';

/** The first line of each hosts file that is written here. */
export const HOSTS_MARK = '# Written by `flotilla hosts`, which replaces it as a whole.';

/** Whether a hosts file was written here, and may be replaced. */
export function isOwnHosts(text: string): boolean {
  return text.startsWith(`${HOSTS_MARK}\n`);
}

/**
 * An address and a name a line, by name: what the DNS server would answer for `NAME.ZONE`. Short
 * names are left out: a member called `localhost` would take that name over.
 */
export function hostsText(view: MembersDocument, settings: ZoneSettings): string {
  const lines = view.members.flatMap((member) => {
    const label = hostLabel(member.name);
    const { ip } = hostOf(member, settings, undefined);
    return label === undefined || ip === undefined ? [] : [`${label}.${settings.name}\t${ip}`];
  });
  const sorted = lines.sort().map((line) => line.split('\t').reverse().join('\t'));
  return [HOSTS_MARK, ...sorted].map((line) => `${line}\n`).join('');
}

/** Milliseconds after which an address of this view runs out; undefined: none will. */
export function nextExpiry(view: MembersDocument, settings: ZoneSettings): number | undefined {
  const ages = view.members.flatMap((member) => expiresIn(member, settings) ?? []);
  return ages.length === 0 ? undefined : Math.min(...ages);
}
