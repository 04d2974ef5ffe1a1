/** `flotilla tag`: shows or changes the tags of this node. */

import { TAGS_MAX } from '../../wire/limits.ts';
import { ownTags } from '../../services/api/own-tags.ts';
import { writeJson, writeLine, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import { tag } from '../flag.ts';

/** All tags taken off and as many set; a request takes 64. */
const CHANGES_MAX: number = 2 * TAGS_MAX;

/** Prints all tags as they are afterwards, a line each. */
export async function run(call: Call): Promise<number> {
  const tags = await tagsAfter(call);
  if (call.json) writeJson(call, { schema: 1, tags });
  else for (const [key, value] of Object.entries(tags)) writeLine(call, `${key}=${value}`);
  return EXIT.done;
}

async function tagsAfter(call: Call): Promise<Readonly<Record<string, string>>> {
  if (call.words.length > CHANGES_MAX) {
    const most = String(CHANGES_MAX);
    throw new UsageError(
      'tags-too-many',
      `One call makes up to ${most} changes of tags.`,
      'Make several calls.',
    );
  }
  const daemon = call.world.connect(call.stateFolder);
  if (call.words.length === 0) return ownTags(await daemon.ask('GET /v2/members'));
  const changes = call.words.map((word) => {
    const [key, value] = tag(word, 'tag');
    return [key, value === '' ? null : value] as const;
  });
  const body = { changes: Object.fromEntries(changes) };
  return (await daemon.ask('POST /v2/tag', { body })).tags;
}
