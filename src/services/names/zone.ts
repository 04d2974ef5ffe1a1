/**
 * The zone of a cluster, made of the members' view and nothing else: which names there are, and
 * the records of each. It knows no clock: the ages come with the view.
 */

import type { MemberView, MembersDocument } from '../../core/view.ts';
import { addressRecord, hostOf, recordsOf, tagNames } from './hosts.ts';
import type { Host, ZoneSettings } from './hosts.ts';
import { hostLabel, isWithin, keyLabels, nameKey, reversedIp, reverseKey } from './labels.ts';
import { Owners } from './owners.ts';
import { dataText, TTL_S, type RecordData } from './rr.ts';

/** Records of one type under one name, at most: a message over TCP has room for twice as many. */
export const RECORDS_MAX = 1_000;

/** Members with one address that are looked at when another one comes there. */
const BESIDE_MAX = 16;

/** The key of the label that tags are named under. */
const TAG = '\x03tag';

/** What there is under a name. No records: the name exists, for what is below it or was here. */
export interface Name {
  readonly records: readonly RecordData[];
  /** The key of the zone it belongs to, whose SOA record tells that there is no more. */
  readonly apex: string;
}

/** A record as text, such as `attic.home.internal.` `A` `192.0.2.7`. */
export interface ZoneRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data: string;
}

/** The zone, kept up to date from view to view. Names are found by their keys, see labels.ts. */
export class Zone {
  readonly settings: ZoneSettings;
  /** The key of the zone's own name. */
  readonly apex: string;
  readonly #hosts = new Map<string, Host>();
  /** By name, by `VALUE.KEY` of a tag, by IP address. */
  readonly #named = new Owners();
  readonly #tagged = new Owners();
  readonly #reverse = new Owners();
  /** Names that exist only because of the names below them (RFC 8020), and how many these are. */
  readonly #branches = new Map<string, number>();
  #touched = new Set<string>();
  /** IDs that are labels. */
  #ids = 0;
  #serial = 0;
  #primary = '';

  /** `settings.name` is one that `parseZoneName` gave. */
  constructor(settings: ZoneSettings) {
    this.settings = settings;
    this.apex = nameKey(settings.name) ?? '';
  }

  /** Counts the updates that changed something, from 1. */
  get serial(): number {
    return this.#serial;
  }

  /** Names that have records, IDs and reverse names among them. */
  get size(): number {
    return 1 + this.#named.size + this.#ids + this.#tagged.size + this.#reverse.size;
  }

  /** How many members it holds; none that left. */
  get held(): number {
    return this.#hosts.size;
  }

  /** Takes a newer view of all; the keys of the names under which something changed. */
  update(view: MembersDocument): ReadonlySet<string> {
    return this.#change(() => {
      this.#retain(new Set(view.members.map(({ id }) => id)));
      this.#takeAll(view);
    });
  }

  /** Takes a newer view of some, and who is gone. As {@link update}. */
  take(some: MembersDocument, gone: readonly string[] = []): ReadonlySet<string> {
    return this.#change(() => {
      for (const id of gone) this.#drop(id);
      this.#takeAll(some);
    });
  }

  /** Others at the addresses of these: a few for each, since a whole house may have one address. */
  beside(ids: Iterable<string>): readonly string[] {
    const others = new Set<string>();
    for (const id of ids) {
      const ip = this.#hosts.get(id)?.ip;
      const there = ip === undefined ? [] : this.#reverse.at(ip).slice(0, BESIDE_MAX);
      for (const host of there) if (host.id !== id) others.add(host.id);
    }
    return [...others];
  }

  /** Drops all but these. As {@link update}. */
  retain(ids: ReadonlySet<string>): ReadonlySet<string> {
    return this.#change(() => {
      this.#retain(ids);
    });
  }

  /** What there is under a key; undefined when there is no such name. */
  find(key: string): Name | undefined {
    if (key === this.apex) return { records: this.#own(), apex: key };
    const records = this.#recordsAt(key);
    if (records !== undefined) return { records, apex: this.apex };
    const ip = reversedIp(key);
    if (ip === undefined || !this.#reverse.has(ip)) return undefined;
    return { records: this.#pointers(this.#reverse.at(ip)), apex: key };
  }

  /** Whether this is the zone's name or one below it, be there such a name or not. */
  covers(key: string): boolean {
    return isWithin(key, this.apex);
  }

  /** The record that ends a negative answer (RFC 2308 §3). */
  soa(): RecordData {
    const primary = this.#primary;
    const mailbox = `hostmaster.${this.settings.name}`;
    return { type: 'SOA', primary, mailbox, serial: this.#serial };
  }

  /** All names that have records, with what they have; the zone's own name first. */
  *names(): Generator<readonly [key: string, name: Name]> {
    for (const key of this.#keys()) {
      const name = this.find(key);
      if (name !== undefined) yield [key, name];
    }
  }

  *#keys(): Generator<string> {
    yield this.apex;
    for (const host of this.#hosts.values()) {
      yield* labelsOf(host).map((label) => this.#below(label) ?? this.apex);
    }
    for (const name of this.#tagged.keys()) yield this.#below(`${name}.tag`) ?? this.apex;
    for (const ip of this.#reverse.keys()) yield reverseKey(ip);
  }

  #change(apply: () => void): ReadonlySet<string> {
    const touched = new Set<string>();
    this.#touched = touched;
    apply();
    if (touched.size > 0) this.#serial = (this.#serial + 1) >>> 0;
    return touched;
  }

  #takeAll(view: MembersDocument): void {
    for (const member of view.members) {
      // Gone at once, with all its names.
      if (member.state === 'left') this.#drop(member.id);
      else this.#take(member);
    }
    const primary = this.#primaryOf(view);
    if (primary !== this.#primary) this.#touch(this.apex);
    this.#primary = primary;
  }

  #take(member: MemberView): void {
    const old = this.#hosts.get(member.id);
    const host = hostOf(member, this.settings, old);
    if (host === old) return;
    if (old !== undefined) this.#withdraw(old);
    this.#hosts.set(member.id, host);
    this.#present(host);
  }

  #retain(ids: ReadonlySet<string>): void {
    for (const id of this.#hosts.keys()) if (!ids.has(id)) this.#drop(id);
  }

  #drop(id: string): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    this.#hosts.delete(id);
    this.#withdraw(host);
  }

  #present(host: Host): void {
    const label = hostLabel(host.name);
    if (hostLabel(host.id) !== undefined) this.#ids += 1;
    if (label !== undefined) this.#named.add(label, host);
    if (host.ip !== undefined) this.#reverse.add(host.ip, host);
    for (const tag of tagNames(host)) {
      if (!this.#tagged.has(tag)) this.#grow(tag, 1);
      this.#tagged.add(tag, host);
    }
    this.#touchAll(host);
  }

  #withdraw(host: Host): void {
    this.#touchAll(host);
    const label = hostLabel(host.name);
    if (hostLabel(host.id) !== undefined) this.#ids -= 1;
    if (label !== undefined) this.#named.remove(label, host);
    if (host.ip !== undefined) this.#reverse.remove(host.ip, host);
    for (const tag of tagNames(host)) {
      this.#tagged.remove(tag, host);
      if (!this.#tagged.has(tag)) this.#grow(tag, -1);
    }
  }

  #touchAll(host: Host): void {
    for (const label of labelsOf(host)) this.#touch(this.#below(label));
    for (const tag of tagNames(host)) this.#touch(this.#below(`${tag}.tag`));
    // Whose name it is decides where reverse names lead too.
    for (const { ip } of [host, ...this.#named.at(hostLabel(host.name) ?? '')]) {
      if (ip !== undefined) this.#touch(reverseKey(ip));
    }
  }

  /** Counts a name below `KEY.tag` and below `tag` more or less. */
  #grow(tag: string, by: 1 | -1): void {
    for (const name of [`${tag.slice(tag.indexOf('.') + 1)}.tag`, 'tag']) {
      const key = this.#below(name);
      if (key === undefined) continue;
      const count = (this.#branches.get(key) ?? 0) + by;
      if (count > 0) this.#branches.set(key, count);
      else this.#branches.delete(key);
      this.#touch(key);
    }
  }

  /** Undefined when the whole would be too long for a name; such names are left out. */
  #below(name: string): string | undefined {
    return nameKey(`${name}.${this.settings.name}`);
  }

  #touch(key: string | undefined): void {
    if (key !== undefined) this.#touched.add(key);
  }

  /** The records of the zone itself. */
  #own(): readonly RecordData[] {
    return [this.soa(), { type: 'NS', name: this.#primary }];
  }

  #recordsAt(key: string): readonly RecordData[] | undefined {
    if (!isWithin(key, this.apex)) return undefined;
    const below = key.slice(0, key.length - this.apex.length);
    if (below.charCodeAt(0) + 1 === below.length) {
      const host = this.#hostCalled(below.slice(1));
      if (host !== undefined) return recordsOf(host);
    } else if (below.endsWith(TAG)) {
      const tag = keyText(below.slice(0, -TAG.length));
      // A dot inside a label reads like two labels.
      const hosts = below === nameKey(`${tag}.tag`) ? this.#tagged.at(tag) : [];
      if (hosts.length > 0) return addressesOf(hosts);
    }
    return this.#branches.has(key) ? [] : undefined;
  }

  /**
   * Who goes by a label: who has it for an ID, then a node of protocol 2, then the lower ID, so
   * that it never hangs on who came first. Only v1 peers can clash; the names of members are unique
   * (core/names.ts).
   */
  #hostCalled(label: string): Host | undefined {
    const owner = this.#hosts.get(label);
    if (owner !== undefined) return owner;
    let best: Host | undefined;
    for (const host of this.#named.at(label)) {
      if (best === undefined || goesBefore(host, best)) best = host;
    }
    return best;
  }

  /** A host that another one has the name of has only its ID. */
  #pointers(hosts: readonly Host[]): readonly RecordData[] {
    return hosts
      .flatMap((host) => {
        const own = labelsOf(host).filter((label) => this.#hostCalled(label) === host);
        return own[0] ?? [];
      })
      .slice(0, RECORDS_MAX)
      .map((label) => ({ type: 'PTR', name: `${label}.${this.settings.name}` }));
  }

  /** This node's own name in the zone: a name server that every asker can find. */
  #primaryOf(view: MembersDocument): string {
    const self = this.#hosts.get(view.self)?.name ?? view.self;
    return `${self}.${this.settings.name}`;
  }
}

function goesBefore(one: Host, other: Host): boolean {
  return one.protocol === other.protocol ? one.id < other.id : one.protocol === 2;
}

/** Its name and its ID, as far as they are labels: those of v1 peers are not all. */
function labelsOf({ name, id }: Host): readonly string[] {
  const labels = [name, id].flatMap((text) => hostLabel(text) ?? []);
  return [...new Set(labels)];
}

/** Where many have one name those who are lost would only be in the way. */
function addressesOf(hosts: readonly Host[]): readonly RecordData[] {
  const here = hosts.filter(({ ip, lost }) => ip !== undefined && !lost);
  const ips = (here.length > 0 ? here : hosts).flatMap(({ ip }) => ip ?? []);
  return [...new Set(ips)].slice(0, RECORDS_MAX).map(addressRecord);
}

/** What `ANY` gets: that nobody lists all (RFC 8482 §4.2). */
export const ANY_DATA: RecordData = { type: 'HINFO', cpu: 'RFC8482', os: '' };

/** A record with its name, as text. */
export function recordText(name: string, data: RecordData): ZoneRecord {
  return { name: `${name}.`, type: data.type, ttl: TTL_S, data: dataText(data) };
}

/** The dotted text of a key. */
export function keyText(key: string): string {
  return keyLabels(key).join('.');
}
