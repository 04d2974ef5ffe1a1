import { describe, expect, it } from 'vitest';
import { formatAddress, type Address } from '../../../src/base/address.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import type { ClusterId } from '../../../src/base/id.ts';
import { readBook } from '../../../src/core/documents.ts';
import { decodeRecord } from '../../../src/wire/record.ts';
import { found } from '../../unit/core/acts.ts';
import { harbour, type Harbour } from './harbour.ts';
import type { Machine } from './machine.ts';
import type { Rogue } from './rogue.ts';
import { at, fromIp, octets, toIp } from './wire.ts';

const PLAN = { machines: ['attic', 'cellar', 'pi'], rogues: ['shed'] };

function tell(from: Rogue, to: Machine, ...records: readonly Bytes[]): void {
  from.say(to, { type: 'news', items: records.map((bytes) => ({ kind: 'record', bytes })) });
}

/** The record that a machine holds of somebody. */
function held(
  machine: Machine,
  of: { readonly id: Machine['id'] },
): ReturnType<typeof decodeRecord> {
  const book = readBook(machine.running.document('book'));
  return book?.records.map((bytes) => decodeRecord(bytes)).find((record) => record?.id === of.id);
}

function listed(machine: Machine, of: { readonly id: Machine['id'] }): string[] | undefined {
  return held(machine, of)?.addresses.map(({ address }) => formatAddress(address));
}

/** A rogue that said where it is, and was believed. */
function withRecord(plan = PLAN): { h: Harbour; attic: Machine; shed: Rogue } {
  const h = harbour(plan);
  const [attic, shed] = [h.machine(0), h.rogue(0)];
  shed.sequence = 10;
  tell(shed, attic, shed.record(10, [shed.address]));
  h.wire.run(1_000);
  return { h, attic, shed };
}

describe('a record', () => {
  it('counts when its author signed it, and reaches everyone', () => {
    const { h, shed } = withRecord();
    for (const machine of h.machines) {
      expect(held(machine, shed)?.sequence).toBe(10);
      expect(listed(machine, shed)).toEqual([formatAddress(shed.address)]);
    }
  });

  it('altered by one octet is dropped, goes no further, and points nobody anywhere', () => {
    const { h, attic, shed } = withRecord();
    const victim = h.wire.freshIp();
    const good = shed.record(11, [at(victim)]);
    for (let place = 0; place < good.length; place += 7) {
      const forged = new Uint8Array(good);
      forged[place] = (forged[place] ?? 0) ^ 1;
      tell(shed, attic, forged);
    }
    h.wire.run(5_000);
    expect(h.machines.map((machine) => held(machine, shed)?.sequence)).toEqual([10, 10, 10]);
    expect(h.wire.sent.filter(toIp(victim))).toEqual([]);
    expect(attic.dropped('record-forged')).toBeGreaterThan(0);
  });

  it('that one member signed about another is dropped', () => {
    const { h, attic, shed } = withRecord();
    const pi = h.machine(2);
    const before = held(attic, pi);
    const victim = h.wire.freshIp();
    const own = shed.record(9_000, [at(victim)]);
    // The same body in the other's name; the signature is still the rogue's.
    const forged = new Uint8Array(own);
    forged.set(pi.identity.publicKey, 17);
    expect(decodeRecord(forged)?.id).toBe(pi.id);
    tell(shed, attic, forged);
    h.wire.run(3_000);
    expect(held(attic, pi)?.sequence).toBe(before?.sequence);
    expect(attic.hasFound(pi)).toBe(true);
    expect(h.wire.sent.filter(toIp(victim))).toEqual([]);
  });

  it('of another cluster is dropped', () => {
    const { h, attic, shed } = withRecord();
    const foreign: ClusterId = found('elsewhere').cluster;
    tell(shed, attic, shed.record(99, [at(h.wire.freshIp())], { cluster: foreign }));
    h.wire.run(1_000);
    expect(held(attic, shed)?.sequence).toBe(10);
    expect(attic.dropped('record-foreign')).toBe(1);
  });

  it('that is older than the one held changes nothing, however often it is told', () => {
    const { h, attic, shed } = withRecord();
    const victim = h.wire.freshIp();
    const old = shed.record(9, [at(victim)]);
    h.wire.repeat(50, 5_000, () => {
      tell(shed, attic, old);
    });
    expect(listed(attic, shed)).toEqual([formatAddress(shed.address)]);
    expect(h.wire.sent.filter(toIp(victim))).toEqual([]);
  });

  it('that is old is not believed by a machine that restarted, either', () => {
    const { h, attic, shed } = withRecord();
    const old = shed.record(9, [at(h.wire.freshIp())]);
    h.wire.run(10_000);
    attic.restart();
    h.wire.run(2_000);
    tell(shed, attic, old);
    h.wire.run(1_000);
    expect(held(attic, shed)?.sequence).toBe(10);
  });

  it('with a sequence held already changes nothing, and the quarrel dies down', () => {
    const { h, attic, shed } = withRecord();
    const [cellar, pi] = [h.machine(1), h.machine(2)];
    const elsewhere = h.wire.freshIp();
    shed.sequence = 12;
    // Two bodies of one sequence, told to two members at one instant.
    tell(shed, attic, shed.record(12, [shed.address]));
    tell(shed, cellar, shed.record(12, [at(elsewhere)]));
    h.wire.run(5_000);
    const [one, other] = [listed(attic, shed), listed(cellar, shed)];
    expect(one).toEqual([formatAddress(shed.address)]);
    tell(shed, attic, shed.record(12, [at(elsewhere)]));
    h.wire.run(1_000);
    expect(listed(attic, shed)).toEqual(one);
    h.wire.run(300_000);
    expect([listed(attic, shed), listed(cellar, shed)]).toEqual([one, other]);
    // The path is where challenges are answered, whatever the record says.
    expect(h.machines.map((machine) => machine.hasFound(shed))).toEqual([true, true, true]);
    const since = h.wire.now;
    h.wire.run(60_000);
    const between = h.wire.since(since, (one) => fromIp(attic.ip)(one) && one.bytes.length > 60);
    expect(between.length).toBeLessThan(20);
    expect(held(pi, shed)?.sequence).toBe(12);
  });

  it.each([
    [3, 'vouched'],
    [0, 'none'],
  ])('that %i members vouch for is shown as %s until it is challenged', (voters, proof) => {
    const h = harbour(PLAN);
    const [attic, cellar, shed] = [h.machine(0), h.machine(1), h.rogue(0)];
    attic.crash();
    attic.files.delete('book');
    h.wire.release(shed.ip);
    attic.start();
    shed.ip = h.wire.freshIp();
    const addresses = [{ address: shed.address, voters }];
    tell(shed, cellar, shed.record(20, [], { addresses }));
    expect(h.wire.runUntil(() => held(attic, shed) !== undefined, 5_000)).toBe(true);
    const address = voters > 0 ? formatAddress(shed.address) : null;
    expect(attic.sees(shed)).toMatchObject({ address, proof });
    shed.hold(shed.ip);
    expect(h.wire.runUntil(() => attic.hasFound(shed), 5_000)).toBe(true);
  });
});

describe('a member that lists the addresses of somebody else', () => {
  const FOUR = { machines: ['attic', 'cellar', 'pi', 'den'], rogues: ['shed'] };

  function victims(h: Harbour): Address[] {
    const ip = h.wire.freshIp();
    return [4117, 53, 123, 443, 500, 1900].map((port) => at(ip, port));
  }

  it('makes each of the others send one challenge a second to each, however often it signs', () => {
    const { h, attic, shed } = withRecord(FOUR);
    const targets = victims(h);
    const since = h.wire.now;
    h.wire.repeat(100, 20_000, (turn) => {
      shed.sequence = 100 + turn;
      tell(shed, attic, shed.record(100 + turn, targets));
    });
    const drawn = h.wire.since(since, toIp(targets[0]?.ip ?? ''));
    const sizes = new Set(drawn.map(({ bytes }) => bytes.length));
    // Pings alone; five records are taken at once, and one a second after them.
    expect([...sizes]).toEqual([38]);
    expect(drawn.length).toBeGreaterThan(100);
    expect(drawn.length).toBeLessThanOrEqual(h.machines.length * targets.length * (5 + 20 + 1));
  });

  it('and then falls silent makes them send less and less', () => {
    const { h, attic, shed } = withRecord(FOUR);
    const targets = victims(h);
    shed.sequence = 100;
    tell(shed, attic, shed.record(100, targets));
    h.wire.run(50);
    h.wire.release(shed.ip);
    h.wire.run(180_000);
    const since = h.wire.now;
    h.wire.run(120_000);
    const drawn = h.wire.since(since, toIp(targets[0]?.ip ?? ''));
    // A try a minute: a ping and a hello to each address.
    expect(drawn.length).toBeGreaterThan(0);
    expect(drawn.length).toBeLessThanOrEqual(h.machines.length * targets.length * 2 * 3);
  });
});

describe('what others say of a member', () => {
  it('is a hint: it earns a challenge at most, and changes no address', () => {
    const { h, attic, shed } = withRecord();
    const [cellar] = [h.machine(1)];
    const victim = h.wire.freshIp();
    h.wire.repeat(1_000, 20_000, () => {
      shed.say(attic, {
        type: 'sought',
        target: cellar.id,
        age: 0,
        seen: at(victim),
        record: undefined,
      });
      shed.say(attic, {
        type: 'introduce',
        seeker: cellar.id,
        address: at(victim),
        record: undefined,
      });
    });
    expect(attic.hasFound(cellar)).toBe(true);
    expect(attic.eventsOf('member-moved')).toEqual([]);
    const spent = h.wire.sent.filter((one) => fromIp(shed.ip)(one) && toIp(attic.ip)(one));
    expect(octets(h.wire.sent.filter(toIp(victim)))).toBeLessThan(octets(spent));
  });

  it('keeps nobody alive that is dead, and aims nobody at a victim', () => {
    const h = harbour(PLAN);
    const [attic, cellar, shed] = [h.machine(0), h.machine(1), h.rogue(0)];
    const victim = h.wire.freshIp();
    cellar.crash();
    const since = h.wire.now;
    h.wire.repeat(50, 20_000, (turn) => {
      const address = at(victim, 1_000 + (turn % 8));
      const said = { target: cellar.id, age: 0, seen: address, record: undefined };
      shed.say(attic, { type: 'sought', ...said });
      shed.say(attic, { type: 'introduce', seeker: cellar.id, address, record: undefined });
    });
    expect(attic.sees(cellar).state).toBe('lost');
    const spent = h.wire.since(since, (one) => fromIp(shed.ip)(one) && toIp(attic.ip)(one));
    // RFC 9000 §8.1 allows threefold.
    expect(octets(h.wire.since(since, toIp(victim)))).toBeLessThan(3 * octets(spent));
  });
});
