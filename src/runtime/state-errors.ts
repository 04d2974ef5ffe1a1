/** What can be wrong with a state folder, in words that name the file and the remedy. */

import { UserError } from '../base/errors.ts';
import type { DocumentName } from '../core/documents.ts';
import { systemCode } from './disk.ts';

/** The files of a state folder, without `.json`. */
export type FileName = DocumentName | 'identity' | 'v1' | 'v1-users' | 'v1-certificate';

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The folder can't be made, locked or written. */
export function unwritable(folder: string, error: unknown): UserError {
  const full = ['ENOSPC', 'EDQUOT'].includes(systemCode(error));
  const hint = full
    ? 'Make room on that disk, or name another folder with --state DIR.'
    : 'Make it writable for this user, or name another folder with --state DIR.';
  const message = `The state folder ${folder} can't be written: ${reasonOf(error)}.`;
  return new UserError('state-unwritable', message, hint, { cause: error });
}

/** A file is there and the system won't give it out. */
export function unreadable(path: string, error: unknown): UserError {
  const hint = 'Make it readable for this user, or name another folder with --state DIR.';
  const message = `${path} can't be read: ${reasonOf(error)}.`;
  return new UserError('state-unreadable', message, hint, { cause: error });
}

/** A file of a later release, which may hold what this one would lose. */
export function futureVersion(path: string): UserError {
  const message = `${path} was written by a later version of Flotilla; it was left as it is.`;
  return new UserError('state-future-version', message, 'Install that version or a later one.');
}

/** A file of ours that was cut short or changed. */
export function torn(path: string, name: FileName): UserError {
  const message = `${path} is damaged; it was left as it is.`;
  return new UserError('state-torn', message, `Put it back from a backup, or ${without(name)}.`);
}

/** What helps where there is no backup. */
function without(name: FileName): string {
  switch (name) {
    case 'identity':
    case 'cluster':
      return 'move the whole folder away and join again';
    case 'book':
      return 'move it away: the node then knows no addresses at first';
    case 'v1':
      return 'move it away: v1 peers must then be added and register again';
    case 'v1-users':
      return 'move it away, and add the users again';
    case 'v1-certificate':
      return 'move it away: another is made, which v1 peers must be told to trust';
  }
}

/** A file that somebody else put there. */
export function foreign(path: string, name: FileName): UserError {
  const message = `${path} is not Flotilla's ${name} file; it was left as it is.`;
  const hint = 'Move it away if it is not needed, or name another folder with --state DIR.';
  return new UserError('state-foreign', message, hint);
}

/** A cluster whose node is unknown: a new identity would be a stranger to it. */
export function withoutIdentity(folder: string): UserError {
  const message = `${folder} holds a cluster, but identity.json is missing.`;
  const hint = 'Put it back from a backup, or move the whole folder away and join again.';
  return new UserError('state-torn', message, hint);
}
