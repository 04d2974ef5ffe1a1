/**
 * Rules in a node's own namespace that count what leaves it, by where it goes (R2): to an address
 * that a member holds or has held, or to any other. Loopback is not the network.
 */
import type { Lab } from './lab.ts';

/** Packets that left a node since its counters were installed, and what came in without TCP. */
export interface Counts {
  readonly toHeld: number;
  /** Everywhere else; must stay 0. `foreign` says where. */
  readonly toForeign: number;
  readonly foreign: readonly string[];
  /** To port 53 of anybody, a resolver on this machine included. */
  readonly toDns: number;
  /** To multicast groups, the system's own reports that it listens to one included. */
  readonly toGroups: number;
  /** Datagrams to groups: what a program said there. */
  readonly beacons: number;
  /** Packets received that are not TCP: datagrams, and refusals by ICMP. */
  readonly heard: number;
}

/** The LAN's group, and where Linux reports (IGMPv3, RFC 3376) that somebody listens to it. */
export const lanGroups: readonly string[] = ['239.255.41.17', '224.0.0.22'];

function rules(held: readonly string[]): string {
  return `
table inet lab {
  set held { type ipv4_addr; elements = { ${held.join(', ')} }; }
  set foreign { type ipv4_addr; flags dynamic; size 1024; }
  counter to_held { }
  counter to_foreign { }
  counter to_dns { }
  counter to_groups { }
  counter beacons { }
  counter heard { }
  chain leaving {
    type filter hook output priority 0; policy accept;
    meta l4proto { tcp, udp } th dport 53 counter name to_dns
    oifname "lo" accept
    ip daddr 224.0.0.0/4 counter name to_groups
    ip6 daddr ff00::/8 counter name to_groups
    ip daddr 224.0.0.0/4 meta l4proto udp counter name beacons
    ip6 daddr ff00::/8 meta l4proto udp counter name beacons
    ip daddr @held counter name to_held accept
    counter name to_foreign
    update @foreign { ip daddr }
  }
  chain arriving {
    type filter hook input priority 0; policy accept;
    iifname "lo" accept
    meta l4proto != tcp counter name heard
  }
}
`;
}

/** Counts from now on what leaves node `index`; only `held` addresses are no foreign ones. */
export async function installCounters(
  lab: Lab,
  index: number,
  held: readonly string[],
): Promise<void> {
  await lab.run(index, ['nft', '-f', '-'], rules(held));
}

/** Tells the counters of node `index` of addresses that members are about to hold. */
export async function allow(lab: Lab, index: number, held: readonly string[]): Promise<void> {
  await lab.run(index, ['nft', 'add', 'element', 'inet', 'lab', 'held', `{ ${held.join(', ')} }`]);
}

/** Reads the counters of node `index`. */
export async function readCounts(lab: Lab, index: number): Promise<Counts> {
  const listing = await lab.run(index, ['nft', '-j', 'list', 'table', 'inet', 'lab']);
  const { nftables } = JSON.parse(listing) as { nftables: readonly Listed[] };
  const packets = (name: string): number =>
    nftables.find(({ counter }) => counter?.name === name)?.counter?.packets ?? Number.NaN;
  const foreign = nftables.find(({ set }) => set?.name === 'foreign')?.set?.elem ?? [];
  return {
    toHeld: packets('to_held'),
    toForeign: packets('to_foreign'),
    foreign: foreign.map((element) => JSON.stringify(element)),
    toDns: packets('to_dns'),
    toGroups: packets('to_groups'),
    beacons: packets('beacons'),
    heard: packets('heard'),
  };
}

/** One entry of nft's own JSON, as far as it is read here. */
interface Listed {
  readonly counter?: { readonly name: string; readonly packets: number };
  readonly set?: { readonly name: string; readonly elem?: readonly unknown[] };
}
