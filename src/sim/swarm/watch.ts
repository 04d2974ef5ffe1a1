/**
 * What must hold after every step of every honest machine, besides what checkers.ts looks at: no
 * counter used twice, no member that is none, no silence that removes, no map or burst without end.
 */

import { toHex, type Bytes } from '../../base/bytes.ts';
import type { NodeId } from '../../base/id.ts';
import type { Instant } from '../../base/time.ts';
import type { Effect } from '../../core/io.ts';
import type { MembersDocument } from '../../core/view.ts';
import type { Message } from '../../wire/message.ts';
import { PACKET_TYPES } from '../../wire/packet.ts';
import { drawsLittle, type Finding } from '../checkers.ts';
import { Failure } from '../failure.ts';
import type { VirtualHost } from '../host.ts';
import { sizeOf } from '../network.ts';
import type { Stage } from '../stage.ts';
import { census, withinBounds } from './census.ts';
import {
  AIMED_MAX,
  ALLOWANCE,
  ANSWERS_MAX,
  BURST_EACH,
  BURST_EXACT,
  FALSE_MAX,
  INVENTED_A_SECOND,
  INVENTED_MAX,
  KINDS,
  NEWS_MAX,
  RATE_MAX,
  SAME_ANSWERS_MAX,
  REPLAYED_LOST,
  ROUNDS_MAX,
  STRANGERS,
  TWINS_MAX,
} from './guards.ts';

/** Octets of a session datagram's header: index and counter. */
const HEADER = 9;
/** A machine is counted, and its view looked at, after each so many of its steps. */
const COUNT_EVERY = 16;
const LOOK_EVERY = 4;

/** Highest values met so far: what the guards are compared with. */
export interface Meters {
  burst: number;
  aimed: number;
  rate: number;
  /** Octets drawn for each sent, by stranger; and the most of each kind. */
  readonly drawn: Map<string, number>;
  rounds: number;
  /** Largest size met at each place. */
  readonly sizes: Map<string, number>;
}

/** What the watch has to know. */
export interface WatchFacts {
  readonly stage: Stage;
  /** What is sealed in a datagram of this world. */
  opened(bytes: Bytes): Message | undefined;
  /** Whether a rogue made this host up. */
  isInvented(ip: string): boolean;
  /** Whether a script has this machine's keys. */
  isRogue(host: VirtualHost): boolean;
  /** Who may be shown as gone. */
  mayBeGone(id: NodeId): boolean;
  /** Nothing is lost here and nobody is slow: rates are held to their limits. */
  readonly exact: boolean;
}

interface Memory {
  life: number;
  steps: number;
  /** In this life: whom it has shown, and as what. */
  readonly shown: Map<NodeId, 'there' | 'gone'>;
  second: number;
  sent: number;
  aimed: number;
  /** Messages in this second, by kind and host. */
  readonly kinds: Map<string, number>;
  /** Made up hosts that were asked in this second. */
  readonly invented: Set<string>;
  /** Since when two members are shown at one place. */
  twinsSince: Instant | undefined;
  /** Seconds in a row in which it claimed a host that was never its own. */
  false: number;
  /** When it began rounds. */
  readonly rounds: Instant[];
}

/** Looks at each step; ends the simulation with a {@link Failure} when a rule is broken. */
export class SwarmWatch {
  readonly meters: Meters = {
    burst: 0,
    aimed: 0,
    rate: 0,
    drawn: new Map(),
    rounds: 0,
    sizes: new Map(),
  };
  readonly #facts: WatchFacts;
  readonly #memory = new Map<VirtualHost, Memory>();
  readonly #headers = new Set<string>();
  /** How often each answer to a hello was given; the keys in it are of that hello alone. */
  readonly #answers = new Map<string, number>();
  readonly #victim: string;
  readonly #sentTo = new Map<string, number>();
  /** Octets that machines which are no rogues sent to each site. */
  readonly #drawn = new Map<string, number>();

  constructor(facts: WatchFacts, victim: string) {
    this.#facts = facts;
    this.#victim = victim;
    const { network, hosts } = facts.stage.world;
    network.tap((sender, datagram) => {
      const to = network.holder(datagram.to.ip)?.site;
      const from = hosts.find(({ site }) => site.site === sender);
      // A rogue answers whom it likes: that is nobody's fault but its own.
      if (to !== undefined && from !== undefined && !facts.isRogue(from)) {
        this.#drawn.set(to, (this.#drawn.get(to) ?? 0) + sizeOf(datagram));
      }
      return 'pass';
    });
  }

  look(host: VirtualHost, effects: readonly Effect[]): void {
    const { stage } = this.#facts;
    if (stage.world.exempt.has(host)) return;
    const memory = this.#of(host);
    memory.steps += 1;
    const finding =
      this.#sends(host, memory, effects) ??
      this.#events(memory, effects) ??
      (memory.steps % LOOK_EVERY === 0 ? this.#view(host, memory) : undefined) ??
      (memory.steps % COUNT_EVERY === 0 ? this.#count(host) : undefined);
    if (finding !== undefined) throw new Failure('safety', `${host.name}: ${finding}`);
  }

  /** Datagrams that honest machines sent to a host so far. */
  sentTo(ip: string): number {
    return this.#sentTo.get(ip) ?? 0;
  }

  /**
   * B3: what a node says of itself is true, or is mended within five seconds. To be asked once a
   * second.
   */
  claims(hosts: readonly VirtualHost[]): Finding {
    const { truth } = this.#facts.stage.world;
    for (const host of hosts) {
      const memory = this.#of(host);
      const ip = truth.falseClaim(host.id, host.site.site, true);
      memory.false = ip === undefined ? 0 : memory.false + 1;
      if (ip !== undefined && memory.false > FALSE_MAX) {
        return `${host.name}: B3: says for seconds that it is at ${ip}, where it never was`;
      }
    }
    return undefined;
  }

  /** Strangers drew little so far; to be asked now and then, and at the end. */
  strangers(sites: Iterable<string>): Finding {
    for (const site of sites) {
      const [start, strict] = STRANGERS.find(([one]) => site.startsWith(one)) ?? ['', undefined];
      if (strict === undefined) continue;
      const factor = start === 'replay-' && !this.#facts.exact ? REPLAYED_LOST : strict;
      const { sentBytes } = this.#facts.stage.world.network.trafficOf(site);
      const drawn = this.#drawn.get(site) ?? 0;
      const part = drawn / Math.max(1, sentBytes);
      if (sentBytes > ALLOWANCE) keepHighest(this.meters.drawn, site.replace(/-?\d.*/, ''), part);
      const allowed = factor === 0 ? 0 : ALLOWANCE;
      const traffic = { sentBytes, receivedBytes: drawn - allowed };
      const counted = { ...traffic, sentDatagrams: 0, receivedDatagrams: 0 };
      const finding = drawsLittle(site, counted, factor);
      if (finding !== undefined) return `B6: ${finding}`;
    }
    return undefined;
  }

  /** Nobody has been asking around since a time, when nothing has happened. */
  quiet(hosts: readonly VirtualHost[], since: Instant): Finding {
    for (const host of hosts) {
      const rounds = this.#of(host).rounds.filter((at) => at >= since).length;
      this.meters.rounds = Math.max(this.meters.rounds, rounds);
      if (rounds > ROUNDS_MAX) {
        return `${host.name}: B3: began ${String(rounds)} rounds when all was quiet`;
      }
    }
    return undefined;
  }

  #sends(host: VirtualHost, memory: Memory, effects: readonly Effect[]): Finding {
    const { exact, stage } = this.#facts;
    let burst = 0;
    for (const effect of effects) {
      if (effect.type !== 'send') continue;
      burst += 1;
      this.#sentTo.set(effect.to.ip, this.sentTo(effect.to.ip) + 1);
      if (effect.to.ip === this.#victim) memory.aimed += 1;
      if (effect.bytes[0] === PACKET_TYPES.answer) {
        const answer = `${host.name} ${toHex(effect.bytes)}`;
        const times = (this.#answers.get(answer) ?? 0) + 1;
        this.#answers.set(answer, times);
        if (times > SAME_ANSWERS_MAX) return `bounds: answered one hello ${String(times)} times`;
      }
      if (effect.bytes[0] !== PACKET_TYPES.session) continue;
      const header = `${host.name} ${toHex(effect.bytes.subarray(0, HEADER))}`;
      if (this.#headers.has(header)) return 'PROTOCOL §2.4: used a counter twice under one key';
      this.#headers.add(header);
    }
    memory.sent += burst;
    this.meters.burst = Math.max(this.meters.burst, burst);
    const most = exact ? BURST_EXACT : BURST_EACH * stage.hosts.length;
    if (burst > most) return `bounds: sent ${String(burst)} datagrams at once`;
    return this.#rates(memory) ?? (exact ? this.#kinds(memory, effects) : undefined);
  }

  /** How much of each kind, to whom. */
  #kinds(memory: Memory, effects: readonly Effect[]): Finding {
    const { kinds } = memory;
    const news = new Map<string, number>();
    const invented = new Set<string>();
    const more = (counts: Map<string, number>, key: string): number => {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      keepHighest(this.meters.drawn, key.split(' ')[0] ?? '', count);
      return count;
    };
    for (const effect of effects) {
      if (effect.type !== 'send') continue;
      const { to, bytes } = effect;
      if (this.#facts.isInvented(to.ip)) invented.add(to.ip);
      if (bytes[0] === PACKET_TYPES.answer && more(kinds, 'answer') > ANSWERS_MAX) {
        return `bounds: answered more than ${String(ANSWERS_MAX)} hellos in a second`;
      }
      const message = this.#facts.opened(bytes);
      if (message?.type === 'news' && more(news, `news ${to.ip}`) > NEWS_MAX) {
        return `bounds: sent more than ${String(NEWS_MAX)} datagrams of news at once`;
      }
      const most = KINDS[message?.type ?? ''];
      if (message === undefined || most === undefined) continue;
      const about = message.type === 'sought' ? message.target : '';
      if (more(kinds, `${message.type} ${to.ip} ${about}`) > most) {
        return `bounds: said ${message.type} more than ${String(most)} times in a second`;
      }
    }
    for (const ip of invented) memory.invented.add(ip);
    keepHighest(this.meters.drawn, 'invented', invented.size);
    keepHighest(this.meters.drawn, 'invented a second', memory.invented.size);
    if (invented.size > INVENTED_MAX) {
      return `bounds: asked ${String(invented.size)} addresses of one member at once`;
    }
    if (memory.invented.size <= INVENTED_A_SECOND) return undefined;
    return `bounds: asked ${String(memory.invented.size)} addresses of one member in a second`;
  }

  /** Counted by whole seconds; the one under way is judged, too. */
  #rates(memory: Memory): Finding {
    const second = Math.floor(this.#facts.stage.world.now / 1_000);
    if (second !== memory.second) {
      memory.second = second;
      memory.sent = 0;
      memory.aimed = 0;
      memory.kinds.clear();
      memory.invented.clear();
    }
    if (!this.#facts.exact) return undefined;
    this.meters.aimed = Math.max(this.meters.aimed, memory.aimed);
    this.meters.rate = Math.max(this.meters.rate, memory.sent);
    if (memory.aimed > AIMED_MAX) {
      return `R2: sent ${String(memory.aimed)} datagrams a second to a bystander`;
    }
    if (memory.sent > RATE_MAX) return `bounds: sent ${String(memory.sent)} datagrams a second`;
    return undefined;
  }

  #events(memory: Memory, effects: readonly Effect[]): Finding {
    const { stage } = this.#facts;
    for (const effect of effects) {
      if (effect.type !== 'event') continue;
      const { event } = effect;
      if (event.type === 'doubt') memory.rounds.push(stage.world.now);
      if (event.type !== 'fork') continue;
      const author = stage.hosts.find(({ id }) => id === event.id);
      const excused = author === undefined || author.wasResumed || stage.world.exempt.has(author);
      if (!excused) return `§7: ${author.name} signed two acts of one number`;
    }
    return undefined;
  }

  #view(host: VirtualHost, memory: Memory): Finding {
    const view = host.view();
    if (view === undefined) return undefined;
    if (memory.life !== host.life) {
      memory.life = host.life;
      memory.shown.clear();
    }
    const twins = this.#twoAtOnePlace(view, memory);
    return this.#membersReal(view) ?? this.#membersStay(view, memory) ?? twins;
  }

  /** B5: nobody is a member that was not admitted, nobody is gone that did not go. */
  #membersReal(view: MembersDocument): Finding {
    const { stage, mayBeGone } = this.#facts;
    for (const member of view.members) {
      const id = member.id;
      const known = stage.hosts.some((host) => host.id === id);
      if (!known && !stage.world.truth.wasInvited(id)) {
        return `B5: shows ${member.name}, whom nobody admitted`;
      }
      if (member.state === 'left' && !mayBeGone(id)) {
        return `B5: shows ${member.name} as gone, which did not leave`;
      }
    }
    return undefined;
  }

  /** B5: who was shown is shown for ever, and who is gone does not come back. */
  #membersStay(view: MembersDocument, { shown }: Memory): Finding {
    const now = new Map(view.members.map(({ id, state }) => [id, state] as const));
    for (const [id, before] of shown) {
      const state = now.get(id);
      if (state === undefined) return `B5: does not show ${id} any more`;
      if (before === 'gone' && state !== 'left') return `B5: shows ${id} again, which left`;
    }
    for (const [id, state] of now) shown.set(id, state === 'left' ? 'gone' : 'there');
    return undefined;
  }

  /** B1: an address proven for one member is another's no more. */
  #twoAtOnePlace(view: MembersDocument, memory: Memory): Finding {
    const at = new Map<string, string>();
    let twins: string | undefined;
    for (const { name, address, proof } of view.members) {
      if (proof !== 'direct' || address === null) continue;
      const other = at.get(address);
      if (other !== undefined) twins = `${other} and ${name} both at ${address}`;
      at.set(address, name);
    }
    const { now } = this.#facts.stage.world;
    memory.twinsSince = twins === undefined ? undefined : (memory.twinsSince ?? now);
    if (twins === undefined || now - (memory.twinsSince ?? now) < TWINS_MAX) return undefined;
    return `B1: shows ${twins}`;
  }

  #count(host: VirtualHost): Finding {
    const { machine } = host;
    if (machine === undefined) return undefined;
    const sizes = census(machine);
    for (const [place, size] of sizes) keepHighest(this.meters.sizes, place, size);
    // The thief's are members, too.
    return withinBounds(sizes, this.#facts.stage.hosts.length + 2);
  }

  #of(host: VirtualHost): Memory {
    let memory = this.#memory.get(host);
    if (memory === undefined) {
      const counts = { steps: 0, second: 0, sent: 0, aimed: 0, false: 0 };
      memory = {
        life: host.life,
        ...counts,
        shown: new Map(),
        rounds: [],
        kinds: new Map(),
        invented: new Set(),
        twinsSince: undefined,
      };
      this.#memory.set(host, memory);
    }
    return memory;
  }
}

function keepHighest(map: Map<string, number>, key: string, value: number): void {
  if (value > (map.get(key) ?? -1)) map.set(key, value);
}
