import { describe, expect, it } from 'vitest';
import { concat, type Bytes } from '../../../src/base/bytes.ts';
import { clusterIdOf } from '../../../src/base/id.ts';
import { minutes } from '../../../src/base/time.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { encodeHello, helloMac, helloMacKey } from '../../../src/wire/packet.ts';
import { identityOf } from '../../unit/core/acts.ts';
import { doneWith, invite, join, knock, tagOf } from './door.ts';
import { harbour, type Harbour } from './harbour.ts';
import type { Machine } from './machine.ts';
import { Rogue } from './rogue.ts';
import { at, fromIp, octets, toIp, type Datagram } from './wire.ts';

const THREE = { machines: ['attic', 'cellar', 'pi'] };

/** Sends these from an address of nobody, a millisecond apart; what comes back there. */
function scan(h: Harbour, to: Machine, datagrams: readonly Bytes[]): Datagram[] {
  const ip = h.wire.freshIp();
  for (const bytes of datagrams) {
    h.wire.send(at(ip, 5_353), to.address, bytes);
    h.wire.run(1);
  }
  h.wire.run(2_000);
  return h.wire.sent.filter(toIp(ip));
}

/** Nobody doubted, lost or moved anybody, and everyone still shows everyone. */
function expectUntouched(h: Harbour): void {
  expect(h.whole).toBe(true);
  expect(h.machines.flatMap(({ events }) => events)).toEqual([]);
}

/** Octets that begin as a class of ours does. */
function looksLike(h: Harbour, first: number, size: number): Bytes {
  return concat(new Uint8Array([first]), h.wire.random.bytes(size - 1));
}

/** A hello with a good MAC around noise: made by one who knows the receiver's static key alone. */
function wellAddressed(h: Harbour, to: Machine): Bytes {
  const key = helloMacKey(nodeSuite, to.identity.agreement.public);
  const noise = h.wire.random.bytes(96);
  return encodeHello(7, noise, (input) => helloMac(nodeSuite, key, input));
}

describe('a stranger that scans the UDP port', () => {
  it('gets not one octet for noise of any size', () => {
    const h = harbour(THREE);
    const sizes = Array.from({ length: 1_500 }, (_, size) => size);
    expect(
      scan(
        h,
        h.machine(0),
        sizes.map((size) => h.wire.random.bytes(size)),
      ),
    ).toEqual([]);
    expectUntouched(h);
  });

  it.each([
    ['hellos', 0x21, [117, 116, 118]],
    ['answers', 0x22, [57, 56, 58]],
    ['session datagrams', 0x23, [25, 38, 45, 1_200]],
    ['a class there is not', 0x24, [57, 117]],
    ['version 1', 0x11, [57, 117]],
    ['version 3', 0x31, [57, 117]],
    ['version 15', 0xf1, [1, 117]],
  ])('gets nothing for what looks like %s', (_, first, sizes) => {
    const h = harbour(THREE);
    const datagrams = sizes.flatMap((size) =>
      Array.from({ length: 100 }, () => looksLike(h, first, size)),
    );
    expect(scan(h, h.machine(0), datagrams)).toEqual([]);
    expectUntouched(h);
    const counters = Object.values(h.machine(0).status.counters);
    expect(counters.reduce((sum, count) => sum + count, 0)).toBe(datagrams.length);
  });

  it('gets nothing for datagrams of others with any one octet changed', () => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const recorded = h.wire.sent.filter((one) => fromIp(cellar.ip)(one) && toIp(attic.ip)(one));
    const kinds = [0x21, 0x22, 0x23].flatMap((kind) =>
      recorded.filter(({ bytes }) => bytes[0] === kind).slice(-1),
    );
    expect(kinds.length).toBeGreaterThan(1);
    const altered = kinds.flatMap(({ bytes }) =>
      Array.from(bytes, (_, place) => {
        const copy = new Uint8Array(bytes);
        copy[place] = (copy[place] ?? 0) ^ 0x04;
        return copy;
      }),
    );
    expect(scan(h, attic, altered)).toEqual([]);
    expectUntouched(h);
  });

  it('gets nothing for a hello that is well addressed, but of nobody', () => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    const hellos = Array.from({ length: 50 }, () => wellAddressed(h, attic));
    expect(scan(h, attic, hellos)).toEqual([]);
    expect(attic.dropped('hello-unopened')).toBe(50);
    expectUntouched(h);
  });

  it.each([
    ['a key that is no member’s', false],
    ['the prologue of another cluster', true],
  ])('gets nothing for a real hello under %s', (_, foreign) => {
    const h = harbour({ ...THREE, rogues: ['shed'] });
    const attic = h.machine(0);
    const who = foreign ? h.rogue(0).identity : identityOf('stranger');
    const cluster = foreign ? clusterIdOf(h.wire.random.bytes(16)) : h.cluster;
    const stranger = new Rogue(h.wire, { name: 'stranger', identity: who }, cluster, [
      attic.identity,
    ]);
    expect(scan(h, attic, [stranger.hello(attic)])).toEqual([]);
    expect(attic.dropped(foreign ? 'hello-unopened' : 'hello-stranger')).toBe(1);
  });
});

describe('a hello that was recorded last year', () => {
  const YEAR = 365 * 86_400_000;

  /** One of a member to attic; attic restarted since and knows nothing of it. */
  function recorded(): { h: Harbour; attic: Machine; hello: Bytes; sessions: Bytes[] } {
    const h = harbour({ ...THREE, rogues: ['shed'] });
    const [attic, shed] = [h.machine(0), h.rogue(0)];
    shed.forgetKeys();
    shed.greet(attic);
    h.wire.run(5_000);
    const sent = h.wire.sent.filter((one) => fromIp(shed.ip)(one) && toIp(attic.ip)(one));
    const hello = sent.find(({ bytes, at: time }) => bytes[0] === 0x21 && time > 5_000)?.bytes;
    const sessions = sent.filter(({ bytes }) => bytes[0] === 0x23).map(({ bytes }) => bytes);
    attic.crash();
    attic.wallOffset += YEAR;
    attic.start();
    h.wire.run(5_000);
    for (const machine of h.machines) machine.events.length = 0;
    if (hello === undefined) throw new Error('no hello was recorded');
    return { h, attic, hello, sessions };
  }

  it('draws one answer smaller than itself, and changes no belief', () => {
    const { h, attic, hello } = recorded();
    const before = JSON.stringify(
      attic.view.members.map(({ address, proof, state }) => [address, proof, state]),
    );
    const drawn = scan(h, attic, [hello]);
    expect(drawn.map(({ bytes }) => bytes.length)).toEqual([57]);
    expect(hello.length).toBe(117);
    expect(
      JSON.stringify(
        attic.view.members.map(({ address, proof, state }) => [address, proof, state]),
      ),
    ).toBe(before);
    expectUntouched(h);
  });

  it('draws the same answer again, a few times at the most', () => {
    const { h, attic, hello } = recorded();
    const drawn = scan(
      h,
      attic,
      Array.from({ length: 200 }, () => hello),
    );
    expect(new Set(drawn.map(({ bytes }) => bytes.join())).size).toBe(1);
    expect(drawn.length).toBeLessThanOrEqual(16);
    expectUntouched(h);
  });

  it('makes no datagram of its session open', () => {
    const { h, attic, hello, sessions } = recorded();
    expect(sessions.length).toBeGreaterThan(3);
    const drawn = scan(h, attic, [hello, ...sessions]);
    expect(drawn.map(({ bytes }) => bytes.length)).toEqual([57]);
    expect(attic.dropped('session-unknown')).toBeGreaterThanOrEqual(sessions.length);
    expectUntouched(h);
  });

  it('and others with it, a hundred a second, do not keep a restarted member out', () => {
    const h = harbour({ ...THREE, rogues: ['shed'] });
    const [attic, shed] = [h.machine(0), h.rogue(0)];
    const hellos = Array.from({ length: 40 }, () => {
      shed.forgetKeys();
      return shed.hello(attic);
    });
    shed.forgetKeys();
    attic.restart();
    const ip = h.wire.freshIp();
    h.wire.repeat(10, 5_000, (turn) => {
      h.wire.send(at(ip), attic.address, hellos[turn % hellos.length] ?? new Uint8Array(0));
      if (turn % 100 === 50) shed.greet(attic);
    });
    expect(h.whole).toBe(true);
  });
});

describe('a flood of hellos', () => {
  it.each([
    ['with false MACs', (h: Harbour) => looksLike(h, 0x21, 117)],
    ['that are well addressed', (h: Harbour, to: Machine) => wellAddressed(h, to)],
  ])('%s, two thousand a second, leaves live sessions untouched', (_, make) => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    const ip = h.wire.freshIp();
    h.wire.repeat(1, 2_500, () => {
      for (let twice = 0; twice < 2; twice += 1) h.wire.send(at(ip), attic.address, make(h, attic));
    });
    expect(h.wire.sent.filter(toIp(ip))).toEqual([]);
    expectUntouched(h);
  });

  it('that a member recorded fills no table and ends no session', () => {
    const h = harbour({ ...THREE, rogues: ['shed'] });
    const [attic, shed] = [h.machine(0), h.rogue(0)];
    const copy = new Rogue(h.wire, { name: 'shed', identity: shed.identity }, h.cluster, [
      attic.identity,
    ]);
    // Who replays hellos gets the answers, and can do nothing with them.
    h.wire.release(copy.ip);
    const since = h.wire.now;
    h.wire.repeat(20, 5_000, () => {
      copy.forgetKeys();
      h.wire.send(copy.address, attic.address, copy.hello(attic));
    });
    expectUntouched(h);
    const sent = octets(h.wire.since(since, fromIp(copy.ip)));
    expect(octets(h.wire.since(since, toIp(copy.ip)))).toBeLessThan(sent);
  });
});

describe('a forged answer to a hello', () => {
  it('that arrives first does not keep the real one from counting', () => {
    const h = harbour({ ...THREE, rogues: ['shed'] });
    const attic = h.machine(0);
    const { passes } = h.wire;
    h.wire.passes = (datagram) => {
      const { from, to, bytes } = datagram;
      if (bytes[0] === 0x21 && from.ip === attic.ip) {
        const index = bytes.subarray(1, 5);
        h.wire.send(
          to,
          from,
          concat(new Uint8Array([0x22, 9, 9, 9, 9]), index, h.wire.random.bytes(48)),
        );
      }
      return passes(datagram);
    };
    h.wire.delay = ({ bytes, from }) =>
      bytes[0] === 0x22 && from.ip !== attic.ip && bytes[1] === 9 ? 1 : 5;
    attic.restart();
    expect(h.wire.runUntil(() => h.whole, 5_000)).toBe(true);
    expect(attic.dropped('answer-unopened')).toBeGreaterThan(2);
  });
});

describe('a stranger that connects to the TCP port', () => {
  const closed = [{ type: 'close-link' }];

  it.each([
    ['no tag', () => undefined],
    ['a tag of noise', (h: Harbour) => h.wire.random.bytes(26)],
    ['a tag cut short', (h: Harbour) => h.wire.random.bytes(25)],
  ])('is closed without an octet for %s, invites or none', (_, make) => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    expect(doneWith(attic, knock(attic, make(h)))).toMatchObject(closed);
    invite(attic);
    expect(doneWith(attic, knock(attic, make(h)))).toMatchObject(closed);
  });

  it('is closed without an octet for a tag seen before, and the invite still works', () => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    const token = invite(attic);
    const tag = tagOf(attic, token);
    expect(doneWith(attic, knock(attic, tag))).toMatchObject([{ type: 'admit-link' }]);
    for (let again = 0; again < 5; again += 1) {
      expect(doneWith(attic, knock(attic, tag))).toMatchObject(closed);
    }
    expect(join(attic, token, identityOf('loft'), 'loft')).toMatchObject({ type: 'admitted' });
  });

  it('is closed without an octet for the tag of an invite that expired', () => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    const token = invite(attic, minutes(1));
    h.wire.run(61_000);
    expect(doneWith(attic, knock(attic, tagOf(attic, token)))).toMatchObject(closed);
  });

  it('is closed without an octet for the tag of another member’s invite', () => {
    const h = harbour(THREE);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const token = invite(cellar);
    expect(doneWith(attic, knock(attic, tagOf(attic, token)))).toMatchObject(closed);
  });

  it('gets nothing by frames or handshakes on links that were never let in', () => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    invite(attic);
    const link = knock(attic, undefined);
    attic.input({ type: 'link-open', link, peer: identityOf('loft').id });
    attic.input({ type: 'link-frame', link, body: h.wire.random.bytes(300) });
    const types = doneWith(attic, link).map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(['close-link']));
    expect(attic.running.memberCount).toBe(3);
  });

  it('is refused when it asks in the name of a key that it does not hold', () => {
    const h = harbour(THREE);
    const attic = h.machine(0);
    const token = invite(attic);
    const [thief, honest] = [identityOf('thief'), identityOf('loft')];
    const refused = { type: 'refused', reason: 'malformed' };
    expect(join(attic, token, honest, 'loft', thief.id)).toMatchObject(refused);
    expect(attic.running.memberCount).toBe(3);
    expect(join(attic, token, honest, 'loft')).toMatchObject({ type: 'admitted' });
    expect(join(attic, token, thief, 'den')).toMatchObject({ type: 'refused', reason: 'spent' });
  });
});
