import { describe, expect, it } from 'vitest';
import { Limit, networkKey } from '../../../src/services/names/limit.ts';

describe('the limit of a network', () => {
  it('lets a burst through, then so many a second, and leaves other networks alone', () => {
    const limit = new Limit(10, 3);
    const asked = (ip: string, ms: number): boolean => limit.admits(ip, ms);
    expect([1, 2, 3, 4].map(() => asked('192.0.2.1', 0))).toEqual([true, true, true, false]);
    // The same /24, and another one.
    expect([asked('192.0.2.200', 0), asked('192.0.3.1', 0)]).toEqual([false, true]);
    expect([asked('192.0.2.1', 99), asked('192.0.2.1', 100)]).toEqual([false, true]);
    expect(asked('192.0.2.1', 100)).toBe(false);
  });

  it('is none for the machine itself', () => {
    const limit = new Limit(0, 0);
    for (const ip of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
      expect(limit.admits(ip, 0)).toBe(true);
    }
    expect(limit.admits('192.0.2.1', 0)).toBe(false);
  });

  it('forgets who asked longest ago, and so holds no more than its bound', () => {
    const limit = new Limit(0, 1);
    expect(limit.admits('10.0.0.1', 0)).toBe(true);
    expect(limit.admits('10.0.0.1', 0)).toBe(false);
    for (let index = 1; index < 4_096; index += 1) {
      limit.admits(`10.${String(index >> 8)}.${String(index & 255)}.1`, 0);
    }
    expect(limit.admits('10.0.0.1', 0)).toBe(false);
    limit.admits('172.16.0.1', 0);
    expect(limit.admits('10.0.0.1', 0)).toBe(true);
  });

  it('takes an address for one network however it is written', () => {
    expect(networkKey('::ffff:192.0.2.7')).toBe(networkKey('192.0.2.9'));
    expect(networkKey('2001:db8:1::1')).toBe(networkKey('2001:db8:1:2::3'));
    expect(networkKey('2001:db8:1::1')).not.toBe(networkKey('2001:db8:2::1'));
    expect(networkKey('fe80::1%eth0')).toBe(networkKey('fe80::2%eth0'));
  });
});
