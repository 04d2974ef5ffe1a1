/** The command line's side of the control API: HTTP over the socket in the state folder. */

import { request, type IncomingMessage } from 'node:http';
import { UserError } from '../base/errors.ts';
import type { MembersDocument } from '../core/view.ts';
import {
  SCHEMA,
  type DnsDocument,
  type DnsRecordsDocument,
  type DoneDocument,
  type InvitedDocument,
  type JoinedDocument,
  type PingDocument,
  type Problem,
  type ResolvedDocument,
  type TagsDocument,
  type V1CallDocument,
  type V1ExportedDocument,
  type V1ImportedDocument,
  type V1UsersDocument,
} from '../services/api/answers.ts';
import type { ControlStatus } from '../services/api/control.ts';
import type { EventDocument } from '../services/api/event-document.ts';
import { findPlace } from '../services/api/place.ts';
import { NO_DAEMON } from './exit.ts';

/** What each request of the API answers. */
export interface Answers {
  'GET /v2/status': ControlStatus;
  'GET /v2/members': MembersDocument;
  'GET /v2/resolve': ResolvedDocument;
  'GET /v2/dns': DnsDocument;
  'GET /v2/dns/records': DnsRecordsDocument;
  'POST /v2/invite': InvitedDocument;
  'POST /v2/join': JoinedDocument;
  'POST /v2/ping': PingDocument;
  'POST /v2/hint': DoneDocument;
  'POST /v2/tag': TagsDocument;
  'POST /v2/leave': DoneDocument;
  'POST /v2/down': DoneDocument;
  'POST /v2/v1/add': V1CallDocument;
  'POST /v2/v1/remove': DoneDocument;
  'POST /v2/v1/trust': V1CallDocument;
  'GET /v2/v1/users': V1UsersDocument;
  'POST /v2/v1/users/add': DoneDocument;
  'POST /v2/v1/users/remove': DoneDocument;
  'POST /v2/v1/import': V1ImportedDocument;
  'POST /v2/v1/export': V1ExportedDocument;
}

/** What each stream of the API consists of. */
export interface Streams {
  '/v2/events': EventDocument;
  '/v2/events?members=1': MembersDocument;
}

/** What goes with a request. */
export interface Parameters {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** A running daemon. Its refusals are thrown as `UserError` with the daemon's own words. */
export interface Daemon {
  ask<R extends keyof Answers>(route: R, parameters?: Parameters): Promise<Answers[R]>;
  /** Ends without an error when the daemon stops. */
  stream<S extends keyof Streams>(path: S): AsyncIterable<Streams[S]>;
}

/** Joining may take two handshakes across the globe and a retry; nothing takes longer. */
const ANSWER_TIMEOUT_MS = 30_000;

/** The daemon that serves this state folder, over its socket. */
export function daemonOf(stateFolder: string): Daemon {
  return {
    async ask(route, parameters = {}) {
      // One connection a request: a command asks once or twice, and nothing is kept alive after it.
      const answer = await open(stateFolder, route, parameters);
      const text = await readAll(answer);
      // The schema was compared; the daemon is trusted for the rest, it is the same program.
      return understand(text, answer.statusCode ?? 0) as never;
    },
    stream(path) {
      return lines(stateFolder, path);
    },
  };
}

/** The value of an answer's JSON text; throws what the daemon refused. */
export function understand(text: string, status: number): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserError('daemon-unclear', 'The daemon did not answer in JSON.', TRY_RESTART);
  }
  if (status === 200) return checkSchema(value);
  const { code, message, hint } = value as Partial<Problem>;
  throw new UserError(code ?? 'daemon-unclear', message ?? text, hint ?? '');
}

const TRY_RESTART = 'Is it of another version? Stop it with `flotilla down` and start it again.';

function checkSchema(value: unknown): unknown {
  const schema = (value as { readonly schema?: unknown } | null)?.schema;
  if (schema === SCHEMA) return value;
  throw new UserError(
    'daemon-other-version',
    `The daemon answers in schema ${String(schema)}, this command knows ${String(SCHEMA)}.`,
    TRY_RESTART,
  );
}

async function open(
  stateFolder: string,
  route: string,
  { query, body }: Parameters,
): Promise<IncomingMessage> {
  const socketPath = await findPlace(stateFolder);
  if (socketPath === undefined) throw noDaemon(stateFolder);
  const [method = 'GET', path = '/'] = route.split(' ');
  const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path: path + search, agent: false }, resolve);
    asking.setTimeout(ANSWER_TIMEOUT_MS, () => {
      asking.destroy(new UserError('daemon-silent', 'The daemon does not answer.', TRY_RESTART));
    });
    asking.once('error', (error: NodeJS.ErrnoException) => {
      reject(explain(error, stateFolder));
    });
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function noDaemon(stateFolder: string, cause?: unknown): UserError {
  return new UserError(
    NO_DAEMON,
    `No daemon is running on ${stateFolder}.`,
    'Start one with `flotilla up`; `--state` or FLOTILLA_STATE names another state folder.',
    { cause },
  );
}

function explain(error: NodeJS.ErrnoException, stateFolder: string): Error {
  // A daemon that was killed leaves its socket behind; one that ends now resets the connection.
  const gone = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ECONNRESET', 'EPIPE'];
  if (gone.includes(error.code ?? '')) return noDaemon(stateFolder, error);
  if (error.code !== 'EACCES' && error.code !== 'EPERM') return error;
  return new UserError(
    'daemon-of-another-user',
    `The daemon on ${stateFolder} belongs to another user.`,
    'Run this as the user who runs the daemon, or with sudo.',
    { cause: error },
  );
}

async function readAll(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const part of answer as AsyncIterable<string>) text += part;
  return text;
}

async function* lines<S extends keyof Streams>(
  stateFolder: string,
  path: S,
): AsyncGenerator<Streams[S], void, undefined> {
  const answer = await open(stateFolder, `GET ${path}`, {});
  // Quiet hours are no reason to hang up.
  answer.socket.setTimeout(0);
  if (answer.statusCode !== 200) understand(await readAll(answer), answer.statusCode ?? 0);
  answer.setEncoding('utf8');
  let rest = '';
  try {
    for await (const part of answer as AsyncIterable<string>) {
      const whole = (rest + part).split('\n');
      rest = whole.pop() ?? '';
      for (const line of whole) yield checkSchema(JSON.parse(line)) as Streams[S];
    }
  } catch (error) {
    // Cut off in the middle: the daemon was killed. What came of the last line is no document.
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  }
}
