/** One daemon of the demo, in a process of its own, which the demo moves under its feet. */

import { rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../../base/errors.ts';
import { Flotilla } from '../../runtime/flotilla.ts';
import { eventDocument } from '../../services/api/event-document.ts';
import type { Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import type { FromDaemon, Spot, StartOptions, ToDaemon } from './messages.ts';

/** How often the demo is told what this node sees, in milliseconds: the grain of its stopwatch. */
const SIGHT_EVERY_MS = 20;

/** Serves until the demo says stop, or is gone. */
export async function run(_call: Call): Promise<number> {
  if (process.send === undefined) {
    throw new UsageError('demo-only', 'This is started by `flotilla demo` alone.', '');
  }
  // Ctrl-C reaches the whole group; the demo ends its daemons in order.
  process.on('SIGINT', () => undefined);
  const node = new MovableNode();
  await new Promise<void>((settle) => {
    process.once('disconnect', settle);
    process.on('message', (message: ToDaemon) => {
      if (message.type === 'stop') settle();
      else void node.obey(message);
    });
  });
  await node.close();
  if (process.connected) process.disconnect();
  return EXIT.done;
}

/** A node that does as the demo says. Its machine hears nothing of these orders. */
class MovableNode {
  #flotilla: Flotilla | undefined;
  #looking: NodeJS.Timeout | undefined;
  /** Since the last move; see `Sight`. */
  #inputs: Record<string, number> = {};

  async obey(message: Exclude<ToDaemon, { type: 'stop' }>): Promise<void> {
    try {
      tell(await this.#do(message));
    } catch (error) {
      tell({ type: 'failed', problem: problemOf(error) });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    await this.#flotilla?.close();
    if (this.#flotilla === undefined) return;
    // A demo that was killed cannot tidy up; its folder goes with the last daemon's.
    const { stateFolder } = this.#flotilla;
    await rm(stateFolder, { recursive: true, force: true });
    await rmdir(dirname(stateFolder)).catch(() => undefined);
  }

  #do(message: Exclude<ToDaemon, { type: 'stop' }>): Promise<FromDaemon> {
    switch (message.type) {
      case 'start':
        return this.#start(message.options);
      case 'invite':
        return this.#invite(message.at);
      case 'move':
        return this.#move(message);
    }
  }

  async #start({ state, name, cluster, at, token }: StartOptions): Promise<FromDaemon> {
    const flotilla = await Flotilla.start({
      ...{ state, name, cluster, port: at.port, bind: [at.ip] },
      ...(token === undefined ? {} : { join: token }),
      observe: (_moment, { type }) => {
        this.#inputs[type] = (this.#inputs[type] ?? 0) + 1;
      },
    });
    this.#flotilla = flotilla;
    void passOn(flotilla);
    this.#looking = setInterval(() => {
      const sight = { takenMs: Date.now(), document: flotilla.members(), inputs: this.#inputs };
      tell({ type: 'sight', sight });
    }, SIGHT_EVERY_MS);
    return { type: 'started' };
  }

  async #invite({ ip, port }: Spot): Promise<FromDaemon> {
    const { token } = await this.#running().invite({ at: [`${ip}:${String(port)}`] });
    return { type: 'invited', token };
  }

  async #move({ to, release }: Extract<ToDaemon, { type: 'move' }>): Promise<FromDaemon> {
    const flotilla = this.#running();
    const fromMs = Date.now();
    this.#inputs = {};
    await flotilla.swapSockets([to.ip], to.port, { release });
    return { type: 'moved', fromMs, toMs: Date.now() };
  }

  #running(): Flotilla {
    if (this.#flotilla !== undefined) return this.#flotilla;
    throw new UserError('demo-not-started', 'This daemon has not been started.', '');
  }
}

async function passOn(flotilla: Flotilla): Promise<void> {
  for await (const event of flotilla.events()) {
    const now = new Date();
    tell({ type: 'event', event: eventDocument(event, now), atMs: now.getTime() });
  }
}

function tell(message: FromDaemon): void {
  // The demo may be gone already; this process then ends by itself.
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

function problemOf(error: unknown): { code: string; message: string; hint: string } {
  if (error instanceof UserError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  return { code: 'internal', message: String(error), hint: '' };
}
