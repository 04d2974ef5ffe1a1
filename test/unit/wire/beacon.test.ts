import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { concat, toHex, type Bytes } from '../../../src/base/bytes.ts';
import { clusterIdOf } from '../../../src/base/id.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import {
  beaconKey,
  decodeBeacon,
  encodeBeacon,
  openBeacon,
  sealBeacon,
  verifyBeacon,
  type Beacon,
} from '../../../src/wire/beacon.ts';
import { BEACON_SIZE, HELLO_SIZE } from '../../../src/wire/limits.ts';
import { attic, cellar, cluster, octets } from './samples.ts';

const key = beaconKey(nodeSuite, octets(16, 7), []);
const nonce = octets(16, 90);
const bytes = sealBeacon(nodeSuite, attic, cluster, key, nonce);

function taken(from: Bytes): Beacon {
  const beacon = decodeBeacon(from);
  if (beacon === undefined) throw new Error('no beacon');
  return beacon;
}

describe('a beacon', () => {
  it('is one class octet, its nonce, and 112 sealed octets', () => {
    expect(bytes.length).toBe(BEACON_SIZE);
    expect(bytes[0]).toBe(0x24);
    expect(bytes.slice(1, 17)).toEqual(nonce);
    expect(encodeBeacon(taken(bytes))).toEqual(bytes);
  });

  it('is longer than the hello it earns, so that it amplifies nothing', () => {
    expect(BEACON_SIZE).toBeGreaterThanOrEqual(HELLO_SIZE);
  });

  it('tells who calls to those who have the key, and proves it', () => {
    const caller = openBeacon(nodeSuite, key, taken(bytes));
    expect(caller?.id).toBe(attic.id);
    if (caller === undefined) return;
    expect(verifyBeacon(nodeSuite, cluster, taken(bytes), caller)).toBe(true);
    const other = { ...caller, id: cellar.id };
    expect(verifyBeacon(nodeSuite, cluster, taken(bytes), other)).toBe(false);
    const elsewhere = clusterIdOf(octets(16, 3));
    expect(verifyBeacon(nodeSuite, elsewhere, taken(bytes), caller)).toBe(false);
  });

  it('cannot be opened with another key, or when any one bit of it changed', () => {
    const other = beaconKey(nodeSuite, octets(16, 8), []);
    expect(openBeacon(nodeSuite, other, taken(bytes))).toBeUndefined();
    for (let bit = 8; bit < 8 * bytes.length; bit += 1) {
      const changed = bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      const opened = openBeacon(nodeSuite, key, taken(changed));
      expect(opened, `bit ${String(bit)}`).toBeUndefined();
    }
  });

  it('shares nothing with another of the same node but its class', () => {
    const again = sealBeacon(nodeSuite, attic, cluster, key, octets(16, 91));
    const same = [...again].filter((octet, index) => octet === bytes[index]).length;
    // Chance gives one in 256.
    expect(same).toBeLessThan(10);
    expect(toHex(bytes)).not.toContain(toHex(attic.publicKey));
  });

  it('is of one length and one class', () => {
    expect(decodeBeacon(concat(bytes, Uint8Array.of(0)))).toBeUndefined();
    expect(decodeBeacon(bytes.slice(0, -1))).toBeUndefined();
    expect(decodeBeacon(bytes.with(0, 0x21))).toBeUndefined();
    expect(decodeBeacon(new Uint8Array(0))).toBeUndefined();
  });

  it('is never made with a nonce of another size', () => {
    const short = (): Bytes => sealBeacon(nodeSuite, attic, cluster, key, octets(10));
    expect(short).toThrow(InvariantError);
  });
});

describe('the key of beacons', () => {
  const first = octets(32, 1);
  const second = octets(32, 60);

  it('changes with each departure, and does not depend on their order', () => {
    const keys = [[], [first], [second], [first, second]].map((departures) =>
      toHex(beaconKey(nodeSuite, octets(16, 7), departures)),
    );
    expect(new Set(keys).size).toBe(4);
    expect(toHex(beaconKey(nodeSuite, octets(16, 7), [second, first]))).toBe(keys[3]);
  });

  it('is that of one cluster', () => {
    expect(beaconKey(nodeSuite, octets(16, 8), [])).not.toEqual(key);
  });
});
