/** The library's face: a node of a cluster, as an object. */

import { formatAddress } from '../base/address.ts';
import type { NodeId } from '../base/id.ts';
import type { TagChange } from '../core/commands.ts';
import type { Node } from '../core/node.ts';
import type { MembersDocument, StatusDocument } from '../core/view.ts';
import type { Identity } from '../crypto/identity.ts';
import type { V1StatusView } from '../v1/status.ts';
import type { V1PeerView } from '../v1/view.ts';
import type { Token } from '../wire/token.ts';
import { isLoopback } from './beacon.ts';
import {
  alreadyMember,
  beginNode,
  join,
  lanOf,
  leaves,
  makeNode,
  nameOf,
  type Beginning,
} from './begin.ts';
import { findMember, resolveIn } from './find.ts';
import { Joining } from './joining.ts';
import { Life, stopped } from './life.ts';
import { linkContext } from './links.ts';
import {
  checkBind,
  checkInvite,
  checkOptions,
  type CheckedOptions,
  type FlotillaOptions,
} from './options.ts';
import { Ports } from './ports.ts';
import { misanswered, unknownName } from './refusals.ts';
import type { Invited, InviteOptions, PingResult, Resolved, Wait } from './results.ts';
import { Roster } from './roster.ts';
import { Store } from './store.ts';
import { readToken } from './token.ts';
import { typedAddresses } from './typed.ts';
import { V1Bridge } from './v1/bridge.ts';
import { Views } from './views.ts';
import { Watchers, type FlotillaEvent } from './watchers.ts';

/** Milliseconds that closing waits for the disk; the contract allows two seconds in all. */
const CLOSE_MS = 1500;

/** A running node. Made by {@link Flotilla.start}; what an operator can mend is a `UserError`. */
export class Flotilla implements AsyncDisposable {
  /** The nodes of protocol 1 that this one speaks with. */
  readonly v1: V1Bridge;
  /** The members one by one. */
  readonly roster: Roster;
  readonly #options: CheckedOptions;
  readonly #store: Store;
  readonly #identity: Identity;
  readonly #ports: Ports;
  readonly #watchers: Watchers;
  readonly #closed: Promise<void>;
  #settleClosed: () => void = () => undefined;
  #node: Node;
  #life: Life;
  readonly #joining = new Joining();
  readonly #views: Views;
  #closing: Promise<void> | undefined;
  #released = false;
  /** A rule of our own code broke, in either machine. */
  readonly #broken = (error: Error): void => {
    void this.#joining.end();
    this.#closing ??= this.#release();
    this.#options.onFatal(error);
  };

  private constructor(parts: Parts) {
    this.#options = parts.options;
    this.#store = parts.store;
    this.#identity = parts.identity;
    this.#ports = parts.ports;
    this.#node = parts.node;
    this.#watchers = new Watchers(() => this.members());
    this.#closed = new Promise((settle) => (this.#settleClosed = settle));
    this.#life = this.#newLife();
    this.#views = new Views(() => this.#node, this.#ports);
    const { store: files, options } = parts;
    const [views, watchers, broken] = [this.#views, this.#watchers, this.#broken];
    this.v1 = new V1Bridge({ options, files, views, watchers, broken });
    this.roster = new Roster(views, this.v1, watchers);
  }

  /**
   * Starts a node on its state folder: founds a cluster or joins one when the folder is empty.
   * Rejects with a `UserError` and leaves nothing open; the signal gives up a join.
   */
  static async start(options: FlotillaOptions = {}, wait?: Wait): Promise<Flotilla> {
    const checked = checkOptions(options);
    const store = await Store.open(checked.state);
    let ports: Ports | undefined;
    try {
      const state = await store.load();
      let running = undefined as Flotilla | undefined;
      ports = new Ports({
        context: linkContext(state.identity.seed),
        // What arrives before the node is there is lost, like anything on a network.
        deliver: (input) => {
          if (running !== undefined) running.#life.take(input);
        },
        lan: checked.lan,
        note: (message) => {
          checked.log({ level: 'info', code: 'family-missing', message });
        },
      });
      // Before anything is joined: a port that is taken must not cost an invite.
      await ports.open(checked.bind, checked.port);
      const node = await beginNode(store, state, checked, wait);
      const { identity } = state;
      const flotilla = new Flotilla({ options: checked, store, identity, ports, node });
      await flotilla.v1.open();
      running = flotilla;
      flotilla.#life.take({ type: 'start' });
      return flotilla;
    } catch (error) {
      ports?.close();
      await store.close();
      throw error;
    }
  }

  /** The state folder. */
  get stateFolder(): string {
    return this.#store.folder;
  }

  /** This node's ID. */
  get id(): NodeId {
    return this.#node.id;
  }

  /** This node's name, as the cluster shows it. */
  get name(): string {
    return this.#node.name;
  }

  /** The cluster's name. */
  get clusterName(): string {
    return this.#node.clusterName;
  }

  /** Members of the cluster, this node included. */
  get memberCount(): number {
    return this.#node.memberCount;
  }

  /** The UDP and TCP port. */
  get port(): number {
    return this.#ports.port;
  }

  /** Settles when the node has stopped, whatever stopped it; never rejects. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /**
   * Joins another cluster, leaving one of which this node is the only member. With a token of its
   * own cluster nothing happens (`already`).
   */
  async join(token: string, wait?: Wait): Promise<{ cluster: string; already: boolean }> {
    if (this.#closing !== undefined) throw stopped();
    const invite = readToken(token);
    if (!leaves(this.#node, invite, this.#options.log)) {
      return { cluster: this.clusterName, already: true };
    }
    await this.#joining.run((signal) => this.#join(invite, signal), wait);
    return { cluster: this.clusterName, already: false };
  }

  /**
   * Makes an invite; `at` are the addresses the joiner tries, by default this node's voted ones, or
   * where v1 peers see it when no member told any.
   */
  async invite(options: InviteOptions = {}): Promise<Invited> {
    const { at: typed = [] } = options;
    const { uses, expires } = checkInvite(options.uses, options.expiresMs);
    const seen = typed.length > 0 ? [] : this.v1.seenAt();
    const at = [...typed, ...seen];
    const command = { type: 'invite', at, uses, expires } as const;
    const reply = await this.#life.command(command);
    if (reply.type !== 'invited') throw misanswered();
    const lan = lanOf(this.#options).some((place) => !isLoopback(place));
    return { token: reply.token, at: reply.at, lan, byV1: seen.length > 0 };
  }

  /** All members as of now, v1 peers included. */
  members(): MembersDocument {
    return this.v1.members(this.#views.members());
  }

  /** This node as of now; with `v1` while it speaks with v1 peers. */
  status(): StatusDocument & { readonly v1?: V1StatusView } {
    return this.v1.status(this.#views.status());
  }

  /**
   * Where a member is; undefined when no member is called so. A member's name goes before a v1
   * peer's, whom `v1:NAME` finds then. Throws name-ambiguous.
   */
  resolve(nameOrId: string): Resolved | undefined {
    const id = findMember(this.#node, nameOrId);
    if (id !== undefined) return resolveIn(this.roster.members([id]), id);
    const peer = this.v1.find(nameOrId);
    return peer && this.v1.resolve(peer);
  }

  /** Asks a member to answer, over its present path or any. Throws name-unknown, name-ambiguous. */
  async ping(nameOrId: string, wait?: Wait): Promise<PingResult> {
    const member = this.#find(nameOrId);
    if (typeof member === 'object') return this.v1.ping(member, wait);
    const reply = await this.#life.command({ type: 'ping', member }, wait);
    switch (reply.type) {
      case 'pong': {
        const address = formatAddress(reply.address);
        return { type: 'pong', address, path: reply.path, roundTripMs: reply.roundTrip };
      }
      case 'no-answer':
        return reply;
      default:
        throw misanswered();
    }
  }

  /** Says where a member may be found; a host name is looked up by the system. */
  async hint(nameOrId: string, address: string): Promise<void> {
    const member = this.#find(nameOrId);
    if (typeof member === 'object') return this.v1.hint(member, address);
    for (const one of await typedAddresses(address)) {
      await this.#life.command({ type: 'hint', member, address: one });
    }
  }

  /** Sets tags of this node, or takes them off. */
  async tag(changes: readonly TagChange[]): Promise<void> {
    await this.#life.command({ type: 'tag', changes });
  }

  /** Leaves the cluster for good: tells the others, removes the state and closes. */
  async leave(): Promise<void> {
    // What a join brings would be stored after the state was removed.
    await this.#joining.leave(() => this.#life.command({ type: 'leave' }));
    await Promise.all([this.#life.stop(), this.v1.stop()]);
    try {
      await this.#store.forget();
    } finally {
      await this.close();
    }
  }

  events(options?: Wait): AsyncIterable<FlotillaEvent>;
  events(options: Wait & { members: true }): AsyncIterable<FlotillaEvent | MembersDocument>;
  /**
   * What happens from now on. With `members` the whole members document comes at once and whenever
   * it changes, at most every 50 ms. A reader 1,024 items behind loses the oldest.
   */
  events(
    options: Wait & { members?: boolean } = {},
  ): AsyncIterable<FlotillaEvent | MembersDocument> {
    return this.#watchers.watch(options.members === true, options.signal);
  }

  /**
   * Stops the node within two seconds, its state on disk if the disk takes it. A join under way
   * fails with `closed`; if it was admitted already, the node wakes up in the new cluster.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** As {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Moves the node's sockets to other addresses of this machine, as a change of networks would; the
   * machine isn't told. For the demo. The old sockets stay bound and silent until released, or with
   * `release` are closed first, so that two nodes can swap places.
   */
  async swapSockets(
    bind: readonly string[],
    port: number = this.port,
    { release = false }: { release?: boolean } = {},
  ): Promise<void> {
    await this.#ports.swap(checkBind(bind) ?? [], port, release);
  }

  /** Closes the silent sockets that `swapSockets` left behind. */
  releaseVacated(): void {
    this.#ports.releaseVacated();
  }

  /** From the dialling to the new life; whoever closes the node meanwhile is waited for. */
  async #join(token: Token, signal: AbortSignal): Promise<void> {
    const name = nameOf(this.#node, this.#options.name);
    const lan = lanOf(this.#options);
    const beginning = await join(
      { identity: this.#identity, token, name, lan },
      this.#options.log,
      { signal },
    );
    // Somebody may have come to this cluster meanwhile, and would be left without a word.
    if (this.#node.memberCount > 1) throw alreadyMember(this.#node);
    await this.#beginAnew(beginning);
  }

  /** Another life on the same sockets. Nobody else knows of the old one: it was alone. */
  async #beginAnew(beginning: Beginning): Promise<void> {
    await this.#life.stop();
    if (this.#released) throw stopped();
    let saved = true;
    try {
      await this.#store.saveAll(beginning.cluster, beginning.book);
    } catch {
      // The admission holds; the new life says what is wrong with the disk and goes on trying.
      saved = false;
    }
    // The admission is on disk for the next start, but this node's time is over.
    if (this.#closing !== undefined) throw stopped();
    this.#ports.reset();
    this.#node = makeNode(this.#identity, beginning, this.#options.settings);
    this.#life = this.#newLife();
    this.#life.take({ type: 'start' });
    if (!saved) this.#life.saveAll();
    this.#watchers.viewChanged();
  }

  async #close(): Promise<void> {
    const late = new Promise<never>((_, fail) => {
      setTimeout(fail, CLOSE_MS, new Error('the disk took too long')).unref();
    });
    try {
      await Promise.race([this.#finish(), late]);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const message = `The newest state is not on disk: ${why}`;
      this.#options.log({ level: 'error', code: 'save-failed', message });
    }
    await this.#release();
  }

  /** The join first: what it stores is newer than what the life it ended had to say. */
  async #finish(): Promise<void> {
    await this.#joining.end();
    await Promise.all([this.#life.finish(), this.v1.finish()]);
  }

  async #release(): Promise<void> {
    this.#released = true;
    this.#ports.close();
    await this.v1.stop();
    this.#watchers.close();
    await this.#store.close();
    this.#settleClosed();
  }

  #newLife(): Life {
    return new Life({
      machine: this.#node,
      ports: this.#ports,
      store: this.#store,
      log: this.#options.log,
      observe: this.#options.observe,
      onEvent: (event) => {
        this.#watchers.tell(event);
      },
      onViewChanged: (of) => {
        this.#watchers.viewChanged(of);
        this.v1.changed();
      },
      onBroken: this.#broken,
    });
  }

  /** A member's ID, or the v1 peer of that name. */
  #find(nameOrId: string): NodeId | V1PeerView {
    const found = findMember(this.#node, nameOrId) ?? this.v1.find(nameOrId);
    if (found !== undefined) return found;
    throw unknownName(nameOrId);
  }
}

/** What a facade is made of. */
interface Parts {
  readonly options: CheckedOptions;
  readonly store: Store;
  readonly identity: Identity;
  readonly ports: Ports;
  readonly node: Node;
}
