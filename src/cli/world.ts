/** What a command sees of the world, so that tests can give it another one. */

import type { Daemon } from './daemon.ts';

/** Where text goes. */
export interface Sink {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Characters in a line, when it is a terminal. */
  readonly columns: number | undefined;
}

/** All a command touches besides files. */
export interface World {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Read to its end, and only when a token is to come from it. */
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks the terminal for a secret that is not shown; undefined where there is no terminal. */
  readonly askSecret?: (question: string) => Promise<string>;
  /** This program's own file, which `demo` runs as its daemons. */
  readonly program: string;
  /** The daemon of a state folder; throws `no-daemon` when asked while none runs. */
  connect(stateFolder: string): Daemon;
}

/** Whether colours may be used on a sink (https://no-color.org). */
export function colourful(sink: Sink, env: World['env']): boolean {
  return sink.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
