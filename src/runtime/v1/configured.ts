/**
 * Peers that stand in the config. They are put in at each start, as far as their entries changed
 * since the last; host names are looked up in the background, for as long as it takes.
 */

import type { Address } from '../../base/address.ts';
import { UserError } from '../../base/errors.ts';
import type { V1Command, V1Reply } from '../../v1/commands.ts';
import type { LogLine } from '../options.ts';
import { misanswered } from '../refusals.ts';
import { typedAddresses } from '../typed.ts';
import type { ConfiguredPeer } from './config-entry.ts';
import { refusal } from './refusals.ts';

/** Milliseconds until a host name is looked up again, doubled up to the last. */
const AGAIN_MS = 5_000;
const AGAIN_MAX_MS = 300_000;

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
