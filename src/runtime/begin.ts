/** How a node begins: with the cluster it has, a new one of its own, or one it is invited to. */

import { randomFillSync } from 'node:crypto';
import { UserError } from '../base/errors.ts';
import { parseName, type NodeName } from '../base/id.ts';
import type { Settings } from '../core/config.ts';
import { EMPTY_BOOK, type StoredBook, type StoredCluster } from '../core/documents.ts';
import { foundCluster } from '../core/founding.ts';
import { Node } from '../core/node.ts';
import type { Identity } from '../crypto/identity.ts';
import { nodeSuite } from '../crypto/node-suite.ts';
import type { Token } from '../wire/token.ts';
import { placesOf, type Place } from './bind.ts';
import { systemClock } from './clock.ts';
import { dial, type Joiner } from './dial.ts';
import type { CheckedOptions, LogLine } from './options.ts';
import type { StoredState, Store } from './store.ts';
import { readToken } from './token.ts';

/** Octets of the generator's seed, and of a founding's nonce. */
const SEED_SIZE = 32;
const NONCE_SIZE = 16;

/** What a node is made of, besides its identity. */
export interface Beginning {
  readonly cluster: StoredCluster;
  readonly book: StoredBook;
}

/** A machine over stored documents, not started yet. */
export function makeNode(
  identity: Identity,
  { cluster, book }: Beginning,
  settings: Settings,
): Node {
  const seed = randomFillSync(new Uint8Array(SEED_SIZE));
  return new Node({ suite: nodeSuite, identity, cluster, book, settings, seed });
}

/**
 * The node of a state folder. Without a cluster it joins with the token or founds one; with one it
 * stays there, unless it is alone in it and invited elsewhere. New documents are on disk when this
 * resolves. Throws `UserError` already-member, join-… or state-unwritable.
 */
export async function beginNode(
  store: Store,
  { identity, cluster, book }: StoredState,
  options: CheckedOptions,
  wait?: { signal?: AbortSignal },
): Promise<Node> {
  const { settings, log } = options;
  let token: Token | undefined;
  if (cluster === undefined) token = await tokenOf(options);
  else {
    const node = makeNode(identity, { cluster, book }, settings);
    token = await tokenOf(options).catch((error: unknown) => {
      if (node.memberCount <= 1) throw error;
      const why = error instanceof Error ? error.message : String(error);
      const message = `This node belongs to ${node.clusterName} already; not needed: ${why}`;
      log({ level: 'info', code: 'join-ignored', message });
      return undefined;
    });
    if (token === undefined || !leaves(node, token, log)) return node;
  }
  const beginning =
    token === undefined
      ? found(identity, options)
      : await join({ identity, token, name: options.name, lan: lanOf(options) }, log, wait);
  await store.saveAll(beginning.cluster, beginning.book);
  return makeNode(identity, beginning, settings);
}

/** The token given, if one was; throws `UserError` token-… or what its reader throws. */
async function tokenOf({ join }: CheckedOptions): Promise<Token | undefined> {
  const text = typeof join === 'function' ? await join() : join;
  return text === undefined ? undefined : readToken(text);
}

/** Joins with a token; says when it looks expired here, which is the maker's to judge (B4). */
export function join(
  joiner: Joiner,
  log: (line: LogLine) => void,
  wait?: { signal?: AbortSignal },
): Promise<Beginning> {
  if (joiner.token.expires < systemClock.wall()) {
    const message = "By this machine's clock the invite has expired; it is tried all the same.";
    log({ level: 'warn', code: 'token-expired', message });
  }
  return dial(joiner, wait);
}

/** The places from which a maker is sought on the LAN; none when the operator wants no LAN. */
export function lanOf({ lan, bind }: CheckedOptions): readonly Place[] {
  return lan ? placesOf(bind) : [];
}

/** Whether the token leads elsewhere; throws already-member when others would be left for it. */
export function leaves(node: Node, token: Token, log: (line: LogLine) => void): boolean {
  if (node.clusterId === token.cluster) {
    const message = `This node belongs to ${node.clusterName} already; the token is not needed.`;
    log({ level: 'info', code: 'join-ignored', message });
    return false;
  }
  if (node.memberCount <= 1) return true;
  throw alreadyMember(node);
}

/** A node with others around it is not taken away from them by accident. */
export function alreadyMember(node: Node): UserError {
  const others = String(node.memberCount - 1);
  return new UserError(
    'already-member',
    `This node belongs to the cluster ${node.clusterName} with ${others} other members.`,
    'Leave it first with `flotilla leave`, or use another state folder with --state DIR.',
  );
}

/** The name a node joins under: the one it has, where that is still a plain name. */
export function nameOf(node: Node, otherwise: NodeName): NodeName {
  return parseName(node.name) ?? otherwise;
}

function found(identity: Identity, options: CheckedOptions): Beginning {
  const nonce = randomFillSync(new Uint8Array(NONCE_SIZE));
  const { cluster: clusterName, name: nodeName } = options;
  const cluster = foundCluster(nodeSuite, identity, { clusterName, nodeName, nonce });
  return { cluster, book: EMPTY_BOOK };
}
