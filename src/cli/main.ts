#!/usr/bin/env node
/** The program `flotilla`: connects the command line to this process. */

import { fileURLToPath } from 'node:url';
import { daemonOf } from './daemon.ts';
import { run } from './run.ts';
import type { Sink } from './world.ts';

/** A reader that closed the pipe, as `head` does, is no error. */
function sinkOf(stream: NodeJS.WriteStream): Sink {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
  return {
    write: (text) => {
      stream.write(text);
    },
    // Node leaves it out where the stream is a file or a pipe.
    isTTY: Boolean(stream.isTTY),
    get columns() {
      return stream.columns as number | undefined;
    },
  };
}

/** What a finished command left open may keep the process so long, in milliseconds. */
const LINGER_MS = 1_000;

process.exitCode = await run(process.argv.slice(2), {
  stdout: sinkOf(process.stdout),
  stderr: sinkOf(process.stderr),
  stdin: process.stdin,
  env: process.env,
  program: fileURLToPath(import.meta.url),
  connect: daemonOf,
  ...(process.stdin.isTTY
    ? {
        askSecret: async (question: string) => {
          const { askSecret } = await import('./prompt.ts');
          return askSecret(question, process.stdin, process.stderr);
        },
      }
    : {}),
});
setTimeout(() => process.exit(), LINGER_MS).unref();
