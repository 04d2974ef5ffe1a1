/** What a node is started with, checked before anything is touched. */

import { hostname } from 'node:os';
import { hasZone, parseIp } from '../base/address.ts';
import { UserError } from '../base/errors.ts';
import { parseName, type NodeName } from '../base/id.ts';
import { formatDuration, millis, minutes, type Duration } from '../base/time.ts';
import { INVITE_EXPIRY_MIN } from '../core/commands.ts';
import {
  BEAT_RANGE,
  DEFAULTS,
  INVITE_EXPIRY_MAX,
  INVITE_USES_MAX,
  type Settings,
} from '../core/config.ts';
import type { Input, Moment } from '../core/io.ts';
import { defaultStateFolder } from './folder.ts';
import { checkV1, VISIBLE_TAG, type CheckedV1, type V1Options } from './v1/options.ts';

/** The UDP and TCP port when none is given. IANA lists no service that is in use there. */
export const DEFAULT_PORT = 4117;

/** The name of a cluster founded without one. */
export const DEFAULT_CLUSTER = 'flotilla';

/** One line for the operator; `code` is kebab-case and stays the same, for scripts. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly code: string;
  readonly message: string;
}

/** How a {@link Flotilla} is started. Everything has a default. */
export interface FlotillaOptions {
  /** The state folder; default: the platform's usual place. */
  readonly state?: string;
  /** The wished name of this node, a DNS label; default: the host's name, made one. */
  readonly name?: string;
  /** The name of the cluster, if one is founded. */
  readonly cluster?: string;
  /**
   * The token to join a cluster with, or who reads it. What is wrong with it does not matter to a
   * node that has members around it already: a restarted service must not die of a used token.
   */
  readonly join?: string | (() => Promise<string | undefined>);
  /** UDP and TCP port 0–65535; 0 lets the system choose. */
  readonly port?: number;
  /** IP addresses to listen on; default: all of both families. */
  readonly bind?: readonly string[];
  /** Heartbeat's period in milliseconds, 100 to 3,600,000. */
  readonly beatMs?: number;
  readonly tags?: Readonly<Record<string, string>>;
  /** False: nothing is said to or heard from the LAN's multicast group. Default: true. */
  readonly lan?: boolean;
  /**
   * How v1 peers are served and called; `off`: not at all. Default: they are called, once there are
   * any, and not served.
   */
  readonly v1?: V1Options | 'off';
  readonly log?: (line: LogLine) => void;
  /** A rule of our own code broke and the node has stopped; without this the process ends. */
  readonly onFatal?: (error: Error) => void;
  /** Sees every input of the machine; for tests and the demo. */
  readonly observe?: (moment: Moment, input: Input) => void;
}

/** The options with their defaults, all valid. */
export interface CheckedOptions {
  readonly state: string;
  readonly name: NodeName;
  readonly cluster: string;
  readonly join: string | (() => Promise<string | undefined>) | undefined;
  readonly port: number;
  /** Canonical IP texts; undefined: every address of both families. */
  readonly bind: readonly string[] | undefined;
  readonly settings: Settings;
  readonly lan: boolean;
  /** Undefined: off. */
  readonly v1: CheckedV1 | undefined;
  readonly log: (line: LogLine) => void;
  readonly onFatal: (error: Error) => void;
  readonly observe: ((moment: Moment, input: Input) => void) | undefined;
}

/** Checks options and fills in the defaults; throws a `UserError` that names the bad one. */
export function checkOptions(options: FlotillaOptions): CheckedOptions {
  const beat = millis(options.beatMs ?? DEFAULTS.beat);
  const [shortest, longest] = BEAT_RANGE;
  if (!(beat >= shortest && beat <= longest)) {
    const range = `${formatDuration(shortest)} to ${formatDuration(longest)}`;
    throw new UserError(
      'beat-out-of-range',
      `The beat must be ${range}.`,
      'Leave it out for 600ms.',
    );
  }
  return {
    state: options.state ?? defaultStateFolder(),
    name: options.name === undefined ? defaultNodeName() : checkName(options.name),
    cluster: options.cluster === undefined ? DEFAULT_CLUSTER : checkName(options.cluster),
    join: options.join,
    port: checkPort(options.port ?? DEFAULT_PORT),
    bind: options.bind === undefined ? undefined : checkBind(options.bind),
    settings: { beat, tags: tagsOf(options) },
    lan: options.lan ?? true,
    v1: options.v1 === 'off' ? undefined : checkV1(options.v1 ?? {}),
    log: options.log ?? ((): void => undefined),
    onFatal: options.onFatal ?? endProcess,
    observe: options.observe,
  };
}

/** Consent to be shown to v1 peers is a tag, so that every member knows of it. */
function tagsOf({ tags = {}, v1 }: FlotillaOptions): Settings['tags'] {
  const visible = v1 !== 'off' && v1?.visible === true;
  const { key, value } = VISIBLE_TAG;
  return Object.entries(visible ? { ...tags, [key]: value } : tags);
}

/** The canonical text of each IP address to listen on, none twice; undefined for an empty list. */
export function checkBind(bind: readonly string[]): readonly string[] | undefined {
  const texts = bind.map((text) => {
    const parsed = parseIp(text.replace(/^\[(.*)\]$/, '$1'));
    if (parsed !== undefined) return parsed.ip;
    const why = hasZone(text)
      ? `An address to listen on must have no zone ID (it was ${text}).`
      : `An address to listen on must be an IP address (it was ${text}).`;
    throw new UserError('bind-not-an-address', why, 'Write it as 192.0.2.7 or 2001:db8::7.');
  });
  return texts.length === 0 ? undefined : [...new Set(texts)];
}

/** The host's name cut to a DNS label, or `node` when nothing of it can be kept. */
export function defaultNodeName(host: string = hostname()): NodeName {
  const [first = ''] = host.toLowerCase().split('.');
  const label = first.replace(/[^a-z0-9-]+/g, '-').slice(0, 63);
  return parseName(label.replace(/^-+|-+$/g, '')) ?? checkName('node');
}

/**
 * Refuses what no invite can be for: so many joiners, or so long; the bounds are the core's. It is
 * good for one joiner and a quarter of an hour, when nothing is said.
 */
export function checkInvite(
  uses = 1,
  expiresMs: number = minutes(15),
): { readonly uses: number; readonly expires: Duration } {
  if (!Number.isInteger(uses) || uses < 1 || uses > INVITE_USES_MAX) {
    throw new UserError(
      'uses-out-of-range',
      `An invite is for 1 to ${String(INVITE_USES_MAX)} joiners (not ${String(uses)}).`,
      'Leave it out for one.',
    );
  }
  if (!(expiresMs >= INVITE_EXPIRY_MIN && expiresMs <= INVITE_EXPIRY_MAX)) {
    const range = `${formatDuration(INVITE_EXPIRY_MIN)} to ${formatDuration(INVITE_EXPIRY_MAX)}`;
    throw new UserError(
      'expiry-out-of-range',
      `An invite lives for ${range} (not ${formatDuration(millis(expiresMs))}).`,
      'Leave it out for 15 minutes.',
    );
  }
  return { uses, expires: millis(expiresMs) };
}

function checkName(text: string): NodeName {
  const name = parseName(text);
  if (name !== undefined) return name;
  throw new UserError(
    'name-not-a-name',
    `A name must be 1 to 63 letters, digits and inner hyphens (it was ${JSON.stringify(text)}).`,
    'Take a name that could be a host name, such as attic.',
  );
}

function checkPort(port: number): number {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  const message = `A port must be a whole number from 0 to 65535 (it was ${String(port)}).`;
  throw new UserError('port-not-a-port', message, `Leave it out for ${String(DEFAULT_PORT)}.`);
}

/** An error nobody catches ends a Node process with its stack on stderr, which is what is meant. */
function endProcess(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
