/** `flotilla status`: how this node is doing. */

import { writeJson, writeLine, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';
import { paletteFor } from '../output/paint.ts';
import { statusPage } from '../output/status-page.ts';

/** Done also when the node is not well: that it can be asked is what counts. */
export async function run(call: Call): Promise<number> {
  const { stdout, env } = call.world;
  const status = await call.world.connect(call.stateFolder).ask('GET /v2/status');
  if (call.json) writeJson(call, status);
  else for (const line of statusPage(status, paletteFor(stdout, env))) writeLine(call, line);
  return EXIT.done;
}
