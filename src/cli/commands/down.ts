/** `flotilla down`: ends the daemon and waits until it has ended. */

import { say, writeJson, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';

/** The daemon answers when its node has stopped and its state folder is free. */
export async function run(call: Call): Promise<number> {
  await call.world.connect(call.stateFolder).ask('POST /v2/down');
  say(call, 'stopped');
  if (call.json) writeJson(call, { schema: 1, stopped: true });
  return EXIT.done;
}
