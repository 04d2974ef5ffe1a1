/**
 * What a file of the state folder looks like: one JSON object that says what it is, in which
 * version, and whether it is whole.
 *
 *     {"format": "flotilla-book", "version": 1, "checksum": HEX, "body": …}
 *
 * The checksum is SHA-256 over the body's JSON text without white space.
 */

import { toHex, utf8 } from '../base/bytes.ts';
import { nodeSuite } from '../crypto/node-suite.ts';

/** The version written; a file of a higher one is never touched. */
export const STATE_VERSION = 1;

/** Why a text is not a state file of this name. */
export type EnvelopeFault = 'torn' | 'foreign' | 'future-version';

/** The text of a state file. */
export function writeEnvelope(name: string, body: unknown): string {
  const checksum = checksumOf(body);
  const format = `flotilla-${name}`;
  return `${JSON.stringify({ format, version: STATE_VERSION, checksum, body })}\n`;
}

/**
 * The body of a state file. Torn: cut short or changed since it was written. Foreign: whole, but
 * something else. Future version: written by a later release.
 */
export function readEnvelope(name: string, text: string): { body: unknown } | EnvelopeFault {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return text.trimStart().startsWith('{"format":"flotilla-') || text === '' ? 'torn' : 'foreign';
  }
  if (typeof json !== 'object' || json === null) return 'foreign';
  const { format, version, checksum, body } = json as Record<string, unknown>;
  if (format !== `flotilla-${name}`) return 'foreign';
  if (!Number.isSafeInteger(version) || (version as number) < 1) return 'foreign';
  if ((version as number) > STATE_VERSION) return 'future-version';
  return checksum === checksumOf(body) ? { body } : 'torn';
}

function checksumOf(body: unknown): string {
  // An absent body has no JSON text; it has no valid checksum either, as "" is no object.
  const text = (JSON.stringify(body) as string | undefined) ?? '';
  return toHex(nodeSuite.hash(utf8(text)));
}
