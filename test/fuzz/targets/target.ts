/** What a fuzzer needs to know of the code it feeds. */
import type { Bytes } from '../../../src/base/bytes.ts';
import { equal, toHex } from '../../../src/base/bytes.ts';

/** One piece of code that takes octets from others, and what must hold whatever they are. */
export interface Target {
  readonly name: string;
  readonly title: string;
  /** URLs of the source files whose coverage guides the fuzzer and is reported. */
  readonly covers: RegExp;
  /** Inputs are cut to this. */
  readonly lengthMax: number;
  /** Where to begin. */
  readonly seeds: () => readonly Bytes[];
  /** What the code looks for, and chance would hardly find. */
  readonly words?: readonly Bytes[];
  /**
   * Feeds it; throws when something that must hold does not. Gives signs of where it went, which
   * are as good a reason to keep an input as new code is.
   */
  readonly run: (input: Bytes) => readonly string[] | Promise<readonly string[]>;
}

/** Throws a plain error, which the fuzzer reports with the input. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Both are the same octets, or it is a finding. */
export function mustEqual(one: Bytes, other: Bytes, what: string): void {
  if (!equal(one, other)) throw new Error(`${what}: ${toHex(one)} and ${toHex(other)}`);
}

/** The same as JSON, and `undefined` told from an absent field. */
export function sameValue(one: unknown, other: unknown): boolean {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, item: unknown) => (item === undefined ? '(none)' : item));
  return text(one) === text(other);
}
