import { describe, expect, it } from 'vitest';
import { address, type Address } from '../../../src/base/address.ts';
import { after, instant, millis, seconds } from '../../../src/base/time.ts';
import type { Effect, Input } from '../../../src/core/io.ts';
import { Failure } from '../../../src/sim/failure.ts';
import { only, worldOf, type Script } from './scripted.ts';

const BYTES = new Uint8Array(5);

const silent: Script = () => [];

function at(ip: string, port = 4117): Address {
  const made = address(ip, port);
  if (made === undefined) throw new Error(`${ip} is no address`);
  return made;
}

/** Effects at the start, nothing after. */
function atStart(...effects: Effect[]): Script {
  return ({ type }) => (type === 'start' ? effects : []);
}

describe('a virtual machine', () => {
  it('is told to start once, with its own clocks', () => {
    const { world, hosts, machine } = worldOf(silent);
    world.run(500);
    only(hosts).start();
    world.run(500);
    expect(machine(0).got).toHaveLength(1);
    const { moment, input } = only(machine(0).got);
    expect(input.type).toBe('start');
    expect(moment.now).toBe(1_500);
    expect(moment.late).toBe(0);
  });

  it('gets other unpredictable octets with each input', () => {
    const { world, hosts, machine } = worldOf(silent);
    const host = only(hosts);
    host.start();
    for (let turn = 0; turn < 50; turn += 1) host.input({ type: 'wake' });
    world.run(10);
    const seen = new Set(machine(0).got.map(({ moment }) => moment.entropy.join()));
    expect(seen.size).toBe(51);
  });

  it('is woken at the time it asked for or a little later, never earlier', () => {
    const { world, hosts, machine } = worldOf(({ type }, { now }) =>
      type === 'start' || type === 'wake'
        ? [{ type: 'wake', at: after(now, millis(7.3)), why: 'a test' }]
        : [],
    );
    only(hosts).start();
    world.run(1_000);
    const times = machine(0).got.map(({ moment }) => moment.now);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(7.3);
    expect(Math.max(...gaps)).toBeLessThan(8.4);
  });

  it('is woken only for the last time it asked for', () => {
    const wakes = [50, 90, 20].map((time): Effect => ({
      type: 'wake',
      at: instant(1_000 + time),
      why: 'a test',
    }));
    const { world, hosts, machine } = worldOf(atStart(...wakes));
    only(hosts).start();
    world.run(500);
    expect(machine(0).inputs('wake')).toHaveLength(1);
    expect(machine(0).got.at(-1)?.moment.now).toBeLessThan(1_022);
  });

  it('hears from which address a datagram came, and on which socket', () => {
    const to = at('203.0.113.10');
    const { world, hosts, machine } = worldOf(
      silent,
      atStart({ type: 'send', socket: 0, to, bytes: BYTES }),
    );
    for (const host of hosts) host.start();
    world.run(100);
    const { socket, from, bytes } = only(machine(0).inputs('datagram'));
    expect([socket, from, bytes]).toEqual([0, at('198.51.100.10'), BYTES]);
  });

  it('is told when a fresh socket is open, and then sends from another port', () => {
    const to = at('203.0.113.10');
    const { world, hosts, machine } = worldOf(silent, ({ type }: Input) => {
      if (type === 'start') return [{ type: 'open-socket', socket: 1 }];
      return type === 'socket-opened' ? [{ type: 'send', socket: 1, to, bytes: BYTES }] : [];
    });
    for (const host of hosts) host.start();
    world.run(100);
    const { port } = only(machine(0).inputs('datagram')).from;
    expect(port).toBeGreaterThanOrEqual(32_768);
    expect(hosts[1]?.freshSockets).toBe(1);
  });

  it('learns that a socket it closed sends nothing', () => {
    const to = at('203.0.113.10');
    const send: Effect = { type: 'send', socket: 1, to, bytes: BYTES };
    const { world, hosts, machine } = worldOf(atStart({ type: 'close-socket', socket: 1 }, send));
    only(hosts).start();
    world.run(10);
    expect(only(machine(0).inputs('send-failed')).reason).toBe('closed');
  });

  it('learns that there is no way out while it is unplugged', () => {
    const to = at('203.0.113.10');
    const { world, hosts, machine } = worldOf(
      atStart({ type: 'send', socket: 0, to, bytes: BYTES }),
    );
    const host = only(hosts);
    world.readdress([[host, []]]);
    host.start();
    world.run(10);
    expect(only(machine(0).inputs('send-failed'))).toMatchObject({ to, reason: 'unreachable' });
  });

  it('finds on its disk after a power cut what it was told is saved', () => {
    const { world, hosts, machine } = worldOf(
      atStart({ type: 'save', document: 'book', ticket: 1, urgent: true }),
    );
    const host = only(hosts);
    host.start();
    world.run(100);
    expect(machine(0).inputs('saved')).toEqual([{ type: 'saved', ticket: 1 }]);
    host.crash();
    expect(host.disk.read('book')).toEqual({ name: 'book', steps: 1 });
  });

  it('hears nothing that was under way to its life before the power cut', () => {
    const save: Effect = { type: 'save', document: 'book', ticket: 1, urgent: true };
    const wake: Effect = { type: 'wake', at: instant(1_020), why: 'a test' };
    let lives = 0;
    const { world, hosts, machine } = worldOf(({ type }) => {
      if (type === 'start') lives += 1;
      return type === 'start' && lives === 1 ? [save, wake] : [];
    });
    const host = only(hosts);
    host.start();
    host.crash();
    host.start();
    world.run(1_000);
    expect(machine(0).got.map(({ input }) => input.type)).toEqual(['start']);
  });

  it('gets late what came while it stalled, in order, and how late', () => {
    const { world, hosts, machine } = worldOf(silent);
    const host = only(hosts);
    host.start();
    host.stall(millis(200));
    host.input({ type: 'saved', ticket: 1 });
    world.run(50);
    host.input({ type: 'saved', ticket: 2 });
    world.run(500);
    const later = machine(0).got.slice(1);
    expect(later.map(({ input }) => input)).toEqual([
      { type: 'saved', ticket: 1 },
      { type: 'saved', ticket: 2 },
    ]);
    expect(later.map(({ moment }) => Math.round(moment.late))).toEqual([200, 150]);
  });

  it('loses datagrams while it sleeps, and gets its timer after', () => {
    const wake: Effect = { type: 'wake', at: instant(1_100), why: 'a test' };
    const { world, hosts, machine } = worldOf(atStart(wake));
    const host = only(hosts);
    host.start();
    host.suspend(seconds(5));
    host.input({ type: 'datagram', socket: 0, from: at('203.0.113.77'), bytes: BYTES });
    world.run(4_999);
    expect(machine(0).got).toHaveLength(1);
    world.run(500);
    expect(machine(0).got.map(({ input }) => input.type)).toEqual(['start', 'wake']);
  });

  it('ends the simulation when it throws, and says on what', () => {
    const { hosts } = worldOf(() => {
      throw new Error('out of rope');
    });
    expect(() => only(hosts).start()).toThrow(Failure);
    expect(() => only(hosts).start()).toThrow(/machine-0 threw on start: .*out of rope/);
  });
});

describe('a snapshot of a machine', () => {
  it('is the same machine again: fed with the same inputs, on the disk of then', () => {
    const { world, hosts, machine } = worldOf(
      atStart({ type: 'save', document: 'book', ticket: 1, urgent: true }),
    );
    const host = only(hosts);
    host.records = true;
    host.start();
    world.run(100);
    const then = [...machine(0).got];
    const snapshot = host.snapshot();
    if (snapshot === undefined) throw new Error('no snapshot was taken');
    host.input({ type: 'save-failed', ticket: 9, reason: 'later' });
    world.run(60_000);
    host.resume(snapshot);
    expect(machine(0).got).toEqual(then);
    expect(host.disk.read('book')).toEqual({ name: 'book', steps: 1 });
    expect(host.clock.monotonic(world.now)).toBe(1_100);
    expect(host.wasResumed).toBe(true);
  });

  it('is woken when it asked to be, by its own clock', () => {
    const wake: Effect = { type: 'wake', at: instant(1_500), why: 'a test' };
    const { world, hosts, machine } = worldOf(atStart(wake));
    const host = only(hosts);
    host.records = true;
    host.start();
    world.run(100);
    const snapshot = host.snapshot();
    world.run(60_000);
    if (snapshot !== undefined) host.resume(snapshot);
    world.run(399);
    expect(machine(0).inputs('wake')).toHaveLength(0);
    world.run(3);
    expect(machine(0).inputs('wake')).toHaveLength(1);
  });
});
