/**
 * A node's v1 side, whole: machine, host, port, users and files. Loaded only by nodes that have
 * v1 peers or serve them.
 */

import { readFile } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { setImmediate as immediate } from 'node:timers/promises';
import { address, formatAddress } from '../../base/address.ts';
import { UserError } from '../../base/errors.ts';
import type { V1Command, V1Reply } from '../../v1/commands.ts';
import { DEFAULT_PATH } from '../../v1/config.ts';
import type { StoredV1 } from '../../v1/document.ts';
import type { V1Event } from '../../v1/events.ts';
import type { ClusterFacts } from '../../v1/io.ts';
import { V1Machine } from '../../v1/machine.ts';
import { readOriginal, writeOriginal } from '../../v1/original.ts';
import type { V1CallResult, V1Imported, V1StatusView, V1Typed } from '../../v1/status.ts';
import type { V1PeerView } from '../../v1/view.ts';
import type { LogLine } from '../options.ts';
import { misanswered } from '../refusals.ts';
import type { Wait } from '../results.ts';
import { typedAddresses } from '../typed.ts';
import { checkCertificate, makePair, type CertificatePair } from './certificate.ts';
import { ConfiguredPeers } from './configured.ts';
import { V1Host } from './host.ts';
import { Keeper } from './keeper.ts';
import type { CheckedV1 } from './options.ts';
import { checkPath } from './path.ts';
import { pinOfCertificate } from './pinned-agent.ts';
import { refusal, unknownPeer } from './refusals.ts';
import { readUsers, Users } from './users.ts';

/** The files of a node's v1 side. */
export type V1FileName = 'v1' | 'v1-users' | 'v1-certificate';

/** The part of the state folder that is used; see `Store`. */
export interface V1Files {
  loadFile<T>(name: V1FileName, parse: (body: unknown) => T | undefined): Promise<T | undefined>;
  saveFile(name: V1FileName, body: unknown): Promise<void>;
}

/** What a service is made of. */
export interface V1ServiceOptions {
  /** The name of a node that none was stored for. */
  readonly name: string;
  readonly checked: CheckedV1;
  readonly files: V1Files;
  readonly log: (line: LogLine) => void;
  readonly onEvent: (event: V1Event) => void;
  readonly onViewChanged: () => void;
  readonly onBroken: (error: Error) => void;
}

/** One run of a machine; an import of another name begins the next. */
interface Run {
  readonly machine: V1Machine;
  readonly host: V1Host;
  readonly keeper: Keeper;
}

/** The v1 side of a node. */
export class V1Service {
  readonly #options: V1ServiceOptions;
  readonly #users: Users;
  readonly #certificate: CertificatePair | undefined;
  readonly #configured: ConfiguredPeers | undefined;
  #run: Run;
  #port: number | undefined;
  #facts: ClusterFacts | undefined;

  private constructor(
    options: V1ServiceOptions,
    stored: StoredV1 | undefined,
    users: Users,
    certificate: CertificatePair | undefined,
  ) {
    this.#options = options;
    this.#users = users;
    this.#certificate = certificate;
    this.#run = this.#newRun(stored);
    const { checked, log } = options;
    const command = (wish: V1Command): Promise<V1Reply> => this.#run.host.command(wish);
    const entries = checked.peers;
    this.#configured = entries && new ConfiguredPeers({ entries, command, log });
  }

  /** Reads the files and serves. Throws `UserError` state-… and v1-…; leaves nothing open. */
  static async open(options: V1ServiceOptions): Promise<V1Service> {
    const { files, checked } = options;
    const stored = await files.loadFile('v1', (body) => V1Machine.readDocument(body));
    const users = new Users((await files.loadFile('v1-users', readUsers)) ?? []);
    const serves = checked.listen !== undefined && checked.https;
    const certificate = serves ? await certificateOf(checked, files) : undefined;
    const service = new V1Service(options, stored, users, certificate);
    try {
      await service.#begin();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  /** All peers as of now. */
  peers(): readonly V1PeerView[] {
    return this.#run.machine.peers(this.#run.host.now);
  }

  /** One peer as of now. */
  find(name: string): V1PeerView | undefined {
    return this.#run.machine.find(name, this.#run.host.now);
  }

  /** The v1 side as of now. */
  status(): V1StatusView {
    const { machine } = this.#run;
    const { interval, path, listen } = this.#options.checked;
    const at = address(listen?.host ?? '::', this.#port ?? 0);
    const pin = this.#certificate && pinOfCertificate(this.#certificate.cert);
    const serving =
      at === undefined || this.#port === undefined
        ? null
        : { address: formatAddress(at), path, https: pin !== undefined, pin: pin ?? null };
    const own = machine.own();
    return { name: machine.name, serving, intervalMs: interval, own, peers: this.peers() };
  }

  /** Tells what the v2 cluster knows. */
  cluster(facts: ClusterFacts): void {
    this.#facts = facts;
    this.#run.host.cluster(facts);
  }

  /** Puts a peer in and registers with it; a host name is looked up by the system. */
  async add(typed: V1Typed, wait?: Wait): Promise<V1CallResult> {
    const { name, path = DEFAULT_PATH, https = false, insecure = false, login } = typed;
    const [at] = await typedAddresses(typed.at);
    if (at === undefined) throw misanswered();
    const endpoint = { at, path: checkPath(path), https };
    await this.#command({ type: 'add-peer', peer: { name, endpoint, login, insecure } }, name);
    // The machine has begun to register; what is wanted here is to hear of it.
    const called = this.#addressed(name, login, wait);
    await Promise.all([this.#run.keeper.flush(), called]);
    return called;
  }

  #addressed(name: string, login: V1Typed['login'], wait?: Wait): Promise<V1CallResult> {
    if (login !== undefined) return this.#call({ type: 'register', name, login }, name, wait);
    const known = this.find(name)?.registeredOut === true;
    return known ? this.heartbeat(name, wait) : Promise.resolve(this.#result(name, 'not-callable'));
  }

  /** Removes a peer. */
  async remove(name: string): Promise<void> {
    await this.#command({ type: 'remove-peer', name }, name);
    await this.#run.keeper.flush();
  }

  /** Forgets a peer's certificate, and takes the one it shows now. */
  async trust(name: string, wait?: Wait): Promise<V1CallResult> {
    await this.#command({ type: 'trust-again', name }, name);
    await this.#run.keeper.flush();
    return this.heartbeat(name, wait);
  }

  /** One heartbeat, now. Of a lost peer the others are asked first, and then it itself. */
  async heartbeat(name: string, wait?: Wait): Promise<V1CallResult> {
    const first = await this.#call({ type: 'heartbeat', name }, name, wait);
    if (first.why !== 'orphan' && first.why !== 'not-found') return first;
    return this.#call({ type: 'heartbeat', name }, name, wait);
  }

  /** Tries addresses that the operator typed; a host name is looked up by the system. */
  async hint(name: string, text: string): Promise<void> {
    const [at] = await typedAddresses(text);
    if (at === undefined) return;
    const tried = this.#command({ type: 'try', name, at }, name);
    tried.catch(() => undefined);
    // A refusal comes at once; the answer is not waited for: `members` shows whether it was right.
    await Promise.race([tried, immediate()]);
  }

  /** Names of all users. */
  get users(): readonly string[] {
    return this.#users.names;
  }

  /** Adds a user, or gives one another password. */
  async addUser(name: string, password: string): Promise<void> {
    await this.#users.add(name, password);
    await this.#options.files.saveFile('v1-users', this.#users.stored);
  }

  /** Removes a user: it can't register any more. What it registered stays. */
  async removeUser(name: string): Promise<void> {
    this.#users.remove(name);
    await this.#options.files.saveFile('v1-users', this.#users.stored);
  }

  /** Takes in what a node of the original exported, its secrets too. */
  async import(json: unknown): Promise<V1Imported> {
    const original = readOriginal(json);
    if (typeof original === 'string') {
      throw new UserError(
        'v1-not-an-export',
        `That is no export of a v1 node: ${original}.`,
        'Give the JSON file that the other program wrote.',
      );
    }
    const { name, stored, skipped, interval } = original;
    if (name === this.#run.machine.name) {
      await this.#command({ type: 'import', peers: stored.peers }, name);
    } else {
      await this.#becomes(name, stored);
    }
    await this.#run.keeper.flush();
    return { name, peers: stored.peers.length, skipped, intervalMs: interval };
  }

  /** The JSON value that an original reads. It holds secrets. */
  export(): unknown {
    return writeOriginal(this.#run.machine.stored(), this.#options.checked.interval);
  }

  /** Ends it, with its newest state on disk. */
  async finish(): Promise<void> {
    this.#configured?.stop();
    await this.#run.keeper.finish();
    await this.#run.host.close();
  }

  /** Ends it without writing any more. */
  async stop(): Promise<void> {
    this.#configured?.stop();
    await this.#run.keeper.stop();
    await this.#run.host.close();
  }

  #newRun(stored: StoredV1 | undefined): Run {
    const { checked, name, files, onEvent, onViewChanged } = this.#options;
    const machine = new V1Machine({
      name: stored?.name ?? name,
      stored,
      settings: { interval: checked.interval, beat: true },
      // For choices and jitter only.
      seed: randomInt(2 ** 32),
    });
    const keeper = new Keeper({
      document: () => machine.document(),
      write: (document) => files.saveFile('v1', document),
      onTrouble: (error) => {
        this.#noteSaving(error);
      },
    });
    const { path, trustedProxies, authenticate } = checked;
    const host = new V1Host({
      machine,
      authenticate: authenticate ?? ((user, password) => this.#users.check(user, password)),
      ...{ path, trustedProxies, onEvent, onViewChanged },
      onSave: () => {
        keeper.ask();
      },
      write: () => {
        keeper.ask();
        return keeper.flush();
      },
      onBroken: (error) => {
        void keeper.stop();
        this.#options.onBroken(error);
      },
    });
    return { machine, host, keeper };
  }

  /** Serves, if it is to, and begins to call. */
  async #begin(): Promise<void> {
    const { listen } = this.#options.checked;
    const { host } = this.#run;
    if (listen !== undefined) {
      const port = this.#port ?? listen.port;
      this.#port = (await host.listen({ ...listen, port, tls: this.#certificate })).port;
    }
    // Before anybody is called: who was taken out of the config is not.
    const wanted = await this.#configured?.compare();
    host.start();
    if (wanted !== undefined) this.#configured?.add(wanted);
    if (this.#facts !== undefined) host.cluster(this.#facts);
  }

  /** Goes on under the name that the peers of an imported file know. */
  async #becomes(name: string, stored: StoredV1): Promise<void> {
    const { machine, host, keeper } = this.#run;
    if (machine.peers(host.now).length > 0) {
      throw new UserError(
        'v1-import-other-name',
        `The file is of ${JSON.stringify(name)}, and v1 peers know this node as ${machine.name}.`,
        'Import it on a node without v1 peers, or remove them first.',
      );
    }
    await keeper.stop();
    await host.close();
    this.#run = this.#newRun(stored);
    await this.#begin();
    this.#run.keeper.ask();
    this.#options.onViewChanged();
  }

  async #call(command: V1Command, name: string, wait?: Wait): Promise<V1CallResult> {
    const reply = await this.#command(command, name, wait);
    if (reply.type !== 'called') throw misanswered();
    return this.#result(name, reply.failed[0]?.why ?? null);
  }

  #result(name: string, why: V1CallResult['why']): V1CallResult {
    return { name, address: this.find(name)?.address ?? null, why };
  }

  async #command(command: V1Command, name: string, wait?: Wait): Promise<V1Reply> {
    const reply = await this.#run.host.command(command, wait);
    if (reply.type === 'unknown-peer') throw unknownPeer(reply.name);
    if (reply.type === 'refused') throw refusal(reply.reason, name);
    return reply;
  }

  #noteSaving(error: Error | undefined): void {
    const { log } = this.#options;
    if (error === undefined) {
      const message = 'The v1 peers are on disk again.';
      log({ level: 'info', code: 'saved-again', message });
    } else {
      const message = `The v1 peers can't be written, and are tried again: ${error.message}`;
      log({ level: 'error', code: 'save-failed', message });
    }
  }
}

/** The operator's certificate, or the one made here before, or a new one. */
async function certificateOf(checked: CheckedV1, files: V1Files): Promise<CertificatePair> {
  if (checked.files !== undefined) {
    const { cert, key } = checked.files;
    const pair = { cert: await readPem(cert), key: await readPem(key) };
    checkCertificate(pair, checked.files);
    return pair;
  }
  const kept = await files.loadFile('v1-certificate', readPair);
  if (kept !== undefined) return kept;
  const made = makePair();
  await files.saveFile('v1-certificate', made);
  return made;
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new UserError('v1-certificate-unreadable', `${path} can't be read: ${message}.`, '', {
      cause: error,
    });
  }
}

function readPair(body: unknown): CertificatePair | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { cert, key } = body as Record<string, unknown>;
  return typeof cert === 'string' && typeof key === 'string' ? { cert, key } : undefined;
}
