/** One daemon of a cluster in the lab, steered and watched through its command line alone. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Lab } from './lab.ts';

/** What `members --json` says of one member, as far as the lab reads it. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly proof: string;
  readonly address: string | null;
}

/** The command line of this checkout, as built. */
const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A watch that ended before its daemon is started again after this long, in ms. */
const WATCH_AGAIN = 300;

export class Daemon {
  readonly index: number;
  readonly name: string;
  readonly state: string;
  private readonly logFile: string;
  private readonly lab: Lab;
  private readonly seen: () => void;
  private process: ChildProcess | undefined;
  private watcher: ChildProcess | undefined;
  private members = new Map<string, Member>();

  /** `seen` is called whenever the daemon's view may have changed. */
  constructor(lab: Lab, folder: string, index: number, seen: () => void) {
    this.lab = lab;
    this.index = index;
    this.seen = seen;
    this.name = `n${String(index)}`;
    this.state = join(folder, this.name);
    this.logFile = join(folder, `${this.name}.log`);
  }

  /** Undefined while it doesn't run. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** What this daemon shows of its members, by name; empty while it doesn't run. */
  get view(): ReadonlyMap<string, Member> {
    return this.members;
  }

  /** Starts `flotilla up` and returns at once. */
  launch(flags: readonly string[]): ChildProcess {
    const log = openSync(this.logFile, 'a');
    const dns = flags.includes('--dns') ? [] : ['--dns', 'off'];
    const argv = ['up', '--name', this.name, ...dns, '--api', 'off', ...flags];
    const child = this.lab.spawn(this.index, this.words(argv), ['ignore', 'ignore', log]);
    closeSync(log);
    this.process = child;
    return child;
  }

  /** Waits until the daemon answers on its control socket. Rejects when it ended or after 30 s. */
  async serving(): Promise<void> {
    const child = this.process;
    const until = performance.now() + 30_000;
    while (!(await answers(join(this.state, 'control.sock')))) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${this.name} ended: ${this.lastWords()}`);
      }
      if (performance.now() > until)
        throw new Error(`${this.name} doesn't serve after 30 s: ${this.lastWords()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Follows `watch --members --json` from now on, until the daemon is ended from here. */
  watch(): void {
    const owner = this.process;
    const words = this.words(['watch', '--members', '--json']);
    const child = this.lab.spawn(this.index, words, ['ignore', 'pipe', 'ignore']);
    this.watcher = child;
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (owner === this.process) this.read(line);
    });
    child.once('exit', () => {
      setTimeout(() => {
        if (owner !== undefined && owner === this.process) this.watch();
      }, WATCH_AGAIN);
    });
  }

  /** Runs a command against this daemon on its node and gives its output; rejects if it fails. */
  command(words: readonly string[]): Promise<string> {
    return this.lab.run(this.index, this.words(words));
  }

  /** Ends the daemon with SIGKILL, as a power cut does, and forgets its view. */
  async kill(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    this.members = new Map();
    this.watcher?.kill();
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    this.seen();
  }

  /** The end of its log, in one line. */
  lastWords(): string {
    if (!existsSync(this.logFile)) return '';
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-5).join(' | ');
  }

  /** A command about this daemon, as a program with its arguments. */
  words(words: readonly string[]): string[] {
    return [process.execPath, program, ...words, '--state', this.state];
  }

  private read(line: string): void {
    const document = JSON.parse(line) as { readonly members?: readonly Member[] };
    if (document.members === undefined) return;
    this.members = new Map(document.members.map((member) => [member.name, member]));
    this.seen();
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
