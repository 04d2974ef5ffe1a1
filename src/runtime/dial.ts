/**
 * The joiner's side of PROTOCOL §9: asks the maker of an invite, over TLS 1.3 with the maker's key
 * pinned, to be admitted. What is said and believed is the core's; here are sockets and clocks.
 */

import { randomFillSync } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';
import { formatAddress, type Address } from '../base/address.ts';
import { equal } from '../base/bytes.ts';
import { UserError } from '../base/errors.ts';
import { publicKeyOf, type NodeName } from '../base/id.ts';
import type { StoredBook, StoredCluster } from '../core/documents.ts';
import { Admission, joinRequest, type AdmissionStep } from '../core/founding.ts';
import type { Identity } from '../crypto/identity.ts';
import { nodeSuite } from '../crypto/node-suite.ts';
import { FrameReader } from '../wire/join.ts';
import { inviteKeyOf, knockTag, tagToServerName, type Token } from '../wire/token.ts';
import type { Place } from './bind.ts';
import { systemClock } from './clock.ts';
import { systemCode } from './disk.ts';
import { peerKey } from './link.ts';
import { linkContext } from './links.ts';
import { searchLan } from './search.ts';
import { refusalError } from './token.ts';
import { typedAddresses } from './typed.ts';

/**
 * Milliseconds until TCP is connected: a first packet and its repeats at 1 and 3 s (RFC 6298 §2.1).
 */
const CONNECT_MS = 4000;

/** Milliseconds for one address in all; the maker's own limit. */
const WHOLE_MS = 10_000;

/** Octets of a tag's nonce (PROTOCOL §9). */
const NONCE_SIZE = 10;

/** What an admitted node begins with. */
export interface Admitted {
  readonly cluster: StoredCluster;
  readonly book: StoredBook;
}

/** Who wants to join, with which token, under which name. */
export interface Joiner {
  readonly identity: Identity;
  readonly token: Token;
  readonly name: NodeName;
  /** Where from to ask the LAN when no address of the token answers; default: it is not asked. */
  readonly lan?: readonly Place[];
}

/** The maker's last word, or why there is none. */
type Answer =
  | Exclude<AdmissionStep, { readonly type: 'more' | 'broken' }>
  | { readonly type: 'none'; readonly why: string };

const WRONG_NODE = 'another node answers there';
const SILENT = 'closed the connection without a word';

/**
 * Joins through the first of the token's addresses that gives an answer; host names are looked up
 * and all their addresses tried. Throws a `UserError` (join-…) that lists what was tried and why it
 * failed, or aborted.
 */
export async function dial(joiner: Joiner, wait?: { signal?: AbortSignal }): Promise<Admitted> {
  const tried: string[] = [];
  const whys: string[] = [];
  for await (const { text, to } of spots(joiner, tried, wait?.signal)) {
    const answer = await ask(joiner, to, wait?.signal);
    // Too late to give up: the invite is used, and the others have a member more.
    if (answer.type === 'admitted') return { cluster: answer.cluster, book: answer.book };
    if (wait?.signal?.aborted === true) throw aborted(wait.signal);
    if (answer.type === 'refused') throw refusalError(answer.reason, joiner.name);
    whys.push(answer.why);
    const at = formatAddress(to);
    tried.push(`${text === at ? at : `${text} (${at})`}: ${answer.why}`);
  }
  if (wait?.signal?.aborted === true) throw aborted(wait.signal);
  if (whys.includes(WRONG_NODE)) throw wrongNode(tried);
  if (whys.includes(SILENT)) throw turnedAway(joiner.token, tried);
  throw unreached(tried);
}

/** The token's addresses one after the other; then what answers on the LAN. */
async function* spots(
  { token, lan = [] }: Joiner,
  tried: string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly text: string; readonly to: Address }> {
  const known = new Set<string>();
  for (const text of token.at) {
    for (const to of await addressesOf(text, tried)) {
      known.add(formatAddress(to));
      yield { text, to };
    }
  }
  if (lan.length === 0) return;
  const found = await searchLan(inviteKeyOf(nodeSuite, token.secret).public, lan, signal);
  if (found.length === 0) tried.push('this LAN: nobody answered');
  for (const to of found) {
    const text = formatAddress(to);
    if (!known.has(text)) yield { text, to };
  }
}

async function addressesOf(text: string, tried: string[]): Promise<readonly Address[]> {
  try {
    return await typedAddresses(text);
  } catch (error) {
    tried.push(error instanceof Error ? error.message : String(error));
    return [];
  }
}

/** Asks at one address; always settles with an answer, also when the caller gives up. */
function ask(joiner: Joiner, to: Address, signal: AbortSignal | undefined): Promise<Answer> {
  return new Promise((settle) => {
    const tls = open(joiner, to);
    const end = (answer: Answer): void => {
      clearTimeout(connecting);
      clearTimeout(whole);
      signal?.removeEventListener('abort', giveUp);
      tls.destroy();
      settle(answer);
    };
    const fail = (why: string): void => {
      end({ type: 'none', why });
    };
    const giveUp = (): void => {
      fail('given up');
    };
    const connecting = setTimeout(fail, CONNECT_MS, 'no answer within 4 s');
    const whole = setTimeout(fail, WHOLE_MS, 'no whole answer within 10 s');
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    tls.once('connect', () => {
      clearTimeout(connecting);
    });
    tls.once('error', (error: Error) => {
      fail(reasonOf(error));
    });
    tls.once('close', () => {
      fail(SILENT);
    });
    tls.once('secureConnect', () => {
      talk(tls, joiner, to, end);
    });
  });
}

/** TLS towards the maker; the tag in the server name is what makes it answer at all. */
function open({ identity, token }: Joiner, to: Address): TLSSocket {
  const nonce = randomFillSync(new Uint8Array(NONCE_SIZE));
  const tag = knockTag(nodeSuite, inviteKeyOf(nodeSuite, token.secret).public, nonce);
  return connect({
    host: to.ip,
    port: to.port,
    servername: tagToServerName(tag),
    secureContext: linkContext(identity.seed),
    minVersion: 'TLSv1.3',
    // Names and authorities mean nothing; the key is compared in `talk`.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
}

/** The request, once the other end has proven to be the maker, and its answer. */
function talk(tls: TLSSocket, joiner: Joiner, to: Address, end: (answer: Answer) => void): void {
  const { identity, token, name } = joiner;
  const key = peerKey(tls);
  if (key === undefined || !equal(key, publicKeyOf(token.maker))) {
    end({ type: 'none', why: WRONG_NODE });
    return;
  }
  const frames = new FrameReader();
  const admission = new Admission(nodeSuite, identity, token, to, systemClock.wall());
  tls.on('data', (chunk: Buffer) => {
    frames.push(chunk);
    for (let body = frames.next(); body !== undefined; body = frames.next()) {
      const step = admission.push(body);
      if (step.type === 'more') continue;
      end(step.type === 'broken' ? { type: 'none', why: `nonsense: ${step.why}` } : step);
      return;
    }
    if (frames.failed) end({ type: 'none', why: 'nonsense instead of an answer' });
  });
  tls.write(joinRequest(nodeSuite, identity, token, name));
}

function reasonOf(error: Error): string {
  switch (systemCode(error)) {
    case 'ECONNREFUSED':
      return 'refused, nothing listens there';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'no way there from this machine';
    case 'ETIMEDOUT':
      return 'no answer';
    case 'ECONNRESET':
    case 'EPIPE':
      return SILENT;
    default:
      return error.message;
  }
}

function listed(tried: readonly string[]): string {
  return tried.map((line) => `\n  ${line}`).join('');
}

function wrongNode(tried: readonly string[]): UserError {
  return new UserError(
    'join-wrong-node',
    `Another node than the one that made the invite answers:${listed(tried)}`,
    'The maker has moved. Ask for a new invite, or give its address with --at there.',
  );
}

/** A maker is silent to a tag of no live invite (B6), so that this is all there is to know. */
function turnedAway(token: Token, tried: readonly string[]): UserError {
  const hint = 'Ask for a new one: `flotilla invite` on the member that made it.';
  // By this machine's clock, which may be wrong: it words the error and decides nothing (B4).
  return token.expires < systemClock.wall()
    ? new UserError('join-expired', `The invite has expired:${listed(tried)}`, hint)
    : new UserError('join-unknown-invite', `The invite is not known there:${listed(tried)}`, hint);
}

function unreached(tried: readonly string[]): UserError {
  const message =
    tried.length === 0
      ? 'The token names no address.'
      : `The member that made the invite was not reached:${listed(tried)}`;
  const hint =
    'Check that it runs and that its TCP port is open, or make an invite with --at HOST:PORT.';
  return new UserError('join-unreachable', message, hint);
}

/** The caller's signal ended it. */
export function aborted(signal: AbortSignal): UserError {
  return new UserError('aborted', 'Given up as asked.', '', { cause: signal.reason });
}
