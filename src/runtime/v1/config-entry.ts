/** Peers as they stand in the config, checked before anything is touched. */

import { UserError } from '../../base/errors.ts';
import { readHostPort } from '../../base/host-port.ts';
import { isLogin, isName } from '../../v1/codec.ts';
import type { NewPeer } from '../../v1/commands.ts';
import { DEFAULT_PATH, PEERS_MAX } from '../../v1/config.ts';
import type { V1Typed } from '../../v1/status.ts';
import { checkPath } from './path.ts';
import { refusal } from './refusals.ts';

/** An entry, checked. */
export interface ConfiguredPeer {
  /** All but where it is, which may be a host name. */
  readonly peer: Omit<NewPeer, 'endpoint'>;
  readonly at: string;
  readonly path: string;
  readonly https: boolean;
  /** The entry in one text, without the password. */
  readonly said: string;
}

/** Checks entries; throws a `UserError` that says what is wrong with which. */
export function checkPeers(entries: readonly V1Typed[]): readonly ConfiguredPeer[] {
  if (entries.length > PEERS_MAX) throw refusal('too-many-peers', '');
  const checked = entries.map(checkPeer);
  const names = new Set<string>();
  for (const { peer } of checked) {
    if (names.has(peer.name)) throw twice(peer.name);
    names.add(peer.name);
  }
  return checked;
}

function checkPeer(entry: V1Typed): ConfiguredPeer {
  const { name, at, path = DEFAULT_PATH, https = false, insecure = false, login } = entry;
  if (!isName(name)) throw refusal('name-invalid', name);
  const read = readHostPort(at);
  if (read.type === 'wrong') {
    const message = `Node ${name} of protocol 1: ${read.quote} is no address: ${read.why}.`;
    throw new UserError('address-not-an-address', message, 'Write it as 192.0.2.7:8290.');
  }
  if (login !== undefined && !isLogin(login)) throw refusal('login-invalid', name);
  if (login !== undefined && !https && !insecure) throw refusal('insecure-http', name);
  const said = JSON.stringify([at, checkPath(path), https, insecure, login?.username ?? null]);
  return { peer: { name, login, insecure }, at, path, https, said };
}

function twice(name: string): UserError {
  const message = `The node ${name} of protocol 1 is there twice.`;
  return new UserError('v1-peer-twice', message, 'Leave one of the two out.');
}
