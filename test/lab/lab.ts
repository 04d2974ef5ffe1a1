/**
 * A small ISP in network namespaces, and customers whose addresses it lends, takes and swaps.
 *
 *     <prefix>-r      the provider: one bridge `wan` with isolated ports, so that every packet
 *                     between two nodes is routed. An address nobody holds is a black hole.
 *     <prefix>-n<i>   node i: `eth0` with one public address and a default route.
 *     <prefix>-h<i>   with `homes`: a home router that holds the public address, masquerades and
 *                     forwards all inbound packets to the node at 192.168.1.2, which therefore sees
 *                     no local event when its public address changes.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  customerMac,
  dropLines,
  holdLines,
  planOf,
  providerLines,
  routeLines,
  unrouteLines,
  type Plan,
} from './address-plan.ts';
import { nodeEnv, run, start } from './command.ts';
import { openRealm, systemEnv, type Realm } from './realm.ts';
import { ownPrefix, removeStale } from './stale.ts';

/** How a lab is laid out. */
export interface LabOptions {
  /** At most 20, which the address plan has room for. */
  readonly nodes: number;
  /** Put each node behind a home router of its own (IPv4 alone). */
  readonly homes?: boolean;
  readonly family?: 4 | 6;
  /** All lines are one LAN: what a node says to everyone there reaches the others. */
  readonly lan?: boolean;
}

/** When a change of addresses began and was done, in ms of `performance.now()`. */
export interface Move {
  readonly beganMs: number;
  readonly doneMs: number;
}

/** What a public line has carried since it was made, Ethernet headers included. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly sentPackets: number;
}

/** Signals that end this process without the event `exit`. */
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Lab {
  readonly nodes: number;
  readonly family: 4 | 6;
  readonly homes: boolean;
  readonly lan: boolean;
  private readonly realm: Realm;
  private readonly plan: Plan;
  private readonly prefix = ownPrefix();
  private readonly generation: number[];
  private readonly held: string[];
  private readonly processes = new Set<ChildProcess>();
  private readonly atExit = (): void => {
    this.wreck();
  };
  private readonly atSignal = (signal: NodeJS.Signals): void => {
    this.wreck();
    this.forget();
    // Now it does what it would have done without us.
    process.kill(process.pid, signal);
  };

  private constructor(realm: Realm, options: LabOptions) {
    this.realm = realm;
    this.nodes = options.nodes;
    this.family = options.family ?? 4;
    this.homes = options.homes ?? false;
    this.lan = options.lan ?? false;
    this.plan = planOf(this.family);
    this.generation = Array.from({ length: options.nodes }, () => 0);
    this.held = this.generation.map((_, index) => this.plan.lent(index, 0));
  }

  /** Makes the namespaces, after removing what labs of dead processes left behind. */
  static async open(options: LabOptions): Promise<Lab> {
    const realm = await openRealm();
    const lab = new Lab(realm, options);
    process.on('exit', lab.atExit);
    for (const signal of ENDINGS) process.on(signal, lab.atSignal);
    try {
      await removeStale(realm);
      await lab.build();
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  /** Node `index`'s public IP address now. */
  address(index: number): string {
    return this.held[index] ?? '';
  }

  /** The address node `index` gets when it moves next, if nobody says otherwise. */
  nextAddress(index: number): string {
    let generation = (this.generation[index] ?? 0) + 1;
    // After a swap another node may hold what was once lent to this one.
    while (this.held.includes(this.plan.lent(index, generation))) generation += 1;
    return this.plan.lent(index, generation);
  }

  /** The same with a port, as people write it. */
  endpoint(index: number, port = 4117): string {
    return endpointOf(this.address(index), port);
  }

  /** Takes the addresses of some nodes away and lends them fresh ones, all at one moment. */
  move(indexes: readonly number[]): Promise<Move> {
    return this.relend(indexes.map((index) => [index, this.nextAddress(index)]));
  }

  /** Two nodes get each other's address at one moment, as it happens when an ISP reuses them. */
  swap(one: number, other: number): Promise<Move> {
    return this.relend([
      [one, this.address(other)],
      [other, this.address(one)],
    ]);
  }

  /**
   * Starts a process on a node under R1's preload. It is this process's child with its own PID, so
   * it can be signalled, and ends with the lab at the latest.
   */
  spawn(
    index: number,
    argv: readonly string[],
    stdio: readonly ['ignore', 'pipe' | 'ignore', number | 'ignore'],
  ): ChildProcess {
    const [file = '', ...words] = [...this.inside(this.node(index)), ...argv];
    // A session of its own, as on a machine of its own: the scheduler shares the cores among
    // sessions.
    return this.keep(spawn(file, words, { env: nodeEnv(), stdio: [...stdio], detached: true }));
  }

  /** Runs a program on a node, under the preload too, and gives its output. */
  run(index: number, argv: readonly string[], input = ''): Promise<string> {
    return run([...this.inside(this.node(index)), ...argv], input, nodeEnv());
  }

  /** Runs a program where node `index`'s public address is: on its home router, if it has one. */
  runAtEdge(index: number, argv: readonly string[], input = ''): Promise<string> {
    return run([...this.inside(this.edge(index)), ...argv], input);
  }

  /** Runs a program at the provider, through which every packet between two nodes passes. */
  runAtProvider(argv: readonly string[], input = ''): Promise<string> {
    return run([...this.inside(this.router()), ...argv], input);
  }

  /** Starts a process at the provider; it ends with the lab at the latest. */
  spawnAtProvider(argv: readonly string[]): ChildProcess {
    const [file = '', ...words] = [...this.inside(this.router()), ...argv];
    const child = spawn(file, words, { env: systemEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
    return this.keep(child);
  }

  /** What node `index`'s public line has carried. */
  async traffic(index: number): Promise<Traffic> {
    const table = await this.runAtEdge(index, ['cat', '/proc/net/dev']);
    const line = table.split('\n').find((text) => text.trim().startsWith('eth0:')) ?? '';
    const fields = line
      .slice(line.indexOf(':') + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    const [receivedBytes = 0, receivedPackets = 0] = fields;
    const [sentBytes = 0, sentPackets = 0] = fields.slice(8);
    return { receivedBytes, sentBytes, receivedPackets, sentPackets };
  }

  /** Ends every process on the nodes and removes the namespaces. Never rejects. */
  async close(): Promise<void> {
    const ends = [...this.processes].map((child) => {
      const end = once(child, 'exit').catch(() => []);
      child.kill('SIGKILL');
      return end;
    });
    await Promise.all(ends);
    this.forget();
    const argv = [...this.realm.enter, 'ip', '-force', '-batch', '-'];
    await run(argv, `${this.removal().join('\n')}\n`).catch(() => '');
    this.realm.close();
  }

  /** Remembers a process until it ends, so that it ends with the lab at the latest. */
  private keep(child: ChildProcess): ChildProcess {
    this.processes.add(child);
    child.once('exit', () => this.processes.delete(child));
    child.once('error', () => this.processes.delete(child));
    return child;
  }

  /** The same without waiting, for the moment this process ends. */
  private wreck(): void {
    for (const child of this.processes) child.kill('SIGKILL');
    const [file = '', ...words] = [...this.realm.enter, 'ip', '-force', '-batch', '-'];
    spawnSync(file, words, { env: systemEnv(), input: `${this.removal().join('\n')}\n` });
    this.realm.close();
  }

  private forget(): void {
    process.off('exit', this.atExit);
    for (const signal of ENDINGS) process.off(signal, this.atSignal);
  }

  private removal(): string[] {
    return this.names().map((name) => `netns del ${name}`);
  }

  private names(): string[] {
    const indexes = this.generation.map((_, index) => index);
    const edges = this.homes ? indexes.map((index) => this.edge(index)) : [];
    return [this.router(), ...indexes.map((index) => this.node(index)), ...edges];
  }

  private router(): string {
    return `${this.prefix}-r`;
  }

  private node(index: number): string {
    return `${this.prefix}-n${String(index)}`;
  }

  private edge(index: number): string {
    return this.homes ? `${this.prefix}-h${String(index)}` : this.node(index);
  }

  /** What stands before a command so that it runs in a namespace and keeps its PID. */
  private inside(name: string): string[] {
    return [...this.realm.enter, 'nsenter', `--net=/var/run/netns/${name}`, '--'];
  }

  private batch(name: string, lines: readonly string[]): Promise<string> {
    return run([...this.realm.enter, 'ip', '-n', name, '-batch', '-'], `${lines.join('\n')}\n`);
  }

  private async build(): Promise<void> {
    const makings = this.names().map((name) => `netns add ${name}\n`);
    await run([...this.realm.enter, 'ip', '-batch', '-'], makings.join(''));
    const six = this.family === 6;
    await this.sysctl(this.router(), [
      six ? 'net.ipv6.conf.all.forwarding=1' : 'net.ipv4.ip_forward=1',
      'net.ipv4.conf.all.send_redirects=0',
      'net.ipv4.conf.default.send_redirects=0',
      `net.ipv6.conf.all.disable_ipv6=${six ? '0' : '1'}`,
    ]);
    await this.batch(this.router(), providerLines(this.plan));
    await this.filterSources();
    await Promise.all(this.generation.map((_, index) => this.connect(index)));
  }

  /** The ISP drops packets whose source address nobody holds (BCP 38). */
  private async filterSources(): Promise<void> {
    if (this.family === 4) return this.sysctl(this.router(), ['net.ipv4.conf.wan.rp_filter=1']);
    // Linux has no rp_filter for IPv6.
    const rules = [
      'add table ip6 isp',
      'add chain ip6 isp forward { type filter hook forward priority 0 ; }',
      'add rule ip6 isp forward fib saddr oif missing drop',
    ];
    await run([...this.inside(this.router()), 'nft', '-f', '-'], `${rules.join('\n')}\n`);
    return undefined;
  }

  /** Lays node `index`'s line to the provider, and its home router if it has one. */
  private async connect(index: number): Promise<void> {
    const edge = this.edge(index);
    const port = `w${String(index)}`;
    // Without IPv6 the kernel says nothing of its own on the line.
    const quiet = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];
    const open = ['net.ipv6.conf.default.accept_ra=0', 'net.ipv6.conf.default.accept_redirects=0'];
    await this.sysctl(edge, this.family === 4 ? quiet : open);
    await this.batch(this.router(), [
      `link add ${port} type veth peer name eth0 address ${customerMac(index)} netns ${edge}`,
      `link set ${port} master wan`,
      `link set ${port} type bridge_slave isolated ${this.lan ? 'off' : 'on'}`,
      `link set ${port} up`,
    ]);
    await this.batch(edge, [
      'link set lo up',
      'link set eth0 up',
      ...holdLines(this.plan, this.address(index)),
    ]);
    await this.batch(this.router(), routeLines(this.plan, index, this.address(index)));
    if (this.homes) await this.moveIn(index);
  }

  /** Puts a node into its home: a private address behind a router that forwards everything. */
  private async moveIn(index: number): Promise<void> {
    const edge = this.edge(index);
    const node = this.node(index);
    await this.sysctl(node, ['net.ipv6.conf.all.disable_ipv6=1']);
    await this.batch(edge, [
      `link add lan0 type veth peer name eth0 netns ${node}`,
      'link set lan0 up',
      'addr add 192.168.1.1/24 dev lan0',
    ]);
    await this.batch(node, [
      'link set lo up',
      'addr add 192.168.1.2/24 dev eth0',
      'link set eth0 up',
      'route add default via 192.168.1.1',
    ]);
    await this.sysctl(edge, ['net.ipv4.ip_forward=1']);
    const rules = [
      'add table ip home',
      'add chain ip home in { type nat hook prerouting priority -100 ; }',
      'add rule ip home in iifname eth0 dnat to 192.168.1.2',
      'add chain ip home out { type nat hook postrouting priority 100 ; }',
      'add rule ip home out oifname eth0 masquerade',
    ];
    await this.runAtEdge(index, ['nft', '-f', '-'], `${rules.join('\n')}\n`);
  }

  private async sysctl(name: string, settings: readonly string[]): Promise<void> {
    await run([...this.inside(name), 'sysctl', '-qw', ...settings]);
  }

  /** All programs are started first and then told at once what to do: milliseconds apart. */
  private async relend(lent: readonly (readonly [number, string])[]): Promise<Move> {
    const takes = lent.flatMap(([index]) => unrouteLines(this.plan, this.address(index)));
    const gives = lent.flatMap(([index, address]) => routeLines(this.plan, index, address));
    const atEdges = lent.map(([index, address]) => ({
      name: this.edge(index),
      lines: [...dropLines(this.plan, this.address(index)), ...holdLines(this.plan, address)],
    }));
    const changes = [{ name: this.router(), lines: [...takes, ...gives] }, ...atEdges];
    const ready = await Promise.all(
      changes.map(async ({ name, lines }) => ({
        lines,
        waiting: await start([...this.realm.enter, 'ip', '-n', name, '-batch', '-']),
      })),
    );
    for (const [index, address] of lent) {
      this.held[index] = address;
      this.generation[index] = (this.generation[index] ?? 0) + 1;
    }
    const beganMs = performance.now();
    await Promise.all(ready.map(({ waiting, lines }) => waiting.go(`${lines.join('\n')}\n`)));
    return { beganMs, doneMs: performance.now() };
  }
}

/** `address:port`, with brackets where the address has colons. */
export function endpointOf(address: string, port = 4117): string {
  return address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}
