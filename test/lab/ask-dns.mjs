/**
 * Asks a DNS server for the A records of a name, again and again, and prints a line of JSON
 * whenever the answer is another one: when it came, in ms since 1970, and the addresses or the
 * error.
 * Arguments: server as HOST:PORT, name, ms between two questions.
 */
import { Resolver } from 'node:dns/promises';
import { setTimeout as pause } from 'node:timers/promises';

const [server = '', name = '', every = '10'] = process.argv.slice(2);
const resolver = new Resolver({ timeout: 2_000, tries: 1 });
resolver.setServers([server]);
let before;
for (;;) {
  const answer = await resolver.resolve4(name).catch((error) => String(error.code));
  const text = JSON.stringify(answer);
  if (text !== before) {
    const atMs = performance.timeOrigin + performance.now();
    process.stdout.write(`${JSON.stringify({ atMs, answer })}\n`);
  }
  before = text;
  await pause(Number(every));
}
