/**
 * Where v1 peers meet the rest of the node: as members among the members, and the other way round
 * in what a v1 peer may learn of the cluster. The v1 side itself is loaded when it is first used.
 */

import { address, formatAddress, parseAddress, parseIp, scopeOf } from '../../base/address.ts';
import type { NodeId } from '../../base/id.ts';
import type {
  MembersDocument,
  MemberView,
  OwnAddressView,
  StatusDocument,
} from '../../core/view.ts';
import type { ClusterFacts } from '../../v1/io.ts';
import type { V1CallResult, V1Imported, V1StatusView, V1Typed } from '../../v1/status.ts';
import type { V1PeerView } from '../../v1/view.ts';
import type { LogLine } from '../options.ts';
import type { PingResult, Resolved, Wait } from '../results.ts';
import type { Views } from '../views.ts';
import type { Watchers } from '../watchers.ts';
import { VISIBLE_TAG, type CheckedV1 } from './options.ts';
import { unknownPeer, v1Off } from './refusals.ts';
import type { V1Files, V1Service } from './service.ts';

/** Before the name of a v1 peer it makes an ID, which no v2 member can have. */
export const V1_ID = 'v1:';

/** Milliseconds until a change in the cluster is told to the v1 side: changes come in bursts. */
const TELL_MS = 100;

/** What a bridge stands on. */
export interface BridgeOptions {
  /** `v1` undefined: `--v1 off`. */
  readonly options: { readonly v1: CheckedV1 | undefined; readonly log: (line: LogLine) => void };
  readonly files: V1Files & { has(name: 'v1'): Promise<boolean> };
  /** What the node shows without its v1 peers. */
  readonly views: Views;
  readonly watchers: Watchers;
  /** A rule of our own code broke. */
  readonly broken: (error: Error) => void;
}

/** The v1 peers of a node, as its operator steers them. */
export class V1Bridge {
  readonly #options: BridgeOptions;
  #service: V1Service | undefined;
  #opening: Promise<V1Service> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #told = '';
  /** Since when v1 peers see this node at an address; by `performance.now()`. */
  readonly #seenSince = new Map<string, number>();
  #closed = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /** Begins to serve and to call, if it was told to or has peers. Throws `UserError`. */
  async open(): Promise<void> {
    const { options, files } = this.#options;
    const checked = options.v1;
    if (checked === undefined) return;
    const { listen, peers = [] } = checked;
    if (listen !== undefined || peers.length > 0 || (await files.has('v1'))) await this.#use();
  }

  /** The v2 view may be another one now. */
  changed(): void {
    if (this.#service === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, TELL_MS);
    this.#timer.unref();
  }

  /** The IDs of the v1 peers. */
  ids(): readonly string[] {
    return this.#service?.peers().map(({ name }) => V1_ID + name) ?? [];
  }

  /** The members with the v1 peers among them; those of `of` alone, if it is given. */
  members(document: MembersDocument, of?: readonly string[]): MembersDocument {
    if (this.#service === undefined) return document;
    const [own] = this.#ownAddresses();
    const ours = document.members.map((member) => {
      const unseen = member.state === 'self' && member.address === null && own !== undefined;
      return unseen ? { ...member, address: own.address } : member;
    });
    return { ...document, members: [...ours, ...this.#peers(of).map(memberView)] };
  }

  #peers(of: readonly string[] | undefined): readonly V1PeerView[] {
    if (of === undefined) return this.#service?.peers() ?? [];
    return of.flatMap((id) => (id.startsWith(V1_ID) ? (this.#peer(id) ?? []) : []));
  }

  /** The v1 peer with this ID. */
  #peer(id: string): V1PeerView | undefined {
    return this.#service?.find(id.slice(V1_ID.length));
  }

  /** The status with its v1 part. Addresses that v1 peers saw count where no member voted (B3). */
  status(document: StatusDocument): StatusDocument & { readonly v1?: V1StatusView } {
    if (this.#service === undefined) return document;
    const { self, advice } = document;
    const v1 = this.#service.status();
    const addresses = self.addresses.length > 0 ? self.addresses : this.#ownAddresses();
    const lines = v1.peers.flatMap((peer) => adviceOn(peer));
    return { ...document, self: { ...self, addresses }, advice: [...advice, ...lines], v1 };
  }

  /** Where v1 peers see this node, with its own port; empty where members told that (B3). */
  seenAt(): readonly string[] {
    const { views } = this.#options;
    if (views.status().self.addresses.length > 0) return [];
    return this.#ownAddresses(views.port).map(({ address: text }) => text);
  }

  /** The v1 peer that a text means: `v1:NAME`, or its name alone. */
  find(text: string): V1PeerView | undefined {
    return (text.startsWith(V1_ID) ? this.#peer(text) : undefined) ?? this.#service?.find(text);
  }

  /** Where a v1 peer is. */
  resolve(peer: V1PeerView): Resolved {
    const { id, name, state, proof, address: seen } = memberView(peer);
    const { ip, port } = peer;
    // Where its calls come from nobody serves.
    const at = port === null ? null : seen;
    const family = ip === null ? null : (parseIp(ip)?.family ?? null);
    const unproven = proof === 'none' && this.#options.options.v1?.unproven === true;
    return { id, name, state, proof, address: at, ip, port, family, unproven };
  }

  /** One heartbeat. */
  async ping(peer: V1PeerView, wait?: Wait): Promise<PingResult> {
    const { why } = await (await this.#use()).heartbeat(peer.name, wait);
    const after = this.find(V1_ID + peer.name) ?? peer;
    if (why !== null || after.address === null) return { type: 'no-answer', tried: 1, why };
    const roundTripMs = after.rttMs ?? 0;
    return { type: 'pong', address: after.address, path: null, roundTripMs };
  }

  /** Says where a v1 peer may be. */
  async hint(peer: V1PeerView, at: string): Promise<void> {
    await (await this.#use()).hint(peer.name, at);
  }

  /** Puts a peer in, or changes where and how it is called, and registers with it. */
  async add(typed: V1Typed, wait?: Wait): Promise<V1CallResult> {
    return (await this.#use()).add(typed, wait);
  }

  /** Removes a peer: it is called no more, and its codes are refused. */
  async remove(name: string): Promise<void> {
    await (await this.#use()).remove(this.#peerName(name));
  }

  /** Takes the certificate that a peer shows now for the one to be pinned. */
  async trust(name: string, wait?: Wait): Promise<V1CallResult> {
    return (await this.#use()).trust(this.#peerName(name), wait);
  }

  /** The users that peers can register as. */
  async users(): Promise<readonly string[]> {
    return (await this.#use()).users;
  }

  /** Adds a user, or gives one another password. */
  async addUser(name: string, password: string): Promise<void> {
    await (await this.#use()).addUser(name, password);
  }

  /** Removes a user; what it registered stays. */
  async removeUser(name: string): Promise<void> {
    await (await this.#use()).removeUser(name);
  }

  /** Takes in what a node of the original exported. */
  async import(json: unknown): Promise<V1Imported> {
    return (await this.#use()).import(json);
  }

  /** What a node of the original reads. It holds secrets. */
  async export(): Promise<unknown> {
    return (await this.#use()).export();
  }

  /** Ends it, with its newest state on disk. */
  async finish(): Promise<void> {
    const service = await this.#end();
    await service?.finish();
  }

  /** Ends it without writing any more. */
  async stop(): Promise<void> {
    const service = await this.#end();
    await service?.stop();
  }

  async #end(): Promise<V1Service | undefined> {
    this.#closed = true;
    clearTimeout(this.#timer);
    return this.#opening?.catch(() => undefined);
  }

  /** The v1 side, loaded if need be. Throws `UserError` v1-off. */
  async #use(): Promise<V1Service> {
    if (this.#service !== undefined) return this.#service;
    const checked = this.#options.options.v1;
    if (checked === undefined || this.#closed) throw v1Off();
    this.#opening ??= this.#load(checked);
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #load(checked: CheckedV1): Promise<V1Service> {
    const { V1Service } = await import('./service.ts');
    const { options, files, views, watchers, broken } = this.#options;
    this.#service = await V1Service.open({
      ...{ name: views.name, checked, files, log: options.log },
      onEvent: (event) => {
        watchers.tell(event);
      },
      onViewChanged: () => {
        watchers.viewChanged(this.ids());
      },
      onBroken: broken,
    });
    this.#tell();
    watchers.viewChanged();
    return this.#service;
  }

  #tell(): void {
    const { views } = this.#options;
    const facts = factsOf(views.members(), views.status());
    const text = JSON.stringify(facts);
    if (this.#closed || text === this.#told) return;
    this.#told = text;
    this.#service?.cluster(facts);
  }

  /** Whole milliseconds for which v1 peers have seen this node there. */
  #seenFor(ip: string): number {
    const now = performance.now();
    const since = this.#seenSince.get(ip) ?? now;
    this.#seenSince.set(ip, since);
    return Math.round(now - since);
  }

  #peerName(text: string): string {
    const found = this.find(text);
    if (found === undefined) throw unknownPeer(text);
    return found.name;
  }

  /** Where v1 peers see this node, with the port it serves them on, or its own. */
  #ownAddresses(wanted?: number): readonly OwnAddressView[] {
    const v1 = this.#service?.status();
    if (v1 === undefined) return [];
    const served = /\d+$/.exec(v1.serving?.address ?? '')?.[0];
    const port = wanted ?? (served === undefined ? this.#options.views.port : Number(served));
    const seenAt = [v1.own.public, v1.own.private];
    for (const ip of this.#seenSince.keys()) {
      if (!seenAt.some((seen) => seen?.ip === ip)) this.#seenSince.delete(ip);
    }
    return seenAt.flatMap((seen) => {
      // Without a vote it is what was known at the last start.
      const at = seen === null || seen.voters === 0 ? undefined : address(seen.ip, port);
      if (seen === null || at === undefined) return [];
      const { votes, voters } = seen;
      const place = { address: formatAddress(at), family: at.family, scope: scopeOf(at) };
      return [{ ...place, votes, voters, sinceMs: this.#seenFor(at.ip) }];
    });
  }
}

/** A v1 peer as a member; one that only calls is where its calls come from. */
function memberView(peer: V1PeerView): MemberView {
  const { name, state, proof, provenMs, rttMs, lastHeardMs, addressSinceMs, moves } = peer;
  return {
    ...{ id: `${V1_ID}${name}` as NodeId, name, state, protocol: 1 },
    address: parseAddress(peer.address ?? '') === undefined ? null : peer.address,
    ...{ proof, provenMs, path: null, rttMs, lastHeardMs, addressSinceMs, moves, tags: {} },
  };
}

/** What v1 peers may learn: own addresses, and the members that allow it and were seen lately. */
function factsOf({ members }: MembersDocument, { self }: StatusDocument): ClusterFacts {
  const own = self.addresses.flatMap(({ address: text, family }) => {
    const ip = hostOf(text);
    return ip === undefined ? [] : [{ family, ip }];
  });
  const visible = members.flatMap(({ name, state, proof, tags, address: text }) => {
    const allowed = tags[VISIBLE_TAG.key] === VISIBLE_TAG.value;
    const known = ['alive', 'suspect'].includes(state) && ['direct', 'vouched'].includes(proof);
    const ip = text === null ? undefined : hostOf(text);
    return allowed && known && ip !== undefined ? [{ name, ip }] : [];
  });
  return { own, visible };
}

function hostOf(text: string): string | undefined {
  return parseIp(text.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'))?.ip;
}

/** What an operator should see to. */
function adviceOn({ name, problem, configured }: V1PeerView): readonly string[] {
  const again = configured
    ? 'in the config, and start the daemon again'
    : `with: flotilla v1 add ${name} --at HOST:PORT --user U`;
  switch (problem) {
    case null:
      return [];
    case 'credentials-withheld':
      return [
        `${name} (v1) asks for the password again, but was not seen at its address lately; if it ` +
          `is there: flotilla hint ${name} HOST:PORT`,
      ];
    case 'credentials-refused':
      return [
        `${name} (v1) does not take the user name and password; give the right ones ${again}`,
      ];
    case 'no-login':
      return [`${name} (v1) wants this node to register, and no login is known; give one ${again}`];
    case 'certificate':
      return [
        `${name} (v1) shows another certificate than before; if its operator changed it: ` +
          `flotilla v1 trust ${name}`,
      ];
  }
}
