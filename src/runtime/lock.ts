/**
 * One daemon a state folder. The file `lock` names the holder's process and a socket that it
 * listens on: whoever can connect to it knows that the holder lives. A process ID alone could not
 * tell, since IDs are used again; a socket dies with its process, `kill -9` and power cuts
 * included.
 */

import { randomBytes } from 'node:crypto';
import { link, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { toHex, utf8 } from '../base/bytes.ts';
import { UserError } from '../base/errors.ts';
import { systemCode } from './disk.ts';
import { unwritable } from './state-errors.ts';

/** Octets of a socket's path with its end, on macOS; Linux has four more (unix(7)). */
const SOCKET_PATH_MAX = 103;

/** How long a holder's socket is waited for; a live one connects at once, however busy it is. */
const PROBE_MS = 2000;

/** Rounds of taking the lock: each is lost only to a process that took it or died meanwhile. */
const ATTEMPTS = 20;
const ATTEMPT_PAUSE_MS = 20;

/** A lock file without its text is being written; after this long its writer is dead. */
const UNWRITTEN_MS = 500;

/** What `bind` says on a file system without sockets. */
const NO_SOCKETS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

interface Holder {
  readonly pid: number;
  readonly socket: string;
}

/** A lock that is held until released or until the process ends. */
export class Lock {
  readonly #path: string;
  readonly #socket: string;
  readonly #server: Server;

  private constructor(path: string, socket: string, server: Server) {
    this.#path = path;
    this.#socket = socket;
    this.#server = server;
  }

  /** Takes the folder's lock; throws `UserError` state-in-use, or state-unwritable. */
  static async take(folder: string): Promise<Lock> {
    const path = join(folder, 'lock');
    let server: Server | undefined;
    try {
      const socket = await openSocket(folder);
      server = socket.server;
      await claim(path, { pid: process.pid, socket: socket.path });
      await removeDeadSockets(folder);
      return new Lock(path, socket.path, server);
    } catch (error) {
      server?.close();
      throw error instanceof UserError ? error : unwritable(folder, error);
    }
  }

  /** Gives the folder back. */
  async release(): Promise<void> {
    // The file before the socket: a lock file always has a living socket, or is stale.
    const holder = await readHolder(this.#path).catch(() => undefined);
    if (holder !== 'unwritten' && holder?.socket === this.#socket) {
      await rm(this.#path, { force: true });
    }
    await new Promise<void>((done) =>
      this.#server.close(() => {
        done();
      }),
    );
  }
}

/** Puts our text into the lock file, over a dead holder's if need be. */
async function claim(path: string, own: Holder): Promise<void> {
  const text = JSON.stringify(own);
  let unwrittenMs = 0;
  for (let attempt = 0; attempt < ATTEMPTS;) {
    if (await create(path, text)) return;
    const holder = await readHolder(path);
    if (holder === 'unwritten' && unwrittenMs < UNWRITTEN_MS) {
      unwrittenMs += ATTEMPT_PAUSE_MS;
      await pause(ATTEMPT_PAUSE_MS);
      continue;
    }
    if (holder !== undefined && holder !== 'unwritten' && (await alive(holder))) {
      throw inUse(path, holder);
    }
    if (holder !== undefined) await removeStale(path, holder);
    attempt += 1;
  }
  throw new Error('other processes take and leave it all the time');
}

/** True when the lock file did not exist and is ours now. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Takes away the lock of a dead holder. It is moved aside first and looked at again, since another
 * process may have done the same and hold the lock by now; then it gets its file back.
 */
async function removeStale(path: string, dead: Holder | 'unwritten'): Promise<void> {
  const aside = `${path}.${toHex(randomBytes(8))}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  const found = await readHolder(aside);
  const same =
    found === 'unwritten' || dead === 'unwritten' ? found === dead : found?.socket === dead.socket;
  if (!same) await link(aside, path).catch(() => undefined);
  else if (dead !== 'unwritten' && process.platform !== 'win32') {
    await rm(dead.socket, { force: true }).catch(() => undefined);
  }
  await rm(aside, { force: true });
}

/** Whom the lock file names; undefined when there is none. */
async function readHolder(path: string): Promise<Holder | 'unwritten' | undefined> {
  try {
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof json !== 'object' || json === null) return 'unwritten';
    const { pid, socket } = json as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof socket !== 'string') return 'unwritten';
    // What is removed with a stale lock must be a socket of ours, whatever the file says.
    return isSocketPath(socket) ? { pid, socket } : 'unwritten';
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) return 'unwritten';
    throw error;
  }
}

function alive(holder: Holder): Promise<boolean> {
  return new Promise((answer) => {
    const probe = connect(holder.socket);
    const settle = (living: boolean): void => {
      clearTimeout(timer);
      probe.destroy();
      answer(living);
    };
    // Neither accepted nor refused: somebody listens, and is very busy.
    const timer = setTimeout(() => {
      settle(true);
    }, PROBE_MS);
    probe.once('connect', () => {
      settle(true);
    });
    probe.once('error', (error) => {
      // EACCES: it lives, as another user's. EAGAIN: it lives, and its backlog is full.
      settle(['EACCES', 'EPERM', 'EAGAIN'].includes(systemCode(error)));
    });
  });
}

/** A socket that says nothing: to connect is the whole message. */
function listen(socket: string): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', fail);
    server.listen(socket, () => {
      // The lock alone must not keep a process alive that has nothing else to do.
      server.unref();
      server.off('error', fail);
      server.on('error', () => undefined);
      done(server);
    });
  });
}

/**
 * A socket under a name nobody else uses: in the folder, or where socket paths are short enough.
 */
async function openSocket(folder: string): Promise<{ server: Server; path: string }> {
  const tag = toHex(randomBytes(8));
  if (process.platform === 'win32') {
    const pipe = `\\\\.\\pipe\\flotilla-lock-${tag}`;
    return { server: await listen(pipe), path: pipe };
  }
  const inside = join(resolve(folder), `lock-${tag}.sock`);
  const outside = join(tmpdir(), `flotilla-lock-${tag}.sock`);
  if (utf8(inside).length <= SOCKET_PATH_MAX) {
    try {
      return { server: await listen(inside), path: inside };
    } catch (error) {
      // A network or USB file system that knows no sockets.
      if (!NO_SOCKETS.has(systemCode(error))) throw error;
    }
  }
  return { server: await listen(outside), path: outside };
}

/** Sockets in the folder of processes that died before they had the lock, or while they had it. */
async function removeDeadSockets(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const socket = join(resolve(folder), name);
    if (!isSocketPath(socket) || (await alive({ pid: 0, socket }))) continue;
    await rm(socket, { force: true });
  }
}

function isSocketPath(path: string): boolean {
  return /[\\/](flotilla-)?lock-[0-9a-f]{16}(\.sock)?$/.test(path);
}

function inUse(path: string, holder: Holder): UserError {
  const who = `process ${String(holder.pid)}`;
  return new UserError(
    'state-in-use',
    `Another daemon (${who}) is using this state; its lock is ${path}.`,
    'Stop it with `flotilla down`, or name another folder with --state DIR.',
  );
}
