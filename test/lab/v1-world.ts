/** Daemons of ours and scripted originals together in the lab, each at a node of its own. */
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { OriginalShown, PeerShown, Told } from '../v1/originals.ts';
import { Daemon } from './daemon.ts';
import { endpointOf, Lab, type LabOptions } from './lab.ts';

/** The TCP port of everyone's endpoint. */
export const V1_PORT = 8290;

const script = (name: string): string =>
  fileURLToPath(new URL(`../v1/${name}.mjs`, import.meta.url));

/** A script that runs on a node and tells what it sees, a JSON object a line. */
export interface Scripted {
  readonly process: ChildProcess;
  readonly told: readonly Readonly<Record<string, unknown>>[];
}

/** An original on a node. */
export interface OriginalOn extends Scripted {
  readonly index: number;
  readonly name: string;
  /** Nodes that it was told of. */
  readonly peers: readonly number[];
  /** What it showed last; undefined: nothing yet. */
  shown(): OriginalShown | undefined;
  peer(name: string): PeerShown | undefined;
}

/** `status --json`, as far as tests of v1 read it. */
export interface V1Status {
  readonly v1: {
    readonly own: { readonly public: { readonly ip: string } | null };
    readonly peers: readonly {
      readonly name: string;
      readonly state: string;
      readonly retries: number;
      readonly lastHeardMs: number | null;
    }[];
  };
}

/** How long anything is waited for at most, in ms. */
const BOUND = 20_000;

export class V1World {
  readonly lab: Lab;
  readonly ours = new Map<number, Daemon>();
  readonly originals = new Map<number, OriginalOn>();
  private readonly folder: string;
  private readonly password: string;
  private readonly changes = new EventEmitter();

  private constructor(lab: Lab) {
    this.lab = lab;
    this.folder = mkdtempSync(join(tmpdir(), 'flotilla-lab-v1-'));
    this.password = join(this.folder, 'password');
    writeFileSync(this.password, '123456\n', { mode: 0o600 });
    this.changes.setMaxListeners(0);
  }

  static async open(options: LabOptions): Promise<V1World> {
    return new V1World(await Lab.open(options));
  }

  /** A daemon of ours on a node, a cluster of one that serves v1 and knows the user `user`. */
  async startOurs(index: number, flags: readonly string[] = []): Promise<Daemon> {
    const known = this.ours.get(index);
    const seen = (): void => void this.changes.emit('change');
    const daemon = known ?? new Daemon(this.lab, this.folder, index, seen);
    this.ours.set(index, daemon);
    const any = this.lab.family === 6 ? '[::]' : '0.0.0.0';
    daemon.launch(['--v1', `${any}:${String(V1_PORT)}`, '--v1-interval', '1s', ...flags]);
    await daemon.serving();
    if (known === undefined) {
      await daemon.command(['v1', 'user', 'add', 'user', '--password-file', this.password]);
    }
    daemon.watch();
    return daemon;
  }

  /** Names a peer to ours: `n<index>` where it really is, or elsewhere. */
  async introduce(ours: number, name: string, at: string): Promise<void> {
    const words = ['v1', 'add', name, '--at', at, '--user', 'user', '--insecure-http'];
    const daemon = this.ours.get(ours);
    // It exits with an error when nobody answers yet; the peer is kept all the same.
    await daemon?.command([...words, '--password-file', this.password]).catch(() => '');
  }

  /** An original at a 1 s interval that knows these nodes and registers with them. */
  startOriginal(index: number, peers: readonly number[], further: object = {}): OriginalOn {
    const name = `n${String(index)}`;
    const login = { username: 'user', password: '123456' };
    const entries = peers.map((peer) => ({
      name: `n${String(peer)}`,
      ip: this.lab.address(peer),
      port: V1_PORT,
      ...login,
    }));
    const here = { name, port: V1_PORT, users: { user: '123456' }, interval: 1 };
    const scripted = this.start(index, 'original', [
      JSON.stringify({ ...here, peers: entries, ...further }),
    ]);
    const shown = (): OriginalShown | undefined => {
      const lines = scripted.told as readonly unknown[] as readonly Told[];
      return lines.findLast((line) => line.event === 'view');
    };
    const peer = (of: string): PeerShown | undefined =>
      shown()?.peers.find((each) => each.name === of);
    const original = { ...scripted, index, name, peers, shown, peer };
    this.originals.set(index, original);
    return original;
  }

  /** What a daemon of ours says of itself. */
  async status(index: number): Promise<V1Status> {
    const text = (await this.ours.get(index)?.command(['status', '--json'])) ?? '';
    return JSON.parse(text) as V1Status;
  }

  /** Starts a script on a node. */
  start(index: number, name: string, words: readonly string[]): Scripted {
    const argv = [process.execPath, script(name), ...words];
    const child = this.lab.spawn(index, argv, ['ignore', 'pipe', 'ignore']);
    const told: Record<string, unknown>[] = [];
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        told.push(JSON.parse(line) as Record<string, unknown>);
        this.changes.emit('change');
      });
    }
    return { process: child, told };
  }

  /** `IP:PORT` of a node's endpoint now. */
  endpoint(index: number): string {
    return endpointOf(this.lab.address(index), V1_PORT);
  }

  /**
   * Who does not know whom where it really is, in words; empty when all is well. Ours know all;
   * an original those that it was told of.
   */
  wrong(): string[] {
    const all = [...this.ours.keys(), ...this.originals.keys()];
    const byOurs = [...this.ours].flatMap(([index, daemon]) =>
      all.filter((other) => other !== index).flatMap((other) => this.wrongAtOurs(daemon, other)),
    );
    const byOriginals = [...this.originals.values()].flatMap((original) =>
      all
        .filter((other) => original.peers.includes(other))
        .flatMap((other) => this.wrongAtOriginal(original, other)),
    );
    return [...byOurs, ...byOriginals];
  }

  /** Waits until `fits`; gives the ms it took, and rejects after 20 s with what `why` says. */
  until(fits: () => boolean, why: () => unknown, boundMs: number = BOUND): Promise<number> {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.changes.off('change', look);
      };
      const look = (): void => {
        if (!fits()) return;
        end();
        resolve(performance.now() - began);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`not within ${String(boundMs)} ms: ${JSON.stringify(why())}`));
      }, boundMs);
      this.changes.on('change', look);
      look();
    });
  }

  /** Waits until everyone knows where everyone is. */
  healed(boundMs?: number): Promise<number> {
    return this.until(
      () => this.wrong().length === 0,
      () => this.wrong(),
      boundMs,
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.ours.values()].map((daemon) => daemon.kill()));
    await this.lab.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private wrongAtOurs(daemon: Daemon, other: number): string[] {
    const name = `n${String(other)}`;
    const { state, address } = daemon.view.get(name) ?? {};
    if (state === 'alive' && address === this.endpoint(other)) return [];
    return [`${daemon.name} of ${name}: ${String(state)} ${String(address)}`];
  }

  private wrongAtOriginal(original: OriginalOn, other: number): string[] {
    const name = `n${String(other)}`;
    const { ip } = original.peer(name) ?? {};
    // Its count of failures does not matter: an original may wait for ever at the right address.
    return ip === this.lab.address(other) ? [] : [`${original.name} of ${name}: ${String(ip)}`];
  }
}
