/** What daemons say of others while they are watched: who was called suspect, and who lost. */
import { get, type ClientRequest } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Daemon } from './daemon.ts';

/** One node's judgement of another. */
export interface Verdict {
  readonly type: 'suspect' | 'lost';
  /** Names of nodes. */
  readonly by: string;
  readonly of: string;
  /** In ms of `performance.now()`. */
  readonly atMs: number;
}

/** Collects the verdicts of some daemons, from their own events, until it is closed. */
export class Verdicts {
  private readonly seen: Verdict[] = [];
  private readonly requests: ClientRequest[] = [];

  /** All verdicts so far, in order of time. */
  get all(): readonly Verdict[] {
    return this.seen;
  }

  /** Begins to listen to a daemon; done when it has answered. Rejects when it doesn't serve. */
  follow({ name, state }: Daemon): Promise<void> {
    return new Promise((resolve, reject) => {
      // The control socket is a file, so it can be reached from outside of the node's network.
      const where = { socketPath: join(state, 'control.sock'), path: '/v2/events' };
      const request = get(where, (response) => {
        const lines = createInterface({ input: response });
        lines.on('line', (line) => {
          this.read(name, line);
        });
        // The stream is cut when the daemon ends or the watching does, and at no other time.
        lines.on('error', () => {});
        resolve();
      });
      request.on('error', reject);
      this.requests.push(request);
    });
  }

  close(): void {
    for (const request of this.requests) request.destroy();
  }

  private read(by: string, line: string): void {
    const { type, name } = JSON.parse(line) as { readonly type: string; readonly name?: string };
    const verdict = ({ 'member-suspect': 'suspect', 'member-lost': 'lost' } as const)[type];
    if (verdict === undefined) return;
    this.seen.push({ type: verdict, by, of: name ?? '', atMs: performance.now() });
  }
}
