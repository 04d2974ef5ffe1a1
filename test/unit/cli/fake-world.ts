/** A world for commands: what they print is kept, and the daemon they find is a fake one. */

import { UserError } from '../../../src/base/errors.ts';
import { understand, type Daemon } from '../../../src/cli/daemon.ts';
import { NO_DAEMON } from '../../../src/cli/exit.ts';
import { run } from '../../../src/cli/run.ts';
import type { Sink, World } from '../../../src/cli/world.ts';
import { createApi, type ApiAnswer } from '../../../src/services/api/api.ts';
import { FakeControl } from '../api/fake-control.ts';

/** A sink that keeps what it is given. */
export class KeptSink implements Sink {
  text = '';
  isTTY = false;
  columns: number | undefined;

  write(text: string): void {
    this.text += text;
  }

  /** The lines written, without the last line's end. */
  get lines(): readonly string[] {
    return this.text.replace(/\n$/, '').split('\n');
  }
}

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A world with a daemon on every state folder, or on none. */
export class FakeWorld implements World {
  readonly stdout: KeptSink = new KeptSink();
  readonly stderr: KeptSink = new KeptSink();
  readonly control: FakeControl = new FakeControl();
  readonly program = '/usr/bin/flotilla';
  /** The state folders that commands asked for. */
  readonly folders: string[] = [];
  env: Record<string, string | undefined> = {};
  typed: readonly (string | Uint8Array)[] = [];
  running = true;
  stopped = false;

  get stdin(): AsyncIterable<string | Uint8Array> {
    return pieces(this.typed);
  }

  /** Runs the words after `flotilla`. */
  async run(...argv: readonly string[]): Promise<Ended> {
    const code = await run(argv, this);
    return { code, out: this.stdout.text, err: this.stderr.text };
  }

  connect(stateFolder: string): Daemon {
    this.folders.push(stateFolder);
    const ask = this.#ask.bind(this);
    return {
      async ask(route, { query = {}, body } = {}) {
        const text = body === undefined ? '' : JSON.stringify(body);
        const answer = await ask(route, new URLSearchParams(query), text);
        if (answer.type === 'stream') throw new Error('a stream');
        return understand(JSON.stringify(answer.body), answer.status) as never;
      },
      async *stream(path) {
        const [plain = '', query = ''] = path.split('?');
        const answer = await ask(`GET ${plain}`, new URLSearchParams(query), '');
        if (answer.type === 'document') throw new Error('no stream');
        for await (const line of answer.lines) {
          yield understand(JSON.stringify(line), 200) as never;
        }
      },
    };
  }

  #ask(route: string, query: URLSearchParams, body: string): Promise<ApiAnswer> {
    if (!this.running) throw new UserError(NO_DAEMON, 'No daemon is running.', '');
    const down = (): Promise<void> => {
      this.stopped = true;
      return Promise.resolve();
    };
    const [method = '', path = ''] = route.split(' ');
    const signal = new AbortController().signal;
    return createApi({ control: this.control, down })({ method, path, query, body, signal });
  }
}

async function* pieces<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  for (const item of items) yield await Promise.resolve(item);
}
