/**
 * Files that are whole at any time: written beside the old one, flushed, renamed over it, and the
 * folder flushed. Our own rather than a library's, because on a disk that fills up a single `write`
 * may take a part and report no error, and renaming that would destroy the good file.
 */

import type { FileHandle } from 'node:fs/promises';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Only the owner reads: identity and invites are secrets. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** What half-written files are called, so that they are known as ours when they are left behind. */
const LEFTOVER = /^\.[a-z0-9-]+\.json\.\d+-\d+\.tmp$/;

/** What a state folder holds: documents, the lock, the control socket, and those on their way. */
const OURS = /^(\.?(identity|cluster|book|v1(-users|-certificate)?)\.json|(lock|control)([.-]|$))/;

/**
 * Windows refuses a rename while a virus scanner or indexer reads the file: ms to wait, each time.
 */
const RENAME_PAUSES: readonly number[] = [10, 30, 100, 300, 1000];
const HELD_OPEN: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EBUSY']);

let written = 0;

/**
 * Makes the folder, parents included, readable by its owner alone. One that was there and holds
 * somebody else's files keeps its rights: the files and sockets in it are the owner's alone anyway.
 */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  // On Windows the profile's rights are inherited.
  if (process.platform === 'win32') return;
  const shared = (await readdir(folder)).some((name) => !OURS.test(name));
  if (!shared) await chmod(folder, FOLDER_MODE);
}

/**
 * Replaces `folder/name` by `text`: afterwards the file holds the old text or the new one whole,
 * whatever happened, and once this resolves the new one, power cuts included. Rejects with the
 * system's error (ENOSPC, EROFS, EACCES, EIO …) and the old file untouched.
 */
export async function replaceFile(folder: string, name: string, text: string): Promise<void> {
  written += 1;
  const temporary = join(folder, `.${name}.${String(process.pid)}-${String(written)}.tmp`);
  try {
    const file = await open(temporary, 'wx', FILE_MODE);
    try {
      // Unlike a bare write, this goes on until all is written or the system gives an error.
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameOver(temporary, join(folder, name));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await flushFolder(folder);
}

/** Removes a file if it is there, and flushes the folder so that it stays away. */
export async function removeFile(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true });
  await flushFolder(folder);
}

/** Removes what a process that was killed in the middle of a write left behind. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (LEFTOVER.test(name)) await rm(join(folder, name), { force: true });
  }
}

async function renameOver(from: string, to: string): Promise<void> {
  for (const wait of process.platform === 'win32' ? RENAME_PAUSES : []) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (!HELD_OPEN.has(systemCode(error))) throw error;
    }
    await pause(wait);
  }
  await rename(from, to);
}

/** A rename is lasting when its folder is flushed; where folders can't be opened, it is anyway. */
async function flushFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    // EISDIR, EPERM, EACCES: Windows; EINVAL, ENOTSUP: network file systems.
    if (['EIO', 'ENOSPC', 'EDQUOT'].includes(systemCode(error))) throw error;
  } finally {
    await handle?.close();
  }
}

/** The system's name of an error, such as `ENOSPC`; empty for what is not the system's. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
