/** Running the system's own programs. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { daemonEnv } from '../setup/daemon-env.ts';
import { systemEnv } from './realm.ts';

/** A started program that waits for its input: hand it over with {@link Waiting.go}. */
export interface Waiting {
  /** Writes the input, ends it, and gives the output; rejects with what the program complained. */
  readonly go: (input?: string) => Promise<string>;
}

/** Starts a program now, so that its input can follow at an exact moment. */
export async function start(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = systemEnv(),
): Promise<Waiting> {
  const [file = '', ...words] = argv;
  const child = spawn(file, words, { env });
  const ended = outcome(child, argv);
  // Whoever calls `go` sees the failure; until then it must not count as unhandled.
  ended.catch(() => {});
  await once(child, 'spawn');
  return {
    go: (input = '') => {
      // A program that ended early says why in its exit; the broken pipe adds nothing.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      return ended;
    },
  };
}

/** Runs a program to its end and gives its output. */
export async function run(
  argv: readonly string[],
  input = '',
  env: NodeJS.ProcessEnv = systemEnv(),
): Promise<string> {
  return (await start(argv, env)).go(input);
}

async function outcome(
  child: ChildProcessWithoutNullStreams,
  argv: readonly string[],
): Promise<string> {
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return output;
  throw new Error(`${argv.join(' ')} ended with ${String(code)}: ${complaint.trim()}`);
}

/** What every process on a node of the lab is started with: the preload of R1 first of all. */
export function nodeEnv(): Record<string, string> {
  const env = daemonEnv({ PATH: systemEnv()['PATH'] ?? '' });
  // A proxy of this machine has no business in the lab.
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/_proxy$/i.test(name)));
}
