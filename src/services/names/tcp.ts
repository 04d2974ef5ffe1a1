/** DNS over TCP (RFC 7766): two octets of length before each message, any number a connection. */

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Address } from '../../base/address.ts';
import { networkKey } from './limit.ts';
import { QUERY_MAX } from './packet.ts';
import type { Respond } from './respond.ts';
import type { Listener } from './udp.ts';

/** Milliseconds until the next whole question (RFC 7766 §6.2.3: a few seconds). */
const IDLE_MS = 10_000;
/** Connections at once, and of them from one network beyond loopback. */
const CONNECTIONS_MAX = 128;
const NETWORK_CONNECTIONS_MAX = 16;
/** Octets of answers that wait for a slow reader, until it is read from no more. */
const WAITING_MAX = 65_536;

/** Answers questions that come to this address. Rejects when it cannot be bound. */
export async function serveTcp(at: Address, respond: Respond): Promise<Listener> {
  const connections = new Set<Socket>();
  const perNetwork = new Map<string, number>();
  const server = createServer({ noDelay: true }, (socket) => {
    const network = networkKey(socket.remoteAddress ?? '');
    const count = network === undefined ? 0 : (perNetwork.get(network) ?? 0);
    if (count >= NETWORK_CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    connections.add(socket);
    if (network !== undefined) perNetwork.set(network, count + 1);
    socket.once('close', () => {
      connections.delete(socket);
      if (network === undefined) return;
      const left = (perNetwork.get(network) ?? 1) - 1;
      if (left > 0) perNetwork.set(network, left);
      else perNetwork.delete(network);
    });
    converse(socket, respond);
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.listen({ host: at.ip, port: at.port, ipv6Only: false });
  await once(server, 'listening');
  server.on('error', () => undefined);
  const listening = server.address();
  return {
    port: typeof listening === 'object' && listening !== null ? listening.port : at.port,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

/** Reads the questions of one connection and writes the answers, as they are known. */
function converse(socket: Socket, respond: Respond): void {
  const asker = socket.remoteAddress ?? '';
  let rest: Buffer = Buffer.alloc(0);
  // Set back by whole questions alone: whoever sends an octet now and then is idle too.
  const idle = setTimeout(() => {
    socket.destroy();
  }, IDLE_MS);
  idle.unref();
  socket.once('close', () => {
    clearTimeout(idle);
  });
  socket.on('error', () => undefined);
  socket.on('drain', () => {
    socket.resume();
    take();
  });
  socket.on('data', (part) => {
    rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    take();
  });

  function take(): void {
    while (rest.length >= 2 && !socket.destroyed) {
      if (socket.writableLength > WAITING_MAX) {
        socket.pause();
        return;
      }
      const size = rest.readUInt16BE(0);
      if (size > QUERY_MAX) {
        socket.destroy();
        return;
      }
      if (rest.length < 2 + size) return;
      const message = rest.subarray(2, 2 + size);
      rest = rest.subarray(2 + size);
      idle.refresh();
      answer(message);
    }
  }

  function answer(message: Buffer): void {
    const reply = respond(message, 'tcp', asker);
    if (reply === undefined) return;
    if (Buffer.isBuffer(reply)) write(socket, reply);
    else void reply.then((late) => late === undefined || write(socket, late));
  }
}

function write(socket: Socket, reply: Buffer): void {
  if (socket.destroyed || !socket.writable) return;
  const framed = Buffer.allocUnsafe(2 + reply.length);
  framed.writeUInt16BE(reply.length, 0);
  reply.copy(framed, 2);
  socket.write(framed);
}
