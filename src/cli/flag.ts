/** Flags: what each is called on the command line, in the environment and in the config file. */

import { utf8 } from '../base/bytes.ts';
import { HOST_PORT_HINT, readHostPort } from '../base/host-port.ts';
import { formatDuration, parseDuration, type Duration } from '../base/time.ts';
import { TAG_KEY_MAX, TAG_VALUE_MAX } from '../wire/limits.ts';
import { isTag, type Tag } from '../wire/record.ts';
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

/** Any text but none, as an unset variable of a script gives. */
export function text(value: string, source: string): string {
  if (value !== '') return value;
  throw new UsageError('value-missing', `${source} is empty.`, 'Give it a value, or leave it out.');
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

/** A reader of times with their units, from `least` to `most`, ends included. */
export function duration(
  least: Duration,
  most: Duration,
): (value: string, source: string) => Duration {
  return (value, source) => {
    const parsed = parseDuration(value);
    if (parsed === undefined) {
      throw new UsageError(
        'value-not-a-duration',
        `${source}: "${value}" is not a time.`,
        'Write a number and a unit, such as 600ms, 5s, 15m, 2h or 1d.',
      );
    }
    if (parsed >= least && parsed <= most) return parsed;
    const fault = parsed < least ? 'short' : 'long';
    const range = `${formatDuration(least)} to ${formatDuration(most)}`;
    throw new UsageError(
      'value-out-of-range',
      `${source}: ${value} is too ${fault}; it takes ${range}.`,
      '',
    );
  };
}

/** Where a node is, as `HOST:PORT`; the text itself, since host names are looked up elsewhere. */
export function hostPort(value: string, source: string): string {
  const read = readHostPort(value);
  if (read.type !== 'wrong') return value;
  const { quote, why, zone } = read;
  const code = zone ? 'address-zone' : 'address-not-an-address';
  const message = `${source}: ${quote} is no address of a node: ${why}.`;
  throw new UsageError(code, message, HOST_PORT_HINT);
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

/** A tag as `K=V`; an empty value is told apart by those who care. */
export function tag(value: string, source: string): readonly [key: string, value: string] {
  const at = value.indexOf('=');
  if (at <= 0) {
    throw new UsageError(
      'value-not-a-pair',
      `${source}: "${value}" is not of the form KEY=VALUE.`,
      'For example role=storage.',
    );
  }
  const pair = { key: value.slice(0, at), value: value.slice(at + 1) };
  if (isTag(pair)) return [pair.key, pair.value];
  throw new UsageError(
    'tag-not-a-tag',
    `${source}: the tag "${pair.key.slice(0, TAG_KEY_MAX)}" ${tagFault(pair)}.`,
    'A tag is a word or two about a node, such as role=storage.',
  );
}

function tagFault({ key, value }: Tag): string {
  const [keySize, valueSize] = [utf8(key).length, utf8(value).length];
  if (keySize > TAG_KEY_MAX) {
    return `has a key of ${String(keySize)} bytes; it may have ${String(TAG_KEY_MAX)}`;
  }
  if (valueSize > TAG_VALUE_MAX) {
    return `has a value of ${String(valueSize)} bytes; it may have ${String(TAG_VALUE_MAX)}`;
  }
  return 'holds something that cannot be printed';
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
