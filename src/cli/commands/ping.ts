/** `flotilla ping`: signs of life from a member, each with its path and round trip. */

import { setTimeout as pause } from 'node:timers/promises';
import type { PingAnswer } from '../../services/api/answers.ts';
import { memberWord, say, writeJson, writeLine, type Call } from '../command.ts';
import { EXIT } from '../exit.ts';
import { COUNT } from '../flags.ts';
import { v1Words } from '../output/v1-words.ts';
import { count, span } from '../output/words.ts';

/** Pings when nothing is said: enough to see a lossy path. */
const COUNT_DEFAULT = 4;
/** Between two pings, in milliseconds. */
const GAP_MS = 500;
/** Answers kept for `--json`; the counts are of all. */
const KEPT_MAX = 10_000;

/** Done only if every ping was answered. Stops at the first refusal, such as an unknown name. */
export async function run(call: Call): Promise<number> {
  const name = memberWord(call);
  const wanted = call.settings.get(COUNT) ?? COUNT_DEFAULT;
  const daemon = call.world.connect(call.stateFolder);
  const answers: PingAnswer[] = [];
  let received = 0;
  for (let sent = 0; sent < wanted; sent += 1) {
    if (sent > 0) await pause(GAP_MS);
    const { schema: _, ...answer } = await daemon.ask('POST /v2/ping', { body: { name } });
    if (answer.answered) received += 1;
    if (answers.length < KEPT_MAX) answers.push(answer);
    if (!call.json) show(call, name, answer);
  }
  if (call.json) writeJson(call, { schema: 1, name, sent: wanted, received, answers });
  else say(call, `${count(wanted, 'ping')} sent, ${count(received, 'answer')}`);
  return received === wanted ? EXIT.done : EXIT.notReachable;
}

function show(call: Call, name: string, answer: PingAnswer): void {
  if (answer.answered) {
    const { address, path, rttMs } = answer;
    const way = path ?? 'HTTP, protocol 1,';
    writeLine(call, `${name} answered from ${address} over ${way} in ${span(rttMs)}`);
  } else if (answer.why !== undefined && answer.why !== null) {
    writeLine(call, `${name} did not answer well: ${v1Words(answer.why)}`);
  } else {
    const asked = count(answer.tried, 'address', 'addresses');
    writeLine(call, `${name} did not answer, ${asked} asked`);
  }
}
