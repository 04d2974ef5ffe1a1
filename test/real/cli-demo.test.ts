import { readdir } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { byPort, type Ground } from '../../src/cli/demo/ground.ts';
import { Lines } from '../../src/cli/demo/lines.ts';
import type { DemoDocument } from '../../src/cli/demo/outcome.ts';
import { play } from '../../src/cli/demo/play.ts';
import { formatAddress } from '../../src/base/address.ts';
import type { Input } from '../../src/core/io.ts';
import { Flotilla } from '../../src/runtime/flotilla.ts';
import { KeptSink } from '../unit/cli/fake-world.ts';
import { flotilla, program, start } from './cli-program.ts';
import { Arrivals, ownFolder } from './waiting.ts';

/**
 * Inputs a machine gets in quiet times as well: datagrams, its own timers, and answers to what it
 * asked of the host itself. None of them is a word about the own address.
 */
const NO_HINT = ['datagram', 'wake', 'saved', 'socket-opened'];

describe('demo', () => {
  it('heals four scenarios in half a minute, tells nobody, and leaves nothing behind', async () => {
    const temporary = await ownFolder();
    const env = { TMPDIR: temporary };
    const started = performance.now();
    const { code, out, err } = await flotilla(['demo', '--json'], { env });
    expect(err).not.toContain('\u001b');
    expect(code).toBe(0);
    expect(performance.now() - started).toBeLessThan(30_000);
    const { schema, nodes, scenarios } = JSON.parse(out) as DemoDocument;
    expect([schema, nodes]).toEqual([1, 5]);
    expect(scenarios.map(({ verdict }) => verdict)).toEqual(Array(4).fill('healed'));
    expect(scenarios.map(({ moved }) => moved.length)).toEqual([1, 2, 4, 2]);
    for (const { moved } of scenarios) {
      for (const { inputs, from, to } of moved) {
        expect(from).not.toBe(to);
        expect(NO_HINT).toEqual(expect.arrayContaining(Object.keys(inputs)));
      }
    }
    const [first, second] = scenarios.at(-1)?.moved ?? [];
    expect([first?.from, first?.to]).toEqual([second?.to, second?.from]);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('ends its daemons and removes their state when it is interrupted', async () => {
    const temporary = await ownFolder();
    const env = { TMPDIR: temporary };
    const demo = start(['demo'], { env });
    await demo.out.first((line) => line.includes('cellar joined'));
    const { code } = await demo.end('SIGINT');
    expect(code).toBe(1);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('leaves no daemon and no state behind when it is killed', async () => {
    const temporary = await ownFolder();
    const env = { TMPDIR: temporary };
    const demo = start(['demo'], { env });
    await demo.out.first((line) => line.includes('shed joined'));
    await demo.end('SIGKILL');
    const deadline = Date.now() + 10_000;
    while ((await readdir(temporary)).length > 0) {
      expect(Date.now()).toBeLessThan(deadline);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('is no daemon of its own without a demo', async () => {
    expect((await flotilla(['demo-daemon'])).code).toBe(2);
  });
});

describe('playing the demo', () => {
  const never = new AbortController().signal;
  const fast = { beforeMs: 0, afterMs: 0, healMaxMs: 8_000 };

  it('moves ports where loopback has one address, and says so', async () => {
    const sink = new KeptSink();
    const document = await play(program, new Lines(sink, {}), fast, never, byPort(14_317));
    expect(document.changing).toBe('port');
    expect(document.scenarios.map(({ verdict }) => verdict)).toEqual(Array(4).fill('healed'));
    expect(document.scenarios[0]?.moved[0]?.to).toMatch(/^127\.0\.0\.1:/);
    expect(sink.text).toContain('a move is a change of port here');
  });

  it('does not call healed what took too long', async () => {
    const sink = new KeptSink();
    const show = new Lines(sink, {});
    const { scenarios } = await play(
      program,
      show,
      { ...fast, healMaxMs: 0 },
      never,
      byPort(14_417),
    );
    expect(scenarios.map(({ verdict, healMs }) => [verdict, healMs])).toEqual(
      Array(4).fill(['not healed', null]),
    );
  });
});

describe('a move of the demo', () => {
  const grounds: readonly (readonly [string, Ground])[] = [
    [
      'of the address',
      {
        changing: 'address',
        spot: (n, moves) => ({ ip: `127.0.1.${String(1 + n + 10 * moves)}`, port: 14_117 }),
      },
    ],
    ['of the port, where loopback has one address', byPort(14_217)],
  ];

  it.each(grounds)('%s gives the machine no input that tells of it', async (_title, ground) => {
    const inputs: Input[] = [];
    const node = async (index: number, name: string, join?: string): Promise<Flotilla> => {
      const { ip, port } = ground.spot(index, 0);
      const observe = (_moment: object, input: Input): void => {
        if (index === 0) inputs.push(input);
      };
      const options = { state: await ownFolder(), name, bind: [ip], port, observe };
      const flotilla = await Flotilla.start(join === undefined ? options : { ...options, join });
      onTestFinished(() => flotilla.close());
      return flotilla;
    };
    const place = ({ ip, port }: { ip: string; port: number }): string => `${ip}:${String(port)}`;
    const pi = await node(0, 'pi');
    const at = [place(ground.spot(0, 0))];
    await node(1, 'attic', (await pi.invite({ at })).token);
    await node(2, 'cellar', (await pi.invite({ at })).token);
    const events = new Arrivals<object>();
    void (async (): Promise<void> => {
      for await (const event of pi.events()) events.add(event);
    })();
    inputs.length = 0;
    const to = ground.spot(0, 1);
    await pi.swapSockets([to.ip], to.port);
    const learnt = await events.first(
      (event) => 'to' in event && formatAddress(event.to as never) === place(to),
    );
    expect(learnt).toMatchObject({ type: 'self-moved' });
    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) {
      expect(NO_HINT).toContain(input.type);
      // Neither as a sender nor in any other field does the own new address stand there.
      const { bytes: _, ...rest } = { bytes: undefined, ...input };
      expect(JSON.stringify(rest)).not.toContain(`"ip":"${to.ip}","port":${String(to.port)}`);
    }
  });
});
