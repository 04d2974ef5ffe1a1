/**
 * Those whom a node has to live with, each as a program: `hostile.mjs garbage PORT` serves
 * nonsense, `rogue PORT` answers 401 to all and tells what it was given, `loris HOST PORT N` opens
 * N connections that never finish a request, `flood HOST PORT` sends a body of 10 MB. They tell
 * what they see, one JSON object a line.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { connect, createServer as createTcp } from 'node:net';

const SIZE = 10_000_000;
const [, , task, ...words] = process.argv;
const tell = (line) => console.log(JSON.stringify({ atMs: Date.now(), ...line }));

/** Each way in turn to answer what no peer would. */
const nonsense = [
  (socket) => socket.end(randomBytes(4096)),
  (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx'),
  (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n\u0000\u0001{"TOTPSecret":7}'),
  (socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
  (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`),
  (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    // More than anybody should read, as long as somebody reads.
    const pour = () => {
      while (!socket.destroyed && socket.write(randomBytes(65_536)));
    };
    socket.on('drain', pour);
    pour();
  },
  (socket) => socket.resetAndDestroy(),
  // Not a word.
  () => {},
];

const tasks = {
  garbage(port) {
    let turn = 0;
    const server = createTcp((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        nonsense[turn % nonsense.length](socket);
        turn += 1;
        tell({ event: 'answered', turn });
      });
    });
    server.listen(Number(port), () => tell({ event: 'ready' }));
  },

  rogue(port) {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        tell({ event: 'asked', url: request.url, password: /"Password"/i.test(body) });
        response.writeHead(401).end('node TOTP not registered');
      });
    });
    server.listen(Number(port), () => tell({ event: 'ready' }));
  },

  loris(host, port, count) {
    let open = Number(count);
    const began = Date.now();
    for (let n = 0; n < Number(count); n += 1) {
      const socket = connect(Number(port), host);
      socket.on('error', () => {});
      socket.write('POST /godddns?opr=h HTTP/1.1\r\nHost: slow\r\n');
      // One more header line a second keeps an idle time-out away.
      const timer = setInterval(() => socket.write('X-Slow: yes\r\n'), 1_000);
      socket.on('close', () => {
        clearInterval(timer);
        open -= 1;
        if (open === 0) tell({ event: 'closed', afterMs: Date.now() - began });
      });
    }
  },

  flood(host, port) {
    const socket = connect(Number(port), host);
    let answer = '';
    let sent = 0;
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (chunk) => (answer += chunk));
    socket.on('close', () => tell({ event: 'flooded', status: Number(answer.split(' ')[1]) }));
    socket.write(`POST /godddns?opr=h HTTP/1.1\r\nHost: big\r\nContent-Length: ${SIZE}\r\n\r\n`);
    const chunk = Buffer.alloc(65_536, 'x');
    const pour = () => {
      while (!socket.destroyed && sent < SIZE) {
        const part = chunk.subarray(0, SIZE - sent);
        sent += part.length;
        if (!socket.write(part)) return;
      }
    };
    socket.on('drain', pour);
    pour();
  },
};

tasks[task]?.(...words);
