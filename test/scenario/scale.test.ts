import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NodeId } from '../../src/base/id.ts';
import { nodeIdOf } from '../../src/base/id.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { Inventory } from '../../src/core/inventory.ts';
import { standInSuite } from '../../src/sim/stand-in.ts';

/** What bench/scale.mjs prints of one cluster, as far as it is judged here. */
interface Figures {
  readonly formMs?: number;
  readonly idle: { readonly sent: number; readonly received: number; readonly mostSent: number };
  readonly rotation: { readonly pings: number; readonly members: number };
  readonly halfMs?: number;
  readonly halfBusiest: number;
  readonly lost: number;
}

/** A busy machine may take ten times what an idle one does, which is some minutes. */
const LONG = 3_600_000;

/** Resident memory of a bare Node process, which each real node is (docs/benchmarks.md). */
const BARE_PROCESS = 40e6;

/** Runs a benchmark in a process of its own; a line of JSON for each of its steps. */
async function measure(name: string, ...options: readonly string[]): Promise<readonly unknown[]> {
  const bench = fileURLToPath(new URL(`../../bench/${name}.mjs`, import.meta.url));
  const args = [bench, '--json', ...options];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LONG });
  const lines = stdout.trim().split('\n');
  return lines.map((line): unknown => JSON.parse(line));
}

/** A cluster, as `npm run bench:scale` has it: the last line tells of all phases. */
async function simulate(...options: readonly string[]): Promise<Figures> {
  const lines = await measure('scale', ...options);
  return lines.at(-1) as Figures;
}

/** DESIGN's figure. */
const NODES = 1_000;

/**
 * Of which half moves: a thousand take ten times as long, since four million copies of records go
 * round then (docs/scale.md has what `npm run bench:scale -- --nodes 1000` measures).
 */
const MOVING = 300;

/** Octets of one push at most: four members, 32 records each. So often one leaves in a second. */
const PUSHES = 25 * 4 * 4 * 1_242;

describe('a cluster of a thousand', { timeout: LONG }, () => {
  let ten: Figures;
  let large: Figures;

  beforeAll(async () => {
    ten = await simulate('--nodes', '10', '--phases', 'form,idle');
    large = await simulate('--nodes', String(NODES), '--phases', 'form,idle');
  }, LONG);

  it('is afloat five seconds after the last was switched on', () => {
    expect(large.formMs).toBeLessThanOrEqual(5_000);
    expect(large.lost).toBe(0);
  });

  it('costs each node at most 340 octets a second each way, as one of ten does', () => {
    const { sent, received } = large.idle;
    expect(Math.max(sent, received)).toBeLessThanOrEqual(340);
    expect(sent).toBeLessThanOrEqual(1.2 * ten.idle.sent);
  });

  it('pings another member at each beat', () => {
    const { pings, members } = large.rotation;
    expect(pings).toBeGreaterThan(30);
    // A first meeting takes two, a lost answer more.
    expect(members).toBeGreaterThan(0.7 * pings);
  });
});

describe('a cluster of three hundred of which half moves at once', { timeout: LONG }, () => {
  let large: Figures;

  beforeAll(async () => {
    large = await simulate('--nodes', String(MOVING), '--phases', 'form,half');
  }, LONG);

  it('has the newest records everywhere five seconds later', () => {
    expect(large.halfMs).toBeLessThanOrEqual(5_000);
    expect(large.lost).toBe(0);
  });

  // A push leaves every 40 ms at the most, and half as much goes to those that turn up elsewhere.
  it('bursts no node beyond what pushes explain, and half of that, in any second', () => {
    expect(large.halfBusiest).toBeLessThanOrEqual(1.5 * PUSHES);
  });
});

describe('a node that knows a thousand members by their acts and records', () => {
  it(
    'keeps no more than a fifth of a process more than one that knows ten',
    { timeout: LONG },
    async () => {
      const figures = await measure('scale-node', '--members', '10,1000');
      const [ten = Infinity, thousand = Infinity] = figures.map(
        (one) => (one as { readonly heapBytes: number }).heapBytes,
      );
      expect(BARE_PROCESS + thousand).toBeLessThanOrEqual(1.2 * (BARE_PROCESS + ten));
    },
  );
});

describe('two nodes that hold different records', () => {
  it.each([
    [100, 2],
    [1_000, 2],
    [10_000, 3],
    [16_384, 3],
  ])('of %i members find the one that differs within %i rounds', (members, most) => {
    expect(roundsToFind(members)).toBeLessThanOrEqual(most);
  });
});

/** Summaries that go to and fro until the one record that differs is sent or wanted. */
function roundsToFind(members: number): number {
  const random = new SeededRandom(members);
  const [one, other] = [new Inventory(standInSuite), new Inventory(standInSuite)];
  const ids: NodeId[] = Array.from({ length: members }, () => nodeIdOf(random.bytes(32)));
  for (const id of ids) {
    const bytes = random.bytes(190);
    one.setRecord(id, 1, bytes);
    other.setRecord(id, 1, bytes);
  }
  const changed = ids[members >> 1];
  if (changed === undefined) throw new Error('there is no member');
  one.setRecord(changed, 2, random.bytes(190));
  let [here, there] = [one, other];
  let summaries = [here.summary(0, 0)];
  for (let round = 1; round < 10; round += 1) {
    const answers = summaries.map((summary) => there.compare(summary));
    if (answers.some(({ send, want }) => send.length + want.length > 0)) return round;
    const replier = there;
    summaries = answers.flatMap(({ descend }) =>
      descend.map(({ depth, prefix }) => replier.summary(depth, prefix)),
    );
    [here, there] = [there, here];
  }
  return Infinity;
}
