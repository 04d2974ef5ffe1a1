/**
 * One machine's life in one cluster: its driver, what it saves, and the commands it has not
 * answered yet. A node that joins another cluster begins a new life on the same sockets.
 */

import { UserError } from '../base/errors.ts';
import type { NodeId } from '../base/id.ts';
import type { Command, Reply } from '../core/commands.ts';
import type { NodeEvent } from '../core/events.ts';
import type { Input, Machine, Moment } from '../core/io.ts';
import { aborted } from './dial.ts';
import { Driver } from './driver.ts';
import { RealHost } from './host.ts';
import type { LogLine } from './options.ts';
import type { Ports } from './ports.ts';
import { Saver } from './saver.ts';
import type { Store } from './store.ts';

/** What a life is made of. */
export interface LifeOptions {
  readonly machine: Machine;
  readonly ports: Ports;
  readonly store: Store;
  readonly log: (line: LogLine) => void;
  readonly observe: ((moment: Moment, input: Input) => void) | undefined;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onViewChanged: (of: readonly NodeId[]) => void;
  /** A rule of our own code broke; nothing was stored since. */
  readonly onBroken: (error: Error) => void;
}

/** Somebody who waits for a command's answer. */
interface Waiting {
  readonly settle: (reply: Reply) => void;
  readonly fail: (error: Error) => void;
}

/** A machine that runs. */
export class Life {
  readonly #driver: Driver;
  readonly #saver: Saver;
  readonly #waiting = new Map<number, Waiting>();
  readonly #log: (line: LogLine) => void;
  #nextId = 1;
  #saveFailed = false;

  constructor(options: LifeOptions) {
    const { machine, ports, store, observe } = options;
    this.#log = options.log;
    const onBroken = (error: unknown): void => {
      this.#end();
      options.onBroken(error instanceof Error ? error : new Error(String(error)));
    };
    this.#saver = new Saver({
      onBroken,
      document: (name) => machine.document(name),
      write: (name, document) => store.save(name, document),
      deliver: (input) => {
        this.#noteSaving(input);
        this.take(input);
      },
    });
    const host = new RealHost({
      ports,
      saver: this.#saver,
      onEvent: options.onEvent,
      onViewChanged: options.onViewChanged,
      onAnswer: (id, reply) => this.#waiting.get(id)?.settle(reply),
    });
    this.#driver = new Driver({ machine, host, onBroken, observe });
  }

  /** Hands an input to the machine. */
  take(input: Input): void {
    this.#driver.take(input);
  }

  /**
   * Asks the machine for something and waits for its answer. A refusal is thrown as a `UserError`
   * with the machine's own code, the end of the life as `closed`, the signal's as `aborted`.
   */
  async command(command: Command, wait?: { signal?: AbortSignal }): Promise<Accepted> {
    const reply = await this.#ask(command, wait?.signal);
    if (reply.type === 'refused') throw new UserError(reply.code, reply.message, reply.hint);
    return reply;
  }

  /** Writes everything as soon as the disk takes it. */
  saveAll(): void {
    this.#saver.ask('cluster', 0, true);
    this.#saver.ask('book', 0, true);
  }

  /** Ends it, and writes all there is to know; rejects with the system's error if it can't. */
  async finish(): Promise<void> {
    if (this.#driver.stopped) return;
    this.#end();
    await this.#saver.finish();
  }

  /** Ends it without writing any more, and waits for the write under way. */
  async stop(): Promise<void> {
    this.#end();
    await this.#saver.idle();
  }

  #ask(command: Command, signal: AbortSignal | undefined): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(aborted(signal));
      if (this.#driver.stopped) return reject(stopped());
      const id = this.#nextId;
      this.#nextId += 1;
      const forget = (): void => {
        this.#waiting.delete(id);
        signal?.removeEventListener('abort', giveUp);
      };
      const giveUp = (): void => {
        forget();
        if (signal !== undefined) reject(aborted(signal));
      };
      signal?.addEventListener('abort', giveUp);
      const settle = (reply: Reply): void => {
        forget();
        resolve(reply);
      };
      const fail = (error: Error): void => {
        forget();
        reject(error);
      };
      this.#waiting.set(id, { settle, fail });
      this.take({ type: 'command', id, command });
    });
  }

  #end(): void {
    this.#driver.stop();
    this.#saver.stop();
    for (const { fail } of [...this.#waiting.values()]) fail(stopped());
  }

  /** Says once that the disk refuses, and once that it takes again. */
  #noteSaving(input: Input): void {
    if (input.type === 'save-failed' && !this.#saveFailed) {
      this.#saveFailed = true;
      const message = `The state can't be written, and is tried again: ${input.reason}`;
      this.#log({ level: 'error', code: 'save-failed', message });
    } else if (input.type === 'saved' && this.#saveFailed) {
      this.#saveFailed = false;
      this.#log({ level: 'info', code: 'saved-again', message: 'The state is on disk again.' });
    }
  }
}

/** Every reply that is no refusal. */
export type Accepted = Exclude<Reply, { readonly type: 'refused' }>;

/** The node has stopped, or began another life, before it answered. */
export function stopped(): UserError {
  return new UserError('closed', 'The node has stopped.', 'Start it again with `flotilla up`.');
}
