/** A password as an operator may hand it over: at a prompt, from a file, or in the environment. */

import { readFile } from 'node:fs/promises';
import { UserError } from '../base/errors.ts';
import type { Call } from './command.ts';
import { UsageError } from './exit.ts';
import { PASSWORD_FILE } from './v1-flags.ts';

/** Holds the password itself. */
export const PASSWORD_VARIABLE = 'FLOTILLA_V1_PASSWORD';

/** Longer than any; whatever holds more is the wrong file. In characters. */
const LENGTH_MAX = 1_024;

/**
 * The password. --password-file goes before FLOTILLA_V1_PASSWORD, that before a file named in the
 * environment or the config, and a prompt comes last; a new password is asked for `twice`.
 */
export async function passwordFor(
  call: Call,
  question: string,
  { twice = false }: { readonly twice?: boolean } = {},
): Promise<string> {
  const { settings, world } = call;
  const origin = settings.origin(PASSWORD_FILE);
  const variable = settings.variable(PASSWORD_VARIABLE);
  const typed = origin?.source.startsWith('--') === true;
  if (variable !== undefined && !typed) return passwordFromVariable(variable, PASSWORD_VARIABLE);
  const file = settings.get(PASSWORD_FILE);
  if (file === '-') return checked(await readAll(world.stdin), 'Standard input');
  if (file !== undefined) return passwordFromFile(file);
  if (world.askSecret === undefined) {
    throw new UsageError(
      'password-missing',
      'The password is missing, and there is no terminal to ask for it.',
      `Give it with --password-file FILE, --password-file -, or ${PASSWORD_VARIABLE}.`,
    );
  }
  const first = await world.askSecret(`${question}: `);
  if (twice && (await world.askSecret(`${question}, again: `)) !== first) {
    throw new UsageError('password-mistyped', 'The two passwords differ.', 'Try again.');
  }
  return checked(first, 'The password');
}

/** The password that a variable of the environment holds. */
export function passwordFromVariable(value: string, variable: string): string {
  return checked(value, variable);
}

/** The password in a file. */
export async function passwordFromFile(path: string): Promise<string> {
  try {
    return checked(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { message } = error as Error;
    throw new UserError(
      'password-file-unreadable',
      `The password file cannot be read: ${message}.`,
      '',
      { cause: error },
    );
  }
}

async function readAll(stdin: Call['world']['stdin']): Promise<string> {
  const decoder = new TextDecoder();
  let content = '';
  for await (const part of stdin) {
    content += typeof part === 'string' ? part : decoder.decode(part, { stream: true });
    if (content.length > LENGTH_MAX) break;
  }
  return content;
}

/** Spaces may belong to it; the line's end does not. The text itself stays out of all messages. */
function checked(content: string, source: string): string {
  const password = content.replace(/\r?\n$/, '');
  if (password !== '' && password.length < LENGTH_MAX && !/[\r\n]/.test(password)) return password;
  const trouble = password === '' ? 'is empty' : 'holds more than a password';
  throw new UsageError('password-invalid', `${source} ${trouble}.`, 'It takes one line.');
}
