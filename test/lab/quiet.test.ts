/**
 * R2 and B6 on the wire: packets go only where a member is or was, and strangers hear nothing.
 * Counted by the kernel in each node's own namespace, from before its daemon starts.
 */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { allow, installCounters, lanGroups, readCounts } from './counters.ts';
import { describeInLab, useCluster } from './gate.ts';
import { pause } from './scenario.ts';

const members = [0, 1, 2, 3];
/** A fifth line, on which no daemon runs. */
const stranger = 4;
const quick = { boundMs: 20_000, holdMs: 2_000 };

describeInLab('the daemons on the wire', () => {
  const at = useCluster({
    nodes: 5,
    members: members.length,
    before: async (lab) => {
      const held = [...members.map((index) => lab.address(index)), ...lanGroups];
      await Promise.all([...members, stranger].map((index) => installCounters(lab, index, held)));
    },
  });

  /** Everyone who will ever be told of an address may also be called there. */
  async function moveTold(indexes: readonly number[]): Promise<number> {
    const fresh = indexes.map((index) => at().lab.nextAddress(index));
    await Promise.all(members.map((index) => allow(at().lab, index, fresh)));
    return (await at().lab.move(indexes)).beganMs;
  }

  async function expectQuiet(): Promise<void> {
    for (const index of members) {
      const counts = await readCounts(at().lab, index);
      expect(counts.toHeld).toBeGreaterThan(0);
      expect(counts).toMatchObject({ toForeign: 0, foreign: [], toDns: 0 });
    }
  }

  async function expectWhole(sinceMs: number): Promise<void> {
    const { healedMs } = await at().healed({ ...quick, sinceMs });
    expect(healedMs, at().report()).toBeDefined();
  }

  it('are counted by counters that do count', async () => {
    const toy = fileURLToPath(new URL('toy.mjs', import.meta.url));
    const ask = (...words: string[]): Promise<string> =>
      at().lab.run(stranger, [process.execPath, toy, 'ask', ...words]);
    await ask('203.0.113.250');
    expect(await readCounts(at().lab, stranger)).toMatchObject({
      toForeign: 1,
      foreign: ['"203.0.113.250"'],
      toDns: 0,
      beacons: 0,
    });
    await ask('203.0.113.250', '53');
    await ask('224.0.0.251');
    expect(await readCounts(at().lab, stranger)).toMatchObject({
      toForeign: 3,
      toDns: 1,
      toGroups: 1,
      beacons: 1,
      toHeld: 0,
    });
  });

  it('speak to members alone while they found, join and idle', async () => {
    await pause(5_000);
    await expectQuiet();
    for (const index of members) {
      // The group is for orphans.
      expect((await readCounts(at().lab, index)).beacons).toBe(0);
    }
  });

  it('speak to members alone while some move and others lose them', async () => {
    await expectWhole(await moveTold([0, 1]));
    await expectWhole(await moveTold([1, 2, 3]));
    await expectQuiet();
  });

  it('call only the LAN and where members were, as orphans and after a restart', async () => {
    const [survivor, ...others] = members;
    await Promise.all(others.map((index) => at().daemon(index).kill()));
    // Past the 4 s without a word that make an orphan, and into its ladder.
    await pause(9_000);
    const status = await at()
      .daemon(survivor ?? 0)
      .command(['status', '--json']);
    expect(JSON.parse(status)).toMatchObject({ self: { state: 'orphan' } });
    await expectQuiet();
    await moveTold([1]);
    await Promise.all(others.map((index) => at().launch(index)));
    await expectWhole(performance.now());
    await expectQuiet();
  });

  it('give a stranger that scans them not one byte, over UDP and TCP', async () => {
    const scan = fileURLToPath(new URL('stranger.mjs', import.meta.url));
    const words = [process.execPath, scan, at().lab.address(0), '4117'];
    const before = await readCounts(at().lab, stranger);
    const result = JSON.parse(await at().lab.run(stranger, words)) as { connected: number };
    expect(result).toMatchObject({ datagrams: 0, tcpBytes: 0 });
    // The port is there, so the silence is the daemon's.
    expect(result.connected).toBeGreaterThan(0);
    expect((await readCounts(at().lab, stranger)).heard).toBe(before.heard);
    await expectWhole(performance.now());
  });
});
