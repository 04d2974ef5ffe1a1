/** Makes a world's happenings happen, and ends them. */

import { unreachable } from '../../base/assert.ts';
import { millis, minutes, seconds } from '../../base/time.ts';
import type { NodeId } from '../../base/id.ts';
import { readCluster } from '../../core/documents.ts';
import { decodeAct } from '../../wire/act.ts';
import { Forwarder, Liar, Scanner } from '../attackers.ts';
import { FAULT_TYPES, applyFault, calm, type Fault } from '../faults.ts';
import { Failure } from '../failure.ts';
import type { VirtualHost } from '../host.ts';
import { askForInvite, redeem } from '../joining.ts';
import type { Stage } from '../stage.ts';
import type { Gang } from './attacks.ts';
import type { Happening, Incident, WorldDescription } from './description.ts';
import { Crowd } from './crowd.ts';
import { Heir, HelloReplayer, Outlaw, SealedReplayer } from './strangers.ts';

/** A slow machine does nothing for this long, and then runs for as long. */
const SLOW_BEAT = 60;
/** A join that came to nothing is tried again after this. */
const JOIN_RETRY = seconds(2);
/** From the answer to a leave until the machine is switched off. */
const LEAVE_REST = millis(500);

/** All that goes on in one world, and what must be undone when calm comes. */
export class Mischief {
  readonly stage: Stage;
  readonly gang: Gang;
  /** Who was told to leave: others may, and must in the end, show it as gone. */
  readonly leaving: Set<VirtualHost> = new Set<VirtualHost>();
  readonly #description: WorldDescription;
  readonly #joining = new Map<VirtualHost, VirtualHost>();
  readonly #forwarders: Forwarder[] = [];
  #strangers = 0;
  #commands = 5_000;
  #isCalm = false;

  constructor(stage: Stage, gang: Gang, description: WorldDescription) {
    this.stage = stage;
    this.gang = gang;
    this.#description = description;
    for (const [index, { role }] of description.nodes.entries()) {
      if (role !== 'member' && role !== 'latecomer') stage.world.exempt.add(stage.host(index));
      if (role === 'liar') stage.host(index).disguise = new Liar(stage.world);
    }
    for (const happening of description.happenings) {
      if (happening.type === 'snapshot') stage.host(happening.node).records = true;
    }
  }

  /** Puts everything into the calendar, from now on. */
  schedule(): void {
    for (const happening of this.#description.happenings) {
      this.stage.world.timeline.in(millis(happening.atMs), () => {
        if (!this.#isCalm) this.#happen(happening);
      });
    }
  }

  /** Ends all that breaks things; rogues and strangers go on. Joins that were begun go on, too. */
  calm(): void {
    this.#isCalm = true;
    for (const forwarder of this.#forwarders) forwarder.stop();
    calm(this.stage);
    for (const host of this.leaving)
      this.stage.world.timeline.in(seconds(5), () => this.#end(host));
    const [first] = this.stage.hosts;
    for (const host of this.#joining.keys()) {
      if (first !== undefined) this.#joining.set(host, first);
    }
  }

  /** Whether everyone that was to join did. */
  get allJoined(): boolean {
    return [...this.#joining.keys()].every((host) => !this.stage.isAbsent(host));
  }

  #happen(happening: Happening): void {
    const { stage } = this;
    stage.world.trace.note(stage.world.now, 'world', 'fate', happening.type);
    if (isFault(happening)) return applyFault(stage, happening);
    this.#incident(happening);
  }

  #incident(incident: Incident): void {
    const { stage, gang } = this;
    const later = (run: () => void): void =>
      stage.world.timeline.in(millis(incident.lengthMs), () => {
        if (!this.#isCalm) run();
      });
    switch (incident.type) {
      case 'attack':
        gang.begin(incident.node, incident.attack);
        return later(() => gang.end(incident.node, incident.attack));
      case 'slow':
        return this.#slow(stage.host(incident.node), stage.world.now + incident.lengthMs);
      case 'snapshot': {
        const host = stage.host(incident.node);
        const snapshot = host.snapshot();
        return later(() => {
          if (snapshot !== undefined && host.machine !== undefined) host.resume(snapshot);
        });
      }
      case 'restore': {
        const host = stage.host(incident.node);
        const files = host.disk.contents();
        return later(() => {
          host.restore(files);
          host.start();
        });
      }
      case 'join':
        return this.#join(stage.host(incident.node), stage.host(incident.by));
      case 'leave':
        return this.#leave(stage.host(incident.node));
      case 'thief':
        return this.#thief(stage.host(incident.by));
      case 'crowd':
        return this.#crowd(stage.host(incident.by));
      default:
        return this.#stranger(incident);
    }
  }

  #stranger(
    incident: Extract<Incident, { type: 'heir' | 'scan' | 'replay' | 'hello-replay' | 'forward' }>,
  ): void {
    const { world } = this.stage;
    this.#strangers += 1;
    const name = `${incident.type}-${String(this.#strangers)}`;
    switch (incident.type) {
      case 'heir': {
        const host = this.stage.host(incident.node);
        const [ip] = host.site.addresses;
        this.stage.move([host]);
        if (ip !== undefined) new Heir(world, name).inherit(ip, this.stage.hosts);
        return;
      }
      case 'scan':
        new Scanner(world, name).start(this.stage.hosts);
        return this.#outlaw(`outlaw-${String(this.#strangers)}`);
      case 'replay':
        return new SealedReplayer(world, name).start();
      case 'hello-replay':
        return new HelloReplayer(world, name).start();
      case 'forward': {
        const forwarder = new Forwarder(world, name);
        this.#forwarders.push(forwarder);
        forwarder.start(this.stage.host(incident.node), this.stage.host(incident.by));
        this.stage.world.timeline.in(millis(incident.lengthMs), () => forwarder.stop());
        return;
      }
      default:
        unreachable(incident);
    }
  }

  #outlaw(name: string): void {
    const { world, suite, cluster, crew, hosts } = this.stage;
    const targets = crew.flatMap(({ identity }, index) => {
      const host = hosts[index];
      return host === undefined ? [] : [{ host, agreement: identity.agreement.public }];
    });
    new Outlaw(world, name).start(suite, cluster, targets);
  }

  #slow(host: VirtualHost, until: number): void {
    const { timeline } = this.stage.world;
    if (this.#isCalm || timeline.now >= until) return;
    host.stall(millis(SLOW_BEAT));
    timeline.in(millis(2 * SLOW_BEAT), () => this.#slow(host, until));
  }

  /** Again and again until it is in: an operator who copies a token does the same. */
  #join(host: VirtualHost, by: VirtualHost): void {
    const { stage } = this;
    if (!stage.isAbsent(host)) return;
    if (!this.#joining.has(host)) this.#joining.set(host, by);
    const maker = this.#joining.get(host) ?? by;
    const seaman = stage.crew[stage.hosts.indexOf(host)];
    stage.world.timeline.in(JOIN_RETRY, () => this.#join(host, by));
    const ready = maker.machine !== undefined && maker.site.addresses.length > 0;
    if (seaman === undefined || !ready || host.site.addresses.length === 0) return;
    askForInvite(stage.world, maker, (token) => {
      redeem(stage.world, stage.suite, token, { host, seaman }, (end) => {
        if (end.type !== 'admitted') return;
        if (!this.#isOnDisk(seaman.identity.id)) {
          const words = `§9: told ${host.name} that it is a member before that was on any disk`;
          throw new Failure('safety', words);
        }
        stage.welcome(host);
      });
    });
  }

  /** Whether an admission of this node is written anywhere else than on its own disk. */
  #isOnDisk(id: NodeId): boolean {
    const { hosts, suite } = this.stage;
    const others = hosts.filter((host) => host.id !== id);
    return others.some(({ disk }) =>
      readCluster(disk.read('cluster'))?.acts.some((bytes) => {
        const act = decodeAct(suite, bytes)?.act;
        return act?.type === 'admit' && act.id === id;
      }),
    );
  }

  #leave(host: VirtualHost): void {
    if (host.machine === undefined || this.stage.isAbsent(host)) return;
    this.leaving.add(host);
    this.stage.depart(host);
    this.#commands += 1;
    const id = this.#commands;
    const stop = this.stage.world.watchSteps((stepped, effects) => {
      const done = effects.some((effect) => effect.type === 'answer' && effect.id === id);
      if (stepped !== host || !done) return;
      stop();
      this.stage.world.timeline.in(LEAVE_REST, () => this.#end(host));
    });
    host.input({ type: 'command', id, command: { type: 'leave' } });
  }

  #end(host: VirtualHost): void {
    if (!this.stage.isDead(host)) this.stage.kill(host);
  }

  /** A token for one is used by two: whoever comes second must not become a member. */
  #thief(maker: VirtualHost): void {
    const { stage } = this;
    if (maker.machine === undefined || maker.site.addresses.length === 0) return;
    const [one, other] = new Crowd(stage, 'thief').strangers(2);
    askForInvite(stage.world, maker, (token) => {
      let admitted = 0;
      for (const stranger of [one, other]) {
        stranger?.redeem(token, maker, () => {
          admitted += 1;
          if (admitted > 1) throw new Failure('safety', 'B5: a token for one admitted two');
        });
      }
    });
  }

  #crowd(maker: VirtualHost): void {
    const { stage } = this;
    if (maker.machine === undefined || maker.site.addresses.length === 0) return;
    askForInvite(stage.world, maker, (token) => {
      new Crowd(stage, 'crowd').knock(token, maker);
    });
  }
}

/** How long a happening may take to be over when calm comes. */
export const CALM_WITHIN: number = minutes(4);

function isFault(happening: Happening): happening is Fault {
  return (FAULT_TYPES as readonly string[]).includes(happening.type);
}
