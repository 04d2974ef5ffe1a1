/**
 * A stranger that scans a node: `stranger.mjs HOST PORT` tries datagrams and connections of many
 * kinds and prints `{"datagrams", "tcpBytes", "connected", "closed"}`: how many datagrams and bytes
 * came back, and of how many connections the node closed how many.
 */
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';
import tls from 'node:tls';

const [, , host = '', portText = ''] = process.argv;
const port = Number(portText);

/** What a scanner or a half-informed attacker might send first. */
const openings = {
  nothing: Buffer.alloc(0),
  http: Buffer.from('GET / HTTP/1.1\r\nHost: attic\r\n\r\n'),
  ssh: Buffer.from('SSH-2.0-scan\r\n'),
  dns: Buffer.from('1234010000010000000000000562616e616e0000010001', 'hex'),
  hello: Buffer.concat([Buffer.of(0x21), randomBytes(116)]),
  answer: Buffer.concat([Buffer.of(0x22), randomBytes(56)]),
  session: Buffer.concat([Buffer.of(0x23), randomBytes(55)]),
  future: Buffer.concat([Buffer.of(0x31), randomBytes(116)]),
  frame: Buffer.concat([Buffer.of(0, 0, 0, 64, 1), randomBytes(64)]),
  garbage: randomBytes(1_400),
};

/** Milliseconds given to each answer, and to a connection to be closed by the other side. */
const patience = 6_000;

const udp = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
let datagrams = 0;
udp.on('message', () => (datagrams += 1));
udp.on('error', () => (datagrams += 1)); // A refusal is an answer, too.
for (let round = 0; round < 20; round += 1) {
  for (const opening of Object.values(openings)) udp.send(opening, port, host);
}

const raw = Object.values(openings).map((opening) => scan((socket) => socket.write(opening)));
const secure = ['attic', 'x'.repeat(60)].map((servername) =>
  scan((socket) => {
    const options = { socket, servername, rejectUnauthorized: false };
    tls.connect(options).on('error', () => {});
  }),
);
const results = await Promise.all([...raw, ...secure]);
const sum = (pick) => results.reduce((total, result) => total + pick(result), 0);
console.log(
  JSON.stringify({
    datagrams,
    tcpBytes: sum(({ bytes }) => bytes),
    connected: sum(({ connected }) => Number(connected)),
    closed: sum(({ closed }) => Number(closed)),
  }),
);
process.exit();

/** @param {(socket: net.Socket) => void} open */
function scan(open) {
  return new Promise((resolve) => {
    const socket = net.connect(port, host);
    let connected = false;
    const end = (closed) => {
      resolve({ bytes: socket.bytesRead, connected, closed });
      socket.destroy();
    };
    socket.on('connect', () => {
      connected = true;
      open(socket);
    });
    socket.on('error', () => {});
    socket.on('close', () => end(true));
    setTimeout(end, patience, false);
  });
}
