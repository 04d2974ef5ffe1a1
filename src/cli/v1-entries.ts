/** Peers of protocol 1 in the config file: a table `[v1-peers.NAME]` each. */

import { UsageError } from './exit.ts';
import { text } from './flag.ts';

/** The key under which they stand. */
export const V1_PEERS_KEY = 'v1-peers';

/** What an entry may say. */
const TEXTS = ['at', 'user', 'path', 'password-file', 'password-variable'] as const;
const SWITCHES = ['https', 'insecure-http'] as const;

/** An entry as it stands there; the password is read when the node is started. */
export interface PeerEntry {
  readonly name: string;
  /** For messages. */
  readonly source: string;
  readonly texts: ReadonlyMap<string, string>;
  readonly on: ReadonlySet<string>;
}

/** The entries of a parsed config. Throws `UsageError` config-… */
export function peerEntries(value: unknown, file: string): readonly PeerEntry[] {
  if (!isTable(value)) {
    throw new UsageError(
      'config-bad-value',
      `${file}: "${V1_PEERS_KEY}" must be tables, one a node.`,
      `Write [${V1_PEERS_KEY}.attic] above its keys.`,
    );
  }
  return Object.entries(value).map(([name, entry]) => peerEntry(name, entry, file));
}

function peerEntry(name: string, entry: unknown, file: string): PeerEntry {
  const source = `${file}, [${V1_PEERS_KEY}.${name}]`;
  const texts = new Map<string, string>();
  const on = new Set<string>();
  if (!isTable(entry)) {
    const hint = `Write [${V1_PEERS_KEY}.${name}] above its keys.`;
    throw new UsageError('config-bad-value', `${source} must be a table.`, hint);
  }
  for (const [key, value] of Object.entries(entry)) {
    if (isOneOf(TEXTS, key)) {
      if (typeof value !== 'string') throw badValue(source, key, 'a text');
      texts.set(key, text(value, `${source} ${key}`));
    } else if (isOneOf(SWITCHES, key)) {
      if (typeof value !== 'boolean') throw badValue(source, key, 'true or false');
      if (value) on.add(key);
    } else throw unknownKey(source, key);
  }
  return { name, source, texts, on };
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Date);
}

function isOneOf(keys: readonly string[], key: string): boolean {
  return keys.includes(key);
}

/** The refusal of a value of another kind. */
export function badValue(source: string, key: string, what: string): UsageError {
  return new UsageError('config-bad-value', `${source}: "${key}" must be ${what}.`, '');
}

/** A password that stands there is not quoted. */
function unknownKey(source: string, key: string): UsageError {
  const hint =
    key === 'password'
      ? 'A password stands in a file of its own (password-file) or in the environment ' +
        '(password-variable): configs are copied and shown around.'
      : `The keys are ${[...TEXTS, ...SWITCHES].join(', ')}.`;
  return new UsageError('config-unknown-key', `${source}: "${key}" is not a key.`, hint);
}
