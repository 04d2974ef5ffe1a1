/** The built command line, as tests call it. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { daemonEnv } from '../setup/daemon-env.ts';
import { Arrivals, ownFolder } from './waiting.ts';

/** `npm test` builds it; `node tools/ready.mjs` does by hand. FLOTILLA_MAIN names another build. */
export const program: string =
  process.env['FLOTILLA_MAIN'] ?? fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export class Running {
  readonly process: ChildProcess;
  readonly out = new Arrivals<string>();
  readonly err = new Arrivals<string>();
  /** Settles when it has ended and all it printed was read. */
  readonly ended: Promise<Ended>;

  constructor(argv: readonly string[], input: string, env: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [program, ...argv], { env: daemonEnv(env) });
    this.process = child;
    let out = '';
    let err = '';
    eachLine(child.stdout.setEncoding('utf8'), this.out, (text) => (out += text));
    eachLine(child.stderr.setEncoding('utf8'), this.err, (text) => (err += text));
    // A command that does not read its input closes it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    this.ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  }

  /** Ends it by a signal, if it still runs; gives how it ended and how long that took. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended & { readonly ms: number }> {
    const start = performance.now();
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill(signal);
    }
    return { ...(await this.ended), ms: performance.now() - start };
  }
}

/** What a call differs in from the usual. */
export interface Particulars {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a command; it is killed with the test. */
export function start(
  argv: readonly string[],
  { input = '', env = {} }: Particulars = {},
): Running {
  const running = new Running(argv, input, env);
  onTestFinished(async () => {
    await running.end('SIGKILL');
  });
  return running;
}

/** Runs a command to its end. */
export function flotilla(argv: readonly string[], particulars: Particulars = {}): Promise<Ended> {
  return start(argv, particulars).ended;
}

/** A daemon on loopback, and its commands. */
export class Daemon {
  readonly state: string;
  readonly running: Running;
  readonly port: number;
  readonly id: string;

  constructor(
    state: string,
    running: Running,
    facts: { readonly port: number; readonly id: string },
  ) {
    this.state = state;
    this.running = running;
    this.port = facts.port;
    this.id = facts.id;
  }

  /** Runs a command on this daemon. */
  call(...argv: readonly string[]): Promise<Ended> {
    return flotilla([...argv, '--state', this.state]);
  }

  /** Runs a command on this daemon that must succeed; gives its JSON. */
  async json(...argv: readonly string[]): Promise<unknown> {
    const { code, out, err } = await this.call(...argv, '--json');
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${String(code)}: ${err}`);
    return JSON.parse(out);
  }

  /** A token that says where this daemon is. */
  async token(): Promise<string> {
    const { out } = await this.call('invite', '--at', `127.0.0.1:${String(this.port)}`);
    return out.trim();
  }
}

/** Starts a daemon and waits until it serves. */
export async function daemon(
  name: string,
  flags: readonly string[] = [],
  particulars: Particulars & { readonly state?: string } = {},
): Promise<Daemon> {
  const state = particulars.state ?? (await ownFolder());
  const words = ['--state', state, '--name', name, '--bind', '127.0.0.1', '--port', '0'];
  const off = ['--dns', 'off', '--api', 'off', '--v1', 'off'];
  const running = start(['up', '--json', ...words, ...off, ...flags], particulars);
  const first = await Promise.race([running.out.first(), running.ended]);
  if (typeof first !== 'string') throw new Error(`${name} ended: ${first.err}`);
  return new Daemon(state, running, JSON.parse(first) as { port: number; id: string });
}

function eachLine(
  stream: AsyncIterable<string> & NodeJS.ReadableStream,
  lines: Arrivals<string>,
  keep: (text: string) => void,
): void {
  let rest = '';
  stream.on('data', (text: string) => {
    keep(text);
    const whole = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    whole.forEach(lines.add);
  });
}
