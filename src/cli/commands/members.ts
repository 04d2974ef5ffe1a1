/** `flotilla members`: who belongs to the cluster, and where each is. */

import { writeJson, writeLine, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';
import { membersTable } from '../output/members-table.ts';
import { paletteFor } from '../output/paint.ts';

/** Lists the members as the daemon sees them now. */
export async function run(call: Call): Promise<number> {
  const { stdout, env } = call.world;
  const members = await call.world.connect(call.stateFolder).ask('GET /v2/members');
  if (call.json) writeJson(call, members);
  else for (const line of membersTable(members, paletteFor(stdout, env))) writeLine(call, line);
  return EXIT.done;
}
