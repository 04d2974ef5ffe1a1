/**
 * A node as a process of its own, for bench/dns-beats.mjs. Without an invite it serves the names of
 * a made-up cluster besides, `COUNT` of them, `CHANGES` of which move a second; with one it joins,
 * and pings the other node all the time. Says a line about itself first, and for each line it reads
 * what it measured since the last one.
 *
 *   dns-beats-node STATE NAME COUNT CHANGES [INVITE]
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Flotilla } from '../src/runtime/flotilla.ts';
import { startNames } from '../src/services/names/service.ts';
import { crowd } from './dns-crowd.mjs';

/** Milliseconds between two pings. */
const PING_MS = 20;

const [state, name, count, changes, invite] = process.argv.slice(2);
const measured = { late: [], roundTrips: [], unanswered: 0, events: [] };
const node = await Flotilla.start({
  ...{ state, name, port: 0, bind: ['127.0.0.1'] },
  ...(invite === undefined ? {} : { join: invite }),
  observe: ({ late }, { type }) => {
    if (type === 'wake') measured.late.push(late);
  },
});
void follow();
if (invite === undefined) console.log(JSON.stringify(await serve()));
else {
  void pingAll();
  console.log('{}');
}
createInterface({ input: process.stdin })
  .on('line', () => {
    console.log(JSON.stringify(measured));
    Object.assign(measured, { late: [], roundTrips: [], unanswered: 0, events: [] });
  })
  .on('close', () => process.exit());

async function follow() {
  for await (const { type } of node.events()) measured.events.push(type);
}

async function serve() {
  const source = { clusterName: 'bench', roster: crowd(Number(count), Number(changes), () => {}) };
  const names = await startNames(source, { listen: [{ family: 4, ip: '127.0.0.1', port: 0 }] });
  const { token } = await node.invite({ at: [`127.0.0.1:${node.port}`] });
  return { dns: Number(names.status().listen[0].split(':').at(-1)), token };
}

async function pingAll() {
  for (;;) {
    for (const member of node.members().members) {
      if (member.state === 'self') continue;
      const { type, roundTripMs } = await node.ping(member.name);
      if (type === 'pong') measured.roundTrips.push(roundTripMs);
      else measured.unanswered += 1;
    }
    await sleep(PING_MS);
  }
}
