/** The inputs that were worth keeping: a file for each target, one input a line in base64. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bytes } from '../../src/base/bytes.ts';

function corpusFile(name: string): string {
  return fileURLToPath(new URL(`./corpus/${name}.txt`, import.meta.url));
}

/** The inputs kept for a target; none when there is no file. */
export function readCorpus(name: string): readonly Bytes[] {
  const file = corpusFile(name);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map(fromText);
}

/** Writes inputs, shortest first, each once. */
export function writeCorpus(name: string, inputs: readonly Bytes[]): void {
  const lines = [...new Set(inputs.map(toText))];
  lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  writeFileSync(corpusFile(name), lines.map((line) => `${line}\n`).join(''));
}

/** One line; the empty input has a line of its own, too. */
export function toText(input: Bytes): string {
  return `=${Buffer.from(input).toString('base64')}`;
}

export function fromText(line: string): Bytes {
  return Uint8Array.from(Buffer.from(line.slice(1), 'base64'));
}
