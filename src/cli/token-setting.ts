/** The token of `--join`, wherever it was set. */

import { JOIN } from './flags.ts';
import { readToken, readTokenFile } from './secret.ts';
import type { Settings } from './settings.ts';
import type { World } from './world.ts';

/** Names a file that holds the token; for services whose secrets are mounted as files. */
export const JOIN_FILE = 'FLOTILLA_JOIN_FILE';

/**
 * The token; undefined when none was given. The command line goes before FLOTILLA_JOIN, that before
 * FLOTILLA_JOIN_FILE, that before the config file.
 */
export async function tokenFromSettings(
  settings: Settings,
  stdin: World['stdin'],
): Promise<string | undefined> {
  const origin = settings.origin(JOIN);
  const file = settings.variable(JOIN_FILE);
  const fromConfig = origin !== undefined && !/^(--|FLOTILLA_)/.test(origin.source);
  if (file !== undefined && (origin === undefined || fromConfig)) return readTokenFile(file);
  return origin && readToken(origin.texts.at(-1) ?? '', stdin, origin.source);
}
