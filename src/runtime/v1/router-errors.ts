/** What an embedding program's author can do wrong with a `ServiceRouter`, in words. */

import { UserError } from '../../base/errors.ts';
import { formatDuration } from '../../base/time.ts';
import type { V1Why } from '../../v1/commands.ts';
import { isName } from '../../v1/codec.ts';
import { INTERVAL_RANGE } from '../../v1/config.ts';

/** A name that peers can know a node by. Throws `UserError` v1-uuid-invalid. */
export function checkUuid(uuid: string): string {
  if (isName(uuid)) return uuid;
  throw new UserError(
    'v1-uuid-invalid',
    `A node's UUID must be 1 to 64 printable characters (it was ${JSON.stringify(uuid)}).`,
    'Any name will do that no neighbour has.',
  );
}

/** Milliseconds between heartbeats. Throws `UserError` v1-interval-out-of-range. */
export function checkInterval(interval: number): number {
  const [shortest, longest] = INTERVAL_RANGE;
  if (interval >= shortest && interval <= longest) return interval;
  const range = `${formatDuration(shortest)} to ${formatDuration(longest)}`;
  throw new UserError(
    'v1-interval-out-of-range',
    `The interval between heartbeats must be ${range} (it was ${String(interval)} ms).`,
    'Leave it out for 10s.',
  );
}

/** Nobody of that name was put in, or nobody knows its port. */
export function unknownNode(uuid: string): UserError {
  return new UserError(
    'v1-node-unknown',
    `No neighbour named ${uuid} was put in with a port.`,
    'Put it in with router.addNode(router.newNode({ nodeId, port })) first.',
  );
}

/** A password may not leave in the clear unless that was allowed by name. */
export function insecureHttp(uuid: string): UserError {
  return new UserError(
    'v1-insecure-http',
    `The password for ${uuid} would go over plain HTTP, where it can be read and used by others.`,
    'Use requireHttps: true, or allow it for this node with insecureHttp: true.',
  );
}

/** A neighbour did not register this node. */
export function notConnected(uuid: string, why: V1Why): UserError {
  return new UserError(
    'v1-not-connected',
    `${uuid} did not register this node: ${why}.`,
    'Check address, port, path and password; every heartbeat cycle tries again.',
  );
}
