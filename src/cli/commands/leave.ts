/** `flotilla leave`: ends this node's membership, and with it the daemon. */

import { say, writeJson, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';

/** The daemon answers when the leave is signed, saved and sent. */
export async function run(call: Call): Promise<number> {
  const daemon = call.world.connect(call.stateFolder);
  const { self } = await daemon.ask('GET /v2/status');
  await daemon.ask('POST /v2/leave');
  say(call, `${self.name} has left cluster ${self.cluster}, and its daemon has ended`);
  if (call.json) writeJson(call, { schema: 1, left: true, cluster: self.cluster });
  return EXIT.done;
}
