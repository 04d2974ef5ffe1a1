/**
 * The config file: TOML, a key for each flag, and the nodes of protocol 1. It is read and never
 * written.
 */

import { readFile } from 'node:fs/promises';
import { UserError } from '../base/errors.ts';
import { UsageError } from './exit.ts';
import { configKey } from './flag.ts';
import { CONFIGURABLE } from './flags.ts';
import type { ConfigTexts } from './settings.ts';
import { peerEntries, V1_PEERS_KEY } from './v1-entries.ts';

/**
 * A config has some fifty keys, and of up to 1,024 nodes of protocol 1 a hundred characters each; a
 * longer file is something else. In characters.
 */
const LENGTH_MAX = 262_144;

/** Reads a config file. Throws `UsageError` for what is not a config, with the key or line. */
export async function readConfig(file: string): Promise<ConfigTexts> {
  const content = await load(file);
  if (content.length > LENGTH_MAX) throw notAConfig(file, 'it is too long');
  const { parse, TomlError } = await import('smol-toml');
  try {
    const { [V1_PEERS_KEY]: peers = {}, ...others } = parse(content);
    return { file, texts: textsOf(others, file), v1Peers: peerEntries(peers, file) };
  } catch (error) {
    if (error instanceof TomlError) {
      const reason = error.message.split('\n')[0] ?? '';
      throw notAConfig(file, `line ${String(error.line)}: ${reason}`);
    }
    throw error;
  }
}

async function load(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new UserError('config-unreadable', `${file} cannot be read: ${message}.`, '', {
      cause: error,
    });
  }
}

function textsOf(config: object, file: string): ReadonlyMap<string, readonly string[]> {
  const known = CONFIGURABLE.map(configKey);
  const texts = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(config)) {
    if (!known.includes(key)) {
      throw new UsageError(
        'config-unknown-key',
        `${file}: "${key}" is not a key.`,
        `The keys are ${V1_PEERS_KEY} and the names of flags: ${known.join(', ')}.`,
      );
    }
    texts.set(
      key,
      (Array.isArray(value) ? value : [value]).map((item) => textOf(item, key, file)),
    );
  }
  return texts;
}

function textOf(value: unknown, key: string, file: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new UsageError(
    'config-bad-value',
    `${file}: "${key}" must be a text, a number, true, false, or a list of texts.`,
    '',
  );
}

function notAConfig(file: string, reason: string): UsageError {
  return new UsageError(
    'config-not-toml',
    `${file} is not a config: ${reason}.`,
    'See https://toml.io for the language.',
  );
}
