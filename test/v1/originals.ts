/** Scripted originals for tests: in this process, each on a loopback address of its own. */
import { onTestFinished } from 'vitest';
import { Arrivals } from '../real/waiting.ts';

/** A peer as the script takes it; `original.mjs` says what each means. */
export interface OriginalPeer {
  readonly name: string;
  readonly ip?: string;
  readonly port: number;
  readonly path?: string;
  readonly https?: boolean;
  readonly username?: string;
  readonly password?: string;
}

/** How an original is set up; what is left out has the original's default. */
export interface OriginalOptions {
  readonly name: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly users?: Readonly<Record<string, string>>;
  /** In seconds; fractions are for tests. */
  readonly interval?: number;
  readonly clockOffsetMs?: number;
  readonly verbal?: boolean;
  readonly source?: string;
  readonly peers?: readonly OriginalPeer[];
  readonly beat?: boolean;
  readonly patienceMs?: number;
  readonly restore?: unknown;
}

/** What an original shows of one peer. */
export interface PeerShown {
  readonly name: string;
  readonly ip: string;
  readonly retries: number;
  readonly reflected: string;
  readonly registered: { readonly out: boolean; readonly in: boolean };
  /** Heartbeats that were answered well. */
  readonly answers: number;
  /** Secrets it was given there. */
  readonly registrations: number;
}

/** All that an original shows, now or in a line it told. */
export interface OriginalShown {
  readonly name: string;
  readonly own: string;
  readonly peers: readonly PeerShown[];
}

/** A line it told. */
export type Told =
  | { readonly event: 'ready'; readonly name: string; readonly port: number }
  | ({ readonly event: 'view'; readonly atMs: number } & OriginalShown)
  | { readonly event: 'self'; readonly own: string }
  | { readonly event: 'reply'; readonly id: unknown; readonly result?: unknown };

/** What it may be told to lie about. */
export interface Lies {
  readonly reflection?: string;
  readonly sync?: string;
  readonly status?: number;
  readonly body?: string;
}

/** The script's class, as far as tests use it. */
export interface Original {
  readonly port: number;
  /** Requests it was sent. */
  readonly calls: number;
  lies: Lies;
  /** Told of each request's operation. */
  onRequest: (operation: string) => void;
  view(): OriginalShown;
  add(peer: OriginalPeer): void;
  /** What others sign with, by their names. */
  readonly secrets: Map<string, string>;
  start(): Promise<void>;
  close(): Promise<void>;
  move(ip: string): Promise<void>;
  cycle(): Promise<void>;
  obey(command: Readonly<Record<string, unknown>>): Promise<unknown>;
}

interface Script {
  readonly Original: new (options: OriginalOptions, tell: (line: Told) => void) => Original;
}
interface Words {
  readonly codeAt: (secret: string, ms: number) => string;
  readonly goJson: (fields: Readonly<Record<string, string>>) => string;
}

// Plain JavaScript, so that stock Node runs it on the nodes of the lab.
const at = (file: string): string => new URL(file, import.meta.url).href;
const script = (await import(at('original.mjs'))) as Script;

/** The script's own codes and JSON, which know nothing of ours. */
export const { codeAt, goJson } = (await import(at('original-words.mjs'))) as Words;

/** One that runs, and what it told so far. */
export interface Running {
  readonly original: Original;
  readonly told: Arrivals<Told>;
  /** What it shows as soon as that fits. */
  shows(fits: (shown: OriginalShown) => boolean): Promise<OriginalShown>;
}

/** Starts an original; it ends with the test. */
export async function startOriginal(options: OriginalOptions): Promise<Running> {
  const told = new Arrivals<Told>();
  const original = new script.Original(options, told.add);
  await original.start();
  onTestFinished(() => original.close());
  const shows = async (fits: (shown: OriginalShown) => boolean): Promise<OriginalShown> => {
    const shown = original.view();
    if (fits(shown)) return shown;
    const past = told.all.length;
    const line = await told.first(
      (each) => each.event === 'view' && told.all.indexOf(each) >= past && fits(each),
    );
    return line as OriginalShown & Told;
  };
  return { original, told, shows };
}

/** What it shows of the peer of that name; throws when there is none. */
export function shownOf(shown: OriginalShown, name: string): PeerShown {
  const peer = shown.peers.find((each) => each.name === name);
  if (peer === undefined) throw new Error(`${shown.name} has no peer named ${name}`);
  return peer;
}
