/**
 * What a `ServiceRouter` writes and reads: the file of an original, with one more field of ours
 * that originals pass over. It keeps what theirs loses: logins, pins, who owns which name.
 */

import { UserError } from '../../base/errors.ts';
import type { StoredV1 } from '../../v1/document.ts';
import { V1Machine } from '../../v1/machine.ts';
import { readOriginal } from '../../v1/original.ts';
import type { NodeOptions, RouterNode } from './router-node.ts';

/** A file, understood. */
export interface RouterFile {
  readonly stored: StoredV1;
  readonly intervalMs: number;
  /** The own address when it was written. */
  readonly ip: string | undefined;
  /** Neighbours that were put in. */
  readonly nodes: readonly NodeOptions[];
}

/** Reads a text or JSON value. Throws `UserError` v1-file-invalid. */
export function readRouterFile(file: unknown): RouterFile {
  const value = typeof file === 'string' ? parse(file) : file;
  const original = readOriginal(value);
  if (typeof original === 'string') throw invalid(original);
  const { DeviceIpAddr: ip, Flotilla: ours } = value as {
    readonly DeviceIpAddr?: unknown;
    readonly Flotilla?: { readonly document?: unknown; readonly nodes?: unknown };
  };
  const own = ours === undefined ? undefined : V1Machine.readDocument(ours.document);
  if (ours !== undefined && own === undefined) throw invalid('its part "Flotilla" is damaged');
  const stored = own ?? original.stored;
  return {
    stored,
    intervalMs: original.interval,
    ip: typeof ip === 'string' && ip !== '' ? ip : undefined,
    nodes: ours === undefined ? nodesOf(stored) : readNodes(ours.nodes),
  };
}

/** The same file with every secret blank. */
export function withoutSecrets(file: unknown): unknown {
  const { NodeMap, TOTPMap, ...others } = file as {
    readonly NodeMap: readonly object[];
    readonly TOTPMap: readonly object[];
  };
  return {
    NodeMap: NodeMap.map((node) => ({ ...node, SendTotpSecret: '' })),
    TOTPMap: TOTPMap.map((entry) => ({ ...entry, RecvTOTPSecret: '' })),
    ...others,
  };
}

/** What a neighbour was made from. */
export function optionsOf(
  node: RouterNode,
): Omit<NodeOptions, 'port'> & { readonly port?: number } {
  const { uuid: nodeId, port, restInterface, requireHttps, insecureHttp } = node;
  const more = { restInterface, requireHttps, insecureHttp };
  return port === undefined ? { nodeId, ...more } : { nodeId, port, ...more };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('it is no JSON');
  }
}

function nodesOf(stored: StoredV1): readonly NodeOptions[] {
  return stored.peers.flatMap(({ name, endpoint, insecure, removed }) => {
    if (endpoint === undefined || removed) return [];
    const { at, path, https } = endpoint;
    const where = { port: at.port, restInterface: path, requireHttps: https };
    return [{ nodeId: name, ...where, insecureHttp: insecure }];
  });
}

function readNodes(value: unknown): readonly NodeOptions[] {
  if (!Array.isArray(value)) throw invalid('its part "Flotilla" has no list of nodes');
  return value.map((node: unknown): NodeOptions => {
    if (!isNode(node)) throw invalid('a node in its part "Flotilla" is none');
    return node;
  });
}

function isNode(value: unknown): value is NodeOptions {
  if (typeof value !== 'object' || value === null) return false;
  const { nodeId, port, restInterface, requireHttps, insecureHttp } = value as NodeOptions;
  const flags = [typeof requireHttps, typeof insecureHttp];
  return (
    typeof nodeId === 'string' &&
    typeof port === 'number' &&
    typeof restInterface === 'string' &&
    flags.every((type) => type === 'boolean')
  );
}

function invalid(why: string): UserError {
  return new UserError(
    'v1-file-invalid',
    `This is not what a router or an original exported: ${why}.`,
    'Give the whole file, as toJSON or the original wrote it.',
  );
}
