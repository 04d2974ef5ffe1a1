/**
 * Runs on a node: asks every other node over the overlay whether it is there, and answers them.
 *
 *     node echo.mjs INDEX PERIOD_MS ADDRESS ADDRESS…
 *
 * One line a period: for each node the send time, in ms of the machine's monotonic clock, of the
 * newest question that it answered; 0 for none yet.
 */
import { createSocket } from 'node:dgram';

const [own, periodMs, ...addresses] = process.argv.slice(2);
const PORT = 9_999;
/** A question or answer: its kind, who asks, who is asked, when. */
const SIZE = 11;
const ASK = 1;
const ANSWER = 2;

const self = Number(own);
const newest = addresses.map(() => 0);
const socket = createSocket(addresses.some((address) => address.includes(':')) ? 'udp6' : 'udp4');

socket.on('message', (bytes, { address, port }) => {
  if (bytes.length !== SIZE) return;
  const [kind, from, to] = bytes;
  if (kind === ASK && to === self) {
    const answer = Buffer.from(bytes);
    answer[0] = ANSWER;
    socket.send(answer, port, address, () => {});
  } else if (kind === ANSWER && from === self && to < newest.length) {
    newest[to] = Math.max(newest[to], bytes.readDoubleBE(3));
  }
});
socket.bind(PORT, () => {
  setInterval(() => {
    const now = Number(process.hrtime.bigint()) / 1e6;
    process.stdout.write(`${JSON.stringify(newest)}\n`);
    for (const [index, address] of addresses.entries()) {
      if (index === self) continue;
      const question = Buffer.alloc(SIZE);
      question.set([ASK, self, index]);
      question.writeDoubleBE(now, 3);
      // While there is no route, sending fails; the silence is counted all the same.
      socket.send(question, PORT, address, () => {});
    }
  }, Number(periodMs));
});
