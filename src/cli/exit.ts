/** How a command ends: the exit codes of DESIGN §9, and which error means which. */

import { UserError } from '../base/errors.ts';

/** Exit codes of all commands; `sim` has three more of its own. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  noDaemon: 3,
  unknownName: 4,
  notReachable: 5,
} as const;

/** Something typed wrong: on the command line, in the environment or in the config file. */
export class UsageError extends UserError {
  override readonly name: string = 'UsageError';
}

/** Code of the error that no daemon runs on a state folder. */
export const NO_DAEMON = 'no-daemon';

/** Exit codes by the errors' codes; those of the runtime and the daemon included. */
const BY_CODE: ReadonlyMap<string, number> = new Map<string, number>([
  [NO_DAEMON, EXIT.noDaemon],
  ['name-unknown', EXIT.unknownName],
  ['name-ambiguous', EXIT.unknownName],
  ['join-unreachable', EXIT.notReachable],
  ['address-not-an-address', EXIT.usage],
  ['address-zone', EXIT.usage],
  ['addresses-too-many', EXIT.usage],
  ['bad-request', EXIT.usage],
  ['beat-out-of-range', EXIT.usage],
  ['bind-not-an-address', EXIT.usage],
  ['expiry-out-of-range', EXIT.usage],
  ['invite-out-of-range', EXIT.usage],
  ['name-not-a-name', EXIT.usage],
  ['own-name', EXIT.usage],
  ['port-not-a-port', EXIT.usage],
  ['tag-not-a-tag', EXIT.usage],
  ['uses-out-of-range', EXIT.usage],
  ['v1-certificate-half', EXIT.usage],
  ['v1-endpoint-invalid', EXIT.usage],
  ['v1-insecure-http', EXIT.usage],
  ['v1-interval-out-of-range', EXIT.usage],
  ['v1-login-invalid', EXIT.usage],
  ['v1-name-invalid', EXIT.usage],
  ['v1-not-an-address', EXIT.usage],
  ['v1-own-name', EXIT.usage],
  ['v1-path-invalid', EXIT.usage],
  ['v1-proxy-not-an-address', EXIT.usage],
  ['v1-user-invalid', EXIT.usage],
  ['v1-user-unknown', EXIT.unknownName],
]);

/** The exit code for an error that ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof UserError) return BY_CODE.get(error.code) ?? EXIT.failed;
  return EXIT.failed;
}
