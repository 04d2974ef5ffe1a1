/**
 * Passing questions on, to the one resolver that the operator named. Answers are believed only from
 * it, to the port that asked, with the number drawn and the question asked (RFC 5452 §9).
 */

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import type { Address } from '../../base/address.ts';
import { HEADER, readQuery, TCP_MAX } from './packet.ts';

/** Questions under way at once; each holds a socket of its own. */
const UNDER_WAY_MAX = 128;
/** Milliseconds until it is asked again, and until it is given up. */
const RETRY_MS = 1_500;
const GIVE_UP_MS = 4_000;

/** A resolver that questions are passed on to. */
export interface Upstream {
  readonly address: Address;
  /** Its answer with the number the client drew; undefined when none came, or there is no room. */
  ask(message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined>;
  close(): void;
}

/** The resolver at this address. */
export function upstreamAt(address: Address): Upstream {
  const underWay = new Set<() => void>();
  return {
    address,
    async ask(message, transport) {
      if (underWay.size >= UNDER_WAY_MAX) return undefined;
      const question = Buffer.from(message);
      const id = randomInt(0x1_0000);
      question.writeUInt16BE(id, 0);
      const way = transport === 'udp' ? overUdp : overTcp;
      const reply = await new Promise<Buffer | undefined>((settle) => {
        const end = way(address, question, (found) => {
          clearTimeout(giveUp);
          underWay.delete(stop);
          end();
          settle(found);
        });
        const stop = (): void => {
          clearTimeout(giveUp);
          underWay.delete(stop);
          end();
          settle(undefined);
        };
        const giveUp = setTimeout(stop, GIVE_UP_MS);
        underWay.add(stop);
      });
      if (reply === undefined) return undefined;
      message.copy(reply, 0, 0, 2);
      return reply;
    },
    close() {
      for (const stop of [...underWay]) stop();
    },
  };
}

/** Asks, and says how to stop. `done` is called once, never before this returns. */
type Way = (
  address: Address,
  question: Buffer,
  done: (reply: Buffer | undefined) => void,
) => () => void;

const overUdp: Way = (address, question, done) => {
  const socket = createSocket(address.family === 4 ? 'udp4' : 'udp6');
  let open = true;
  const again = setTimeout(() => {
    if (open) socket.send(question);
  }, RETRY_MS);
  socket.on('message', (message) => {
    if (open && answers(message, question)) done(message);
  });
  socket.on('error', () => {
    if (open) done(undefined);
  });
  // Connected: what comes from elsewhere does not even reach us.
  socket.connect(address.port, address.ip, () => {
    if (open) socket.send(question);
  });
  return () => {
    open = false;
    clearTimeout(again);
    socket.close();
  };
};

const overTcp: Way = (address, question, done) => {
  const socket = connect({ host: address.ip, port: address.port });
  let open = true;
  let got: Buffer = Buffer.alloc(0);
  const end = (reply: Buffer | undefined): void => {
    if (open) done(reply);
  };
  socket.on('connect', () => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(question.length, 0);
    socket.write(Buffer.concat([length, question]));
  });
  socket.on('data', (part) => {
    got = Buffer.concat([got, part]);
    const size = got.length < 2 ? TCP_MAX : got.readUInt16BE(0);
    if (got.length < 2 + size) return;
    const message = got.subarray(2, 2 + size);
    end(answers(message, question) ? message : undefined);
  });
  socket.on('error', () => {
    end(undefined);
  });
  socket.on('close', () => {
    end(undefined);
  });
  return () => {
    open = false;
    socket.destroy();
  };
};

/** Whether a message is an answer to that question: number and question are the same. */
function answers(message: Buffer, question: Buffer): boolean {
  const asked = readQuery(question);
  if (asked.type !== 'query' || message.length < asked.end) return false;
  if (message.readUInt16BE(0) !== question.readUInt16BE(0)) return false;
  if ((message[2] ?? 0) < 0x80 || message.readUInt16BE(4) !== 1) return false;
  // Some resolvers spell the name their own way (RFC 4343 §4.1).
  const [said, wanted] = [message, question].map((one) =>
    one.toString('latin1', HEADER, asked.end).toLowerCase(),
  );
  return said === wanted;
}
