/**
 * The LAN's sockets where there is no LAN: tests run on loopback, from which nothing may leave.
 * What multicast carries is tested in namespaces, in test/lab/lan.test.ts.
 */
import type { createSocket } from 'node:dgram';
import { afterEach, expect, it, vi } from 'vitest';
import type { Socket } from 'node:dgram';
import { scopeOf, usable } from '../../../src/base/address.ts';
import type { Input } from '../../../src/core/io.ts';
import { GROUPS, GROUP_PORT, GroupSockets, isLoopback } from '../../../src/runtime/beacon.ts';
import { placesOf } from '../../../src/runtime/bind.ts';
import { checkOptions, DEFAULT_PORT } from '../../../src/runtime/options.ts';
import { searchLan } from '../../../src/runtime/search.ts';
import { UdpSockets } from '../../../src/runtime/udp.ts';

const made = vi.hoisted(() => ({ sockets: [] as unknown[], refuse: false }));

vi.mock('node:dgram', async (original) => {
  const dgram = await original<{ createSocket: typeof createSocket }>();
  const counted = (...options: Parameters<typeof createSocket>): Socket => {
    const socket = dgram.createSocket(...options);
    made.sockets.push(socket);
    if (!made.refuse) return socket;
    const bind = (): Socket => {
      const error = Object.assign(new Error('address in use'), { code: 'EADDRINUSE' });
      setImmediate(() => socket.emit('error', error));
      return socket;
    };
    return Object.assign(socket, { bind });
  };
  return { ...dgram, createSocket: counted };
});

const inputs: Input[] = [];
const deliver = (input: Input): void => {
  inputs.push(input);
};
const udp = new UdpSockets({ deliver, note: () => undefined });
const group = new GroupSockets(deliver, udp);

afterEach(() => {
  group.close();
  udp.closeMain();
  made.sockets.length = 0;
  made.refuse = false;
  inputs.length = 0;
});

it('the groups are multicast addresses, on a port that no node takes by default', () => {
  for (const address of GROUPS) expect(usable(address), address.ip).toBe(false);
  expect(GROUPS.map(({ family }) => family)).toEqual([4, 6]);
  expect(Math.abs(GROUP_PORT - DEFAULT_PORT)).toBeGreaterThan(1_000);
  // Linux lends ports from 32768 on, others from 49152.
  expect(GROUP_PORT).toBeLessThan(32_768);
});

it('a node that listens on loopback alone opens nothing for the LAN and calls nobody', async () => {
  await udp.openMain(placesOf(['127.0.0.1', '::1']), 0);
  const before = made.sockets.length;
  group.open(placesOf(['127.0.0.1', '::1']));
  group.send(new Uint8Array(129));
  let failed = 0;
  udp.cast(GROUPS, new Uint8Array(129), () => (failed += 1));
  expect(made.sockets.length).toBe(before);
  expect(failed).toBe(0);
  expect(group.counters).toEqual({});
});

it('a search from loopback ends at once, with nothing', async () => {
  const [first] = placesOf(['127.0.0.1']);
  expect(first !== undefined && isLoopback(first)).toBe(true);
  expect(await searchLan(new Uint8Array(32), placesOf(['127.0.0.1', '::1']))).toEqual([]);
  expect(made.sockets).toEqual([]);
});

it('a search that is given up before it began asks nobody', async () => {
  const signal = AbortSignal.abort();
  expect(await searchLan(new Uint8Array(32), placesOf(undefined), signal)).toEqual([]);
  expect(made.sockets).toEqual([]);
});

it('a port that another program keeps for itself is counted, and stops nothing', async () => {
  made.refuse = true;
  group.open(placesOf(undefined));
  await vi.waitFor(() => {
    expect(group.counters['lan-bind']).toBe(2);
  });
  expect(inputs).toEqual([]);
  group.close();
  expect(group.counters).toEqual({});
});

it('the LAN is used unless the operator says otherwise', () => {
  expect(checkOptions({}).lan).toBe(true);
  expect(checkOptions({ lan: false }).lan).toBe(false);
});

it('loopback is told from all other places', () => {
  const places = placesOf(['127.0.0.7', '::1', '0.0.0.0', '::', '192.0.2.7', '2001:db8::7']);
  expect(places.map(isLoopback)).toEqual([true, true, false, false, false, false]);
  expect(GROUPS.map((one) => scopeOf(one))).not.toContain('loopback');
});
