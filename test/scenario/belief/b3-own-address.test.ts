import { describe, expect, it } from 'vitest';
import type { NodeEvent } from '../../../src/core/events.ts';
import { harbour, type Harbour } from './harbour.ts';
import type { Machine } from './machine.ts';
import { at } from './wire.ts';

/** Four honest ones and two that may lie. */
const MINORITY = { machines: ['attic', 'cellar', 'pi', 'den'], rogues: ['shed', 'barn'] };

const own = (machine: Machine): string[] =>
  machine.status.self.addresses.map(({ address }) => address);

const shownAt = (machine: Machine, other: Machine): string => {
  const { address, proof } = machine.sees(other);
  return `${String(address)} ${proof}`;
};

const rounds = (machine: Machine, why?: string): NodeEvent[] =>
  machine.eventsOf('doubt').filter((event) => why === undefined || event.why === why);

/** From now on these reflect an address that the machine never had. */
function lie(h: Harbour, about: Machine, to: string): void {
  for (const rogue of h.rogues) {
    rogue.reflect = (from) => (from.ip === about.ip ? at(to, from.port) : from);
  }
}

describe('what this node believes of its own address', () => {
  it('is not what a minority reports', () => {
    const h = harbour(MINORITY);
    const attic = h.machine(0);
    const before = own(attic);
    lie(h, attic, h.wire.freshIp());
    const seen = new Set<string>();
    h.wire.repeat(100, 60_000, () => seen.add(own(attic).join()));
    expect([...seen]).toEqual([before.join()]);
    expect(attic.eventsOf('self-moved')).toEqual([]);
    expect(h.machines.every((machine) => machine === attic || machine.hasFound(attic))).toBe(true);
  });

  it('follows a move although a minority says that nothing happened', () => {
    const h = harbour(MINORITY);
    const attic = h.machine(0);
    const old = attic.ip;
    h.machines[0]?.move();
    lie(h, attic, old);
    expect(h.wire.runUntil(() => own(attic).join() === `${attic.ip}:4117`, 2_500)).toBe(true);
    h.wire.run(20_000);
    expect(own(attic)).toEqual([`${attic.ip}:4117`]);
    expect(h.machines.every((machine) => machine === attic || machine.hasFound(attic))).toBe(true);
  });

  it('is not decided by who answers first', () => {
    const h = harbour({ ...MINORITY, rogues: ['shed'] });
    const attic = h.machine(0);
    const shed = h.rogue(0);
    const phantom = h.wire.freshIp();
    // The liar lives next door, everyone else across an ocean.
    h.wire.delay = ({ from, to }) => ([from.ip, to.ip].includes(shed.ip) ? 1 : 60);
    attic.move();
    lie(h, attic, phantom);
    const seen: string[] = [];
    h.wire.repeat(20, 20_000, () => {
      for (const machine of h.machines.slice(1)) seen.push(shownAt(machine, attic));
    });
    expect(own(attic)).toEqual([`${attic.ip}:4117`]);
    expect(h.machines.every((machine) => machine === attic || machine.hasFound(attic))).toBe(true);
    expect(seen).not.toContain(`${phantom}:4117 direct`);
  });

  it('counts those whom one member admitted once, as long as three groups remain', () => {
    const puppets = ['barn', 'loft', 'porch', 'boat'];
    const byRogue = Object.fromEntries(puppets.map((name) => [name, 'shed']));
    const h = harbour({
      machines: ['attic', 'cellar', 'kitchen', 'pi', 'den'],
      rogues: ['shed', ...puppets],
      admittedBy: { pi: 'cellar', den: 'pi', ...byRogue },
    });
    const attic = h.machine(0);
    lie(h, attic, h.wire.freshIp());
    h.wire.run(30_000);
    expect(own(attic)).toEqual([`${attic.ip}:4117`]);
    attic.move();
    h.wire.run(10_000);
    expect(own(attic)).toEqual([`${attic.ip}:4117`]);
  });

  it('never touches a path that a challenge proved, even when most members lie', () => {
    const h = harbour({ machines: ['attic', 'cellar'], rogues: ['shed', 'barn', 'loft'] });
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const phantom = h.wire.freshIp();
    lie(h, attic, phantom);
    const seen: string[] = [];
    h.wire.repeat(50, 30_000, () => seen.push(shownAt(cellar, attic)));
    // They are most, so this is what its record says; the other one knows better.
    expect(own(attic)).toEqual([`${phantom}:4117`]);
    // Until it has asked again, which takes no longer than a beat.
    expect(seen.filter((shown) => shown !== `${attic.ip}:4117 direct`).length).toBeLessThan(12);
    expect(seen).not.toContain(`${phantom}:4117 direct`);
    expect(cellar.sees(attic).moves).toBe(0);
    expect(attic.hasFound(cellar)).toBe(true);
  });

  it('is not changed by silence', () => {
    const h = harbour(MINORITY);
    const attic = h.machine(0);
    const before = own(attic);
    h.wire.passes = ({ from, to }) => from.ip !== attic.ip && to.ip !== attic.ip;
    h.wire.run(60_000);
    expect(attic.status.self.state).toBe('orphan');
    expect(rounds(attic).length).toBeGreaterThan(0);
    expect(own(attic)).toEqual(before);
  });

  it('is shown with one voter when there is one', () => {
    const h = harbour({ machines: ['attic', 'cellar'] });
    const [view] = h.machine(0).status.self.addresses;
    expect(view).toMatchObject({ votes: 1, voters: 1 });
  });

  it('has a host when everyone sees another port, and says that the NAT is random', () => {
    const h = harbour({ machines: ['attic'], rogues: ['shed', 'barn', 'loft'] });
    const attic = h.machine(0);
    h.rogues.forEach((rogue, index) => {
      rogue.reflect = ({ ip }) => at(ip, 5_000 + index);
    });
    h.wire.run(5_000);
    expect(attic.status.self.nat).toBe('random');
    expect(own(attic).map((address) => address.split(':')[0])).toEqual([attic.ip]);
  });
});

describe('a liar that reports another address each time', () => {
  const PLAN = { machines: ['attic', 'cellar', 'pi', 'den'], rogues: ['shed'] };

  function liar(): { h: Harbour; attic: Machine } {
    const h = harbour(PLAN);
    const attic = h.machine(0);
    h.rogue(0).reflect = () => at(h.wire.freshIp());
    return { h, attic };
  }

  it('is named after three rounds, in words that an operator can read', () => {
    const { h, attic } = liar();
    expect(h.wire.runUntil(() => attic.eventsOf('outvoted').length > 0, 30_000)).toBe(true);
    expect(rounds(attic, 'reflection').length).toBe(3);
    expect(attic.eventsOf('outvoted')).toEqual([
      { type: 'outvoted', id: h.rogue(0).id, name: 'shed' },
    ]);
    expect(attic.status.advice.join()).toContain(
      'shed reports addresses that the others contradict',
    );
  });

  it('starts no round for ten minutes then, and may again after them', () => {
    const { h, attic } = liar();
    h.wire.runUntil(() => attic.eventsOf('outvoted').length > 0, 30_000);
    attic.events.length = 0;
    h.wire.run(9.9 * 60_000);
    expect(rounds(attic)).toEqual([]);
    h.wire.run(60_000);
    expect(rounds(attic, 'reflection').length).toBe(3);
  });

  it('makes each of the others start three rounds or so in three minutes', () => {
    const { h } = liar();
    h.wire.run(180_000);
    const all = h.machines.map((machine) => rounds(machine).length);
    expect(all.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4 * h.machines.length);
  });

  it('that answers every second ping keeps nobody asking around', () => {
    const h = harbour(PLAN);
    let count = 0;
    h.rogue(0).reflect = (from) => ((count += 1) % 2 === 0 ? from : undefined);
    h.wire.run(120_000);
    const all = h.machines.map((machine) => rounds(machine).length);
    // Fifty each, before rounds that change nothing were held against who began them.
    expect(Math.max(...all)).toBeGreaterThan(0);
    expect(Math.max(...all)).toBeLessThan(30);
  });
});
