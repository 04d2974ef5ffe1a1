import { describe, expect, test } from 'vitest';
import { formatAddress } from '../../../src/base/address.ts';
import { millis } from '../../../src/base/time.ts';
import { SEQUENCE_BLOCK, SEQUENCE_REFILL } from '../../../src/core/config.ts';
import type { SocketId } from '../../../src/core/io.ts';
import { OwnRecord, portsToList, type VotedHost } from '../../../src/core/own-record.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { ADDRESSES_MAX } from '../../../src/wire/limits.ts';
import { verifyRecord } from '../../../src/wire/record.ts';
import { found, identityOf } from './acts.ts';

const { cluster } = found('attic');

function own(reserved = 0, tags: readonly (readonly [string, string])[] = []): OwnRecord {
  return new OwnRecord(identityOf('attic'), cluster, millis(600), reserved, tags);
}

/** One with a block of numbers on disk. */
function ready(reserved = 0): OwnRecord {
  const record = own(reserved);
  record.reserve();
  record.durable(record.reserved);
  return record;
}

function ports(...entries: readonly (readonly [SocketId, number])[]): Map<SocketId, number> {
  return new Map(entries);
}

function host(ip: string, voters: number, ...entries: [SocketId, number][]): VotedHost {
  return { ip, voters, ports: ports(...entries) };
}

function listed(record: OwnRecord, ...hosts: readonly VotedHost[]): string[] {
  const signed = record.sign(hosts, 'mapped');
  return signed?.addresses.map(({ address }) => formatAddress(address)) ?? [];
}

describe('sequence numbers', () => {
  test('are used only once the disk knows that they may have been', () => {
    const record = own();
    expect(record.ready).toBe(false);
    expect(record.sign([], 'unknown')).toBeUndefined();
    expect(record.reserve()).toBe(true);
    expect(record.reserved).toBe(SEQUENCE_BLOCK);
    expect(record.sign([], 'unknown')).toBeUndefined();
    record.durable(record.reserved);
    expect(record.sign([], 'unknown')?.sequence).toBe(1);
    expect(record.sign([], 'unknown')?.sequence).toBe(2);
  });

  test('after a stop go on above every number that may have been used, whatever was', () => {
    const before = ready();
    before.sign([], 'unknown');
    const after = ready(before.reserved);
    expect(after.sign([], 'unknown')?.sequence).toBe(SEQUENCE_BLOCK + 1);
  });

  test('after a crash between asking the disk and its answer are still above all used', () => {
    const before = ready();
    for (let count = 0; count < SEQUENCE_BLOCK - SEQUENCE_REFILL; count += 1)
      before.sign([], 'open');
    expect(before.reserve()).toBe(true);
    // The second block never became durable: the disk holds the first one's end.
    const used = before.sequence;
    const after = ready(SEQUENCE_BLOCK);
    expect(after.sign([], 'unknown')?.sequence).toBeGreaterThan(used);
  });

  test('are reserved anew when 200 are left, once', () => {
    const record = ready();
    const left = (count: number): void => {
      for (let signed = record.sequence; signed < SEQUENCE_BLOCK - count; signed += 1) {
        record.sign([], 'unknown');
      }
    };
    left(SEQUENCE_REFILL + 1);
    expect(record.reserve()).toBe(false);
    left(SEQUENCE_REFILL);
    expect(record.reserve()).toBe(true);
    expect(record.reserve()).toBe(false);
  });

  test('run out when the disk never answers, and not one number is used beyond', () => {
    const record = ready();
    record.reserve();
    let signed = 0;
    while (record.sign([], 'unknown') !== undefined) signed += 1;
    expect(signed).toBe(SEQUENCE_BLOCK);
    expect(record.sequence).toBe(SEQUENCE_BLOCK);
  });

  test('an answer of the disk that comes late takes nothing back', () => {
    const record = ready();
    record.durable(10);
    for (let count = 0; count < 11; count += 1) record.sign([], 'unknown');
    expect(record.sequence).toBe(11);
  });
});

describe('a record of its own that somebody else holds', () => {
  test('means nothing when its number was used here', () => {
    const record = ready();
    record.sign([], 'unknown');
    expect(record.isHigher(1)).toBe(false);
    expect(record.met(1)).toBe('old');
  });

  test('with a higher number is gone above, as soon as the disk knows', () => {
    const record = ready();
    expect(record.isHigher(5_000)).toBe(true);
    expect(record.met(5_000)).toBe('above');
    expect(record.sign([], 'unknown')).toBeUndefined();
    expect(record.reserve()).toBe(true);
    record.durable(record.reserved);
    expect(record.sign([], 'unknown')?.sequence).toBe(5_001);
  });

  test('for the second time is the mark of a twin', () => {
    const record = ready();
    expect(record.met(5_000)).toBe('above');
    expect(record.met(5_000)).toBe('old');
    expect(record.met(5_002)).toBe('twin');
  });
});

describe('the record', () => {
  test('is signed by its node and says its beat, kind of NAT and tags in order', () => {
    const record = ready();
    record.setTag('zone', 'b');
    record.setTag('room', 'roof');
    record.setTag('old', 'x');
    record.setTag('old', undefined);
    const signed = record.sign([], 'random');
    if (signed === undefined) throw new Error('nothing was signed');
    expect(verifyRecord(nodeSuite, signed)).toBe(true);
    expect(signed).toMatchObject({ beat: 600, reachability: 'random', cluster });
    expect(signed.tags).toEqual([
      { key: 'room', value: 'roof' },
      { key: 'zone', value: 'b' },
    ]);
    expect(record.current).toBe(signed);
  });

  test('has the tags it was given at the start, the later of one key', () => {
    const record = own(0, [
      ['room', 'roof'],
      ['room', 'cellar'],
    ]);
    expect([...record.tags]).toEqual([['room', 'cellar']]);
  });

  test('lists the host of most voters first, and main ports before fresh ones', () => {
    expect(
      listed(
        ready(),
        host('10.0.0.1', 1, [0, 1]),
        host('192.0.2.1', 3, [2, 4119], [0, 4117], [1, 4118]),
      ),
    ).toEqual(['192.0.2.1:4117', '192.0.2.1:4118', '192.0.2.1:4119', '10.0.0.1:1']);
  });

  test('lists an address once, also when two sockets show the same port', () => {
    expect(listed(ready(), host('192.0.2.1', 1, [0, 4117], [1, 4117]))).toEqual(['192.0.2.1:4117']);
  });

  test('lists six addresses at the most', () => {
    const hosts = ['192.0.2.1', '10.0.0.1', '[]', '2001:db8::1'].map((ip) =>
      host(ip, 1, [0, 1], [1, 2], [2, 3]),
    );
    expect(listed(ready(), ...hosts)).toHaveLength(ADDRESSES_MAX);
  });

  test('says 255 voters for any number above', () => {
    const signed = ready().sign([host('192.0.2.1', 300, [0, 1])], 'open');
    expect(signed?.addresses[0]?.voters).toBe(255);
  });
});

describe('the ports worth listing', () => {
  test('are the main one alone once it is proven', () => {
    expect(portsToList(ports([0, 4117], [1, 50_000]), true, undefined)).toEqual(ports([0, 4117]));
  });

  test('are the main one and the fresh ones until then', () => {
    const all = ports([0, 4117], [1, 50_000], [2, 50_001]);
    expect(portsToList(all, false, undefined)).toEqual(all);
  });

  test('hold the last known main port when nobody saw it', () => {
    const fresh = ports([1, 50_000]);
    expect(portsToList(fresh, false, 4117)).toEqual(ports([0, 4117], [1, 50_000]));
    expect(portsToList(fresh, true, 4117)).toEqual(ports([0, 4117]));
  });

  test('are the fresh ones when no main port was ever seen', () => {
    expect(portsToList(ports([1, 50_000]), true, undefined)).toEqual(ports([1, 50_000]));
  });
});

describe('a record that the disk held at the start', () => {
  test('is what this node says of itself until it signs another', () => {
    const before = ready();
    const kept = before.sign([host('192.0.2.7', 3, [0, 4117])], 'mapped');
    if (kept === undefined) throw new Error('nothing was signed');
    const record = ready(before.reserved);
    expect(record.resume(kept)).toBe(true);
    expect(record.sequence).toBe(kept.sequence);
    expect(record.current).toBe(kept);
    listed(record, host('192.0.2.8', 3, [0, 4117]));
    expect(record.sequence).toBeGreaterThan(before.reserved);
  });

  test('does not count when its number was never reserved, or when it says another beat', () => {
    const kept = ready().sign([], 'unknown');
    if (kept === undefined) throw new Error('nothing was signed');
    expect(own(0).resume(kept)).toBe(false);
    const slower = new OwnRecord(identityOf('attic'), cluster, millis(700), 1_000, []);
    expect(slower.resume(kept)).toBe(false);
    expect(slower.sequence).toBe(0);
  });
});
