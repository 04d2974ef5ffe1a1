/** What a command is: texts and flags, known at once, and its doing, loaded when it is called. */

import { UserError } from '../base/errors.ts';
import { UsageError } from './exit.ts';
import type { Flag } from './flag.ts';
import type { Settings } from './settings.ts';
import type { World } from './world.ts';

/** One call of a command. */
export interface Call {
  /** The words after the command that are no flags. */
  readonly words: readonly string[];
  readonly settings: Settings;
  /** The state folder meant. */
  readonly stateFolder: string;
  /** Results as JSON. */
  readonly json: boolean;
  readonly world: World;
}

/** Does it, and says with which exit code it ended. Throws `UserError` when it failed. */
export type Run = (call: Call) => Promise<number>;

/** A command as the help shows it. */
export interface Command {
  readonly name: string;
  /** As commander writes them: `<must>`, `[may]`, `[several...]`, with a word about each. */
  readonly words: readonly (readonly [form: string, help: string])[];
  /** One line for the list of commands. */
  readonly summary: string;
  /** What it does, for its own page: one paragraph, in pieces. */
  readonly about: readonly string[];
  readonly flags: readonly Flag<unknown>[];
  readonly examples: readonly string[];
  /** Exit codes it ends with, beside 0, 1 and 2. */
  readonly exits: readonly string[];
  /** Not listed: an inner matter. */
  readonly hidden?: boolean;
  readonly load: () => Promise<{ readonly run: Run }>;
}

/** A name is a DNS label, of an ID there are fewer characters (RFC 1035 §2.3.4). */
const NAME_MAX = 63;

/** The member that a command is about, its first word. Throws for one that nobody can have. */
export function memberWord({ words }: Call): string {
  const name = words[0] ?? '';
  const hint = '`flotilla members` lists them all.';
  if (name === '') {
    throw new UsageError('name-missing', 'Which member is meant? The name is empty.', hint);
  }
  if (name.length <= NAME_MAX) return name;
  const quote = JSON.stringify(`${name.slice(0, NAME_MAX)}…`);
  throw new UserError('name-unknown', `No member is called ${quote}.`, hint);
}

/** Writes a result: one line of JSON. */
export function writeJson({ world }: Call, document: object): void {
  world.stdout.write(`${JSON.stringify(document)}\n`);
}

/** Writes a line of the result. */
export function writeLine({ world }: Call, line: string): void {
  world.stdout.write(`${line}\n`);
}

/** Writes a line for people. */
export function say({ world }: Call, line: string): void {
  world.stderr.write(`${line}\n`);
}
