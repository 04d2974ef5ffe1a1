/** `flotilla v1 user …`: who may register with this node over protocol 1. */

import { say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';
import { passwordFor } from '../password.ts';

/** Done when the hash is on disk. */
export async function add(call: Call): Promise<number> {
  const [name = ''] = call.words;
  const password = await passwordFor(call, `New password of ${name}`, { twice: true });
  const body = { name, password };
  const done = await call.world.connect(call.stateFolder).ask('POST /v2/v1/users/add', { body });
  say(call, `nodes of protocol 1 can register here as ${name}`);
  if (call.json) writeJson(call, done);
  return EXIT.done;
}

/** Done when nobody can register with it. */
export async function remove(call: Call): Promise<number> {
  const [name = ''] = call.words;
  const daemon = call.world.connect(call.stateFolder);
  const done = await daemon.ask('POST /v2/v1/users/remove', { body: { name } });
  say(call, `nobody can register here as ${name} any more; who has registered stays`);
  if (call.json) writeJson(call, done);
  return EXIT.done;
}

/** Prints a line for each. */
export async function list(call: Call): Promise<number> {
  const document = await call.world.connect(call.stateFolder).ask('GET /v2/v1/users');
  if (call.json) writeJson(call, document);
  else for (const name of document.users) writeLine(call, name);
  if (document.users.length === 0) {
    say(call, 'nobody yet: `flotilla v1 user add USER` lets nodes register here');
  }
  return EXIT.done;
}
