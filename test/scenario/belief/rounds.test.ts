import { expect, it, describe } from 'vitest';

import { parseAddress } from '../../../src/base/address.ts';
import { harbour } from './harbour.ts';
import type { Machine } from './machine.ts';

const own = (machine: Machine): string =>
  machine.status.self.addresses.map(({ address }) => address).join();

describe('a node on a lossy link', () => {
  it.each([
    [['attic', 'cellar'], 0.02],
    [['attic', 'cellar', 'pi', 'den'], 0.05],
  ])('among %j notices its own move after ten minutes of %d loss', (machines, loss) => {
    const h = harbour({ machines });
    let fate = 12_345;
    const { passes } = h.wire;
    h.wire.passes = (datagram) => {
      fate = (fate * 1_103_515_245 + 12_345) % 2 ** 31;
      return fate / 2 ** 31 >= loss && passes(datagram);
    };
    h.wire.run(600_000);
    const attic = h.machine(0);
    h.wire.passes = passes;
    attic.move();
    expect(h.wire.runUntil(() => own(attic) === `${attic.ip}:4117`, 10_000)).toBe(true);
  });
});

describe('an address that this machine cannot send to', () => {
  it('starts no storm of rounds, whoever named it', () => {
    const h = harbour({ machines: ['attic', 'cellar', 'pi'] });
    const attic = h.machine(0);
    h.wire.run(10_000);
    const before = attic.eventsOf('doubt').length;
    const address = parseAddress('[2001:db8::1]:4117');
    if (address === undefined) throw new Error('no address');
    attic.unreachable = (to) => to.family === 6;
    attic.command({ type: 'hint', member: h.machine(1).id, address });
    h.wire.run(60_000);
    expect(attic.eventsOf('doubt').length - before).toBeLessThan(5);
    expect(h.whole).toBe(true);
  });
});
