/** `flotilla join`: takes the running node into the cluster of an invite. */

import { say, writeJson, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import { readToken } from '../secret.ts';
import { tokenFromSettings } from '../token-setting.ts';

/** The token comes as a word, or from where `up --join` would have it. */
export async function run(call: Call): Promise<number> {
  const [word] = call.words;
  const { stdin } = call.world;
  const token =
    word === undefined
      ? await tokenFromSettings(call.settings, stdin)
      : await readToken(word, stdin, 'The token given');
  if (token === undefined) {
    throw new UsageError(
      'token-missing',
      'A token is missing.',
      'Give it as a word, as - for standard input, or as file:PATH.',
    );
  }
  const joined = await call.world
    .connect(call.stateFolder)
    .ask('POST /v2/join', { body: { token } });
  const { cluster, already } = joined;
  say(call, already ? `already a member of cluster ${cluster}` : `joined cluster ${cluster}`);
  if (call.json) writeJson(call, joined);
  return EXIT.done;
}
