/** Joining through the real invite code, over virtual links. */

import { address, formatAddress, parseAddress } from '../base/address.ts';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { minutes, type WallTime } from '../base/time.ts';
import { writeBook, writeCluster } from '../core/documents.ts';
import { Admission, joinRequest, type AdmissionStep } from '../core/founding.ts';
import type { LinkId } from '../core/io.ts';
import type { Suite } from '../crypto/suite.ts';
import { decodeToken, inviteKeyOf, knockTag } from '../wire/token.ts';
import type { Seaman } from './fleet.ts';
import type { VirtualHost } from './host.ts';
import type { LinkClient } from './links.ts';
import { MAIN_PORT } from './site.ts';
import type { World } from './world.ts';

/** The port a joiner's connection comes from; TCP is reduced to one pipe, so any will do. */
const CLIENT_PORT = 50_000;

/** Numbers commands that ask for invites; answers are told apart by them. */
const FIRST_COMMAND = 1;

/** Who joins: a machine that is off, and the keys it will have. */
export interface Joiner {
  readonly host: VirtualHost;
  readonly seaman: Seaman;
}

/** How a join can end. */
export type JoinEnd =
  Exclude<AdmissionStep, { readonly type: 'more' }> | { readonly type: 'silence' };

/** Asks a running machine for an invite to its present address, as its operator would. */
export function askForInvite(
  world: World,
  maker: VirtualHost,
  told: (token: string) => void,
): void {
  const [ip = ''] = maker.site.addresses;
  const own = address(ip, MAIN_PORT);
  assert(own !== undefined, 'who has no address can invite nobody');
  world.truth.tell(own);
  const id = FIRST_COMMAND + world.trace.count;
  const stop = world.watchSteps((host, effects) => {
    for (const effect of effects) {
      if (host !== maker || effect.type !== 'answer' || effect.id !== id) continue;
      stop();
      // A full disk, or a node that is leaving, makes no invites: the operator sees that.
      if (effect.reply.type === 'invited') told(effect.reply.token);
    }
  });
  const at = [formatAddress(own)];
  const command = { type: 'invite', at, uses: 1, expires: minutes(15) } as const;
  maker.input({ type: 'command', id, command });
}

/**
 * Redeems a token the way the runtime does: knock with the tag, handshake, request, answer. When it
 * is admitted, the joiner's disk holds what it was given and its machine starts.
 */
export function redeem(
  world: World,
  suite: Suite,
  token: string,
  { host, seaman }: Joiner,
  ended: (end: JoinEnd) => void,
): void {
  const [ip = ''] = host.site.addresses;
  const wall = host.clock.wall(world.now);
  join(world, suite, token, { seaman, site: host.site.site, ip, wall }, (end) => {
    // Of two tries that were both let in one is enough.
    if (end.type === 'admitted' && host.isOff) settle(host, end);
    ended(end);
  });
}

/** Who asks to be let in, and from where. */
export interface Applicant {
  readonly seaman: Seaman;
  readonly site: string;
  readonly ip: string;
  readonly wall: WallTime;
}

/** Knocks, asks and is told, as {@link redeem} does; what comes of it is the applicant's affair. */
export function join(
  world: World,
  suite: Suite,
  text: string,
  { seaman, site, ip, wall }: Applicant,
  ended: (end: JoinEnd) => void,
): void {
  const token = decodeToken(suite, text);
  assert(typeof token !== 'string', 'an invite gave a token that nobody can read');
  const dialed = parseAddress(token.at[0] ?? '');
  const from = address(ip, CLIENT_PORT);
  const server = dialed === undefined ? undefined : world.hostAt(dialed.ip);
  if (dialed === undefined || from === undefined || server === undefined) {
    return ended({ type: 'silence' });
  }
  const admission = new Admission(suite, seaman.identity, token, dialed, wall);
  const client = new JoinClient(world, joinRequest(suite, seaman.identity, token, seaman.name), {
    id: seaman.identity.id,
    push: (body) => admission.push(body),
    ended,
  });
  const delay = world.network.latency(site, server.site.site);
  world.links.knock(server, client, { tag: tagOf(world, suite, text), from, delay });
}

interface JoinParts {
  readonly id: Seaman['identity']['id'];
  push(body: Bytes): AdmissionStep;
  ended(end: JoinEnd): void;
}

/** The joiner's end of the link. */
class JoinClient implements LinkClient {
  readonly #world: World;
  readonly #request: Bytes;
  readonly #parts: JoinParts;
  #over = false;

  constructor(world: World, request: Bytes, parts: JoinParts) {
    this.#world = world;
    this.#request = request;
    this.#parts = parts;
  }

  get id(): Seaman['identity']['id'] {
    return this.#parts.id;
  }

  opened(link: LinkId): void {
    this.#world.links.clientSends(link, this.#request);
  }

  received(link: LinkId, body: Bytes): void {
    const step = this.#parts.push(body);
    if (step.type === 'more' || this.#over) return;
    this.#over = true;
    this.#world.links.clientCloses(link);
    this.#parts.ended(step);
  }

  closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.ended({ type: 'silence' });
  }
}

/** The runtime does the same: first on disk, then a machine that knows nothing but its disk. */
function settle(host: VirtualHost, end: Extract<JoinEnd, { readonly type: 'admitted' }>): void {
  host.disk.put('cluster', writeCluster(end.cluster));
  host.disk.put('book', writeBook(end.book));
  host.start();
}

/** A tag with a fresh nonce, as unpredictable as it need be here; the maker takes each once. */
export function tagOf(world: World, suite: Suite, text: string): Bytes {
  const token = decodeToken(suite, text);
  assert(typeof token !== 'string', 'an invite gave a token that nobody can read');
  const { public: key } = inviteKeyOf(suite, token.secret);
  return knockTag(suite, key, world.random.bytes(10));
}
