/** The flags of one call, put together: command line before environment before config file. */

import { configKey, type Flag } from './flag.ts';
import type { PeerEntry } from './v1-entries.ts';
import type { World } from './world.ts';

/** Texts of flags given on the command line, by the flag's name. */
export type Given = ReadonlyMap<string, readonly string[]>;
/** Texts of a config file, by key, with the file's name for messages. */
export interface ConfigTexts {
  readonly file: string;
  readonly texts: ReadonlyMap<string, readonly string[]>;
  /** Nodes of protocol 1 that stand there. */
  readonly v1Peers: readonly PeerEntry[];
}

/** A flag's texts and where they come from. */
export interface Origin {
  readonly texts: readonly string[];
  readonly source: string;
}

/** Finds the value of each flag. */
export class Settings {
  readonly #given: Given;
  readonly #env: World['env'];
  readonly #config: ConfigTexts | undefined;

  constructor(given: Given, env: World['env'], config: ConfigTexts | undefined) {
    this.#given = given;
    this.#env = env;
    this.#config = config;
  }

  /** The flag's value; undefined when nobody set it. Throws `UsageError` for a bad one. */
  get<T>(flag: Flag<T>): T | undefined {
    const origin = this.origin(flag);
    return origin === undefined ? undefined : flag.read(origin.texts, origin.source);
  }

  /** Whether a switch is on. */
  on(flag: Flag<boolean>): boolean {
    return this.get(flag) ?? false;
  }

  /** Where the flag was set, and its texts, not yet read. */
  origin(flag: Flag<unknown>): Origin | undefined {
    return this.#fromCommandLine(flag) ?? this.#fromEnvironment(flag) ?? this.#fromConfig(flag);
  }

  /** A value of the environment that is no flag's twin; an empty one counts as none. */
  variable(name: string): string | undefined {
    const value = this.#env[name];
    return value === '' ? undefined : value;
  }

  /** Nodes of protocol 1 in the config file; undefined: there is no config file. */
  get v1Peers(): readonly PeerEntry[] | undefined {
    return this.#config?.v1Peers;
  }

  #fromCommandLine(flag: Flag<unknown>): Origin | undefined {
    const texts = this.#given.get(flag.name);
    return texts === undefined ? undefined : { texts, source: `--${flag.name}` };
  }

  #fromEnvironment(flag: Flag<unknown>): Origin | undefined {
    const value = this.variable(flag.env);
    if (value === undefined) return undefined;
    // Addresses hold no commas; a tag with one has to be typed or stand in the config file.
    const texts = flag.many ? value.split(',').map((part) => part.trim()) : [value];
    return { texts, source: flag.env };
  }

  #fromConfig(flag: Flag<unknown>): Origin | undefined {
    const texts = this.#config?.texts.get(configKey(flag));
    if (texts === undefined) return undefined;
    return { texts, source: `${configKey(flag)} in ${this.#config?.file ?? ''}` };
  }
}
