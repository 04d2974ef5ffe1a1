/** `flotilla invite`: a token that lets another machine join. */

import type { InvitedDocument } from '../../services/api/answers.ts';
import { say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';
import { AT, EXPIRES, QR, USES } from '../flags.ts';
import { count, list, span } from '../output/words.ts';

/** The token goes to standard output, alone; all words about it to standard error. */
export async function run(call: Call): Promise<number> {
  const { settings } = call;
  const body = {
    at: settings.get(AT),
    uses: settings.get(USES),
    expiresMs: settings.get(EXPIRES),
  };
  const invited = await call.world.connect(call.stateFolder).ask('POST /v2/invite', { body });
  if (call.json) writeJson(call, invited);
  else writeLine(call, invited.token);
  if (settings.on(QR)) await drawQr(call, invited.token);
  if (!call.json) for (const line of explanation(invited)) say(call, line);
  return EXIT.done;
}

function explanation({ at, uses, expiresMs }: InvitedDocument): readonly string[] {
  const lines = [
    `${count(uses, 'machine')} can join with this token for ${span(expiresMs)}; keep it secret:`,
    '  flotilla up --join TOKEN',
  ];
  if (at.length > 0) return [...lines, `It says that this node is at ${list(at)}.`];
  return [
    ...lines,
    'It works on the same LAN only: no other member has told this node its address yet.',
    'For a machine elsewhere: flotilla invite --at HOST:PORT, with an address of this machine.',
  ];
}

async function drawQr(call: Call, token: string): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr');
  say(call, renderUnicodeCompact(token));
}
