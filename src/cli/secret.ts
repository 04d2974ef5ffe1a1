/** An invite's token as an operator may hand it over: typed, piped, or from a file. */

import { readFile } from 'node:fs/promises';
import { UserError } from '../base/errors.ts';
import { UsageError } from './exit.ts';
import type { World } from './world.ts';

/** A token has some hundred characters; whatever is longer is the wrong file. */
const LENGTH_MAX = 4_096;
const FILE = 'file:';

/**
 * The token meant by `TOKEN`, `-` (standard input) or `file:PATH`. White space around it goes.
 * `source` is what the value came from, for messages.
 */
export async function readToken(
  value: string,
  stdin: World['stdin'],
  source: string,
): Promise<string> {
  if (value === '-') return checked(await readStdin(stdin), 'Standard input');
  if (value.startsWith(FILE)) return readTokenFile(value.slice(FILE.length));
  return checked(value, source);
}

/** The token in a file. */
export async function readTokenFile(path: string): Promise<string> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new UserError('token-file-unreadable', `The token file cannot be read: ${message}.`, '', {
      cause: error,
    });
  }
  return checked(content, path);
}

async function readStdin(stdin: World['stdin']): Promise<string> {
  const decoder = new TextDecoder();
  let content = '';
  for await (const part of stdin) {
    content += typeof part === 'string' ? part : decoder.decode(part, { stream: true });
    if (content.length > LENGTH_MAX) break;
  }
  return content;
}

/** The text itself stays out of all messages: it is a secret. */
function checked(content: string, source: string): string {
  const token = content.trim();
  if (token !== '' && token.length <= LENGTH_MAX) return token;
  const trouble = token === '' ? 'is empty: there is no token' : 'holds more than a token';
  throw new UsageError(
    'token-not-a-token',
    `${source} ${trouble}.`,
    '`flotilla invite` on a member prints a token.',
  );
}
