/** `flotilla tag`: shows or changes the tags of this node. */

import { ownTags } from '../../services/api/own-tags.ts';
import { writeJson, writeLine, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';
import { pair } from '../flag.ts';

/** Prints all tags as they are afterwards, a line each. */
export async function run(call: Call): Promise<number> {
  const tags = await tagsAfter(call);
  if (call.json) writeJson(call, { schema: 1, tags });
  else for (const [key, value] of Object.entries(tags)) writeLine(call, `${key}=${value}`);
  return EXIT.done;
}

async function tagsAfter(call: Call): Promise<Readonly<Record<string, string>>> {
  const daemon = call.world.connect(call.stateFolder);
  if (call.words.length === 0) return ownTags(await daemon.ask('GET /v2/members'));
  const changes = call.words.map((word) => {
    const [key, value] = pair(word, 'tag');
    return [key, value === '' ? null : value] as const;
  });
  const body = { changes: Object.fromEntries(changes) };
  return (await daemon.ask('POST /v2/tag', { body })).tags;
}
