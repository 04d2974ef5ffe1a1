/** Carrying out a plan, and undoing it: no file is changed or removed that was not written here. */

import { dirname } from 'node:path/posix';
import { UserError } from '../../../base/errors.ts';
import { resolvers } from './find.ts';
import type { Machine } from './machine.ts';
import {
  fileNameOf,
  FOLDER_MARK,
  isMarked,
  MARK,
  type Command,
  type Facts,
  type Plan,
  type PlannedFile,
  type Resolver,
  type ResolverName,
} from './plan.ts';

/** How systemctl ends when it knows no such unit (man 1 systemctl, exit status). */
const NO_SUCH_UNIT = 5;

/** What was done. */
export interface Done {
  /** Files written, or removed. */
  readonly files: readonly string[];
  readonly ran: readonly Command[];
  readonly notes: readonly string[];
}

/**
 * Does what a plan says. When the resolver does not take it, everything is as it was before, and
 * the resolver's own words are in the `UserError` that is thrown.
 */
export async function carryOut(plan: Plan, machine: Machine): Promise<Done> {
  const before = new Map<string, string | undefined>();
  for (const { path } of plan.files) before.set(path, await readOurs(path, machine));
  const ran: Command[] = [];
  const notes = [...plan.notes];
  const runAll = async (commands: readonly Command[]): Promise<void> => {
    for (const command of commands) {
      const note = await runOrRefuse(command, machine);
      if (note === undefined) ran.push(command);
      else notes.push(note);
    }
  };
  let isTold = false;
  try {
    for (const file of plan.files) await write(file, before.get(file.path), machine);
    await runAll(plan.checks);
    isTold = true;
    await runAll(plan.apply);
  } catch (error) {
    await restore(before, machine);
    // It may have stopped over the file: let it start again without.
    if (isTold && plan.files.length > 0) for (const one of plan.apply) await machine.run(one);
    throw error;
  }
  return { files: plan.files.map(({ path }) => path), ran, notes };
}

/** A file of ours and what it belongs to. */
export interface Trace {
  readonly resolver: ResolverName;
  readonly path: string;
  readonly text: string;
}

/** All files on this machine that were written here; of one zone, or of all. */
export async function findTraces(
  among: readonly Resolver[],
  zone: string | undefined,
  machine: Machine,
): Promise<readonly Trace[]> {
  const traces: Trace[] = [];
  for (const { name: resolver, folders, mayBeOurs } of among) {
    for (const folder of folders) {
      for (const name of (await machine.list(folder)) ?? []) {
        if (!mayBeOurs(name) || (zone !== undefined && !isOfZone(name, zone))) continue;
        const path = `${folder}/${name}`;
        // What can't be read, a folder for instance, was not written here.
        const text = await machine.read(path).catch(() => undefined);
        if (text !== undefined && isMarked(text)) traces.push({ resolver, path, text });
      }
    }
  }
  return traces;
}

/**
 * Removes files of ours, with the folders made for them, and lets their resolvers forget; `rules`
 * remove what is in no file.
 */
export async function removeTraces(
  traces: readonly Trace[],
  facts: Facts,
  machine: Machine,
  rules: readonly Command[] = [],
): Promise<Done> {
  const ran: Command[] = [];
  const notes: string[] = [];
  for (const trace of traces) await removeTrace(trace, machine);
  for (const command of rules) {
    const note = await runOrRefuse(command, machine);
    if (note === undefined) ran.push(command);
    else notes.push(note);
  }
  for (const command of forgetting(traces, facts)) {
    const { code, output } = await machine.run(command);
    if (code === 0) ran.push(command);
    else notes.push(`\`${command[0]}\` did not make the resolver forget: ${firstLine(output)}`);
  }
  return { files: traces.map(({ path }) => path), ran, notes };
}

/** Each resolver whose files are gone, once. */
function forgetting(traces: readonly Trace[], facts: Facts): readonly Command[] {
  return Object.values(resolvers).flatMap(({ name, forget }) => {
    const own = traces.filter(({ resolver }) => resolver === name);
    const folders = [...new Set(own.map(({ path }) => dirname(path)))];
    return folders.length === 0 ? [] : forget(facts, folders, undefined);
  });
}

/** The text there is, if we may replace it. Throws `UserError` for a file of somebody else's. */
async function readOurs(path: string, machine: Machine): Promise<string | undefined> {
  const text = await machine.read(path);
  if (text === undefined || isMarked(text)) return text;
  throw new UserError(
    'dns-file-not-ours',
    `${path} is there, and flotilla did not write it.`,
    'Move it away, or take its place over yourself: `--print` shows what would be written.',
  );
}

async function write(
  { path, text }: PlannedFile,
  before: string | undefined,
  machine: Machine,
): Promise<void> {
  const folder = dirname(path);
  const isNew = (await machine.list(folder)) === undefined;
  if (isNew) await machine.makeFolder(folder);
  const withFolder = isNew || isFolderOurs(before);
  await machine.write(path, withFolder ? text.replace(MARK, `${MARK}\n${FOLDER_MARK}`) : text);
}

async function restore(
  before: ReadonlyMap<string, string | undefined>,
  machine: Machine,
): Promise<void> {
  for (const [path, text] of before) {
    if (text !== undefined) {
      await machine.write(path, text);
      continue;
    }
    const written = await machine.read(path);
    if (written !== undefined) await removeTrace({ path, text: written }, machine);
  }
}

async function removeTrace(
  { path, text }: Pick<Trace, 'path' | 'text'>,
  machine: Machine,
): Promise<void> {
  await machine.remove(path);
  if (isFolderOurs(text)) await machine.removeFolder(dirname(path));
}

function isFolderOurs(text: string | undefined): boolean {
  return text?.split('\n')[1] === FOLDER_MARK;
}

/** A note when the program is not there; throws `UserError` with its words when it failed. */
async function runOrRefuse(command: Command, machine: Machine): Promise<string | undefined> {
  const { code, output } = await machine.run(command);
  if (code === 0) return undefined;
  const words = command.join(' ');
  if (code === 'absent') return `There is no \`${command[0]}\` here; nobody ran \`${words}\`.`;
  if (command[0] === 'systemctl' && code === NO_SUCH_UNIT) {
    return `systemd knows no service ${command.at(-1) ?? ''}: restart the resolver yourself.`;
  }
  throw new UserError(
    'dns-resolver-refused',
    `The resolver did not take it, and all is as before. \`${words}\` said: ${firstLine(output)}`,
    'Its log may say more; `--print` shows what was tried.',
  );
}

function firstLine(output: string): string {
  return output.split('\n')[0] ?? '';
}

function isOfZone(name: string, zone: string): boolean {
  return name === zone || name.replace(/\.(conf|dns-delegate)$/, '') === fileNameOf(zone, '');
}
