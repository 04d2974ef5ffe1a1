/**
 * What is wrong with a token, and what the maker's refusals mean, in words for the one who joins.
 */

import { UserError } from '../base/errors.ts';
import { nodeSuite } from '../crypto/node-suite.ts';
import type { RefusalReason } from '../wire/join.ts';
import { decodeToken, type Token } from '../wire/token.ts';

const NEW_ONE = 'Ask for a new one: `flotilla invite` on the member that made it.';

/** The token in a text; throws `UserError` token-not-a-token, token-mistyped or token-future. */
export function readToken(text: string): Token {
  const token = decodeToken(nodeSuite, text);
  switch (token) {
    case 'not-a-token':
      throw new UserError(
        'token-not-a-token',
        'That text is not an invite token.',
        'A token begins with flt2- and is printed by `flotilla invite`.',
      );
    case 'mistyped':
      throw new UserError(
        'token-mistyped',
        'The token has a wrong or missing character.',
        'Copy it again, whole; line breaks and spaces in it do no harm.',
      );
    case 'future-version':
      throw new UserError(
        'token-future',
        'The token was made by a later version of Flotilla.',
        'Install that version or a later one on this machine.',
      );
    case 'malformed':
      throw new UserError('token-mistyped', 'The token makes no sense.', NEW_ONE);
    default:
      return token;
  }
}

/** A refusal by the maker of the invite. */
export function refusalError(reason: RefusalReason, name: string): UserError {
  switch (reason) {
    case 'spent':
      return new UserError('join-spent', 'The invite was used already.', NEW_ONE);
    case 'expired':
      return new UserError('join-expired', 'The invite has expired.', NEW_ONE);
    case 'unknown-invite':
      return new UserError('join-unknown-invite', 'The invite is not known there.', NEW_ONE);
    case 'name-taken':
      return new UserError(
        'join-name-taken',
        `Another member is called ${name}.`,
        'Take another name with --name NAME; the invite is still good.',
      );
    case 'malformed':
      return new UserError(
        'join-malformed',
        'The other member did not understand the request.',
        'Install the same version of Flotilla on both machines.',
      );
    case 'not-ready':
      return new UserError(
        'join-not-ready',
        'The member that made the invite has left or is not ready.',
        'Try again in a moment, or ask another member for an invite.',
      );
  }
}
