/** Peers of protocol 1 in the config file: a table `[v1-peers.NAME]` each. */

import type { V1Typed } from '../v1/status.ts';
import { UsageError } from './exit.ts';
import { hostPort, text } from './flag.ts';
import { PASSWORD_VARIABLE, passwordFromFile, passwordFromVariable } from './password.ts';
import type { Settings } from './settings.ts';

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

/** The entries as the runtime takes them, with their passwords; undefined: there is no config. */
export async function peersFrom(settings: Settings): Promise<readonly V1Typed[] | undefined> {
  const entries = settings.v1Peers;
  return entries && Promise.all(entries.map((entry) => peerFrom(entry, settings)));
}

async function peerFrom(entry: PeerEntry, settings: Settings): Promise<V1Typed> {
  const { name, source, texts, on } = entry;
  const [at, username, path] = [texts.get('at'), texts.get('user'), texts.get('path')];
  if (at === undefined) {
    throw new UsageError('at-missing', `${source}: where is ${name}?`, 'Add at = "HOST:PORT".');
  }
  const [https, insecure] = [on.has('https'), on.has('insecure-http')];
  if (username !== undefined && !https && !insecure) {
    throw new UsageError(
      'v1-insecure-http',
      `${source}: over plain HTTP everybody on the way can read the user name and the password.`,
      'Say https = true; or, if that node has no HTTPS, allow it with insecure-http = true.',
    );
  }
  const password = await passwordOf(entry, settings);
  return {
    ...{ name, at: hostPort(at, `${source} at`), https, insecure },
    ...(path === undefined ? {} : { path }),
    ...(username === undefined || password === undefined ? {} : { login: { username, password } }),
  };
}

/** The password of an entry with a user; never in the file itself, which is shown around. */
async function passwordOf(entry: PeerEntry, settings: Settings): Promise<string | undefined> {
  const { source, texts } = entry;
  const [file, variable] = [texts.get('password-file'), texts.get('password-variable')];
  const user = texts.get('user');
  const hint = `Say user, and password-file or password-variable (such as ${PASSWORD_VARIABLE}).`;
  if (user !== undefined && file === undefined && variable === undefined) {
    const message = `${source}: the password of ${user} is missing.`;
    throw new UsageError('password-missing', message, hint);
  }
  const both = file !== undefined && variable !== undefined;
  if (both || (user === undefined && (file ?? variable) !== undefined)) {
    const message = `${source}: a password takes a user, and one place where it is kept.`;
    throw new UsageError('flags-contradict', message, hint);
  }
  if (file === '-') throw badValue(source, 'password-file', 'a file');
  if (file !== undefined) return passwordFromFile(file);
  if (variable === undefined) return undefined;
  const value = settings.variable(variable);
  if (value !== undefined) return passwordFromVariable(value, variable);
  throw new UsageError(
    'password-missing',
    `${source}: the environment has no ${variable}.`,
    'Set it to the password, or say password-file.',
  );
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Date);
}

function isOneOf(keys: readonly string[], key: string): boolean {
  return keys.includes(key);
}

function badValue(source: string, key: string, what: string): UsageError {
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
