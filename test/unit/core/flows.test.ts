import { describe, expect, it } from 'vitest';
import { address, type Address } from '../../../src/base/address.ts';
import { instant } from '../../../src/base/time.ts';
import { Flows } from '../../../src/core/flows.ts';

function at(ip: string, port: number): Address {
  const parsed = address(ip, port);
  if (parsed === undefined) throw new Error('no address');
  return parsed;
}

describe('flows of a socket', () => {
  it('are as old as the first datagram, whatever came after it', () => {
    const flows = new Flows(4);
    flows.note(at('192.0.2.1', 4117), instant(5));
    flows.note(at('192.0.2.1', 4117), instant(9));
    expect(flows.since(at('192.0.2.1', 4117))).toBe(5);
  });

  it('tell ports and hosts apart', () => {
    const flows = new Flows(4);
    flows.note(at('192.0.2.1', 4117), instant(5));
    flows.note(at('192.0.2.1', 4118), instant(6));
    flows.note(at('2001:db8::1', 4117), instant(7));
    expect(flows.since(at('192.0.2.1', 4118))).toBe(6);
    expect(flows.since(at('2001:db8::1', 4117))).toBe(7);
    expect(flows.since(at('192.0.2.2', 4117))).toBeUndefined();
    expect(flows.since(at('192.0.2.1', 4119))).toBeUndefined();
  });

  it('are noted up to the bound and not above it, of one host or of many', () => {
    for (const ipOf of [() => '192.0.2.1', (n: number) => `192.0.2.${String(n)}`]) {
      const flows = new Flows(3);
      for (let n = 1; n <= 3; n += 1) {
        expect(flows.full).toBe(false);
        flows.note(at(ipOf(n), n), instant(n));
      }
      expect(flows.full).toBe(true);
      flows.note(at(ipOf(4), 4), instant(4));
      expect(flows.since(at(ipOf(3), 3))).toBe(3);
      expect(flows.since(at(ipOf(4), 4))).toBeUndefined();
    }
  });
});
