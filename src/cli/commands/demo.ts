/** `flotilla demo`: five daemons that find each other again. */

import { say, writeJson, type Call } from '../command.ts';
import { findGround } from '../demo/ground.ts';
import { Lines } from '../demo/lines.ts';
import { play, USUAL_PACE } from '../demo/play.ts';
import { NAMES } from '../demo/scenarios.ts';
import { Screen } from '../demo/screen.ts';
import { EXIT } from '../exit.ts';

/** Done when every scenario healed. */
export async function run(call: Call): Promise<number> {
  const { world, json } = call;
  // The show is the result, unless that is wanted as JSON.
  const sink = json ? world.stderr : world.stdout;
  const canRedraw = sink.isTTY && world.env['TERM'] !== 'dumb';
  const show = canRedraw ? new Screen(sink, world.env) : new Lines(sink, world.env);
  const interrupt = new AbortController();
  const stop = (): void => {
    interrupt.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const ground = await findGround(NAMES.length);
    const document = await play(world.program, show, USUAL_PACE, interrupt.signal, ground);
    show.end(document.scenarios);
    if (json) writeJson(call, document);
    const healed = document.scenarios.every(({ verdict }) => verdict === 'healed');
    return healed ? EXIT.done : EXIT.failed;
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    say(call, 'interrupted');
    return EXIT.failed;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
