import { describe, expect, it } from 'vitest';
import { address, type Address } from '../../../src/base/address.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { instant, millis } from '../../../src/base/time.ts';
import { FAIR, Network, type Weather } from '../../../src/sim/network.ts';
import { AddressPool } from '../../../src/sim/pool.ts';
import { DirectSite } from '../../../src/sim/site.ts';
import { Timeline } from '../../../src/sim/timeline.ts';

const BYTES = new Uint8Array(58);

function at(ip: string, port = 4117): Address {
  const made = address(ip, port);
  if (made === undefined) throw new Error(`${ip} is no address`);
  return made;
}

interface Place {
  readonly site: DirectSite;
  readonly got: { readonly from: Address; readonly time: number }[];
  hold(...ips: string[]): void;
}

function network(weather: Partial<Weather> = {}): {
  readonly network: Network;
  place(name: string, ...ips: string[]): Place;
  run(length: number): void;
} {
  const timeline = new Timeline();
  const made = new Network(timeline, new SeededRandom(4), { ...FAIR, ...weather });
  return {
    network: made,
    place: (name, ...ips) => {
      const site = new DirectSite(name, made);
      const got: { from: Address; time: number }[] = [];
      site.plug((_port, from) => got.push({ from, time: timeline.now }));
      const hold = (...given: string[]): void => {
        for (const ip of site.addresses) made.release(ip, site);
        site.readdress(given);
        for (const ip of given) made.hold(ip, site);
      };
      hold(...ips);
      return { site, got, hold };
    },
    run: (length) => {
      const end = instant(timeline.now + length);
      while (timeline.next(end));
    },
  };
}

describe('the network', () => {
  it('brings a datagram to who holds its address, after the latency of the two', () => {
    const { place, run } = network({ latency: [millis(5), millis(9)], jitter: millis(0) });
    const one = place('one', '203.0.113.1');
    const other = place('other', '203.0.113.2');
    expect(one.site.send(4117, at('203.0.113.2'), BYTES)).toBe(true);
    run(100);
    expect(other.got).toHaveLength(1);
    expect(other.got[0]?.from).toEqual(at('203.0.113.1'));
    expect(other.got[0]?.time).toBeGreaterThanOrEqual(5);
    expect(other.got[0]?.time).toBeLessThan(9);
  });

  it('has no answer for a datagram to an address that nobody holds', () => {
    const { network: made, place, run } = network();
    const one = place('one', '203.0.113.1');
    expect(one.site.send(4117, at('203.0.113.9'), BYTES)).toBe(true);
    run(1_000);
    expect(one.got).toHaveLength(0);
    expect(made.trafficOf('one').sentDatagrams).toBe(1);
  });

  it('brings a datagram to who got the address while it was under way', () => {
    const { place, run } = network({ latency: [millis(5), millis(9)] });
    const one = place('one', '203.0.113.1');
    const former = place('former', '203.0.113.2');
    const heir = place('heir', '203.0.113.3');
    one.site.send(4117, at('203.0.113.2'), BYTES);
    run(1);
    former.hold('203.0.113.4');
    heir.hold('203.0.113.2');
    run(100);
    expect(former.got).toHaveLength(0);
    expect(heir.got).toHaveLength(1);
  });

  it('drops a source address that its sender does not hold', () => {
    const { network: made, place, run } = network();
    const one = place('one', '203.0.113.1');
    const other = place('other', '203.0.113.2');
    const datagram = { from: at('203.0.113.77'), to: at('203.0.113.2'), bytes: BYTES };
    made.send(one.site, datagram);
    run(100);
    expect(other.got).toHaveLength(0);
    expect(made.spoofed).toBe(1);
  });

  it('has no way out for who holds no address of that family', () => {
    const { place } = network();
    const one = place('one', '203.0.113.1');
    expect(one.site.send(4117, at('2001:db8::2'), BYTES)).toBe(false);
  });

  it('counts the headers of IPv4 and IPv6 with the payload', () => {
    const { network: made, place, run } = network();
    const one = place('one', '203.0.113.1', '2001:db8::1');
    place('other', '203.0.113.2', '2001:db8::2');
    one.site.send(4117, at('203.0.113.2'), BYTES);
    one.site.send(4117, at('2001:db8::2'), BYTES);
    run(100);
    expect(made.trafficOf('one').sentBytes).toBe(58 + 42 + 58 + 62);
    expect(made.trafficOf('other').receivedBytes).toBe(58 + 42 + 58 + 62);
  });

  it('loses and doubles about as many as the weather says', () => {
    const { place, run } = network({ loss: 0.25, duplication: 0.1 });
    const one = place('one', '203.0.113.1');
    const other = place('other', '203.0.113.2');
    for (let count = 0; count < 2_000; count += 1) one.site.send(4117, at('203.0.113.2'), BYTES);
    run(1_000);
    const expected = 2_000 * 1.1 * 0.75;
    expect(Math.abs(other.got.length - expected)).toBeLessThan(0.06 * expected);
  });

  it('lets datagrams overtake each other when there is jitter', () => {
    const { place, run } = network({ jitter: millis(50) });
    const one = place('one', '203.0.113.1');
    const other = place('other', '203.0.113.2');
    for (let port = 1; port <= 20; port += 1) one.site.send(port, at('203.0.113.2'), BYTES);
    run(1_000);
    const order = other.got.map(({ from }) => from.port);
    expect(order).not.toEqual(order.toSorted((a, b) => a - b));
  });

  it('cuts one way without cutting the other, until it is mended', () => {
    const { network: made, place, run } = network();
    const one = place('one', '203.0.113.1');
    const other = place('other', '203.0.113.2');
    made.cut('deaf', (_from, to) => to === 'other');
    one.site.send(4117, at('203.0.113.2'), BYTES);
    other.site.send(4117, at('203.0.113.1'), BYTES);
    run(100);
    expect([one.got.length, other.got.length]).toEqual([1, 0]);
    made.mend('deaf');
    one.site.send(4117, at('203.0.113.2'), BYTES);
    run(100);
    expect(other.got).toHaveLength(1);
  });

  it('remembers the longest delay of any weather there was', () => {
    const { network: made } = network({ latency: [millis(1), millis(300)], jitter: millis(50) });
    made.weather = FAIR;
    expect(made.longestDelay).toBeGreaterThanOrEqual(350);
  });
});

describe('the pool of addresses', () => {
  it('never gives an address twice, and goes on when the first networks are used up', () => {
    const pool = new AddressPool();
    const given = Array.from({ length: 3_000 }, () => pool.fresh());
    expect(new Set(given).size).toBe(3_000);
    expect(given.every((ip) => address(ip, 1) !== undefined)).toBe(true);
    expect(given[0]).toBe('203.0.113.10');
    expect(given[2_999]).toMatch(/^198\.18\./);
  });
});
