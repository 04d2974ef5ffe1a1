/** The control API over HTTP on a socket in the state folder, for the operator's user alone. */

import { chmod } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { UserError } from '../../base/errors.ts';
import { failure, type Api, type ApiAnswer } from './api.ts';
import { claimPlace, releasePlace } from './place.ts';

/** The longest thing anybody sends: an export of 1,024 v1 peers takes half. In octets. */
export const BODY_MAX = 1_048_576;
/** Connections at once: watchers and commands of one machine's people and scripts. */
export const CONNECTIONS_MAX = 64;
/** A request that is not here after this is not coming. In milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;
/** How long the last answers may take to leave at the end, in milliseconds. */
const FAREWELL_MS = 300;

/** A running API server. */
export interface ApiServer {
  /** The path of the socket or the name of the pipe. */
  readonly place: string;
  /** Takes the socket away and ends all streams; requests under way go on. */
  stop(): Promise<void>;
  /** Waits until the last answers have left, then cuts what remains. */
  finish(): Promise<void>;
}

/**
 * Serves the API for this state folder, whose lock the caller holds: a socket found there is stale.
 * `onFatal` is told of a broken invariant inside a request.
 */
export async function serveApi(
  api: Api,
  stateFolder: string,
  onFatal: (error: unknown) => void,
): Promise<ApiServer> {
  const place = await claimPlace(stateFolder);
  const readers = new Set<AbortController>();
  const server = createServer((incoming, outgoing) => {
    respond(api, incoming, outgoing, readers).catch((error: unknown) => {
      outgoing.destroy();
      onFatal(error);
    });
  });
  // Node destroys what comes above it; a command then says that no daemon answers.
  server.maxConnections = CONNECTIONS_MAX;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  await listen(server, place);
  return {
    place,
    async stop() {
      server.close();
      for (const reader of readers) reader.abort();
      await releasePlace(stateFolder);
    },
    async finish() {
      const cut = setTimeout(() => {
        server.closeAllConnections();
      }, FAREWELL_MS);
      if (await isBusy(server)) await once(server, 'close');
      clearTimeout(cut);
    },
  };
}

async function listen(server: Server, place: string): Promise<void> {
  // The socket is made inside `listen`, with the mode the mask leaves: no moment of 0755.
  const mask = process.umask(0o177);
  try {
    server.listen(place);
  } finally {
    process.umask(mask);
  }
  await once(server, 'listening');
  // A connection that could not be accepted (EMFILE) is its client's loss, not the node's end.
  server.on('error', () => undefined);
  if (process.platform !== 'win32') await chmod(place, 0o600);
}

async function isBusy(server: Server): Promise<boolean> {
  const open = await new Promise<number>((resolve) => {
    server.getConnections((_error, count) => {
      resolve(count);
    });
  });
  return open > 0;
}

/** Rejects for broken invariants alone. `readers` are the requests that end with the server. */
async function respond(
  api: Api,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  readers: Set<AbortController>,
): Promise<void> {
  const gone = new AbortController();
  if (incoming.method === 'GET') readers.add(gone);
  outgoing.once('close', () => {
    readers.delete(gone);
    gone.abort();
  });
  // A client that hangs up mid-answer is no error of ours.
  outgoing.on('error', () => undefined);
  outgoing.setHeader('connection', 'close');
  const answer = await answerTo(api, incoming, gone.signal);
  if (answer === undefined || outgoing.destroyed) return;
  if (answer.type === 'stream') await sendStream(outgoing, answer.lines, gone.signal);
  else sendDocument(outgoing, answer.status, answer.body);
}

/** Undefined when the client went away before it had asked. */
async function answerTo(
  api: Api,
  incoming: IncomingMessage,
  signal: AbortSignal,
): Promise<ApiAnswer | undefined> {
  let body: string;
  try {
    body = await readBody(incoming);
  } catch (error) {
    return error instanceof UserError ? failure(error) : undefined;
  }
  const [path = '', ...query] = (incoming.url ?? '/').split('?');
  const method = incoming.method ?? 'GET';
  return api({ method, path, query: new URLSearchParams(query.join('?')), body, signal });
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  // The stream must outlive the loop: its socket carries the answer.
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const part of chunks) {
    size += part.length;
    if (size > BODY_MAX) {
      throw new UserError('body-too-long', `A body may have ${String(BODY_MAX)} octets.`, '');
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function sendDocument(outgoing: ServerResponse, status: number, body: object): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' });
  outgoing.end(`${JSON.stringify(body)}\n`);
}

async function sendStream(
  outgoing: ServerResponse,
  lines: AsyncIterable<object>,
  signal: AbortSignal,
): Promise<void> {
  outgoing.writeHead(200, { 'content-type': 'application/x-ndjson' });
  outgoing.flushHeaders();
  for await (const line of lines) {
    if (signal.aborted) break;
    // A watcher that reads slowly slows its own stream; the node's queue for it is bounded.
    if (!outgoing.write(`${JSON.stringify(line)}\n`)) {
      await once(outgoing, 'drain', { signal }).catch(() => undefined);
    }
  }
  outgoing.end();
}
