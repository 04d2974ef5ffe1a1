/** What is refused about v1 peers, in words. */

import { UserError } from '../../base/errors.ts';
import type { V1Refusal } from '../../v1/commands.ts';
import { CREDENTIAL_MAX, DEFAULT_PATH, NAME_MAX, PEERS_MAX } from '../../v1/config.ts';

/** The node was started with `--v1 off`. */
export function v1Off(): UserError {
  return new UserError(
    'v1-off',
    'This node does not speak with nodes of protocol 1.',
    'Start it with `flotilla up --v1 HOST:PORT`, or leave --v1 out to call peers only.',
  );
}

/** Nobody has this name. */
export function unknownPeer(name: string): UserError {
  return new UserError(
    'name-unknown',
    `No node of protocol 1 is called ${JSON.stringify(name.slice(0, NAME_MAX))}.`,
    '`flotilla members` lists them all.',
  );
}

/** The machine refused a command. */
export function refusal(reason: V1Refusal, name: string): UserError {
  switch (reason) {
    case 'too-many-peers':
      return new UserError(
        'v1-peers-too-many',
        `There are ${String(PEERS_MAX)} nodes of protocol 1, which is all there can be.`,
        'Remove one first with `flotilla v1 remove NAME`.',
      );
    case 'name-invalid':
      return new UserError(
        'v1-name-invalid',
        `A node of protocol 1 can't be called ${JSON.stringify(name.slice(0, NAME_MAX))}.`,
        `A name has 1 to ${String(NAME_MAX)} characters that can be printed.`,
      );
    case 'own-name':
      return new UserError(
        'v1-own-name',
        `${JSON.stringify(name)} is what v1 peers call this node itself.`,
        'Give the name that the other node has in its own configuration.',
      );
    case 'endpoint-invalid':
      return new UserError(
        'v1-endpoint-invalid',
        'No node can be called there.',
        `Give HOST:PORT, and a path such as ${DEFAULT_PATH}, with \`flotilla v1 add\`.`,
      );
    case 'login-invalid':
      return new UserError(
        'v1-login-invalid',
        `A user name and a password have 1 to ${String(CREDENTIAL_MAX)} characters.`,
        'Ask the operator of that node for both.',
      );
    case 'insecure-http':
      return new UserError(
        'v1-insecure-http',
        'Over plain HTTP everybody on the way can read the user name and the password.',
        'Take --https; or allow it for this node with --insecure-http.',
      );
    case 'in-config':
      return new UserError(
        'v1-in-config',
        `${name} stands in the config file, under v1-peers.`,
        'Change or remove its entry there, and start the daemon again.',
      );
    case 'busy':
      return new UserError('v1-busy', 'Too many commands wait already.', 'Try again in a moment.');
  }
}
