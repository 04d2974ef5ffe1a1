/**
 * The control API as a plain function: a request's values in, an answer's values out. It knows
 * nothing of HTTP and sockets; server.ts does.
 *
 * No HTTP framework: `Request`, `Response` and a router for eleven paths cost every daemon 8 MB of
 * resident memory and 50 ms of its start (measured on Node 20), a seventh of its budget.
 */

import { InvariantError } from '../../base/assert.ts';
import { UserError } from '../../base/errors.ts';
import { INVITE_EXPIRY_MIN } from '../../core/commands.ts';
import { INVITE_EXPIRY_MAX, INVITE_USES_MAX } from '../../core/config.ts';
import { roundTripDigits, type MembersDocument } from '../../core/view.ts';
import type {
  DnsDocument,
  DnsRecordsDocument,
  DoneDocument,
  InvitedDocument,
  JoinedDocument,
  PingDocument,
  Problem,
  ResolvedDocument,
  TagsDocument,
} from './answers.ts';
import type { Control, Resolution } from './control.ts';
import { eventDocument, type EventDocument } from './event-document.ts';
import { BAD_REQUEST, readFields } from './fields.ts';
import { newest } from './newest.ts';
import { ownTags } from './own-tags.ts';
import { V1_ROUTES } from './v1-routes.ts';
import type { Names } from '../names/service.ts';

/** One request. `signal` aborts when the client has gone. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** One answer: a JSON document, or a stream of them, a line each. */
export type ApiAnswer =
  | { readonly type: 'document'; readonly status: number; readonly body: object }
  | { readonly type: 'stream'; readonly lines: AsyncIterable<object> };

/** What the API steers. */
export interface Steered {
  readonly control: Control;
  /** Ends the daemon; settles when the node has stopped. */
  readonly down: () => Promise<void>;
  /** The name server, where one runs. */
  readonly names?: Names | undefined;
}

/** The API as a function. It never throws and never rejects. */
export type Api = (request: ApiRequest) => Promise<ApiAnswer>;

/** A members document is sent at most this often to one watcher, in milliseconds (DESIGN §9). */
export const MEMBERS_GAP_MS = 50;

/** What `invite` means when nothing is said: one machine, a quarter of an hour. */
export const INVITE_DEFAULTS = { uses: 1, expiresMs: 900_000 } as const;

type Handler = (steered: Steered, request: ApiRequest) => Promise<object> | object;

/** What is asked once and answered once. Reading is GET; whatever changes something is POST. */
const ROUTES: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['GET /v2/status', ({ control }) => control.status()],
  ['GET /v2/members', ({ control }) => control.members()],
  ['GET /v2/resolve', ({ control }, request) => resolve(control, request)],
  ['GET /v2/dns', ({ names }) => dnsStatus(names)],
  ['GET /v2/dns/records', ({ names }) => dnsRecords(names)],
  ['POST /v2/invite', ({ control }, request) => invite(control, request)],
  ['POST /v2/join', ({ control }, request) => join(control, request)],
  ['POST /v2/ping', ({ control }, request) => ping(control, request)],
  ['POST /v2/hint', ({ control }, request) => hint(control, request)],
  ['POST /v2/tag', ({ control }, request) => tag(control, request)],
  ['POST /v2/leave', ({ control }, request) => done(request, () => control.leave())],
  ['POST /v2/down', ({ down }, request) => done(request, down)],
  ...[...V1_ROUTES].map(([route, handler]): [string, Handler] => [
    route,
    ({ control }, { body, signal }) => handler(control.v1, body, { signal }),
  ]),
]);

/** The one path that streams. */
const EVENTS = '/v2/events';
const PATHS = new Set([EVENTS, ...[...ROUTES.keys()].map((route) => route.split(' ')[1] ?? '')]);

/** The control API of one node. */
export function createApi(steered: Steered): Api {
  return async (request) => {
    try {
      if (request.method === 'GET' && request.path === EVENTS) return events(steered, request);
      const handler = ROUTES.get(`${request.method} ${request.path}`);
      if (handler === undefined) return unknownRoute(request);
      return { type: 'document', status: 200, body: await handler(steered, request) };
    } catch (error) {
      // A broken rule of our own ends the process; see `up`.
      if (error instanceof InvariantError) throw error;
      return failure(error);
    }
  };
}

/** The answer that tells of an error. */
export function failure(error: unknown): ApiAnswer {
  if (!(error instanceof UserError)) {
    const message = error instanceof Error ? error.message : String(error);
    return refusal(500, { code: 'internal', message, hint: 'Please report this.' });
  }
  const { code, message, hint: help } = error;
  return refusal(statusOf(code), { code, message, hint: help });
}

function refusal(status: number, body: Problem): ApiAnswer {
  return { type: 'document', status, body };
}

/** Scripts go by the code; the status is for tools that know HTTP alone. */
function statusOf(code: string): number {
  if (code === BAD_REQUEST) return 400;
  if (code === 'name-unknown') return 404;
  return code === 'body-too-long' ? 413 : 409;
}

function unknownRoute({ method, path }: ApiRequest): ApiAnswer {
  const known = PATHS.has(path);
  const message = known ? `${path} does not take ${method}.` : `There is no ${path}.`;
  return refusal(known ? 405 : 404, { code: 'no-such-route', message, hint: '' });
}

function resolve(control: Control, request: ApiRequest): ResolvedDocument {
  const name = request.query.get('name') ?? '';
  if (name === '') throw new UserError(BAD_REQUEST, '?name= is missing.', '');
  const found = control.resolve(name);
  if (found === undefined) {
    throw new UserError(
      'name-unknown',
      `No member is called ${JSON.stringify(name)}.`,
      '`flotilla members` lists them all.',
    );
  }
  return resolved(found);
}

/**
 * Nothing is given out that nobody proved or vouched for, but with a warning where the operator
 * wants it so; nor where a lost member used to be.
 */
function resolved(found: Resolution): ResolvedDocument {
  const { id, name, state, proof, address, ip, port, family, unproven = false } = found;
  const believed = state === 'self' || proof !== 'none';
  if (state !== 'lost' && state !== 'left' && (believed || unproven)) {
    const here = { address, ip, port, family, lastAddress: null };
    const warned = believed ? {} : { warning: warningOf(name) };
    return { schema: 1, id, name, state, proof, ...here, ...warned };
  }
  const nowhere = { address: null, ip: null, port: null, family: null, lastAddress: address ?? ip };
  return { schema: 1, id, name, state, proof, ...nowhere };
}

function dnsStatus(names: Names | undefined): DnsDocument {
  return names === undefined
    ? { schema: 1, serving: false }
    : { schema: 1, serving: true, ...names.status() };
}

function dnsRecords(names: Names | undefined): DnsRecordsDocument {
  const zone = names?.status().zone ?? null;
  return { schema: 1, zone, records: names?.records() ?? [] };
}

function warningOf(name: string): string {
  return `${name} is a node of protocol 1 over plain HTTP: nobody proved that it is there.`;
}

async function invite(control: Control, request: ApiRequest): Promise<InvitedDocument> {
  const fields = readFields(request.body, ['at', 'uses', 'expiresMs']);
  const wanted = {
    at: fields.texts('at') ?? [],
    uses: fields.whole('uses', 1, INVITE_USES_MAX) ?? INVITE_DEFAULTS.uses,
    expiresMs:
      fields.whole('expiresMs', INVITE_EXPIRY_MIN, INVITE_EXPIRY_MAX) ?? INVITE_DEFAULTS.expiresMs,
  };
  const { uses, expiresMs } = wanted;
  const { token, at, lan, byV1 } = await control.invite(wanted);
  return { schema: 1, token, at, lan, byV1, uses, expiresMs };
}

async function join(control: Control, request: ApiRequest): Promise<JoinedDocument> {
  const token = readFields(request.body, ['token']).text('token');
  const { cluster, already } = await control.join(token, { signal: request.signal });
  return { schema: 1, cluster, already };
}

async function ping(control: Control, request: ApiRequest): Promise<PingDocument> {
  const name = readFields(request.body, ['name']).text('name');
  const outcome = await control.ping(name, { signal: request.signal });
  if (outcome.type === 'no-answer') {
    const { tried, why } = outcome;
    return { schema: 1, answered: false, tried, ...(why === undefined ? {} : { why }) };
  }
  const { address, path, roundTripMs } = outcome;
  return { schema: 1, answered: true, address, path, rttMs: roundTripDigits(roundTripMs) };
}

async function hint(control: Control, request: ApiRequest): Promise<DoneDocument> {
  const fields = readFields(request.body, ['name', 'address']);
  await control.hint(fields.text('name'), fields.text('address'));
  return { schema: 1, done: true };
}

async function tag(control: Control, request: ApiRequest): Promise<TagsDocument> {
  await control.tag(readFields(request.body, ['changes']).changes('changes'));
  return { schema: 1, tags: ownTags(control.members()) };
}

async function done(request: ApiRequest, act: () => Promise<void>): Promise<DoneDocument> {
  readFields(request.body, []);
  await act();
  return { schema: 1, done: true };
}

function events({ control }: Steered, { query, signal }: ApiRequest): ApiAnswer {
  const members = query.get('members') === '1';
  const lines = members
    ? newest(documents(control, signal), MEMBERS_GAP_MS, signal)
    : happenings(control, signal);
  return { type: 'stream', lines };
}

async function* documents(
  control: Control,
  signal: AbortSignal,
): AsyncGenerator<MembersDocument, void, undefined> {
  for await (const item of control.events({ signal, members: true })) {
    if ('members' in item) yield item;
  }
}

async function* happenings(
  control: Control,
  signal: AbortSignal,
): AsyncGenerator<EventDocument, void, undefined> {
  for await (const event of control.events({ signal })) yield eventDocument(event, new Date());
}
