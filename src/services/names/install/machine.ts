/** What an installation touches of the machine, so that tests can give it another one. */

// The one place where a resolver is told to read its files again, as the operator asked for.
// eslint-disable-next-line no-restricted-imports -- no resolver notices by itself
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import type { Command } from './plan.ts';

/** How a program ended; `absent` when there is none of that name. */
export interface Outcome {
  readonly code: number | 'absent';
  /** What it printed, both streams, without white space around. */
  readonly output: string;
}

/** Files and programs. What fails rejects with the system's error. */
export interface Machine {
  /** As `process.platform` names it. */
  readonly platform: string;
  /** A file's text; undefined when there is none. */
  readonly read: (path: string) => Promise<string | undefined>;
  /** The names in a folder; undefined when there is none. */
  readonly list: (folder: string) => Promise<readonly string[] | undefined>;
  /** Makes or replaces a file, which is whole at any time. */
  readonly write: (path: string, text: string) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
  readonly makeFolder: (folder: string) => Promise<void>;
  /** Removes a folder if nothing is in it. */
  readonly removeFolder: (folder: string) => Promise<void>;
  /** Runs a program to its end, at most for {@link RUN_MAX_MS}; never rejects. */
  readonly run: (command: Command) => Promise<Outcome>;
}

/** A service that restarts may take a while; one that hangs should not hold us. In ms. */
const RUN_MAX_MS = 60_000;
/** Output kept of a program, in octets: enough for what it complains of. */
const OUTPUT_MAX = 65_536;
/** Everybody may read where a zone is asked. */
const FILE_MODE = 0o644;

const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

/** The machine that this runs on. */
export const thisMachine: Machine = {
  platform: process.platform,
  read: (path) => unlessAbsent(readFile(path, 'utf8')),
  list: (folder) => unlessAbsent(readdir(folder)),
  write: writeWhole,
  remove: (path) => rm(path, { force: true }),
  makeFolder: async (folder) => {
    await mkdir(folder, { recursive: true });
  },
  removeFolder: async (folder) => {
    await rmdir(folder).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
    });
  },
  run,
};

/** Beside the old one, then over it. A resolver reads no file whose name begins with a dot. */
async function writeWhole(path: string, text: string): Promise<void> {
  const at = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1;
  const draft = `${path.slice(0, at)}.${path.slice(at)}.${String(process.pid)}.tmp`;
  try {
    await writeFile(draft, text, { mode: FILE_MODE, flag: 'wx', flush: true });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

function run([program, ...args]: Command): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { timeout: RUN_MAX_MS, maxBuffer: OUTPUT_MAX, windowsHide: true };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const output = `${stdout}${stderr}`.trim();
      const absent = ABSENT.has(codeOf(error));
      if (absent) resolve({ code: 'absent', output });
      else resolve({ code: error === null ? 0 : (child.exitCode ?? 1), output });
    });
    child.stdin?.end();
  });
}

async function unlessAbsent<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (ABSENT.has(codeOf(error))) return undefined;
    throw error;
  }
}

/** The system's name of an error, such as `ENOENT`. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
