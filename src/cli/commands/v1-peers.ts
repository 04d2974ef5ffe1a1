/** `flotilla v1 add`, `remove`, `trust`: the nodes of protocol 1 that this one calls. */

import type { V1CallDocument } from '../../services/api/answers.ts';
import { memberWord, say, writeJson, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import { v1Words } from '../output/v1-words.ts';
import { passwordFor } from '../password.ts';
import * as flags from '../v1-flags.ts';

/** Done when it answered well; a peer that does not is kept, and called again. */
export async function add(call: Call): Promise<number> {
  const { settings } = call;
  const name = memberWord(call);
  const at = settings.get(flags.PEER_AT);
  if (at === undefined) {
    throw new UsageError('at-missing', `Where is ${name}?`, 'Say it with --at HOST:PORT.');
  }
  const username = settings.get(flags.PEER_USER);
  const https = settings.on(flags.PEER_HTTPS);
  const insecure = settings.on(flags.INSECURE_HTTP);
  if (username !== undefined && !https && !insecure) {
    throw new UsageError(
      'v1-insecure-http',
      'Over plain HTTP everybody on the way can read the user name and the password.',
      'Take --https; or, if that node has no HTTPS, allow it with --insecure-http.',
    );
  }
  if (username !== undefined && !https) {
    const who = `register as ${name} or as this node, and read and forge all that is said`;
    say(call, `warning: whoever can listen between here and ${at} gets the password, can`);
    say(call, `         ${who}`);
  }
  const password =
    username === undefined ? undefined : await passwordFor(call, `Password of ${username}`);
  const path = settings.get(flags.PEER_PATH);
  const body = { name, at, https, insecure, path, username, password };
  const answer = await call.world.connect(call.stateFolder).ask('POST /v2/v1/add', { body });
  return tell(call, answer, username === undefined ? 'is known now' : 'is registered with');
}

/** Done when it is forgotten. */
export async function remove(call: Call): Promise<number> {
  const name = memberWord(call);
  const daemon = call.world.connect(call.stateFolder);
  const done = await daemon.ask('POST /v2/v1/remove', { body: { name } });
  say(call, `${name} is removed: it is called no more, and its codes are refused`);
  if (call.json) writeJson(call, done);
  return EXIT.done;
}

/** Done when it answered with the certificate that counts from now on. */
export async function trust(call: Call): Promise<number> {
  const name = memberWord(call);
  const daemon = call.world.connect(call.stateFolder);
  const answer = await daemon.ask('POST /v2/v1/trust', { body: { name } });
  return tell(call, answer, 'answers; its certificate is the one that counts now');
}

/** Says what came of the call, and with which code the command ends. */
function tell(call: Call, answer: V1CallDocument, well: string): number {
  const { name, address, why } = answer;
  if (call.json) writeJson(call, answer);
  const where = address === null ? '' : ` (${address})`;
  // Nobody was to be called: it has no login, and its own calls tell of it.
  if (why === null || why === 'not-callable') {
    say(call, `${name}${where} ${why === null ? well : 'is known now; it is not registered with'}`);
    return EXIT.done;
  }
  say(call, `${name}${where} is kept and called again, but now ${v1Words(why)}`);
  const silent = ['time-out', 'refused', 'unreachable', 'other', 'orphan', 'not-found'];
  return silent.includes(why) ? EXIT.notReachable : EXIT.failed;
}
