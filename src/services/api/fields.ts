/** Reads the JSON body of a request. Whatever is not as it should be is the caller's mistake. */

import { UserError } from '../../base/errors.ts';

/** Code of every complaint about a request's form. */
export const BAD_REQUEST = 'bad-request';

/** Tokens and names are shorter; a bound so that no field is a way to fill the memory. */
const TEXT_MAX = 4_096;
/** More `--at` or tags than anybody types. */
const ITEMS_MAX = 64;

/** The fields of one JSON object. Each getter throws `bad-request` for a value of another kind. */
export class Fields {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  /** A text that must be there and not empty. */
  text(name: string): string {
    const value = this.#values.get(name);
    if (!isText(value) || value === '') {
      throw bad(`"${name}" must be a text of 1 to ${String(TEXT_MAX)} characters.`);
    }
    return value;
  }

  /** The same, or undefined when it is not there. */
  optional(name: string): string | undefined {
    return this.#values.get(name) === undefined ? undefined : this.text(name);
  }

  /** True or false; false when it is not there. */
  flag(name: string): boolean {
    const value = this.#values.get(name) ?? false;
    if (typeof value !== 'boolean') throw bad(`"${name}" must be true or false.`);
    return value;
  }

  /** An object that must be there, whatever is in it. */
  object(name: string): object {
    const value = this.#values.get(name);
    if (!isObject(value)) throw bad(`"${name}" must be an object.`);
    return value;
  }

  /** A whole number within the range, ends included; undefined when it is not there. */
  whole(name: string, from: number, to: number): number | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < from || value > to) {
      throw bad(`"${name}" must be a whole number from ${String(from)} to ${String(to)}.`);
    }
    return value;
  }

  /** A list of texts; undefined when it is not there. */
  texts(name: string): readonly string[] | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length > ITEMS_MAX || !value.every(isText)) {
      throw bad(`"${name}" must be a list of at most ${String(ITEMS_MAX)} texts.`);
    }
    return value;
  }

  /** An object whose values are texts or null. */
  changes(name: string): readonly { readonly key: string; readonly value: string | undefined }[] {
    const value = this.#values.get(name);
    const entries = isObject(value) ? Object.entries(value) : undefined;
    if (entries === undefined || entries.length > ITEMS_MAX) {
      throw bad(`"${name}" must be an object with at most ${String(ITEMS_MAX)} fields.`);
    }
    return entries.map(([key, item]) => {
      if (item === null) return { key, value: undefined };
      if (!isText(item)) throw bad(`"${name}.${key}" must be a text, or null to take it off.`);
      return { key, value: item };
    });
  }
}

/** Reads a body that may hold these fields and no others; an empty body has none. */
export function readFields(body: string, known: readonly string[]): Fields {
  const json = body === '' ? {} : parse(body);
  if (!isObject(json)) throw bad('The body must be a JSON object.');
  for (const name of Object.keys(json)) {
    if (!known.includes(name)) throw bad(`"${name}" is not a field of this request.`);
  }
  return new Fields(new Map(Object.entries(json)));
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw bad('The body is not JSON.');
  }
}

function bad(message: string): UserError {
  return new UserError(BAD_REQUEST, message, '');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TEXT_MAX;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
