/**
 * Runs on a node: asks the serf agent there for its members over its RPC port and prints them, one
 * line a change: `{"n1":["alive","192.0.2.1"],…}`; `{}` while no agent answers.
 *
 *     node serf-members.mjs PERIOD_MS RPC_PORT
 *
 * `serf members` would start a program for each look, which costs more than the agent itself.
 */
import { connect } from 'node:net';
import { decode, encode } from './msgpack.mjs';

const [periodMs, port] = process.argv.slice(2).map(Number);
let shown = '';

look();

/** One connection for as long as the agent lives; then the next. */
function look() {
  const socket = connect(port, '127.0.0.1');
  let received = Buffer.alloc(0);
  let timer;
  socket.on('connect', () => {
    socket.write(encode({ Command: 'handshake', Seq: 0 }));
    socket.write(encode({ Version: 1 }));
    timer = setInterval(() => socket.write(encode({ Command: 'members', Seq: 1 })), periodMs);
  });
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    for (;;) {
      const [value, size] = decode(received);
      if (size === 0) return;
      received = received.subarray(size);
      if (Array.isArray(value?.Members)) show(value.Members);
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    clearInterval(timer);
    show([]);
    setTimeout(look, periodMs);
  });
}

function show(members) {
  const entries = members.map(({ Name, Status, Addr }) => [Name, [Status, hostOf(Addr)]]);
  const line = JSON.stringify(Object.fromEntries(entries.sort()));
  if (line === shown) return;
  shown = line;
  process.stdout.write(`${line}\n`);
}

/** Addresses are 4 bytes, or 16 of which the last four count. */
function hostOf(address) {
  return [...Buffer.from(address, 'latin1').subarray(-4)].join('.');
}
