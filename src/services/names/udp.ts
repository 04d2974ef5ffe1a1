/** DNS over UDP. */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Address } from '../../base/address.ts';
import type { Respond } from './respond.ts';

/** A server that listens. */
export interface Listener {
  /** The port it listens on. */
  readonly port: number;
  close(): Promise<void>;
}

/** Answers questions that come to this address. Rejects when it cannot be bound. */
export async function serveUdp(at: Address, respond: Respond): Promise<Listener> {
  const socket = createSocket({
    type: at.family === 4 ? 'udp4' : 'udp6',
    // Both families on `[::]`, as a host's own servers do.
    ipv6Only: false,
    // Only addresses come in; the usual look-up costs a turn of the loop for each answer.
    lookup: (address, _options, done) => {
      done(null, address, at.family);
    },
  });
  socket.on('message', (message, from) => {
    const reply = respond(message, 'udp', from.address);
    if (reply === undefined) return;
    if (Buffer.isBuffer(reply)) send(socket, reply, from);
    else void reply.then((late) => late === undefined || send(socket, late, from));
  });
  // With a look-up that answers at once, so does `bind`.
  const listening = once(socket, 'listening');
  socket.bind({ address: at.ip, port: at.port });
  await listening;
  // A network that is gone is no reason to end; the client asks again.
  socket.on('error', () => undefined);
  let closed = false;
  return {
    port: socket.address().port,
    async close() {
      if (closed) return;
      closed = true;
      socket.close();
      await once(socket, 'close');
    },
  };
}

function send(
  socket: Socket,
  reply: Buffer,
  to: { readonly port: number; readonly address: string },
): void {
  // Nobody has port 0; Node would throw.
  if (to.port === 0) return;
  try {
    socket.send(reply, to.port, to.address);
  } catch {
    // Closed while an upstream thought about it.
  }
}
