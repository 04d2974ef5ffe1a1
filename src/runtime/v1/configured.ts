/**
 * Peers that stand in the config. They are put in at each start, as far as their entries changed
 * since the last; host names are looked up in the background, for as long as it takes.
 */

import type { Address } from '../../base/address.ts';
import { readHostPort } from '../../base/host-port.ts';
import { UserError } from '../../base/errors.ts';
import { isLogin, isName } from '../../v1/codec.ts';
import type { NewPeer, V1Command, V1Reply } from '../../v1/commands.ts';
import { DEFAULT_PATH, PEERS_MAX } from '../../v1/config.ts';
import type { V1Typed } from '../../v1/status.ts';
import type { LogLine } from '../options.ts';
import { misanswered } from '../refusals.ts';
import { typedAddresses } from '../typed.ts';
import { checkPath } from './path.ts';
import { refusal } from './refusals.ts';

/** Milliseconds until a host name is looked up again, doubled up to the last. */
const AGAIN_MS = 5_000;
const AGAIN_MAX_MS = 300_000;

/** An entry, checked. */
export interface ConfiguredPeer {
  /** All but where it is, which may be a host name. */
  readonly peer: Omit<NewPeer, 'endpoint'>;
  readonly at: string;
  readonly path: string;
  readonly https: boolean;
  /** The entry in one text, without the password. */
  readonly said: string;
}

/** Checks entries; throws a `UserError` that says what is wrong with which. */
export function checkPeers(entries: readonly V1Typed[]): readonly ConfiguredPeer[] {
  if (entries.length > PEERS_MAX) throw refusal('too-many-peers', '');
  const checked = entries.map(checkPeer);
  const names = new Set<string>();
  for (const { peer } of checked) {
    if (names.has(peer.name)) throw twice(peer.name);
    names.add(peer.name);
  }
  return checked;
}

function checkPeer(entry: V1Typed): ConfiguredPeer {
  const { name, at, path = DEFAULT_PATH, https = false, insecure = false, login } = entry;
  if (!isName(name)) throw refusal('name-invalid', name);
  const read = readHostPort(at);
  if (read.type === 'wrong') {
    const message = `Node ${name} of protocol 1: ${read.quote} is no address: ${read.why}.`;
    throw new UserError('address-not-an-address', message, 'Write it as 192.0.2.7:8290.');
  }
  if (login !== undefined && !isLogin(login)) throw refusal('login-invalid', name);
  if (login !== undefined && !https && !insecure) throw refusal('insecure-http', name);
  const said = JSON.stringify([at, checkPath(path), https, insecure, login?.username ?? null]);
  return { peer: { name, login, insecure }, at, path, https, said };
}

function twice(name: string): UserError {
  const message = `The node ${name} of protocol 1 is there twice.`;
  return new UserError('v1-peer-twice', message, 'Leave one of the two out.');
}

/** What the peers are put into. */
export interface ConfiguredOptions {
  readonly entries: readonly ConfiguredPeer[];
  readonly command: (command: V1Command) => Promise<V1Reply>;
  readonly log: (line: LogLine) => void;
  /** Addresses behind a typed `HOST:PORT`; by default the operating system looks names up. */
  readonly lookUp?: (at: string) => Promise<readonly Address[]>;
}

/** The peers of one config. */
export class ConfiguredPeers {
  readonly #options: ConfiguredOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(options: ConfiguredOptions) {
    this.#options = options;
  }

  /** Removes those that are there no more, and gives entries that are new, or changed. */
  async compare(): Promise<readonly ConfiguredPeer[]> {
    const { entries, command } = this.#options;
    const reply = await command({
      type: 'configured',
      entries: entries.map(({ peer: { name, login }, said }) => ({ name, said, login })),
    });
    if (reply.type !== 'wanted') throw misanswered();
    return entries.filter(({ peer }) => reply.names.includes(peer.name));
  }

  /** Puts them in as soon as their addresses are known; says what can't be done. */
  add(wanted: readonly ConfiguredPeer[]): void {
    this.#warn();
    for (const one of wanted) void this.#add(one, AGAIN_MS);
  }

  /** Looks nothing up any more. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** At each start: who set this up may have left long ago. */
  #warn(): void {
    const open = this.#options.entries.filter(({ https, peer }) => peer.login && !https);
    if (open.length === 0) return;
    const names = open.map(({ peer }) => peer.name).join(', ');
    this.#options.log({
      ...{ level: 'warn', code: 'v1-insecure-http' },
      message:
        `Passwords go over plain HTTP to ${names}: whoever can listen on the way gets them, can ` +
        'register as those nodes or as this one, and read and forge all that is said',
    });
  }

  async #add(one: ConfiguredPeer, againMs: number): Promise<void> {
    const { lookUp = typedAddresses, command, log } = this.#options;
    const { peer, path, https, said } = one;
    try {
      const [at] = await lookUp(one.at);
      if (this.#stopped || at === undefined) return;
      const endpoint = { at, path, https };
      const reply = await command({ type: 'add-peer', peer: { ...peer, endpoint }, said });
      if (reply.type === 'refused') throw refusal(reply.reason, peer.name);
    } catch (error) {
      if (this.#stopped || !(error instanceof UserError) || error.code === 'closed') return;
      const { code, message } = error;
      if (code !== 'address-unresolved') {
        return log({ level: 'error', code, message: `${peer.name} is not called: ${message}` });
      }
      // Machines often start before their network does.
      if (againMs === AGAIN_MS) {
        const tried = `${message} It is tried again until it works.`;
        log({ level: 'warn', code, message: `${peer.name} is not called yet: ${tried}` });
      }
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        void this.#add(one, Math.min(2 * againMs, AGAIN_MAX_MS));
      }, againMs).unref();
      this.#timers.add(timer);
    }
  }
}
