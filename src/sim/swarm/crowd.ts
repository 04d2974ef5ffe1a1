/** Strangers at the TCP door: many at once, with tags seen before, with tokens that are spent. */

import { parseName } from '../../base/id.ts';
import { assert } from '../../base/assert.ts';
import type { Bytes } from '../../base/bytes.ts';
import { millis, wallTime } from '../../base/time.ts';
import { identityFrom } from '../../crypto/identity.ts';
import type { LinkId } from '../../core/io.ts';
import { Outsider } from '../attackers.ts';
import { Failure } from '../failure.ts';
import type { Seaman } from '../fleet.ts';
import type { VirtualHost } from '../host.ts';
import { join, tagOf, type JoinEnd } from '../joining.ts';
import type { LinkClient } from '../links.ts';
import type { Stage } from '../stage.ts';

/** Connections a crowd opens, and how many of them a node may hold (`GUESTS_MAX`, written out). */
const CROWD = 100;
const GUESTS_MAX = 64;
/** So long a crowd says nothing. */
const PATIENCE = 1_500;
/** Virtual worlds begin in 2026; what an applicant's clock shows decides nothing. */
const TODAY = wallTime(1_767_225_600_000);

/** One that may ask to be let in. */
export interface Stranger {
  redeem(token: string, maker: VirtualHost, admitted: () => void): void;
}

/** People at a door, at one address. */
export class Crowd extends Outsider {
  readonly #stage: Stage;

  constructor(stage: Stage, site: string) {
    super(stage.world, `${site}-${stage.world.now.toFixed(0)}`);
    this.#stage = stage;
  }

  /** So many who each have a key of their own. */
  strangers(count: number): readonly Stranger[] {
    return Array.from({ length: count }, (_, index) => {
      const seaman = this.#someone(index);
      return {
        redeem: (token, _maker, admitted) => {
          const applicant = { seaman, site: this.site, ip: this.ip, wall: TODAY };
          const ended = (end: JoinEnd): void => {
            if (end.type === 'admitted') admitted();
          };
          this.#stage.world.truth.invite(seaman.identity.id);
          join(this.#stage.world, this.#stage.suite, token, applicant, ended);
        },
      };
    });
  }

  /**
   * A hundred connections under one live token, then one with no tag, one with a made up tag and
   * one with a tag that was seen: those three must be closed without an octet (B6).
   */
  knock(token: string, maker: VirtualHost): void {
    const { world, suite } = this.#stage;
    let open = 0;
    const tag = tagOf(world, suite, token);
    const guest = (): void => {
      open += 1;
      if (open > GUESTS_MAX) throw new Failure('safety', `bounds: ${String(open)} guests at once`);
    };
    const stranger = (): void => {
      throw new Failure('safety', 'B6: a stranger without a fresh tag was let in');
    };
    this.#dial(maker, tag, guest);
    for (const bad of [undefined, this.random.bytes(tag.length), tag]) {
      this.#dial(maker, bad, stranger);
    }
    for (let count = 1; count < CROWD; count += 1) {
      this.#dial(maker, tagOf(world, suite, token), guest);
    }
  }

  #dial(maker: VirtualHost, tag: Bytes | undefined, opened: () => void): void {
    const { world } = this.#stage;
    const client: LinkClient = {
      id: this.#someone(0).identity.id,
      opened,
      received: () => undefined,
      closed: () => undefined,
    };
    const link: LinkId = world.links.knock(maker, client, {
      tag,
      from: this.at(50_000),
      delay: millis(10),
    });
    world.timeline.in(millis(PATIENCE), () => world.links.clientCloses(link));
  }

  #someone(index: number): Seaman {
    const name = parseName(`stranger-${String(index)}`);
    assert(name !== undefined, 'a stranger has no name');
    return { name, identity: identityFrom(this.#stage.suite, this.random.bytes(32)) };
  }
}
