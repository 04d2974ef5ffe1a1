import { describe, expect, it } from 'vitest';
import { formatAddress, type Address } from '../../../src/base/address.ts';
import { readBook } from '../../../src/core/documents.ts';
import { invite } from './door.ts';
import { harbour, type Harbour } from './harbour.ts';
import type { Machine } from './machine.ts';
import { at, fromIp, toIp } from './wire.ts';

const FIVE = { machines: ['attic', 'cellar', 'pi', 'den', 'loft'] };

/** Every host that a machine was ever at, and every port that one ever sent from. */
class Ledger {
  readonly #hosts = new Set<string>();
  /** A member that moved lists its sockets at the new host before anybody saw them there. */
  readonly #ports = new Set<number>();

  constructor(h: Harbour) {
    for (const { address } of [...h.machines, ...h.rogues]) this.tell(address);
    for (const { from } of h.wire.sent) this.tell(from);
    const { send } = h.wire;
    h.wire.send = (from, to, bytes) => {
      this.tell(from);
      send.call(h.wire, from, to, bytes);
    };
  }

  tell({ ip, port }: Address): void {
    this.#hosts.add(ip);
    this.#ports.add(port);
  }

  /** Destinations where no member ever was and that nobody was told. */
  foreign(h: Harbour): string[] {
    const strange = h.wire.sent.filter(
      ({ to }) => !this.#hosts.has(to.ip) || !this.#ports.has(to.port),
    );
    return [...new Set(strange.map(({ to }) => formatAddress(to)))];
  }
}

/** One turn of fate for one machine. */
function befall(h: Harbour, machine: Machine, ledger: Ledger): void {
  const { random } = h.wire;
  const act = random.below(6);
  if (act === 0) {
    machine.move();
    ledger.tell(machine.address);
  }
  if (act === 1) machine.unplug();
  if (act === 2 && machine.node !== undefined) machine.crash();
  if (act === 3) machine.restart();
  if (act === 4) machine.stall(random.between(10, 3_000));
  if (act === 5) {
    const other = random.pick(h.machines);
    if (other === undefined || machine.node === undefined || other === machine) return;
    machine.wallOffset += random.between(-1e6, 1e6);
    machine.command({ type: 'hint', member: other.id, address: other.address });
  }
}

describe('what a node sends', () => {
  it.each([1, 2])('goes only where a member is or was, through long chaos (seed %i)', (seed) => {
    const h = harbour({ ...FIVE, seed });
    const ledger = new Ledger(h);
    const { random } = h.wire;
    h.wire.passes = () => !random.chance(0.1);
    h.wire.repeat(500, 60_000, () => {
      const machine = random.pick(h.machines.slice(1));
      if (machine !== undefined) befall(h, machine, ledger);
    });
    expect(ledger.foreign(h)).toEqual([]);
    expect(h.wire.sent.length).toBeGreaterThan(2_000);
    // Nothing of it broke anybody: they find each other again.
    h.wire.passes = () => true;
    for (const machine of h.machines) {
      if (machine.node === undefined) machine.start();
      if (machine !== h.machine(0)) machine.move();
    }
    expect(h.wire.runUntil(() => h.whole, 150_000)).toBe(true);
  });

  it('goes to what an operator typed, and to no name, network or port beside it', () => {
    const h = harbour({ machines: ['attic', 'cellar'] });
    const ledger = new Ledger(h);
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    cellar.crash();
    const typed = at(h.wire.freshIp(), 9_999);
    attic.command({ type: 'hint', member: cellar.id, address: typed });
    h.wire.run(30_000);
    expect(ledger.foreign(h)).toEqual([formatAddress(typed)]);
  });

  it('goes nowhere while a node is alone, invites made or not', () => {
    const h = harbour({ machines: ['attic'] });
    invite(h.machine(0));
    h.wire.run(120_000);
    expect(h.wire.sent).toEqual([]);
  });
});

describe('the history of a member', () => {
  function historyOf(machine: Machine, of: Machine): string[] {
    const book = readBook(machine.running.document('book'));
    const entry = book?.history.find(({ id }) => id === of.id);
    return entry?.addresses.map(({ address }) => formatAddress(address)) ?? [];
  }

  it('holds 32 addresses at most, the newest first', () => {
    const h = harbour({ machines: ['attic', 'cellar', 'pi'] });
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    for (let turn = 0; turn < 40; turn += 1) {
      cellar.move();
      expect(h.wire.runUntil(() => attic.hasFound(cellar), 5_000)).toBe(true);
      h.wire.run(2_500);
    }
    const history = historyOf(attic, cellar);
    expect(history.length).toBe(32);
    expect(history[0]).toBe(formatAddress(cellar.address));
  });

  it('gives up an address after repeated silence, and sends nothing there again', () => {
    const h = harbour({ machines: ['attic', 'cellar', 'pi'] });
    const [attic, cellar] = [h.machine(0), h.machine(1)];
    const old = cellar.ip;
    cellar.move();
    expect(h.wire.runUntil(() => attic.hasFound(cellar), 5_000)).toBe(true);
    cellar.crash();
    h.wire.run(40 * 60_000);
    const since = h.wire.now;
    h.wire.run(20 * 60_000);
    const toOld = h.wire.since(since, (one) => fromIp(attic.ip)(one) && toIp(old)(one));
    const toLast = h.wire.since(since, (one) => fromIp(attic.ip)(one) && toIp(cellar.ip)(one));
    expect(historyOf(attic, cellar)).not.toContain(`${old}:4117`);
    expect(toOld.length).toBe(0);
    // The last one it was at is tried for ever.
    expect(toLast.length).toBeGreaterThan(10);
  });
});
