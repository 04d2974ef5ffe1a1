import type { createSocket } from 'node:dgram';
import { type Socket, type SocketOptions } from 'node:dgram';
import { afterEach, expect, it, vi } from 'vitest';
import type { Input } from '../../../src/core/io.ts';
import { placesOf } from '../../../src/runtime/bind.ts';
import { UdpSockets } from '../../../src/runtime/udp.ts';

/** Families that this test's system lacks. */
const missing = new Set<string>();

vi.mock('node:dgram', async (original) => {
  const dgram = await original<{ createSocket: typeof createSocket }>();
  const refuse = (options: SocketOptions): Socket => {
    const socket = dgram.createSocket(options);
    if (!missing.has(options.type)) return socket;
    const bind = (): Socket => {
      const error = Object.assign(new Error('no such family'), { code: 'EAFNOSUPPORT' });
      setImmediate(() => socket.emit('error', error));
      return socket;
    };
    return Object.assign(socket, { bind });
  };
  return { ...dgram, createSocket: refuse };
});

const notes: string[] = [];
const inputs: Input[] = [];
const udp = new UdpSockets({
  deliver: (input) => inputs.push(input),
  note: (message) => notes.push(message),
});

afterEach(() => {
  udp.closeMain();
  missing.clear();
  notes.length = 0;
  inputs.length = 0;
});

it('a machine without IPv6 is served over IPv4 alone, and it is said once', async () => {
  missing.add('udp6');
  await udp.openMain(placesOf(undefined), 0);
  expect(notes).toEqual(['This machine has no IPv6.']);
  udp.openFresh(1);
  await vi.waitFor(() => {
    expect(inputs).toEqual([{ type: 'socket-opened', socket: 1 }]);
  });
  udp.closeFresh(1);
  expect(notes).toHaveLength(1);
  const to = { family: 6, ip: '2001:db8::7', port: 4117 } as const;
  udp.send(0, to, new Uint8Array(1));
  expect(inputs[1]).toEqual({ type: 'send-failed', socket: 0, to, reason: 'unreachable' });
});

it('a machine without IPv4 is served over IPv6 alone', async () => {
  missing.add('udp4');
  expect(await udp.openMain(placesOf(undefined), 0)).toBeGreaterThan(0);
  expect(notes).toEqual(['This machine has no IPv4.']);
});

it('a machine without either, or without the family that was named, can’t serve', async () => {
  missing.add('udp4').add('udp6');
  const nowhere = udp.openMain(placesOf(undefined), 0);
  await expect(nowhere).rejects.toMatchObject({ code: 'bind-unavailable' });
  missing.delete('udp4');
  const named = udp.openMain(placesOf(['2001:db8::7']), 0);
  await expect(named).rejects.toMatchObject({ code: 'bind-unavailable' });
});
