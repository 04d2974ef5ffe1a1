/**
 * Requests to v1 peers, octet for octet as the original's client sends them (test/v1/samples).
 *
 * Connections are kept, as the original keeps them. A kept one that fails says nothing about the
 * peer, so that the same is asked over a new one; one that is silent is the machine's to judge. A
 * connect, which is not the same when it is sent twice, never goes over a kept one.
 */

import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { formatAddress } from '../../base/address.ts';
import { utf8 } from '../../base/bytes.ts';
import { wallTime, type WallTime } from '../../base/time.ts';
import { BODY_MAX } from '../../v1/config.ts';
import type { CallFailure, V1Effect, V1Input } from '../../v1/io.ts';
import { systemCode } from '../disk.ts';
import { PinnedAgent, WrongPin, pinOf, type Wanted } from './pinned-agent.ts';

/** What is to be asked. */
export type Call = Omit<Extract<V1Effect, { type: 'call' }>, 'type' | 'call' | 'durable'>;

/** What came of it. */
export type CallOutcome =
  | Omit<Extract<V1Input, { type: 'response' }>, 'call'>
  | Omit<Extract<V1Input, { type: 'call-failed' }>, 'call'>;

/** Go's clients keep a quiet connection so long, in milliseconds. */
const IDLE_MS = 90_000;

/** One try of a call: its request, and whether its connection was used before. */
interface Try {
  readonly outcome: Promise<CallOutcome>;
  readonly reused: () => boolean;
  readonly cut: () => void;
}

/** Calls peers. */
export class V1Client {
  readonly #kept: PinnedAgent = new PinnedAgent({ keepAlive: true, timeout: IDLE_MS });
  readonly #once: PinnedAgent = new PinnedAgent({ keepAlive: false });
  readonly #underWay = new Set<() => void>();

  /** Asks, within the call's time. Never rejects; after `close`: other. */
  call(call: Call): Promise<CallOutcome> {
    return new Promise((settle) => {
      let current: Try | undefined;
      const end = (outcome: CallOutcome): void => {
        if (!this.#underWay.delete(stop)) return;
        clearTimeout(late);
        settle(outcome);
        current?.cut();
      };
      const stop = (): void => {
        end({ type: 'call-failed', reason: 'other' });
      };
      const late = setTimeout(end, call.timeout, { type: 'call-failed', reason: 'time-out' });
      this.#underWay.add(stop);
      const begin = (agent: PinnedAgent): void => {
        const one = attempt(call, agent);
        current = one;
        void one.outcome.then((outcome) => {
          if (outcome.type === 'response' || !one.reused()) end(outcome);
          else if (this.#underWay.has(stop)) begin(this.#once);
        });
      };
      if (call.fresh) this.#kept.drop(wantedBy(call));
      begin(call.fresh || call.operation === 'c' ? this.#once : this.#kept);
    });
  }

  /** Ends all calls and connections. */
  close(): void {
    for (const stop of [...this.#underWay]) stop();
    this.#kept.destroy();
    this.#once.destroy();
  }
}

/** Which connection a call needs. */
function wantedBy({ to: { at, https }, pin }: Call): Wanted {
  return { host: at.ip, port: at.port, secure: https, pin };
}

/** Sends the request once; the outcome never rejects. */
function attempt(call: Call, agent: PinnedAgent): Try {
  const body = utf8(call.body);
  // The order is the original's, and there is no Connection header in it.
  const headers = {
    Host: formatAddress(call.to.at),
    'User-Agent': 'Go-http-client/1.1',
    'Content-Length': body.length,
    'Content-Type': 'application/json',
    'Accept-Encoding': 'gzip',
  };
  let sent: ClientRequest | undefined;
  let answered = false;
  const outcome = new Promise<CallOutcome>((settle) => {
    const fail = (error: unknown): void => {
      settle({ type: 'call-failed', reason: failureOf(error) });
    };
    try {
      const path = `${call.to.path}?opr=${call.operation}`;
      const wanted = { ...wantedBy(call), agent, path, method: 'POST', setHost: false, headers };
      sent = httpRequest(wanted);
    } catch (error) {
      // A path that no request can carry.
      fail(error);
      return;
    }
    sent.removeHeader('Connection');
    sent.once('error', fail);
    sent.once('response', (answer) => {
      read(answer).then((outcome) => {
        answered = true;
        settle(outcome);
      }, fail);
    });
    sent.end(body);
  });
  return {
    outcome,
    reused: () => sent?.reusedSocket === true,
    cut: () => {
      // Its connection is kept, or somebody else's by now.
      if (answered) return;
      sent?.on('error', () => undefined);
      sent?.destroy();
    },
  };
}

/** Reads the answer; rejects when it breaks off or is too large. */
async function read(answer: IncomingMessage): Promise<CallOutcome> {
  const pin = pinOf(answer.socket);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_MAX) throw new Malformed('the answer is too large');
    parts.push(part);
  }
  const octets = Buffer.concat(parts);
  const packed = answer.headers['content-encoding'] === 'gzip';
  const body = (packed ? await unpacked(octets) : octets).toString('utf8');
  const date = dateOf(answer.headers.date);
  return { type: 'response', status: answer.statusCode ?? 0, body, date, pin };
}

/** An answer that no peer gives. */
class Malformed extends Error {}

async function unpacked(octets: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(octets, { maxOutputLength: BODY_MAX });
  } catch (error) {
    throw new Malformed('the answer is no gzip, or too large', { cause: error });
  }
}

function dateOf(header: string | undefined): WallTime | undefined {
  const time = header === undefined ? NaN : Date.parse(header);
  return Number.isFinite(time) ? wallTime(time) : undefined;
}

function failureOf(error: unknown): CallFailure {
  if (error instanceof WrongPin) return 'certificate';
  const code = systemCode(error);
  // What Node's parser says of something that is no HTTP, and what OpenSSL says of no TLS.
  if (error instanceof Malformed || /^(HPE_|ERR_SSL_)/.test(code) || code === 'EPROTO') {
    return 'malformed';
  }
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ETIMEDOUT':
      return 'time-out';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
      return 'unreachable';
    default:
      return 'other';
  }
}
