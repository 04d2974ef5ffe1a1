/** `flotilla hint`: tells the node where a lost member is now. */

import { memberWord, say, writeJson, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';
import { hostPort } from '../flag.ts';

/** Done when the node has taken the hint; whether it was right shows in `members`. */
export async function run(call: Call): Promise<number> {
  const name = memberWord(call);
  const address = hostPort(call.words[1] ?? '', 'The address');
  const done = await call.world
    .connect(call.stateFolder)
    .ask('POST /v2/hint', { body: { name, address } });
  say(call, `trying ${name} at ${address}; \`flotilla members\` shows whether it answers`);
  if (call.json) writeJson(call, done);
  return EXIT.done;
}
