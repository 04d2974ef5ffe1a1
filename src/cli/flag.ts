/** Flags: what each is called on the command line, in the environment and in the config file. */

import { parseDuration, type Duration } from '../base/time.ts';
import { UsageError } from './exit.ts';

/** One flag, with how its texts are read into a `T`. */
export interface Flag<T> {
  /** The long name, without `--`; the key in the config file. */
  readonly name: string;
  /** What help calls its value; undefined: a switch without one. */
  readonly value: string | undefined;
  readonly short: string | undefined;
  /** May be given several times; commas part the values in the environment. */
  readonly many: boolean;
  /** The environment's twin. */
  readonly env: string;
  readonly help: string;
  /** `source` says where the texts came from, for messages. Throws `UsageError`. */
  readonly read: (texts: readonly string[], source: string) => T;
}

/** What differs from the usual. */
interface Particulars {
  readonly short?: string;
  /** When two commands have a flag of one name with two meanings, the key of the rarer. */
  readonly key?: string;
}

/** A flag with one value. */
export function valueFlag<T>(
  name: string,
  value: string,
  help: string,
  read: (text: string, source: string) => T,
  particulars: Particulars = {},
): Flag<T> {
  return {
    ...basics(name, help, particulars),
    value,
    many: false,
    // Given twice, the last one counts.
    read: (texts, source) => read(texts.at(-1) ?? '', source),
  };
}

/** A flag that may be given several times. */
export function listFlag<T>(
  name: string,
  value: string,
  help: string,
  read: (text: string, source: string) => T,
): Flag<readonly T[]> {
  return {
    ...basics(name, help, {}),
    value,
    many: true,
    read: (texts, source) => texts.map((text) => read(text, source)),
  };
}

/** A flag without a value. */
export function switchFlag(
  name: string,
  help: string,
  particulars: Particulars = {},
): Flag<boolean> {
  return {
    ...basics(name, help, particulars),
    value: undefined,
    many: false,
    read: (texts, source) => yesOrNo(texts.at(-1) ?? '', source),
  };
}

function basics(
  name: string,
  help: string,
  { short, key = name }: Particulars,
): Pick<Flag<unknown>, 'name' | 'short' | 'env' | 'help'> {
  return { name, short, env: `FLOTILLA_${key.replaceAll('-', '_').toUpperCase()}`, help };
}

/** The key of a flag in the config file: its environment twin's name in small letters. */
export function configKey(flag: Flag<unknown>): string {
  return flag.env.slice('FLOTILLA_'.length).toLowerCase().replaceAll('_', '-');
}

/** Any text. */
export function text(value: string): string {
  return value;
}

/** A reader of whole numbers from `from` to `to`, ends included. */
export function whole(from: number, to: number): (value: string, source: string) => number {
  return (value, source) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
    if (number >= from && number <= to) return number;
    throw new UsageError(
      'value-not-a-number',
      `${source}: "${value}" is not a whole number from ${String(from)} to ${String(to)}.`,
      '',
    );
  };
}

/** A time with its unit. */
export function duration(value: string, source: string): Duration {
  const parsed = parseDuration(value);
  if (parsed !== undefined && parsed > 0) return parsed;
  throw new UsageError(
    'value-not-a-duration',
    `${source}: "${value}" is not a time.`,
    'Write a number and a unit, such as 600ms, 5s, 15m, 2h or 1d.',
  );
}

/** A reader of one of these words. */
export function oneOf<W extends string>(
  ...words: readonly W[]
): (value: string, source: string) => W {
  return (value, source) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw new UsageError(
      'value-not-a-choice',
      `${source}: "${value}" is none of ${words.join(', ')}.`,
      '',
    );
  };
}

/** A pair `K=V`; an empty value is told apart by those who care. */
export function pair(value: string, source: string): readonly [key: string, value: string] {
  const at = value.indexOf('=');
  if (at > 0) return [value.slice(0, at), value.slice(at + 1)];
  throw new UsageError(
    'value-not-a-pair',
    `${source}: "${value}" is not of the form KEY=VALUE.`,
    'For example role=storage.',
  );
}

function yesOrNo(value: string, source: string): boolean {
  switch (value.toLowerCase()) {
    case '1':
    case 'true':
    case 'yes':
    case 'on':
      return true;
    case '0':
    case 'false':
    case 'no':
    case 'off':
      return false;
    default:
      throw new UsageError(
        'value-not-a-choice',
        `${source}: "${value}" is neither true nor false.`,
        '',
      );
  }
}
