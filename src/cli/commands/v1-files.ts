/** `flotilla v1 import`, `export`: the file of a node of the original program. */

import { readFile, writeFile } from 'node:fs/promises';
import { UserError } from '../../base/errors.ts';
import { millis, formatDuration } from '../../base/time.ts';
import { say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import { count } from '../output/words.ts';
import { SECRETS } from '../v1-flags.ts';

/** 1,024 peers take a quarter of it. In characters. */
const LENGTH_MAX = 1_000_000;

/** Done when the peers are on disk. */
export async function importFile(call: Call): Promise<number> {
  const [file = ''] = call.words;
  const original = parsed(await content(file, call.world.stdin), file);
  const daemon = call.world.connect(call.stateFolder);
  const imported = await daemon.ask('POST /v2/v1/import', { body: { original } });
  const { name, peers, skipped, intervalMs } = imported;
  const every = formatDuration(millis(intervalMs));
  say(call, `nodes of protocol 1 know this node as ${name}; ${count(peers, 'peer')} taken over`);
  for (const entry of skipped) say(call, `left out: ${entry}`);
  say(call, `The file says an interval of ${every}: --v1-interval ${every} keeps it.`);
  if (call.json) writeJson(call, imported);
  return EXIT.done;
}

/** Done when the file is written, or the text printed. */
export async function exportFile(call: Call): Promise<number> {
  const [file] = call.words;
  if (!call.settings.on(SECRETS)) {
    throw new UsageError(
      'v1-export-secrets',
      'The file would hold secrets: who has it can speak as this node and as its peers.',
      'Say --secrets if that is meant.',
    );
  }
  const { original } = await call.world.connect(call.stateFolder).ask('POST /v2/v1/export');
  const text = JSON.stringify(original, null, 1);
  if (file === undefined) {
    writeLine(call, text);
    say(call, 'That holds secrets: who has it can speak as this node and as its peers.');
    return EXIT.done;
  }
  await writeNew(file, `${text}\n`);
  say(call, `${file} is written, for this user alone: keep it so, it holds secrets`);
  if (call.json) writeJson(call, { schema: 1, file });
  return EXIT.done;
}

async function content(file: string, stdin: Call['world']['stdin']): Promise<string> {
  if (file !== '-') {
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      const { message } = error as Error;
      throw new UserError('v1-file-unreadable', `${file} can't be read: ${message}.`, '', {
        cause: error,
      });
    }
  }
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of stdin) {
    text += typeof part === 'string' ? part : decoder.decode(part, { stream: true });
    if (text.length > LENGTH_MAX) break;
  }
  return text;
}

/** The JSON object in a text, of which nothing is quoted: it holds secrets. */
function parsed(text: string, file: string): object {
  let value: unknown;
  try {
    value = text.length > LENGTH_MAX ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new UserError(
    'v1-not-an-export',
    `${file === '-' ? 'Standard input' : file} is no export of a v1 node: it is no JSON object.`,
    'Give the JSON file that the other program wrote.',
  );
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const why = there ? 'it is there already' : (error as Error).message;
    throw new UserError('v1-file-unwritable', `${file} can't be written: ${why}.`, '', {
      cause: error,
    });
  }
}
