/** Running a rival's program on the nodes of a lab: started, watched and ended by PID. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How long a program may take until it serves, in ms. */
const SERVE_BOUND = 20_000;

/** The processes of one rival in one lab. */
export class Programs {
  /**
   * @param {import('../../test/lab/lab.ts').Lab} lab
   * @param {string} folder for the logs
   */
  constructor(lab, folder) {
    this.lab = lab;
    this.folder = folder;
    this.running = new Map();
    this.watching = new Map();
  }

  /** The PID of node `index`'s program; undefined while none runs. */
  pid(index) {
    return this.running.get(index)?.pid;
  }

  /** Everything node `index`'s program has said. */
  log(index) {
    const file = this.logFile(index);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /**
   * Starts a program and waits until `serves` says so.
   * @param {number} index
   * @param {readonly string[]} argv
   * @param {() => Promise<boolean>} serves
   */
  async start(index, argv, serves) {
    const log = openSync(this.logFile(index), 'a');
    const child = this.lab.spawn(index, argv, ['ignore', log, log]);
    closeSync(log);
    this.running.set(index, child);
    const until = performance.now() + SERVE_BOUND;
    while (!(await serves())) {
      const ended = child.exitCode !== null || child.signalCode !== null;
      if (ended || performance.now() > until) {
        const words = this.log(index).trimEnd().split('\n').slice(-3).join(' | ');
        throw new Error(`${argv[0]} on n${index} ${ended ? 'ended' : 'does not serve'}: ${words}`);
      }
      await pause(20);
    }
  }

  /**
   * Ends node `index`'s program; SIGKILL is what a power cut does to it.
   * @param {number} index
   * @param {NodeJS.Signals} signal
   * @param {number} patienceMs after which it is killed
   */
  async stop(index, signal = 'SIGKILL', patienceMs = 8_000) {
    const child = this.running.get(index);
    this.running.delete(index);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await ended;
    clearTimeout(killer);
  }

  /**
   * Calls `again` so many ms after node `index`'s program ended by itself, as systemd does, unless
   * it was stopped or started from here meanwhile.
   * @param {number} index
   * @param {number} afterMs
   * @param {() => Promise<void>} again
   */
  revive(index, afterMs, again) {
    const child = this.running.get(index);
    child?.once('exit', () => {
      setTimeout(() => {
        if (this.running.get(index) !== child) return;
        again().catch((error) => {
          process.stderr.write(`n${index} did not come back: ${String(error)}\n`);
        });
      }, afterMs);
    });
  }

  /** Sends a signal to node `index`'s program, if it runs. */
  signal(index, signal) {
    this.running.get(index)?.kill(signal);
  }

  /**
   * Starts one of the watchers beside this file on node `index`; `seen` gets each line, parsed.
   * @param {number} index
   * @param {readonly string[]} words the script and its arguments
   * @param {(value: unknown) => void} seen
   */
  watch(index, [script, ...words], seen) {
    const program = fileURLToPath(new URL(script, import.meta.url));
    const argv = [process.execPath, program, ...words];
    const child = this.lab.spawn(index, argv, ['ignore', 'pipe', 'ignore']);
    this.watching.set(index, child);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (this.watching.get(index) === child) seen(JSON.parse(line));
    });
  }

  /** Ends all watchers, so that their traffic does not count as the program's. */
  async unwatch() {
    const children = [...this.watching.values()].filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    this.watching.clear();
    const ends = children.map((child) => once(child, 'exit'));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ends);
  }

  logFile(index) {
    return join(this.folder, `n${index}.log`);
  }
}

/**
 * Runs a tool to its end on this machine and gives its output.
 * @param {readonly string[]} argv
 * @param {string} folder where it runs
 */
export function tool([file, ...words], folder) {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  const env = { ...process.env, PATH: path };
  const done = spawnSync(file, words, { cwd: folder, env, encoding: 'utf8' });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`${file} ended with ${done.status}: ${done.stderr}`);
  return done.stdout;
}

/**
 * What some tools write into an empty folder, which is gone afterwards: contents by file name.
 * @param {(folder: string) => void} make
 * @returns {Map<string, Buffer>}
 */
export function madeFiles(make) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-rivals-'));
  try {
    make(folder);
    return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The machine's monotonic clock, which the watchers print, at a time of `performance.now()`. */
export function monotonic(ms) {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now() + ms;
}
