/**
 * What bench/dns.mjs measures, as a process of its own. `names COUNT CHANGES`: this project's name
 * server on a made-up cluster of COUNT members, CHANGES of whom move each second. `echo`: the least
 * a DNS server on Node can do, the message back with the bit of an answer; `copy`: the same from
 * octets of its own, as many more as an A record has. Says `PORT` first, and a line of JSON about
 * itself for each line it reads.
 */
import { createSocket } from 'node:dgram';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { startNames } from '../src/services/names/service.ts';
import { crowd } from './dns-crowd.mjs';

const [kind, count = '0', changes = '0'] = process.argv.slice(2);
/** Octets of an A record whose name is a pointer. */
const RECORD = 16;
const delay = monitorEventLoopDelay({ resolution: 5 });
const at = { family: 4, ip: '127.0.0.1', port: 0 };
const moves = { done: 0 };
const started = performance.now();
const port = kind === 'names' ? await names(Number(count), Number(changes)) : await echo();
const readyMs = performance.now() - started;
delay.enable();
console.log(String(port));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'reset') delay.reset();
  const lateMs = (delay.percentile(99.9) - 5e6) / 1e6;
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1e3;
  const rssMib = process.memoryUsage.rss() / 2 ** 20;
  console.log(JSON.stringify({ rssMib, cpuMs, lateMs, readyMs, moves: moves.done }));
}
process.exit();

/** The same short cut for addresses as the name server takes, or the two could not be compared. */
async function echo() {
  const lookup = (address, _options, done) => done(null, address, 4);
  const socket = createSocket({ type: 'udp4', lookup });
  socket.on('message', (message, from) => {
    const reply = kind === 'copy' ? copyOf(message) : message;
    reply[2] |= 0x80;
    socket.send(reply, from.port, from.address);
  });
  await new Promise((resolve) => socket.once('listening', resolve).bind(at.port, at.ip));
  return socket.address().port;
}

function copyOf(message) {
  const { length } = message;
  const copy = Buffer.allocUnsafe(length + RECORD);
  message.copy(copy, 0, 0, length);
  for (let at = length; at < copy.length; at += 1) copy[at] = 0;
  return copy;
}

/** The name server on a made-up cluster. */
async function names(size, perSecond) {
  const source = { clusterName: 'bench', roster: crowd(size, perSecond, () => (moves.done += 1)) };
  const server = await startNames(source, { listen: [at] });
  return Number(server.status().listen[0].split(':').at(-1));
}
