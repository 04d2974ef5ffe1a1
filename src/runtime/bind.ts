/** Which addresses a node listens on, and what the system says when it can't. */

import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../base/errors.ts';
import { systemCode } from './disk.ts';

/** One address to listen on. */
export interface Place {
  readonly family: 4 | 6;
  /** Canonical IP text; `0.0.0.0` or `::` for all of the family. */
  readonly ip: string;
}

/** Every address of both families. */
const EVERYWHERE: readonly Place[] = [
  { family: 4, ip: '0.0.0.0' },
  { family: 6, ip: '::' },
];

/** The system has no such family, or no address of it at all. */
const NO_FAMILY: ReadonlySet<string> = new Set([
  'EAFNOSUPPORT',
  'EADDRNOTAVAIL',
  'EPROTONOSUPPORT',
]);

/** Where to listen; undefined: everywhere. */
export function placesOf(bind: readonly string[] | undefined): readonly Place[] {
  if (bind === undefined) return EVERYWHERE;
  return bind.map((ip) => ({ family: ip.includes(':') ? 6 : 4, ip }));
}

/** True when this failure only says that the machine lacks one of the two families. */
export function lacksFamily(place: Place, error: unknown): boolean {
  return EVERYWHERE.some(({ ip }) => ip === place.ip) && NO_FAMILY.has(systemCode(error));
}

/** A failed bind in words: port-taken, port-forbidden or bind-unavailable. */
export function bindError(kind: 'UDP' | 'TCP', at: Place, port: number, error: unknown): UserError {
  const options = { cause: error };
  const text = `${kind} port ${String(port)}`;
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return new UserError(
        'port-taken',
        `${text} is in use by another program.`,
        'Stop that program, or take another port with --port N.',
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new UserError(
        'port-forbidden',
        `${text} may not be used by this user.`,
        'Take a port above 1023 with --port N.',
        options,
      );
    default: {
      const why = error instanceof Error ? error.message : String(error);
      return new UserError(
        'bind-unavailable',
        `This machine can't listen on ${at.ip}: ${why}.`,
        'Name an address that this machine holds, or leave --bind out.',
        options,
      );
    }
  }
}

/** Milliseconds a swap waits for another node to leave the place it moves to. */
const SWAP_PATIENCE_MS = 2000;
const SWAP_PAUSE_MS = 20;

/** Binds again and again while another program holds the port, for two seconds at the most. */
export async function whenFree<T>(bind: () => Promise<T>): Promise<T> {
  const end = performance.now() + SWAP_PATIENCE_MS;
  for (;;) {
    try {
      return await bind();
    } catch (error) {
      const taken = error instanceof UserError && error.code === 'port-taken';
      if (!taken || performance.now() > end) throw error;
    }
    await pause(SWAP_PAUSE_MS);
  }
}
