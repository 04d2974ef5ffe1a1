/** A cluster of real daemons in the lab, and the clock that says how long it took to heal. */
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';
import { Lab, type LabOptions } from './lab.ts';

/** What a cluster is made of. */
export interface ClusterOptions extends LabOptions {
  /** How many are started and joined at once; the others wait for `launch`. Default: all. */
  readonly members?: number;
  /** Further flags of `flotilla up`. */
  readonly up?: readonly string[];
  /** Called when the lab is up and no daemon runs yet. */
  readonly before?: (lab: Lab) => Promise<void>;
}

/** How to judge a heal. Times are in ms. */
export interface HealOptions {
  /** When the trouble began, in ms of `performance.now()`. */
  readonly sinceMs: number;
  readonly boundMs: number;
  /** All pairs must go on working for so long. */
  readonly holdMs: number;
}

/** What became of it. */
export interface Heal {
  /** From the trouble to the start of the stretch that held; undefined when none came in time. */
  readonly healedMs: number | undefined;
  /** How often it looked healed and broke again. */
  readonly breaks: number;
  /** The ordered pairs that did not work at the end, as `n0 of n1: lost, none, 192.0.2.1:4117`. */
  readonly bad: readonly string[];
}

export class Cluster {
  readonly lab: Lab;
  readonly daemons: readonly Daemon[];
  private readonly folder: string;
  private readonly up: readonly string[];
  private readonly changes = new EventEmitter();

  private constructor(lab: Lab, options: ClusterOptions) {
    this.lab = lab;
    this.up = options.up ?? [];
    this.folder = mkdtempSync(join(tmpdir(), 'flotilla-lab-'));
    this.daemons = Array.from(
      { length: options.nodes },
      (_, index) => new Daemon(lab, this.folder, index, () => this.changes.emit('view')),
    );
  }

  /** Opens a lab, founds a cluster on node 0, joins the others, and waits until it is whole. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const lab = await Lab.open(options);
    const cluster = new Cluster(lab, options);
    try {
      await options.before?.(lab);
      await cluster.found(options.members ?? options.nodes);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** The daemon of node `index`. */
  daemon(index: number): Daemon {
    const daemon = this.daemons[index];
    if (daemon === undefined) throw new Error(`no daemon on node ${String(index)}`);
    return daemon;
  }

  /** Starts the daemon of node `index` and waits until it serves. */
  async launch(index: number, flags: readonly string[] = []): Promise<void> {
    const daemon = this.daemon(index);
    daemon.launch([...this.up, ...flags]);
    await daemon.serving();
    daemon.watch();
  }

  /** A token of node `index`, under its real address. */
  async invite(index: number, uses: number): Promise<string> {
    const words = ['invite', '--at', this.lab.endpoint(index), '--uses', String(uses)];
    return (await this.daemon(index).command(words)).trim();
  }

  /** Waits until every ordered pair of running nodes works and goes on working. */
  healed(options: HealOptions): Promise<Heal> {
    return new Promise((resolve) => {
      let goodSince: number | undefined;
      let breaks = 0;
      let timer: NodeJS.Timeout | undefined;
      const end = (healedMs: number | undefined): void => {
        clearTimeout(timer);
        this.changes.off('view', look);
        resolve({ healedMs, breaks, bad: this.badPairs() });
      };
      const look = (): void => {
        const good = this.badPairs().length === 0;
        const now = performance.now();
        if (good && goodSince === undefined) {
          // A stretch that begins in time may go on to its end.
          clearTimeout(timer);
          goodSince = now;
          timer = setTimeout(end, options.holdMs, now - options.sinceMs);
        } else if (!good && goodSince !== undefined) {
          goodSince = undefined;
          breaks += 1;
          giveTime(now);
        }
      };
      const giveTime = (now: number): void => {
        clearTimeout(timer);
        timer = setTimeout(end, Math.max(0, options.sinceMs + options.boundMs - now), undefined);
      };
      giveTime(performance.now());
      this.changes.on('view', look);
      look();
    });
  }

  /** The ends of all logs and what does not work, to be read after a failure. */
  report(): string {
    const logs = this.daemons.map((daemon) => `${daemon.name}: ${daemon.lastWords()}`);
    return [...this.badPairs(), ...logs].join('\n');
  }

  /** Ends all daemons and removes the lab and their states. */
  async close(): Promise<void> {
    await Promise.all(this.daemons.map((daemon) => daemon.kill()));
    await this.lab.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async found(members: number): Promise<void> {
    const joiners = this.daemons.slice(1, members);
    await this.launch(0);
    if (joiners.length === 0) return;
    const token = await this.invite(0, joiners.length);
    await Promise.all(joiners.map(({ index }) => this.launch(index, ['--join', token])));
    const began = { sinceMs: performance.now(), boundMs: 60_000, holdMs: 500 };
    const { healedMs } = await this.healed(began);
    if (healedMs === undefined) throw new Error(`the cluster never got whole:\n${this.report()}`);
  }

  /** Daemons that were not started, or were killed from here, do not count. */
  private badPairs(): string[] {
    const counted = this.daemons.filter(({ pid }) => pid !== undefined);
    return counted.flatMap((one) =>
      counted
        .filter((other) => other !== one && !this.works(one, other))
        .map((other) => {
          const { state, proof, address } = one.view.get(other.name) ?? {};
          const real = this.lab.address(other.index);
          const shown = `${String(state)}, ${String(proof)}, ${String(address)}`;
          return `${one.name} of ${other.name}: ${shown}, really at ${real}`;
        }),
    );
  }

  /** Whether a node has proven the address that another really has now. */
  private works(one: Daemon, other: Daemon): boolean {
    const shown = one.view.get(other.name);
    if (shown?.state !== 'alive' || shown.proof !== 'direct') return false;
    const host = (shown.address ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    return host === this.lab.address(other.index);
  }
}
