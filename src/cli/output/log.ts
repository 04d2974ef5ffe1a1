/** The daemon's log: a line for each thing that happened, on standard error. */

import type { EventDocument } from '../../services/api/event-document.ts';
import type { Sink } from '../world.ts';
import { sentence, severity } from './events.ts';
import { LEVELS, type LogLevel } from './level.ts';

/** What can be logged besides events. */
export interface Entry {
  readonly level: LogLevel;
  /** Kebab-case, for scripts. */
  readonly code: string;
  readonly message: string;
  /** Further fields, shown in the JSON format alone. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Writes entries and events down to a level. */
export class Log {
  readonly #sink: Sink;
  readonly #format: 'text' | 'json';
  readonly #depth: number;
  readonly #clock: () => Date;

  constructor(sink: Sink, format: 'text' | 'json', level: LogLevel, clock: () => Date) {
    this.#sink = sink;
    this.#format = format;
    this.#depth = LEVELS.indexOf(level);
    this.#clock = clock;
  }

  /** Logs an entry, unless its level is not wanted. */
  entry({ level, code, message, fields = {} }: Entry): void {
    if (LEVELS.indexOf(level) > this.#depth) return;
    const time = this.#clock().toISOString();
    if (this.#format === 'json') this.#json({ time, level, code, message, ...fields });
    else this.#sink.write(`${time}  ${level.padEnd(5)}  ${message}\n`);
  }

  /** Logs what the node told. */
  event(event: EventDocument): void {
    const { schema: _, time: __, type, ...fields } = event;
    this.entry({ level: severity(event), code: type, message: sentence(event), fields });
  }

  /** Lines without time and level for whoever sits in front; in the JSON format nothing. */
  banner(lines: readonly string[]): void {
    if (this.#format === 'text' && this.#depth >= LEVELS.indexOf('info')) {
      this.#sink.write(`${lines.join('\n')}\n`);
    }
  }

  /** The format is JSON. */
  get isJson(): boolean {
    return this.#format === 'json';
  }

  #json(line: Readonly<Record<string, unknown>>): void {
    this.#sink.write(`${JSON.stringify(line)}\n`);
  }
}
