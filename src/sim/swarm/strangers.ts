/**
 * Strangers of the random worlds: who is aimed at, who helps a rogue, who repeats hellos, who takes
 * over an address, who steals a token.
 */

import { address, type Address } from '../../base/address.ts';
import type { Bytes } from '../../base/bytes.ts';
import { BoundedList } from '../../base/bounded.ts';
import type { ClusterId, NodeId } from '../../base/id.ts';
import { Sessions } from '../../core/session.ts';
import { identityFrom } from '../../crypto/identity.ts';
import type { Suite } from '../../crypto/suite.ts';
import { Unpredictable } from '../../crypto/unpredictable.ts';
import { Outsider } from '../attackers.ts';
import { Failure } from '../failure.ts';
import type { VirtualHost } from '../host.ts';
import type { Datagram } from '../network.ts';
import { MAIN_PORT } from '../site.ts';
import { PACKET_TYPES } from '../../wire/packet.ts';
import type { Rogue } from './rogue.ts';

/** Datagrams a replayer keeps. */
const RECORDED = 1_000;

/** Ports an accomplice sends from in turn. */
const PORTS = 400;
const FIRST_PORT = 20_000;

/** A bystander whose address rogues name: it does nothing, and counts what it is sent. */
export class Victim extends Outsider {
  /** From now on others may try its address: somebody named it. */
  name(): void {
    this.world.truth.tell(this.at(MAIN_PORT));
  }
}

/** Sends what a rogue sealed from addresses of its own, and opens what comes back for it. */
export class Accomplice extends Outsider {
  #port = 0;
  #rogue: Rogue | undefined;
  #told: (asked: { readonly peer: NodeId; readonly challenge: number }) => void = () => undefined;

  /** Works for this rogue, and tells it what was asked here. */
  serve(
    rogue: Rogue,
    told: (asked: { readonly peer: NodeId; readonly challenge: number }) => void,
  ): void {
    this.#rogue = rogue;
    this.#told = told;
    this.world.truth.tell(this.at(MAIN_PORT));
  }

  send(to: Address, bytes: Bytes): void {
    const port = FIRST_PORT + (this.#port++ % PORTS);
    this.world.truth.notePort(this.site, port);
    this.world.network.send(this, { from: this.at(port), to, bytes });
  }

  override receive({ from, bytes }: Datagram): void {
    const asked = this.#rogue?.hear(from, bytes, true);
    if (asked !== undefined) this.#told(asked);
  }
}

/**
 * Says again what members sealed for each other: at once, later, after restarts. None of it may
 * open twice; only what was lost the first time is heard now, from the wrong place.
 */
export class SealedReplayer extends Outsider {
  readonly #recorded = new BoundedList<Datagram>(RECORDED);

  start(): void {
    this.world.truth.notePort(this.site, 9);
    this.world.network.tap((sender, datagram) => {
      const isSealed = datagram.bytes[0] === PACKET_TYPES.session;
      if (isSealed && sender !== this.site && this.random.chance(0.2))
        this.#recorded.push(datagram);
      return 'pass';
    });
    this.every(25, () => {
      const old = this.#recorded.at(this.random.below(Math.max(1, this.#recorded.length)));
      if (old === undefined) return;
      this.world.network.send(this, { from: this.at(9), to: old.to, bytes: old.bytes });
    });
  }
}

/** Keeps one hello and says it again, thirty times a second, to where it went. */
export class HelloReplayer extends Outsider {
  #hello: Datagram | undefined;

  start(): void {
    this.world.truth.notePort(this.site, 9);
    this.world.network.tap((sender, datagram) => {
      const isHello = datagram.bytes[0] === PACKET_TYPES.hello;
      if (isHello && sender !== this.site && this.random.chance(0.2)) this.#hello ??= datagram;
      return 'pass';
    });
    this.every(33, () => {
      if (this.#hello === undefined) return;
      const { to, bytes } = this.#hello;
      this.world.network.send(this, { from: this.at(9), to, bytes });
    });
    // Another one now and then: receivers forget what they answered when they restart.
    this.every(5_000, () => {
      this.#hello = undefined;
    });
  }
}

/** Got an address that a member left, and makes noise from it. Nothing it says may be answered. */
export class Heir extends Outsider {
  /** Takes the address over, if nobody else has it by now. */
  inherit(ip: string, targets: readonly VirtualHost[]): void {
    if (this.world.network.holder(ip) !== undefined) return;
    this.world.network.hold(ip, this);
    this.world.truth.hold(ip, this.site, this.world.now);
    this.every(40, () => {
      const [target] = this.random.pick(targets)?.site.addresses ?? [];
      const [to, from] = [address(target ?? '', MAIN_PORT), address(ip, MAIN_PORT)];
      if (to === undefined || from === undefined) return;
      const bytes = this.random.bytes(this.random.pick([25, 38, 45, 57, 117]) ?? 25);
      bytes[0] = this.random.pick(Object.values(PACKET_TYPES)) ?? 0;
      this.world.network.send(this, { from, to, bytes });
    });
  }
}

/** Whom an outlaw greets: it knows the static key, as somebody who was a guest once might. */
export interface Target {
  readonly host: VirtualHost;
  readonly agreement: Bytes;
}

/** Says hello in proper form under keys of its own, which nobody ever admitted. */
export class Outlaw extends Outsider {
  /** To everyone, twice a second; an answer is the end. */
  start(suite: Suite, cluster: ClusterId, targets: readonly Target[]): void {
    const unpredictable = new Unpredictable(suite);
    const own = identityFrom(suite, this.random.bytes(32));
    this.every(500, () => {
      const target = this.random.pick(targets);
      const to = address(target?.host.site.addresses[0] ?? '', MAIN_PORT);
      if (target === undefined || to === undefined) return;
      unpredictable.refill(this.random.bytes(32));
      const sessions = new Sessions(suite, own, cluster, unpredictable);
      const bytes = sessions.greet(target.host.id, target.agreement, this.world.now);
      if (bytes === undefined) return;
      this.world.network.send(this, { from: this.at(MAIN_PORT), to, bytes });
    });
  }

  override receive(): void {
    throw new Failure('safety', 'B6: somebody answered a hello of nobody');
  }
}
