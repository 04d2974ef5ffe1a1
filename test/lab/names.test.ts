/** The DNS server of a node that stays, while another one moves. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Cluster } from './cluster.ts';
import { describeInLab, useCluster } from './gate.ts';
import { pause } from './scenario.ts';

const asker = fileURLToPath(new URL('ask-dns.mjs', import.meta.url));

/** The default beat, in ms. */
const BEAT = 600;
/** For a busy machine: that the other one moved is noticed within it. In ms. */
const MOVED = 10_000;

/** One answer that differed from the one before. */
interface Change {
  /** In ms of `performance.now()`. */
  readonly atMs: number;
  readonly answer: readonly string[] | string;
}

/** Asks node 0 for a name every ten milliseconds from now on, and keeps what changes. */
function follow({ lab }: Cluster, name: string): Change[] {
  const changes: Change[] = [];
  const argv = [process.execPath, asker, '127.0.0.1:4153', name, '10'];
  const child = lab.spawn(0, argv, ['ignore', 'pipe', 'ignore']);
  if (child.stdout === null) return changes;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { atMs, answer } = JSON.parse(line) as Change;
    changes.push({ atMs: atMs - performance.timeOrigin, answer });
  });
  return changes;
}

/** Looks every few milliseconds until something holds; gives when, in ms of `performance.now()`. */
async function until(holds: () => boolean, boundMs: number, what: string): Promise<number> {
  const last = performance.now() + boundMs;
  while (!holds()) {
    if (performance.now() > last) throw new Error(`not within ${String(boundMs)} ms: ${what}`);
    await pause(5);
  }
  return performance.now();
}

describeInLab('names in DNS', () => {
  const at = useCluster({ nodes: 3, up: ['--dns', '127.0.0.1:4153'] });

  /** When node 0's own view shows node `index` at its new address. */
  const viewed = (index: number): Promise<number> => {
    const { lab } = at();
    const name = `n${String(index)}`;
    const shows = (): boolean =>
      at().daemon(0).view.get(name)?.address === lab.endpoint(index) &&
      at().daemon(0).view.get(name)?.state === 'alive';
    return until(shows, MOVED, `${name} at ${lab.endpoint(index)}`);
  };

  it('follow a move within a beat of the view, never old and new together', async () => {
    const { lab } = at();
    const changes = follow(at(), 'n1.flotilla.internal');
    const before = lab.address(1);
    await until(() => changes.length > 0, MOVED, 'an answer');
    const { beganMs } = await lab.move([1]);
    const viewMs = await viewed(1);
    await until(() => changes.at(-1)?.answer[0] === lab.address(1), MOVED, 'the new address');
    expect(changes.map(({ answer }) => answer)).toEqual([[before], [lab.address(1)]]);
    const nameMs = changes.at(-1)?.atMs ?? Infinity;
    const ms = (time: number): string => (time - beganMs).toFixed(0);
    console.log(`names: moved, in the view after ${ms(viewMs)} ms, in DNS after ${ms(nameMs)} ms`);
    expect(nameMs - viewMs).toBeLessThan(BEAT);
  });

  it('stay right when two members swap their addresses', async () => {
    const { lab } = at();
    const one = follow(at(), 'n1.flotilla.internal');
    const other = follow(at(), 'n2.flotilla.internal');
    await until(() => one.length > 0 && other.length > 0, MOVED, 'answers');
    const addresses = [lab.address(1), lab.address(2)];
    await lab.swap(1, 2);
    await Promise.all([viewed(1), viewed(2)]);
    const isDone = (): boolean =>
      one.at(-1)?.answer[0] === lab.address(1) && other.at(-1)?.answer[0] === lab.address(2);
    await until(isDone, MOVED, 'both new addresses');
    for (const { answer } of [...one, ...other]) {
      // While nobody knows, the last address or none: never two, and nobody else's.
      if (Array.isArray(answer)) expect(answer).toHaveLength(1);
      else expect(answer).toBe('ENODATA');
      if (Array.isArray(answer)) expect(addresses).toContain(answer[0]);
    }
  });

  it('go on being answered by a node that moves itself', async () => {
    const { lab } = at();
    const changes = follow(at(), 'n1.flotilla.internal');
    await until(() => changes.length > 0, MOVED, 'an answer');
    await lab.move([0]);
    await viewed(1);
    await pause(BEAT);
    expect(changes).toHaveLength(1);
  });
});
