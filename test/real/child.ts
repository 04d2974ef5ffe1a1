/** Programs of this project in processes of their own, which tests may kill. */

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import { daemonEnv } from '../setup/daemon-env.ts';
import { Arrivals } from './waiting.ts';

/** A child and the lines it printed. */
export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly lines: Arrivals<string>;
  /** Ends it as `kill -9` does, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Bundles a program of `programs/`, since Node 20 runs no TypeScript; gives the bundle's path. */
export async function bundle(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-program-'));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  const outfile = join(folder, `${name}.mjs`);
  const source = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  return outfile;
}

/** Starts a bundled program. */
export function run(program: string, ...args: readonly string[]): Child {
  const child = spawn(process.execPath, [program, ...args], { env: daemonEnv() });
  const lines = new Arrivals<string>();
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    parts.forEach(lines.add);
  });
  child.stderr.pipe(process.stderr);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  return { process: child, lines, kill };
}
