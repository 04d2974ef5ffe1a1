/**
 * A LAN in the lab: the lines of all nodes are opened to each other, so that a multicast of one
 * reaches the others, as in a home. Who has no other way left finds the others by beacon; who holds
 * a token without addresses finds its maker.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { allow, installCounters, lanGroups, readCounts, type Counts } from './counters.ts';
import { Daemon, type Member } from './daemon.ts';
import { describeInLab, useCluster } from './gate.ts';
import { pause } from './scenario.ts';

/** What `members --json` prints. */
interface Members {
  readonly members: readonly Member[];
}

/** For a busy machine: 4 s without a word make an orphan, and its first beacon does the rest. */
const quick = { boundMs: 20_000, holdMs: 2_000 };

const nodes = [0, 1, 2];

/** A cluster for one test of several that run side by side. */
async function startCluster(
  { onTestFinished }: TestContext,
  options: ClusterOptions,
): Promise<Cluster> {
  const cluster = await Cluster.start({ ...options, lan: true });
  onTestFinished(() => cluster.close());
  return cluster;
}

describeInLab('three nodes on one LAN', () => {
  const at = useCluster({
    nodes: nodes.length,
    lan: true,
    before: async (lab) => {
      const held = nodes.map((index) => lab.address(index));
      await Promise.all(nodes.map((index) => installCounters(lab, index, [...held, ...lanGroups])));
    },
  });

  async function counted(): Promise<readonly Counts[]> {
    const counts = await Promise.all(nodes.map((index) => readCounts(at().lab, index)));
    // Whatever happens, nothing leaves for anywhere but members and the group (R2).
    const strays = counts.map(({ toForeign, foreign }) => [toForeign, foreign]);
    expect(strays).toEqual(nodes.map(() => [0, []]));
    return counts;
  }

  const beacons = async (): Promise<number[]> => (await counted()).map((one) => one.beacons);

  it('listen, and say nothing while they are whole', async () => {
    // The reports of the system are all there is.
    for (const { toGroups } of await counted()) expect(toGroups).toBeGreaterThan(0);
    const before = await beacons();
    await pause(6_000);
    expect(await beacons()).toEqual(before);
  });

  it('find each other when all are lent new addresses at one instant, told by nobody', async () => {
    const fresh = nodes.map((index) => at().lab.nextAddress(index));
    await Promise.all(nodes.map((index) => allow(at().lab, index, fresh)));
    const before = await beacons();
    const { beganMs } = await at().lab.move(nodes);
    const { healedMs, bad } = await at().healed({ ...quick, sinceMs: beganMs });
    expect(healedMs, [...bad, at().report()].join('\n')).toBeDefined();
    console.log(`S6 on a LAN: healed in ${((healedMs ?? 0) / 1000).toFixed(2)} s`);
    const after = await beacons();
    expect(after.some((count, index) => count > (before[index] ?? 0))).toBe(true);
  });
});

describeInLab('a LAN', () => {
  describe.concurrent('with nodes that join', () => {
    it('is enough for a token without addresses', async (context) => {
      const cluster = await startCluster(context, { nodes: 2, members: 1 });
      const invited = await cluster.daemon(0).command(['invite', '--json']);
      const { token, at } = JSON.parse(invited) as { token: string; at: readonly string[] };
      expect(at).toEqual([]);
      const sinceMs = performance.now();
      await cluster.launch(1, ['--join', token]);
      const { healedMs } = await cluster.healed({ ...quick, sinceMs });
      expect(healedMs, cluster.report()).toBeDefined();
    });

    it('helps when nobody is at the token’s addresses any more', async (context) => {
      const cluster = await startCluster(context, { nodes: 2, members: 1 });
      const words = ['invite', '--at', cluster.lab.endpoint(0)];
      const token = (await cluster.daemon(0).command(words)).trim();
      const { beganMs } = await cluster.lab.move([0]);
      await cluster.launch(1, ['--join', token]);
      const { healedMs } = await cluster.healed({ ...quick, sinceMs: beganMs });
      expect(healedMs, cluster.report()).toBeDefined();
    });

    it('may be one machine: its nodes hear each other', async (context) => {
      const cluster = await startCluster(context, { nodes: 1 });
      const token = (await cluster.daemon(0).command(['invite'])).trim();
      const folder = mkdtempSync(join(tmpdir(), 'flotilla-lan-'));
      context.onTestFinished(() => {
        rmSync(folder, { recursive: true, force: true });
      });
      const second = new Daemon(cluster.lab, folder, 0, () => {});
      second.launch(['--name', 'second', '--port', '4200', '--join', token]);
      await second.serving();
      const view = JSON.parse(await second.command(['members', '--json'])) as Members;
      expect(view.members.map(({ name }) => name).sort()).toEqual(['n0', 'second']);
      await second.kill();
    });

    it('carries IPv6 alone as well', async (context) => {
      const cluster = await startCluster(context, { nodes: 2, family: 6 });
      const { beganMs } = await cluster.lab.move([0, 1]);
      const { healedMs } = await cluster.healed({ ...quick, sinceMs: beganMs });
      expect(healedMs, cluster.report()).toBeDefined();
    });

    it('is left alone with --lan off, and says so', async (context) => {
      const cluster = await startCluster(context, { nodes: 2, members: 1, up: ['--lan', 'off'] });
      await installCounters(cluster.lab, 1, [cluster.lab.address(0)]);
      const token = (await cluster.daemon(0).command(['invite'])).trim();
      await expect(cluster.launch(1, ['--join', token])).rejects.toThrow(/names no address/);
      expect((await readCounts(cluster.lab, 1)).toGroups).toBe(0);
    });
  });
});
