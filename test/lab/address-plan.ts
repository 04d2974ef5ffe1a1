/** Which addresses the lab's ISP lends, and the `ip` commands that give and take them. */

/** The provider's side of each customer line. */
const providerMac = '02:00:00:00:00:01';

/** What differs between the families, in the words of `ip`. */
export interface Plan {
  readonly family: 4 | 6;
  /** Each with a blackhole route: an address nobody holds swallows packets unanswered. */
  readonly pools: readonly string[];
  /** The address of node `index` after its `generation`-th change; never one another node had. */
  readonly lent: (index: number, generation: number) => string;
  /** The provider's address on every line, with its prefix length. */
  readonly provider: string;
}

/** Documentation ranges (RFC 5737): three networks, so that votes come from several. */
const networks4 = ['203.0.113', '198.51.100', '192.0.2'];

const plan4: Plan = {
  family: 4,
  pools: networks4.map((network) => `${network}.0/24`),
  lent: (index, generation) =>
    `${networks4[(index + generation) % 3] ?? ''}.${hostPart(index, generation)}`,
  provider: '169.254.0.1/32',
};

/** The documentation range of RFC 3849, cut into sites. */
const plan6: Plan = {
  family: 6,
  pools: ['2001:db8:1::/48', '2001:db8:2::/48', '2001:db8:3::/48'],
  lent: (index, generation) =>
    `2001:db8:${String(1 + ((index + generation) % 3))}::${hostPart(index, generation)}`,
  provider: 'fe80::1/64',
};

/** The plan of a family. */
export function planOf(family: 4 | 6): Plan {
  return family === 4 ? plan4 : plan6;
}

/** The last part of an address: room for 20 nodes that change 12 times, within one octet. */
function hostPart(index: number, generation: number): string {
  return String(10 + index + 20 * (generation % 12));
}

/** The hardware address of node `index`'s public line. */
export function customerMac(index: number): string {
  return `02:00:00:00:01:${index.toString(16).padStart(2, '0')}`;
}

/** Sets up the provider's bridge; its ports are isolated, so packets between nodes are routed. */
export function providerLines(plan: Plan): string[] {
  return [
    'link set lo up',
    // Snooping would have the bridge itself speak IGMP on the lines.
    'link add name wan type bridge mcast_snooping 0',
    `link set wan address ${providerMac}`,
    'link set wan up',
    `addr add ${plan.provider} dev wan${plan.family === 6 ? ' nodad' : ''}`,
    ...plan.pools.map((pool) => `route add blackhole ${pool}`),
  ];
}

/** At the customer: hold an address, with a fixed neighbour so that no ARP adds its delay. */
export function holdLines(plan: Plan, address: string): string[] {
  const [gateway = ''] = plan.provider.split('/');
  const six = plan.family === 6;
  return [
    `addr add ${address}/${six ? '128 nodad' : '32'} dev eth0`,
    ...(six ? [] : [`route replace ${gateway} dev eth0 scope link`]),
    `neigh replace ${gateway} lladdr ${providerMac} dev eth0 nud permanent`,
    `route replace default via ${gateway} dev eth0 onlink`,
  ];
}

/** At the customer: give an address up. */
export function dropLines(plan: Plan, address: string): string[] {
  return [`addr del ${address}/${plan.family === 6 ? '128' : '32'} dev eth0`];
}

/** At the provider: route an address to node `index`. */
export function routeLines(plan: Plan, index: number, address: string): string[] {
  return [
    `neigh replace ${address} lladdr ${customerMac(index)} dev wan nud permanent`,
    `route add ${address}/${plan.family === 6 ? '128' : '32'} dev wan`,
  ];
}

/** At the provider: route an address nowhere. */
export function unrouteLines(plan: Plan, address: string): string[] {
  return [
    `route del ${address}/${plan.family === 6 ? '128' : '32'} dev wan`,
    `neigh del ${address} dev wan`,
  ];
}
