import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Address } from '../../src/base/address.ts';
import type { Input } from '../../src/core/io.ts';
import { placesOf } from '../../src/runtime/bind.ts';
import { Ports } from '../../src/runtime/ports.ts';
import { linkContext } from '../../src/runtime/links.ts';
import { UdpSockets } from '../../src/runtime/udp.ts';
import { Arrivals, userErrorOf } from './waiting.ts';

const PING = Uint8Array.of(0x23, 1, 2, 3);

interface Opened {
  readonly udp: UdpSockets;
  readonly inputs: Arrivals<Input>;
  readonly notes: string[];
  readonly port: number;
}

async function open(bind: readonly string[] | undefined, port = 0): Promise<Opened> {
  const inputs = new Arrivals<Input>();
  const notes: string[] = [];
  const udp = new UdpSockets({ deliver: inputs.add, note: (message) => notes.push(message) });
  onTestFinished(() => {
    udp.close();
  });
  return { udp, inputs, notes, port: await udp.openMain(placesOf(bind), port) };
}

const at = (ip: string, port: number): Address => ({ family: ip.includes(':') ? 6 : 4, ip, port });

/** A program that is none of ours, on a port of the system's choice. */
async function stranger(
  type: 'udp4' | 'udp6',
  ip: string,
): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket(type);
  socket.bind({ port: 0, address: ip });
  await once(socket, 'listening');
  onTestFinished(() => {
    socket.close();
  });
  return { socket, port: socket.address().port };
}

const isDatagram = (input: Input): input is Extract<Input, { type: 'datagram' }> =>
  input.type === 'datagram';
const isFailure = (input: Input): input is Extract<Input, { type: 'send-failed' }> =>
  input.type === 'send-failed';

describe('UDP sockets', () => {
  it.each(['127.0.0.1', '::1'])('carry datagrams both ways over %s', async (ip) => {
    const attic = await open(undefined);
    const cellar = await open(undefined);
    attic.udp.send(0, at(ip, cellar.port), PING);
    const come = await cellar.inputs.first(isDatagram);
    expect(come).toEqual({ type: 'datagram', socket: 0, from: at(ip, attic.port), bytes: PING });
    cellar.udp.send(0, come.from, PING);
    expect((await attic.inputs.first(isDatagram)).from).toEqual(at(ip, cellar.port));
  });

  it('share one port in both families, so that one record line serves both', async () => {
    const { port } = await open(undefined);
    expect((await userErrorOf(open(['127.0.0.1'], port))).code).toBe('port-taken');
    expect((await userErrorOf(open(['::1'], port))).code).toBe('port-taken');
  });

  it('open fresh ones on ports of their own and close them again', async () => {
    const attic = await open(['127.0.0.1']);
    const cellar = await open(['127.0.0.1']);
    attic.udp.openFresh(1);
    await attic.inputs.first((input) => input.type === 'socket-opened' && input.socket === 1);
    attic.udp.send(1, at('127.0.0.1', cellar.port), PING);
    const { from } = await cellar.inputs.first(isDatagram);
    expect(from.port).not.toBe(attic.port);
    cellar.udp.send(0, from, PING);
    expect((await attic.inputs.first(isDatagram)).socket).toBe(1);
    attic.udp.closeFresh(1);
    attic.udp.send(1, from, PING);
    expect(await attic.inputs.first(isFailure)).toMatchObject({ socket: 1, reason: 'closed' });
  });

  it('say nothing of a fresh one that was closed before it was open', async () => {
    const { udp, inputs } = await open(['127.0.0.1']);
    udp.openFresh(1);
    udp.closeFresh(1);
    udp.openFresh(2);
    udp.openFresh(2);
    await inputs.first((input) => input.type === 'socket-opened' && input.socket === 2);
    udp.send(1, at('127.0.0.1', 4117), PING);
    expect(await inputs.first(isFailure)).toMatchObject({ socket: 1, reason: 'closed' });
    expect(inputs.all.map(({ type }) => type)).toEqual(['socket-opened', 'send-failed']);
  });

  it('say in an input why a datagram could not leave', async () => {
    const { udp, inputs } = await open(['127.0.0.1']);
    const nowhere = at('::1', 4117);
    udp.send(0, nowhere, PING);
    expect(await inputs.first(isFailure)).toEqual({
      type: 'send-failed',
      socket: 0,
      to: nowhere,
      reason: 'unreachable',
    });
    // A socket bound to loopback has no way to any other network.
    udp.send(0, at('192.0.2.7', 4117), PING);
    udp.send(0, at('127.0.0.1', 0), PING);
    udp.send(0, at('127.0.0.1', 4117), new Uint8Array(70_000));
    await inputs.first((input) => isFailure(input) && input.to.ip === '192.0.2.7');
    await inputs.first((input) => isFailure(input) && input.to.port === 0);
    await inputs.first((input) => isFailure(input) && input.to.port === 4117);
    expect(inputs.all).toHaveLength(4);
  });

  it('hand over what is empty or oversized as it came, for the machine to judge', async () => {
    const { inputs, port } = await open(['127.0.0.1']);
    const { socket } = await stranger('udp4', '127.0.0.1');
    socket.send(new Uint8Array(0), port, '127.0.0.1');
    socket.send(new Uint8Array(9000), port, '127.0.0.1');
    await inputs.first((input) => isDatagram(input) && input.bytes.length === 9000);
    expect(inputs.all.map((input) => isDatagram(input) && input.bytes.length)).toEqual([0, 9000]);
  });

  it('choose the named place that is in the scope of the destination', async () => {
    const both = await open(['127.0.0.2', '127.0.0.1']);
    const { socket, port } = await stranger('udp4', '127.0.0.1');
    both.udp.send(0, at('127.0.0.1', port), PING);
    const [, from] = (await once(socket, 'message')) as [Buffer, { address: string }];
    expect(from.address).toBe('127.0.0.2');
  });
});

describe('a port that cannot be had', () => {
  it('because another program has it is port-taken, in UDP and in TCP', async () => {
    const { port } = await stranger('udp4', '127.0.0.1');
    const error = await userErrorOf(open(['127.0.0.1'], port));
    expect(error.code).toBe('port-taken');
    expect(error.message).toBe(`UDP port ${String(port)} is in use by another program.`);
    expect(error.hint).toContain('--port');

    const first = ports();
    await first.open(['127.0.0.1'], 0);
    first.udp.close();
    const second = await userErrorOf(ports().open(['127.0.0.1'], first.port));
    expect(second.message).toBe(`TCP port ${String(first.port)} is in use by another program.`);
    expect(second.code).toBe('port-taken');
  });

  it('because the machine does not hold the address is bind-unavailable', async () => {
    const error = await userErrorOf(open(['192.0.2.7']));
    expect(error.code).toBe('bind-unavailable');
    expect(error.message).toContain('192.0.2.7');
  });

  it('leaves nothing open, so that the next try works', async () => {
    const taken = await stranger('udp4', '127.0.0.3');
    const once = ports();
    await userErrorOf(once.open(['127.0.0.1', '127.0.0.3'], taken.port));
    await once.open(['127.0.0.1'], taken.port);
    expect(once.port).toBe(taken.port);
  });
});

describe('a swap of sockets', () => {
  it('moves the node without an input, and the old address stays silent', async () => {
    const attic = await open(['127.0.0.1']);
    const cellar = await open(['127.0.0.1']);
    attic.udp.openFresh(1);
    await attic.inputs.first();
    await attic.udp.swap(placesOf(['127.0.0.4']), attic.port, false);

    cellar.udp.send(0, at('127.0.0.1', attic.port), PING);
    cellar.udp.send(0, at('127.0.0.4', attic.port), PING);
    await attic.inputs.first(isDatagram);
    expect(attic.inputs.all.map(({ type }) => type)).toEqual(['socket-opened', 'datagram']);
    attic.udp.send(1, at('127.0.0.1', cellar.port), PING);
    expect((await cellar.inputs.first(isDatagram)).from.ip).toBe('127.0.0.4');
    // The vacated address is held: whoever sends there is not refused, and nobody else gets it.
    expect((await userErrorOf(open(['127.0.0.1'], attic.port))).code).toBe('port-taken');
    attic.udp.releaseVacated();
    await open(['127.0.0.1'], attic.port);
  });

  it('lets a node come back to an address it vacated', async () => {
    const attic = await open(['127.0.0.1']);
    await attic.udp.swap(placesOf(['127.0.0.4']), attic.port, false);
    await attic.udp.swap(placesOf(['127.0.0.1']), attic.port, false);
    const cellar = await open(['127.0.0.1']);
    cellar.udp.send(0, at('127.0.0.1', attic.port), PING);
    expect((await attic.inputs.first(isDatagram)).from.port).toBe(cellar.port);
  });

  it('lets two nodes take each other’s place', async () => {
    const [attic, cellar] = [ports(), ports()];
    await attic.open(['127.0.0.5'], 0);
    const { port } = attic;
    await cellar.open(['127.0.0.6'], port);
    await Promise.all([
      attic.swap(['127.0.0.6'], port, true),
      cellar.swap(['127.0.0.5'], port, true),
    ]);
    expect((await userErrorOf(open(['127.0.0.6'], port))).code).toBe('port-taken');
  });
});

function ports(): Ports {
  const context = linkContext(new Uint8Array(32).fill(1));
  const made = new Ports({ context, deliver: () => undefined, note: () => undefined });
  onTestFinished(() => {
    made.close();
  });
  return made;
}
