/** `flotilla watch`: what happens, as it happens. */

import { say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';
import { MEMBERS } from '../flags.ts';
import { sentence, severity } from '../output/events.ts';
import { membersTable } from '../output/members-table.ts';
import { paletteFor, type Paint, type Palette } from '../output/paint.ts';

/** Runs until it is interrupted, or the daemon stops. */
export async function run(call: Call): Promise<number> {
  if (call.settings.on(MEMBERS)) await watchMembers(call);
  else await watchEvents(call);
  say(call, 'the daemon has stopped');
  return EXIT.noDaemon;
}

async function watchMembers(call: Call): Promise<void> {
  const { stdout, env } = call.world;
  const palette = paletteFor(stdout, env);
  for await (const members of call.world.connect(call.stateFolder).stream('/v2/events?members=1')) {
    if (call.json) writeJson(call, members);
    else writeLine(call, [clock(new Date()), ...membersTable(members, palette), ''].join('\n'));
  }
}

async function watchEvents(call: Call): Promise<void> {
  const { stdout, env } = call.world;
  const palette = paletteFor(stdout, env);
  for await (const event of call.world.connect(call.stateFolder).stream('/v2/events')) {
    const paint = paintOf(severity(event), palette);
    if (call.json) writeJson(call, event);
    else writeLine(call, `${clock(new Date(event.time))}  ${paint(sentence(event))}`);
  }
}

function paintOf(level: ReturnType<typeof severity>, palette: Palette): Paint {
  switch (level) {
    case 'error':
      return palette.bad;
    case 'warn':
      return palette.doubtful;
    case 'debug':
      return palette.quiet;
    case 'info':
      return (text) => text;
  }
}

/** The local time of day, to the millisecond: healing is a matter of some hundred. */
function clock(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const millis = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${millis}`;
}
