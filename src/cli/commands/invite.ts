/** `flotilla invite`: a token that lets another machine join. */

import { TOKEN_ADDRESSES_MAX } from '../../wire/limits.ts';
import type { InvitedDocument } from '../../services/api/answers.ts';
import { say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT, UsageError } from '../exit.ts';
import { AT, EXPIRES, QR, USES } from '../flags.ts';
import { count, list, span } from '../output/words.ts';

/** The token goes to standard output, alone; all words about it to standard error. */
export async function run(call: Call): Promise<number> {
  const { settings } = call;
  const at = settings.get(AT);
  if (at !== undefined && at.length > TOKEN_ADDRESSES_MAX) {
    const [most, given] = [String(TOKEN_ADDRESSES_MAX), String(at.length)];
    throw new UsageError(
      'addresses-too-many',
      `An invite carries up to ${most} addresses, not ${given}.`,
      'Leave some of --at out.',
    );
  }
  const expires = settings.get(EXPIRES);
  // A token carries whole seconds; no one wants to hear of fractions of a millisecond.
  const expiresMs = expires === undefined ? undefined : Math.round(expires);
  const body = { at, uses: settings.get(USES), expiresMs };
  const invited = await call.world.connect(call.stateFolder).ask('POST /v2/invite', { body });
  if (call.json) writeJson(call, invited);
  else writeLine(call, invited.token);
  if (settings.on(QR)) await drawQr(call, invited.token);
  if (!call.json) for (const line of explanation(invited)) say(call, line);
  return EXIT.done;
}

function explanation({ at, lan, byV1, uses, expiresMs }: InvitedDocument): readonly string[] {
  const lines: string[] = [
    `${count(uses, 'machine')} can join with this token for ${span(expiresMs)}; keep it secret:`,
    '  flotilla up --join TOKEN',
  ];
  if (byV1) {
    lines.push(
      `It says that this node is at ${list(at)}: nodes of protocol 1 see it at that IP address.`,
      'Nobody was seen to reach that port there: a router in between has to forward it (UDP, TCP).',
    );
    return lines;
  }
  if (at.length > 0) return [...lines, `It says that this node is at ${list(at)}.`];
  const elsewhere = 'flotilla invite --at HOST:PORT, with an address of this machine.';
  const unknown = 'no other member has told this node its address yet';
  if (lan) {
    const where = `It works on the same LAN only: ${unknown}.`;
    return [...lines, where, `For a machine elsewhere: ${elsewhere}`];
  }
  return [
    `This token leads nowhere: ${unknown},`,
    'and it cannot be found on its LAN either (--lan is off, or it listens on loopback alone).',
    `One that works: ${elsewhere}`,
  ];
}

async function drawQr(call: Call, token: string): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr');
  say(call, renderUnicodeCompact(token));
}
