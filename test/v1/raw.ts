/** HTTP as bytes: what exactly was sent, and what exactly came back. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { Arrivals } from '../real/waiting.ts';

/** How long a raw connection may take in all, in ms. */
const BOUND_MS = 10_000;

/** The parts of an HTTP answer that a test compares. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Listens, lets `call` be made to the port, and gives the first request as it came, head and body.
 * The caller is answered with `answer`, or hung up on.
 */
export async function recordOne(
  call: (port: number) => Promise<unknown>,
  answer?: string,
): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const recorded = new Promise<string>((resolve, reject) => {
    server.once('connection', (socket) => {
      readMessage(socket).then((text) => {
        resolve(text);
        socket.end(answer ?? '');
      }, reject);
    });
  });
  try {
    const called = call(port);
    const text = await recorded;
    await called;
    return text;
  } finally {
    server.close();
  }
}

/** Sends these bytes on a fresh connection from `source` and reads one whole answer. */
export async function exchange(
  to: { readonly host: string; readonly port: number },
  request: string,
  source = '127.0.0.1',
): Promise<RawAnswer> {
  const socket = connect({ ...to, localAddress: source });
  try {
    socket.write(request, 'latin1');
    return parse(await readMessage(socket));
  } finally {
    socket.destroy();
  }
}

/** Sends these bytes, and gives all answers until the other side ends the connection. */
export async function conversation(
  to: { readonly host: string; readonly port: number },
  requests: string,
): Promise<readonly RawAnswer[]> {
  const socket = connect(to);
  try {
    socket.setEncoding('latin1').write(requests, 'latin1');
    let text = '';
    for await (const chunk of socket as AsyncIterable<string>) text += chunk;
    const answers: RawAnswer[] = [];
    while (text !== '') {
      const head = text.indexOf('\r\n\r\n') + 4;
      const size = Number(parse(text).headers.get('content-length'));
      answers.push(parse(text.slice(0, head + size)));
      text = text.slice(head + size);
    }
    return answers;
  } finally {
    socket.destroy();
  }
}

/** A server that knows what to say to each operation, and keeps what it was sent. */
export interface Recorder {
  readonly port: number;
  /** Whole requests, head and body, as they came. */
  readonly requests: Arrivals<string>;
  /** Connections it was sent them over. */
  connections(): number;
  close(): Promise<void>;
}

/** Starts one; `answers` are the bodies of its 200s by operation. It ends with the test. */
export async function startRecorder(answers: Readonly<Record<string, string>>): Promise<Recorder> {
  const requests = new Arrivals<string>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.setEncoding('latin1').on('error', () => {});
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (!isWhole(text)) return;
      const operation = /opr=(\w)/.exec(text)?.[1] ?? '';
      const body = answers[operation] ?? '';
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`);
      requests.add(text);
      text = '';
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await once(server.close(), 'close');
  };
  onTestFinished(close);
  const connections = (): number => sockets.size;
  return { port: (server.address() as AddressInfo).port, requests, connections, close };
}

/** The text of a POST as the recorded client writes one. */
export function postText(to: { host: string; port: number }, query: string, body: string): string {
  const length = String(Buffer.byteLength(body));
  return [
    `POST /godddns${query} HTTP/1.1`,
    `Host: ${to.host}:${String(to.port)}`,
    'User-Agent: Go-http-client/1.1',
    `Content-Length: ${length}`,
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
    '',
    body,
  ].join('\r\n');
}

/** Reads a head and as many octets as its Content-Length says, or until the other side ends. */
function readMessage(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no whole message came: ${JSON.stringify(text)}`));
    }, BOUND_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve(text);
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (isWhole(text)) end();
    });
    socket.once('end', end);
    socket.once('error', (error) => {
      clearTimeout(timer);
      // What came before a reset counts.
      if (text === '') reject(error);
      else resolve(text);
    });
  });
}

function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = /^content-length: *(\d+)/im.exec(text.slice(0, head))?.[1];
  return length !== undefined && text.length >= head + 4 + Number(length);
}

function parse(text: string): RawAnswer {
  const split = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, split).split('\r\n');
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return {
    status: Number(first.split(' ')[1]),
    headers: new Map(pairs),
    body: text.slice(split + 4),
  };
}
