/**
 * What split DNS is: one zone is asked of the daemon, everything else goes where it went before.
 * Each resolver has a file beside this one that says, as data, what to write where and what to run;
 * `carry-out.ts` does it.
 */

import { UserError } from '../../../base/errors.ts';

/** The resolvers that can be told of a zone. */
export const RESOLVERS = ['systemd-resolved', 'macos', 'windows', 'dnsmasq', 'unbound'] as const;

/** One of {@link RESOLVERS}. */
export type ResolverName = (typeof RESOLVERS)[number];

/** The zone, without a dot at its end, and where the daemon answers for it. */
export interface Target {
  readonly zone: string;
  readonly ip: string;
  readonly port: number;
}

/** A program with its arguments; no shell reads it. */
export type Command = readonly [program: string, ...args: string[]];

/** A file that is written whole. Its text begins with a {@link MARK}. */
export interface PlannedFile {
  readonly path: string;
  readonly text: string;
}

/** What an installation does, in this order. */
export interface Plan {
  readonly resolver: ResolverName;
  readonly files: readonly PlannedFile[];
  /** Says whether the resolver takes the files; when one fails, they are taken back. */
  readonly checks: readonly Command[];
  /** Makes the resolver read them. */
  readonly apply: readonly Command[];
  /** What else an operator should know or do. */
  readonly notes: readonly string[];
}

/** What the plans need to know of the machine. */
export interface Facts {
  /** As `process.platform` names it. */
  readonly platform: string;
  /** The folders of all resolvers that exist. */
  readonly folders: readonly string[];
  /** Texts of the files that say who is asked, and who reads what, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Whether systemd runs this machine, and its version; 0 when that is not known. */
  readonly systemd: { readonly runs: boolean; readonly version: number };
}

/** How a resolver is told of a zone, and how it is told to forget. */
export interface Resolver {
  readonly name: ResolverName;
  /** Throws `UserError` when this resolver can't be told on this machine. */
  readonly plan: (target: Target, facts: Facts) => Plan;
  /** Folders where a file of ours may be. */
  readonly folders: readonly string[];
  /** Whether a file of that name there may be ours; its first line says whether it is. */
  readonly mayBeOurs: (name: string) => boolean;
  /** Makes the resolver forget, once the files in these folders are gone; all zones, or one. */
  readonly forget: (
    facts: Facts,
    folders: readonly string[],
    zone: string | undefined,
  ) => readonly Command[];
}

/** The first line of each file that is written here. What has no such line is nobody's but ours. */
export const MARK = '# Written by `flotilla dns install`; `flotilla dns uninstall` removes it.';

/** The second line, where the folder was made for the file and goes with it. */
export const FOLDER_MARK = '# Its folder was made for it.';

/** A text with the mark before it, each line ended. */
export function marked(...lines: readonly string[]): string {
  return [MARK, ...lines].map((line) => `${line}\n`).join('');
}

/** Whether a file's text says that it was written here. */
export function isMarked(text: string): boolean {
  return text.startsWith(`${MARK}\n`);
}

/** Names of files in folders that a resolver shares with others; a zone is a safe file name. */
export function fileNameOf(zone: string, ending: string): string {
  return `flotilla-${zone}${ending}`;
}

/** Makes a service that runs read its files; nothing where systemd does not start services. */
export function reload(service: string, { systemd }: Facts): readonly Command[] {
  return systemd.runs ? [['systemctl', 'try-reload-or-restart', service]] : [];
}

/** The same for a service that reads its settings at the start alone. */
export function restart(service: string, { systemd }: Facts): readonly Command[] {
  return systemd.runs ? [['systemctl', 'try-restart', service]] : [];
}

/** What to do by hand where no systemd does it. */
export function restartNote(program: string, { systemd }: Facts): readonly string[] {
  return systemd.runs ? [] : [`Restart ${program}: nothing here knows how services are run.`];
}

/** The first of a resolver's folders that exists. Throws `UserError` when none does. */
export function folderFor(
  program: string,
  folders: readonly string[],
  { folders: existing }: Facts,
): string {
  const folder = folders.find((one) => existing.includes(one));
  if (folder !== undefined) return folder;
  throw new UserError(
    'dns-resolver-missing',
    `${program} reads no folder that is on this machine: there is no ${folders.join(', no ')}.`,
    'Install it, or name another one with --resolver; `--print` changes nothing.',
  );
}
