/** Peers of protocol 1 in the config file, with their passwords, as the runtime takes them. */

import type { V1Typed } from '../v1/status.ts';
import { UsageError } from './exit.ts';
import { hostPort } from './flag.ts';
import { PASSWORD_VARIABLE, passwordFromFile, passwordFromVariable } from './password.ts';
import type { Settings } from './settings.ts';
import { badValue, type PeerEntry } from './v1-entries.ts';

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
