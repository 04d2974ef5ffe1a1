/**
 * A request over HTTP → what the machine is asked, and its answer back. For an own server, for one
 * that embeds the node (`handle`), and as a plain function (`fetch`).
 */

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { address, parseAddress, type Address } from '../../base/address.ts';
import { BODY_MAX } from '../../v1/config.ts';
import { sourceOf, type ForwardHeaders } from './proxies.ts';

/** What a request asks of the machine. */
export interface Asked {
  readonly from: Address;
  readonly operation: string | undefined;
  readonly body: string;
}

/** What is answered. */
export interface Answered {
  readonly status: number;
  readonly body: string;
}

/** Asks the machine; undefined: the node has stopped. */
export type Ask = (asked: Asked) => Promise<Answered | undefined>;

/** A difference from the usual. */
export interface InboundParticulars {
  /** The path is not compared: whoever hands the request in has routed it. */
  readonly anyPath?: boolean;
}

/** How requests are read. */
export interface InboundOptions {
  readonly ask: Ask;
  /** The endpoint's path. */
  readonly path: string;
  /** IP addresses of proxies whose word on the source counts. */
  readonly trustedProxies: ReadonlySet<string>;
}

/** How long a body that is too large is read and thrown away, in milliseconds. */
const LINGER_MS = 1_000;

const TEXT = 'text/plain; charset=utf-8';
const NOT_FOUND: Answered = { status: 404, body: '404 page not found\n' };
const BAD_REQUEST: Answered = { status: 400, body: '400 - Bad Request' };
const TOO_LARGE: Answered = { status: 413, body: '413 - Request Entity Too Large' };
const CLOSING: Answered = { status: 503, body: '503 - Service Unavailable' };

/** Reads requests and answers them. Methods and content types are not looked at, as in v1. */
export class Inbound {
  readonly #options: InboundOptions;

  constructor(options: InboundOptions) {
    this.#options = options;
  }

  /**
   * Answers one request of a Node server; `answered` is told of the status. A body that a framework
   * has read already is taken from `request.body`.
   */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    { anyPath = false }: InboundParticulars = {},
    answered?: (status: number) => void,
  ): void {
    // A client that goes away is no error of ours.
    response.on('error', () => undefined);
    const respond = async (): Promise<void> => {
      const { remoteAddress = '', remotePort = 0 } = request.socket;
      const peer = address(withoutZone(remoteAddress), remotePort);
      const [path, query] = parted(request.url ?? '/');
      const headers = {
        forwarded: joined(request.headers['forwarded']),
        xForwardedFor: joined(request.headers['x-forwarded-for']),
      };
      const source = peer && sourceOf(peer, headers, this.#options.trustedProxies);
      const answer = await this.#answer(source, anyPath ? undefined : path, query, () =>
        bodyOf(request),
      );
      if (answer === undefined || response.destroyed) return;
      if (!request.complete && !request.readableEnded) await drained(request, response);
      write(response, answer, query);
      answered?.(answer.status);
    };
    // A body that breaks off, a connection that is gone.
    respond().catch(() => response.destroy());
  }

  /** Answers one request; `from` is the TCP peer's `IP` or `IP:PORT`, which only a server knows. */
  async fetch(
    request: Request,
    { from, anyPath = false }: InboundParticulars & { readonly from: string },
  ): Promise<Response> {
    const peer = parseAddress(from) ?? address(withoutZone(from.replace(/^\[(.*)\]$/, '$1')), 0);
    const { pathname, searchParams } = new URL(request.url);
    const headers: ForwardHeaders = {
      forwarded: request.headers.get('forwarded') ?? undefined,
      xForwardedFor: request.headers.get('x-forwarded-for') ?? undefined,
    };
    const source = peer && sourceOf(peer, headers, this.#options.trustedProxies);
    const read = (): Promise<string | undefined> =>
      request.body === null ? Promise.resolve('') : bounded(request.body);
    const path = anyPath ? undefined : pathname;
    const answer = (await this.#answer(source, path, searchParams, read)) ?? CLOSING;
    const init = {
      status: answer.status,
      headers: { 'content-type': typeOf(answer, searchParams) },
    };
    return new Response(answer.body, init);
  }

  /** `path` undefined: any. `read` gives undefined for a body that is too large. */
  async #answer(
    from: Address | undefined,
    path: string | undefined,
    query: URLSearchParams,
    read: () => Promise<string | undefined>,
  ): Promise<Answered | undefined> {
    if (path !== undefined && path !== this.#options.path) return NOT_FOUND;
    if (from === undefined) return BAD_REQUEST;
    const body = await read();
    if (body === undefined) return TOO_LARGE;
    const operation = query.get('opr') ?? undefined;
    return (await this.#options.ask({ from, operation, body })) ?? CLOSING;
  }
}

/** A 200 to a connect is JSON, all else is text. */
function typeOf({ status }: Answered, query: URLSearchParams): string {
  return status === 200 && query.get('opr') === 'c' ? 'application/json' : TEXT;
}

function write(response: ServerResponse, answer: Answered, query: URLSearchParams): void {
  response.statusCode = answer.status;
  response.setHeader('Content-Type', typeOf(answer, query));
  response.setHeader('Content-Length', Buffer.byteLength(answer.body));
  response.end(answer.body);
}

/**
 * A client that is still writing reads no answer, and loses it when the connection is cut. So the
 * rest of its body is taken for a moment; then the connection ends, whether all has come or not.
 */
async function drained(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('Connection', 'close');
  const enough = AbortSignal.timeout(LINGER_MS);
  await once(request.resume(), 'end', { signal: enough }).catch(() => undefined);
}

/** Path and query of a request's target, in origin or absolute form (RFC 9112 §3.2). */
function parted(target: string): readonly [path: string, query: URLSearchParams] {
  const origin = target.replace(/^https?:\/\/[^/?]*/i, '');
  const at = origin.indexOf('?');
  const path = at < 0 ? origin : origin.slice(0, at);
  return [path === '' ? '/' : path, new URLSearchParams(at < 0 ? '' : origin.slice(at + 1))];
}

/** The zone ID of a link-local address means something here alone (RFC 4007 §11). */
function withoutZone(ip: string): string {
  return ip.replace(/%.*$/, '');
}

function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}

/** The body's text; undefined when it is too large. Rejects when it breaks off. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parsed = (request as { readonly body?: unknown }).body;
  if (request.readableEnded || parsed !== undefined) return parsedBody(parsed);
  if (Number(request.headers['content-length'] ?? 0) > BODY_MAX) return undefined;
  // The stream must outlive the loop: its socket carries the answer.
  return bounded(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>);
}

/** What a framework left of a body: its text, its octets, or the JSON value it read. */
function parsedBody(body: unknown): string | undefined {
  if (body === undefined) return '';
  const text =
    typeof body === 'string'
      ? body
      : body instanceof Uint8Array
        ? Buffer.from(body).toString('utf8')
        : JSON.stringify(body);
  return Buffer.byteLength(text) > BODY_MAX ? undefined : text;
}

async function bounded(chunks: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of chunks) {
    size += part.length;
    if (size > BODY_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
