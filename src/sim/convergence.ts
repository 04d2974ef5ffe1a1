/**
 * When a cluster counts as whole again: every ordered pair alive, right and proven; the newest
 * record everywhere.
 */

import { readBook } from '../core/documents.ts';
import type { MemberView } from '../core/view.ts';
import { SMALL_CLUSTER } from '../core/config.ts';
import { SIGNATURE_SIZE } from '../wire/field.ts';
import { ipOf } from './checkers.ts';
import type { VirtualHost } from './host.ts';
import { MAIN_PORT } from './site.ts';
import type { Truth } from './truth.ts';

/**
 * Whether the cluster is whole again (DESIGN §12). Up to sixteen nodes: each holds every other for
 * alive, at the address where it really is, with proof `direct`. Above: each holds everyone's
 * newest record and has lost nobody. Dead nodes and liars do not count.
 */
export class Convergence {
  readonly #truth: Truth;
  /** Whether the port of a fresh socket that is open will do: it does for five minutes (§5). */
  readonly #anyOpenPort: boolean;
  #complaint: { readonly by: VirtualHost; readonly words: string } | undefined;

  constructor(truth: Truth, anyOpenPort = false) {
    this.#truth = truth;
    this.#anyOpenPort = anyOpenPort;
  }

  /** What was wrong when last asked, for the story of a failure. */
  get complaint(): string {
    return this.#complaint?.words ?? 'nothing';
  }

  /** True when nobody has anything to complain about. Asks the last complainer first. */
  holds(hosts: readonly VirtualHost[]): boolean {
    const last = this.#complaint?.by;
    if (last !== undefined && hosts.includes(last) && this.#complains(last, hosts)) return false;
    for (const host of hosts) {
      if (host !== last && this.#complains(host, hosts)) return false;
    }
    this.#complaint = undefined;
    return true;
  }

  /** Looks at one node; what is wrong first is kept for the story. */
  #complains(host: VirtualHost, hosts: readonly VirtualHost[]): boolean {
    const view = host.view();
    const words =
      view === undefined
        ? 'is off'
        : hosts.length <= SMALL_CLUSTER
          ? everyoneProven(byId(view.members), host, hosts, this.#anyOpenPort)
          : (everyoneKnown(byId(view.members), host, hosts) ?? this.#newestRecords(host, hosts));
    if (words === undefined) return false;
    this.#complaint = { by: host, words: `${host.name}: ${words}` };
    return true;
  }

  /** Newest by who signed it, not by what anybody says: the truth heard every signature. */
  #newestRecords(host: VirtualHost, hosts: readonly VirtualHost[]): string | undefined {
    const held = new Map<string, number>();
    for (const bytes of readBook(host.machine?.document('book'))?.records ?? []) {
      const signed = this.#truth.signerOf(bytes.subarray(bytes.length - SIGNATURE_SIZE));
      if (signed !== undefined) held.set(signed.author, signed.sequence);
    }
    for (const { id, name } of hosts) {
      if (id === host.id) continue;
      const newest = this.#truth.newestSequence(id);
      const sequence = held.get(id) ?? 0;
      if (sequence < newest) {
        return `holds record ${String(sequence)} of ${name}, not ${String(newest)}`;
      }
    }
    return undefined;
  }
}

/** DESIGN §12 for ten nodes or fewer, held up to sixteen: so many are always asked all at once. */
function everyoneProven(
  views: ReadonlyMap<string, MemberView>,
  host: VirtualHost,
  hosts: readonly VirtualHost[],
  anyOpenPort: boolean,
): string | undefined {
  for (const other of hosts) {
    if (other === host) continue;
    const seen = views.get(other.id);
    if (seen === undefined) return `does not know ${other.name}`;
    if (seen.state !== 'alive') return `takes ${other.name} for ${seen.state}`;
    if (seen.proof !== 'direct') return `has no proof of ${other.name}`;
    const misplaced = place(seen, host, other, anyOpenPort);
    if (misplaced !== undefined) return misplaced;
  }
  return undefined;
}

/** Above sixteen a path is proven when it is used; an address may be shown that was left since. */
function everyoneKnown(
  views: ReadonlyMap<string, MemberView>,
  host: VirtualHost,
  hosts: readonly VirtualHost[],
): string | undefined {
  for (const other of hosts) {
    if (other === host) continue;
    const seen = views.get(other.id);
    if (seen === undefined) return `does not know ${other.name}`;
    if (seen.state === 'lost') return `has lost ${other.name}`;
  }
  return undefined;
}

/**
 * Behind a home router the port is left out: others see the one its translation chose. So it is for
 * who looks from behind one: where an old flow stands in the way it shows others under other ports.
 */
function place(
  seen: MemberView,
  viewer: VirtualHost,
  other: VirtualHost,
  anyOpenPort: boolean,
): string | undefined {
  const { addresses } = other.site;
  const translates = other.site.translates || viewer.site.translates;
  const shown = seen.address === null ? '' : ipOf(seen.address);
  const port = Number(seen.address?.slice(seen.address.lastIndexOf(':') + 1));
  const rightPort = translates || port === MAIN_PORT || (anyOpenPort && other.isOpen(port));
  if (addresses.includes(shown) && rightPort) return undefined;
  const real = addresses.join(', ') || 'nowhere';
  const main = translates ? '' : `, port ${String(MAIN_PORT)}`;
  return `shows ${other.name} at ${seen.address ?? 'no address'}, it is at ${real}${main}`;
}

function byId(members: readonly MemberView[]): ReadonlyMap<string, MemberView> {
  return new Map(members.map((member) => [member.id, member]));
}
