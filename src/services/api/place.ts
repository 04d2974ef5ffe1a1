/**
 * Where a daemon's control socket is: `control.sock` in its state folder. Where a socket cannot be
 * there (Windows has named pipes; a path longer than the system's limit), it gets a name nobody can
 * foresee elsewhere, and `control.path` in the state folder says which.
 */

import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../base/errors.ts';

/** Longest socket path used, in octets: `sun_path` holds 104 on macOS and 108 on Linux. */
export const SOCKET_PATH_MAX = 100;

const SOCKET = 'control.sock';
const RECORD = 'control.path';
/** A recorded path is short; a file longer than this was not written here. */
const RECORD_MAX = 512;

/** Chooses where the daemon of this state folder listens, and records it where needed. */
export async function claimPlace(
  stateFolder: string,
  platform: NodeJS.Platform = process.platform,
): Promise<string> {
  await releasePlace(stateFolder);
  const usual = join(resolve(stateFolder), SOCKET);
  if (platform !== 'win32' && fits(usual)) return usual;
  const place = platform === 'win32' ? pipe() : await shortPath();
  // A client never sees half a path.
  const draft = join(stateFolder, `${RECORD}.tmp`);
  await writeFile(draft, place, { mode: 0o600 });
  await rename(draft, join(stateFolder, RECORD));
  return place;
}

/** Takes away what a daemon of this state folder left, its socket included. */
export async function releasePlace(stateFolder: string): Promise<void> {
  const recorded = await readRecord(stateFolder);
  if (recorded !== undefined && isOurTemporary(recorded)) {
    await rm(dirname(recorded), { recursive: true, force: true });
  }
  await rm(join(stateFolder, RECORD), { force: true });
  await rm(join(stateFolder, SOCKET), { force: true });
}

/** Where the daemon of this state folder listens, if one runs; undefined: none can be running. */
export async function findPlace(stateFolder: string): Promise<string | undefined> {
  const recorded = await readRecord(stateFolder);
  if (recorded === undefined) {
    const usual = join(resolve(stateFolder), SOCKET);
    return fits(usual) ? usual : undefined;
  }
  if (isOurTemporary(recorded)) await checkOwner(stateFolder, recorded);
  return recorded;
}

/** Someone else may have made a folder of that name after the temporary files were cleared. */
async function checkOwner(stateFolder: string, recorded: string): Promise<void> {
  const [ours, found] = await Promise.all([
    stat(join(stateFolder, RECORD)),
    stat(dirname(recorded)).catch(() => undefined),
  ]);
  if (found === undefined || found.uid === ours.uid) return;
  throw new UserError(
    'socket-foreign',
    `${recorded} belongs to another user than the state folder.`,
    'Start the daemon again, then retry.',
  );
}

async function readRecord(stateFolder: string): Promise<string | undefined> {
  try {
    const text = await readFile(join(stateFolder, RECORD), 'utf8');
    return text.length > 0 && text.length <= RECORD_MAX ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= SOCKET_PATH_MAX;
}

function pipe(): string {
  return `\\\\.\\pipe\\flotilla-${crypto.randomUUID()}`;
}

const PREFIX = 'flotilla-control-';

/** A socket in a folder of its own, which only this user may enter. */
async function shortPath(): Promise<string> {
  const folder = join(tmpdir(), PREFIX);
  // mkdtemp adds six characters.
  const parent = fits(`${folder}XXXXXX/${SOCKET}`) ? folder : `/tmp/${PREFIX}`;
  return join(await mkdtemp(parent), SOCKET);
}

function isOurTemporary(path: string): boolean {
  return path.endsWith(`/${SOCKET}`) && dirname(path).includes(`/${PREFIX}`);
}
