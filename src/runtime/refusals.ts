/** What the library refuses by itself, before it asks the machine. */

import { UserError } from '../base/errors.ts';

/** Nobody has this name or ID, nor an ID that begins so. */
export function unknownName(text: string): UserError {
  return new UserError(
    'name-unknown',
    `No member is called ${JSON.stringify(text)}.`,
    '`flotilla members` lists them all.',
  );
}

/** The text begins more than one ID. */
export function ambiguous(text: string): UserError {
  return new UserError(
    'name-ambiguous',
    `${JSON.stringify(text)} begins the IDs of several members.`,
    'Give more characters of the ID, or the name.',
  );
}

/** One join at a time, and no leave during it. */
export function joinBusy(): UserError {
  return new UserError('join-busy', 'A join is under way.', 'Wait until it has ended.');
}

/** The machine gave one command's answer to another. */
export function misanswered(): Error {
  return new Error('the machine answered another question');
}
