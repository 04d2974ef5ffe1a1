import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../../../src/base/id.ts';
import { concat } from '../../../../src/base/bytes.ts';
import { parseAddress } from '../../../../src/base/address.ts';
import type { Effect } from '../../../../src/core/io.ts';
import type { MemberView } from '../../../../src/core/view.ts';
import { Outsider } from '../../../../src/sim/attackers.ts';
import type { VirtualHost } from '../../../../src/sim/host.ts';
import { FAIR, HEADERS } from '../../../../src/sim/network.ts';
import { Stage } from '../../../../src/sim/stage.ts';
import { standInSuite } from '../../../../src/sim/stand-in.ts';
import {
  AIMED_MAX,
  BURST_EXACT,
  INVENTED_A_SECOND,
  ROUNDS_MAX,
} from '../../../../src/sim/swarm/guards.ts';
import { SwarmWatch } from '../../../../src/sim/swarm/watch.ts';
import { toys } from '../toy.ts';

const victim = '203.0.113.99';

/** Three machines whose view is what a test makes of it, and a watch over them. */
function watched(change: (members: MemberView[]) => MemberView[] = (members) => members): {
  readonly stage: Stage;
  readonly look: (...effects: Effect[]) => void;
  readonly watch: SwarmWatch;
} {
  const stage = new Stage({
    seed: 2,
    nodes: 3,
    suite: standInSuite,
    weather: FAIR,
    nat: undefined,
    joining: false,
    bootFor: (suite, identity) => (birth) => {
      const toy = toys()(suite, identity)(birth);
      return {
        id: toy.id,
        step: (moment, input) => toy.step(moment, input),
        document: (name) => toy.document(name),
        members: (now) => {
          const document = toy.members(now);
          return { ...document, members: change([...document.members]) };
        },
      };
    },
  });
  for (const host of stage.hosts) host.start();
  const facts = {
    stage,
    opened: () => undefined,
    isInvented: (ip: string) => ip.startsWith('198.18.'),
    isRogue: (host: VirtualHost) => host === stage.hosts[2],
    mayBeGone: () => false,
    exact: true,
  };
  const watch = new SwarmWatch(facts, victim);
  return { stage, watch, look: (...effects) => watch.look(stage.host(0), effects) };
}

function send(ip: string, first: number, counter: number): Effect {
  const to = parseAddress(`${ip}:4117`);
  if (to === undefined) throw new Error(`${ip} is no address`);
  const header = Uint8Array.of(first, 1, 2, 3, 4, 0, 0, counter >> 8, counter & 255);
  return { type: 'send', socket: 0, to, bytes: concat(header, new Uint8Array(20)) };
}

/** A machine says so many octets to a stranger, headers included. */
function draw(stage: Stage, node: number, stranger: Outsider, octets: number): void {
  const bytes = new Uint8Array(octets - HEADERS[4]);
  stage.host(node).site.send(4117, stranger.at(9), bytes);
}

/** As many looks as it takes until the view is looked at. */
function lookAtView(look: () => void): void {
  for (let step = 0; step < 4; step += 1) look();
}

describe('the watch of the swarm', () => {
  it('lets an honest machine do what it does', () => {
    const { look } = watched();
    expect(() => {
      lookAtView(() => {
        look();
      });
    }).not.toThrow();
  });

  it('notices a counter that is used twice under one key', () => {
    const { look } = watched();
    look(send('203.0.113.10', 0x23, 7));
    look(send('203.0.113.10', 0x23, 8));
    expect(() => {
      look(send('203.0.113.11', 0x23, 7));
    }).toThrow(/counter twice/);
  });

  it('lets a hello be repeated', () => {
    const { look } = watched();
    look(send('203.0.113.10', 0x21, 7));
    expect(() => {
      look(send('203.0.113.10', 0x21, 7));
    }).not.toThrow();
  });

  it('notices a burst above its bound, and not one at it', () => {
    const burst = (size: number): Effect[] =>
      Array.from({ length: size }, (_, counter) => send('203.0.113.10', 0x23, counter));
    expect(() => {
      watched().look(...burst(BURST_EXACT));
    }).not.toThrow();
    expect(() => {
      watched().look(...burst(BURST_EXACT + 1));
    }).toThrow(/bounds: sent/);
  });

  it('notices a bystander that is shouted at', () => {
    const { look } = watched();
    for (let counter = 0; counter < AIMED_MAX; counter += 1) look(send(victim, 0x23, counter));
    expect(() => {
      look(send(victim, 0x23, 200));
    }).toThrow(/R2/);
  });

  it('notices two members at one place, when that lasts', () => {
    let twins = false;
    const { stage, look } = watched((members) =>
      twins
        ? members.map((one) => ({ ...one, address: '203.0.113.10:4117', proof: 'direct' }))
        : members,
    );
    // The world has a watch of its own, which would not let such a view pass.
    const lookAtTwins = (): void => {
      twins = true;
      try {
        lookAtView(look);
      } finally {
        twins = false;
      }
    };
    lookAtTwins();
    stage.world.run(1_900);
    expect(lookAtTwins).not.toThrow();
    stage.world.run(200);
    expect(lookAtTwins).toThrow(/B1: shows .* both at/);
  });

  it('notices more made up addresses asked at once than candidates and one of history', () => {
    const ask = (count: number): Effect[] =>
      Array.from({ length: count }, (_, host) => send(`198.18.0.${String(host)}`, 0x23, host));
    expect(() => {
      watched().look(...ask(9));
    }).not.toThrow();
    expect(() => {
      watched().look(...ask(10));
    }).toThrow(/bounds: asked 10 addresses/);
  });

  it('notices more made up addresses asked in a second than may be named in one', () => {
    const { look } = watched();
    for (let host = 0; host < INVENTED_A_SECOND; host += 1) {
      look(send(`198.18.0.${String(host)}`, 0x23, host));
    }
    expect(() => {
      look(send('198.18.1.1', 0x23, INVENTED_A_SECOND));
    }).toThrow(/addresses of one member in a second/);
  });

  it('notices a hello that is answered more than sixteen times, however slowly', () => {
    const { stage, look } = watched();
    for (let count = 0; count < 16; count += 1) {
      look(send('203.0.113.10', 0x22, 7));
      stage.world.run(500);
    }
    look(send('203.0.113.10', 0x22, 8));
    expect(() => {
      look(send('203.0.113.10', 0x22, 7));
    }).toThrow(/answered one hello 17 times/);
  });

  it('notices more answers to hellos in a second than there is a budget for', () => {
    const { look } = watched();
    const answers = (count: number): Effect[] =>
      Array.from({ length: count }, (_, counter) => send('203.0.113.10', 0x22, counter));
    for (let burst = 0; burst < 6; burst += 1) look(...answers(70));
    expect(() => {
      look(...answers(1));
    }).toThrow(/bounds: answered/);
  });

  it('notices a member that nobody admitted', () => {
    const mole = 'm'.repeat(52) as NodeId;
    const { look } = watched((members) =>
      members.map((one, index) => (index === 0 ? { ...one, id: mole } : one)),
    );
    expect(() => {
      lookAtView(look);
    }).toThrow(/B5: shows .* whom nobody admitted/);
  });

  it('notices a member that is shown as gone and did not leave', () => {
    const { look } = watched((members) => members.map((one) => ({ ...one, state: 'left' })));
    expect(() => {
      lookAtView(look);
    }).toThrow(/did not leave/);
  });

  it('notices a member that is shown no more', () => {
    let shown = 2;
    const { look } = watched((members) => members.slice(0, shown));
    lookAtView(look);
    shown = 1;
    expect(() => {
      lookAtView(look);
    }).toThrow(/any more/);
  });

  it('notices rounds without end when all is quiet', () => {
    const { stage, watch, look } = watched();
    const doubt = { type: 'event', event: { type: 'doubt', why: 'silence', asked: 2 } } as const;
    for (let count = 0; count < ROUNDS_MAX; count += 1) look(doubt);
    expect(watch.quiet(stage.hosts, stage.world.now)).toBeUndefined();
    look(doubt);
    expect(watch.quiet(stage.hosts, stage.world.now)).toMatch(/B3: began/);
  });

  it('notices a stranger that draws an octet for its noise', () => {
    const { stage, watch } = watched();
    const stranger = new Outsider(stage.world, 'scan-1');
    stage.world.network.trafficOf('scan-1').sentBytes = 100_000;
    expect(watch.strangers(['scan-1'])).toBeUndefined();
    draw(stage, 1, stranger, 43);
    expect(watch.strangers(['scan-1'])).toMatch(/^B6: scan-1 sent 100000 octets and drew 43/);
  });

  it('notices a replayer that draws more than a part of what it sends', () => {
    const { stage, watch } = watched();
    const stranger = new Outsider(stage.world, 'replay-1');
    stage.world.network.trafficOf('replay-1').sentBytes = 100_000;
    draw(stage, 1, stranger, 24_000);
    expect(watch.strangers(['replay-1'])).toBeUndefined();
    draw(stage, 1, stranger, 43);
    expect(watch.strangers(['replay-1'])).toMatch(/^B6/);
  });

  it('does not mind what a rogue says to a stranger', () => {
    const { stage, watch } = watched();
    const stranger = new Outsider(stage.world, 'scan-1');
    stage.world.network.trafficOf('scan-1').sentBytes = 100_000;
    draw(stage, 2, stranger, 1_000);
    expect(watch.strangers(['scan-1'])).toBeUndefined();
  });
});
