import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../src/base/address.ts';
import type { Message } from '../../../src/wire/message.ts';
import { harbour, type Harbour } from './harbour.ts';
import type { Machine } from './machine.ts';
import { at, fromIp, octets, toIp, type Datagram } from './wire.ts';

const THREE = { machines: ['attic', 'cellar', 'pi'] };

/** Looks at where a machine sees another every 50 ms; gives all addresses it ever showed. */
function watched(
  h: Harbour,
  who: Machine,
  whom: { readonly id: Machine['id'] },
  length: number,
): string[] {
  const shown = new Set<string>();
  h.wire.repeat(50, length, () =>
    shown.add(`${String(who.sees(whom).address)} ${who.sees(whom).proof}`),
  );
  return [...shown];
}

/** All that one sends the other comes first from elsewhere, which passes on what comes back. */
function forward(h: Harbour, from: Machine, to: Machine): string {
  const ip = h.wire.freshIp();
  const { delay, passes } = h.wire;
  h.wire.delay = (datagram) => (fromIp(ip)(datagram) || toIp(ip)(datagram) ? 1 : delay(datagram));
  h.wire.passes = (datagram) => {
    if (fromIp(from.ip)(datagram) && toIp(to.ip)(datagram)) {
      h.wire.send(at(ip, datagram.from.port), datagram.to, datagram.bytes);
    }
    return passes(datagram);
  };
  h.wire.hold(ip, (datagram) => {
    const { from: sender, to: port, bytes } = datagram;
    const onward = sender.ip === to.ip ? from.address : to.address;
    h.wire.send(at(ip, port.port), onward, bytes);
  });
  return ip;
}

describe('a member whose datagrams somebody passes on from elsewhere, faster', () => {
  it('is still seen where it answers challenges, however long that goes on', () => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const ip = forward(h, cellar, attic);
    expect(watched(h, attic, cellar, 60_000)).toEqual([`${formatAddress(cellar.address)} direct`]);
    expect(h.wire.sent.filter(fromIp(ip)).length).toBeGreaterThan(50);
    expect(attic.sees(cellar).moves).toBe(0);
    expect(attic.eventsOf('member-moved')).toEqual([]);
  });

  it('is not dragged away by losing every third datagram of the old path', () => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    forward(h, cellar, attic);
    let count = 0;
    const { passes } = h.wire;
    h.wire.passes = (datagram) => {
      const direct = fromIp(attic.ip)(datagram) && toIp(cellar.ip)(datagram);
      return (!direct || (count += 1) % 3 !== 0) && passes(datagram);
    };
    expect(watched(h, attic, cellar, 60_000)).toEqual([`${formatAddress(cellar.address)} direct`]);
    expect(count).toBeGreaterThan(30);
    expect(attic.sees(cellar).moves).toBe(0);
  });

  it('is back at the address of its record a minute after the old path was cut', () => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const ip = forward(h, cellar, attic);
    const { passes } = h.wire;
    const end = h.wire.now + 5_000;
    h.wire.passes = (datagram) => {
      const direct = fromIp(attic.ip)(datagram) && toIp(cellar.ip)(datagram);
      return (!direct || h.wire.now > end) && passes(datagram);
    };
    h.wire.run(5_000);
    // Who passes on all datagrams both ways is a router like any other.
    expect(attic.sees(cellar).address).toBe(`${ip}:4117`);
    expect(h.wire.runUntil(() => attic.hasFound(cellar), 61_000)).toBe(true);
  });
});

describe('replayed datagrams', () => {
  const recorded = (h: Harbour, from: Machine, to: Machine): Datagram[] =>
    h.wire.sent.filter((datagram) => fromIp(from.ip)(datagram) && toIp(to.ip)(datagram));

  /** Sends them again from elsewhere and from where they came; returns what elsewhere was sent. */
  function replay(h: Harbour, datagrams: readonly Datagram[]): Datagram[] {
    const elsewhere = h.wire.freshIp();
    const since = h.wire.now;
    for (const { from, to, bytes } of datagrams) {
      h.wire.send(at(elsewhere, from.port), to, bytes);
      h.wire.send(from, to, bytes);
      h.wire.run(2);
    }
    h.wire.run(2_000);
    return h.wire.since(since, toIp(elsewhere));
  }

  const isHello = ({ bytes }: Datagram): boolean => bytes[0] === 0x21;
  const isSession = ({ bytes }: Datagram): boolean => bytes[0] === 0x23;

  it('of a live session draw nothing and change nothing', () => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const sessions = recorded(h, cellar, attic).filter(isSession);
    const drawn = replay(h, sessions);
    expect(sessions.length).toBeGreaterThan(10);
    expect(drawn).toEqual([]);
    expect(attic.dropped('session-replayed')).toBeGreaterThanOrEqual(sessions.length);
    expect(attic.hasFound(cellar)).toBe(true);
  });

  it('keep no member alive that is gone', () => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const old = recorded(h, cellar, attic);
    cellar.crash();
    const { lastHeardMs } = attic.sees(cellar);
    for (let turn = 0; turn < 10; turn += 1) replay(h, old.slice(-20));
    expect(attic.sees(cellar).state).toBe('lost');
    expect(attic.sees(cellar).lastHeardMs).toBeGreaterThan(20_000 + (lastHeardMs ?? 0) - 1_000);
  });

  const restarts: readonly [string, (h: Harbour) => void][] = [
    ['their receiver restarted', (h) => h.machine(0).restart()],
    ['their sender restarted', (h) => h.machine(1).restart()],
    [
      'both restarted at once',
      (h) => {
        h.machine(0).restart();
        h.machine(1).restart();
      },
    ],
  ];
  it.each(restarts)('open nowhere after %s', (_, restart) => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const old = recorded(h, cellar, attic);
    restart(h);
    h.wire.run(3_000);
    attic.events.length = 0;
    const drawn = replay(h, old);
    // A hello may draw one answer, smaller than itself; nothing else draws anything.
    const hellos = old.filter(isHello);
    expect(drawn.length).toBeLessThanOrEqual(hellos.length);
    expect(drawn.every(({ bytes }) => bytes.length <= 57)).toBe(true);
    expect(attic.hasFound(cellar)).toBe(true);
    expect(attic.eventsOf('member-moved')).toEqual([]);
    const opened = attic.dropped('session-unknown') + attic.dropped('session-replayed');
    expect(opened).toBeGreaterThanOrEqual(2 * old.filter(isSession).length);
  });
});

describe('a member that claims to be where it is not', () => {
  const WITH_ROGUE = { machines: ['attic', 'cellar', 'pi'], rogues: ['shed'] };

  it('proves the address that was asked, not the one its pong comes from', () => {
    const h = harbour(WITH_ROGUE);
    const [attic, shed] = [h.machine(0), h.rogue(0)];
    const victim = h.wire.freshIp();
    // From now on all that it says seems to come from the victim.
    const { send } = h.wire;
    h.wire.send = (from, to, bytes) => {
      send.call(h.wire, from.ip === shed.ip ? at(victim) : from, to, bytes);
    };
    expect(watched(h, attic, shed, 20_000)).toEqual([`${formatAddress(shed.address)} direct`]);
  });

  it('cannot guess the challenge that was sent there', () => {
    const h = harbour(WITH_ROGUE);
    const [attic, shed] = [h.machine(0), h.rogue(0)];
    const victim = h.wire.freshIp();
    shed.sequence = 2;
    const record = shed.record(2, [at(victim)]);
    shed.say(attic, { type: 'news', items: [{ kind: 'record', bytes: record }] });
    const base = { type: 'pong', sequence: 2, digest: 0, seen: attic.address } as const;
    h.wire.repeat(10, 10_000, (turn) => {
      shed.say(attic, { ...base, challenge: (turn * 0x01010101) % 2 ** 32 }, at(victim));
    });
    expect(attic.dropped('pong-unexpected')).toBeGreaterThan(900);
    expect(h.wire.sent.filter(toIp(victim)).length).toBeGreaterThan(1);
    expect(attic.sees(shed).address).not.toContain(victim);
  });

  it('burns its open challenges with eight wrong answers', () => {
    const h = harbour(WITH_ROGUE);
    const [attic, shed] = [h.machine(0), h.rogue(0)];
    const elsewhere = h.wire.freshIp();
    shed.reflect = (_, to) => (to.ip === elsewhere ? undefined : attic.address);
    shed.hold(elsewhere);
    shed.say(attic, shed.ping(), at(elsewhere));
    h.wire.run(20);
    const asked = shed.heardOf('ping', elsewhere).at(-1);
    const pong = { type: 'pong', sequence: 0, digest: 0, seen: attic.address } as const;
    for (let wrong = 1; wrong <= 8; wrong += 1) {
      shed.say(attic, { ...pong, challenge: ((asked?.challenge ?? 0) ^ wrong) >>> 0 });
    }
    const before = attic.dropped('pong-unexpected');
    shed.say(attic, { ...pong, challenge: asked?.challenge ?? 0 });
    h.wire.run(20);
    expect(attic.dropped('pong-unexpected')).toBe(before + 9);
  });

  it('makes others send pongs and challenges there, not three times what it sent', () => {
    const h = harbour(WITH_ROGUE);
    const [attic, cellar, shed] = [h.machine(0), h.machine(1), h.rogue(0)];
    const victim = h.wire.freshIp();
    shed.hold(victim);
    shed.reflect = (from, to) => (to.ip === victim ? undefined : from);
    const zeros = new Array<number>(16).fill(0);
    const dear: readonly Message[] = [
      shed.ping(),
      { type: 'want', wants: [{ kind: 'act', id: h.founder.identity.id, from: 1 }] },
      { type: 'want', wants: [{ kind: 'record', id: cellar.id, from: 0 }] },
      { type: 'seek', target: cellar.id, sequence: 0 },
      { type: 'summary', depth: 0, prefix: 0, mode: 'digests', digests: zeros },
    ];
    shed.say(attic, shed.ping(), at(victim));
    h.wire.run(1_000);
    const first = h.wire.sent.filter(toIp(victim)).map(({ bytes }) => bytes.length);
    expect(first.toSorted()).toEqual([38, 45]);
    h.wire.repeat(7, 7_000, (turn) => {
      shed.say(attic, dear[turn % dear.length] ?? shed.ping(), at(victim));
    });
    h.wire.run(3_000);
    const drawn = octets(h.wire.sent.filter(toIp(victim)));
    expect(drawn).toBeGreaterThan(0);
    expect(drawn).toBeLessThan(3 * octets(h.wire.sent.filter(fromIp(victim))));
    const kinds = shed.heard
      .filter(({ to }) => to.ip === victim)
      .map(({ message }) => message.type);
    expect(new Set(kinds)).toEqual(new Set(['ping', 'pong']));
  });
});

describe('an address that another member has now', () => {
  it('is not shown as the one of a member that is gone', () => {
    const h = harbour(THREE);
    const [attic, cellar, pi] = [h.machine(0), h.machine(1), h.machine(2)];
    cellar.crash();
    pi.move(cellar.ip);
    expect(h.wire.runUntil(() => attic.hasFound(pi), 5_000)).toBe(true);
    h.wire.run(3_000);
    expect(attic.sees(cellar)).not.toMatchObject({
      address: formatAddress(pi.address),
      proof: 'direct',
    });
  });

  it('is each one’s own again when two have swapped theirs', () => {
    const h = harbour(THREE);
    const [attic, cellar, pi] = [h.machine(0), h.machine(1), h.machine(2)];
    const [one, other] = [cellar.ip, pi.ip];
    cellar.move(other);
    pi.move(one);
    expect(h.wire.runUntil(() => h.whole, 3_000)).toBe(true);
    expect(attic.sees(cellar).address).toBe(`${other}:4117`);
  });
});

describe('addresses that nobody can be at', () => {
  it('are not asked, whoever lists them', () => {
    const h = harbour({ machines: ['attic', 'cellar'], rogues: ['shed'] });
    const [attic, shed] = [h.machine(0), h.rogue(0)];
    const never = [
      at('0.0.0.7'),
      at('224.0.0.251'),
      at('255.255.255.255'),
      at('127.0.0.1'),
      at('30.1.1.1', 0),
    ];
    shed.sequence = 2;
    const record = shed.record(2, never);
    shed.say(attic, { type: 'news', items: [{ kind: 'record', bytes: record }] });
    shed.reflect = () => undefined;
    h.wire.run(10_000);
    const told = new Set(never.map(formatAddress));
    expect(attic.sees(shed).state).not.toBe('alive');
    expect(h.wire.sent.filter(({ to }) => told.has(formatAddress(to)))).toEqual([]);
  });
});
