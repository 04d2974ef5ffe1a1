/**
 * A LAN in the lab: the lines of all nodes are opened to each other, so that a multicast of one
 * reaches the others, as in a home. Who has no other way left finds the others by beacon; who holds
 * a token without addresses finds its maker.
 */
import { describe, expect, it, type TestContext } from 'vitest';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { allow, installCounters, readCounts } from './counters.ts';
import { describeInLab, useCluster } from './gate.ts';
import type { Lab } from './lab.ts';
import { pause } from './scenario.ts';

/** For a busy machine: 4 s without a word make an orphan, and its first beacon does the rest. */
const quick = { boundMs: 20_000, holdMs: 2_000 };

/** The group, and where Linux reports (IGMPv3, RFC 3376) that it is listened to. */
const groups = ['239.255.41.17', '224.0.0.22'];

const nodes = [0, 1, 2];

/** The provider isolates its customers' ports from each other; here they share the bridge. */
async function joinLines(lab: Lab): Promise<void> {
  const lines = Array.from(
    { length: lab.nodes },
    (_, index) => `link set w${String(index)} type bridge_slave isolated off`,
  );
  await lab['batch'](lab['router'](), lines);
}

/** A cluster for one test of several that run side by side. */
async function startCluster(
  { onTestFinished }: TestContext,
  options: ClusterOptions,
): Promise<Cluster> {
  const cluster = await Cluster.start({ ...options, before: joinLines });
  onTestFinished(() => cluster.close());
  return cluster;
}

describeInLab('three nodes on one LAN', () => {
  const at = useCluster({
    nodes: nodes.length,
    before: async (lab) => {
      await joinLines(lab);
      const held = nodes.map((index) => lab.address(index));
      await Promise.all(nodes.map((index) => installCounters(lab, index, [...held, ...groups])));
    },
  });

  async function toGroups(): Promise<number[]> {
    const counts = await Promise.all(nodes.map((index) => readCounts(at().lab, index)));
    // Whatever happens, nothing leaves for anywhere but members and the group (R2).
    expect(counts.map(({ toForeign, foreign }) => [toForeign, foreign])).toEqual(
      nodes.map(() => [0, []]),
    );
    return counts.map((count) => count.toGroups);
  }

  it('say nothing to it while they are whole', async () => {
    // Linux repeats its report of a group for some seconds (RFC 3376 §8.11).
    await pause(5_000);
    const before = await toGroups();
    expect(Math.min(...before)).toBeGreaterThan(0);
    await pause(6_000);
    expect(await toGroups()).toEqual(before);
  });

  it('find each other when all are lent new addresses at one instant, told by nobody', async () => {
    const fresh = nodes.map((index) => at().lab.nextAddress(index));
    await Promise.all(nodes.map((index) => allow(at().lab, index, fresh)));
    const before = await toGroups();
    const { beganMs } = await at().lab.move(nodes);
    const { healedMs, bad } = await at().healed({ ...quick, sinceMs: beganMs });
    expect(healedMs, [...bad, at().report()].join('\n')).toBeDefined();
    console.log(`S6 on a LAN: healed in ${((healedMs ?? 0) / 1000).toFixed(2)} s`);
    const after = await toGroups();
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

    it('is left alone with --lan off, and says so', async (context) => {
      const cluster = await startCluster(context, { nodes: 2, members: 1, up: ['--lan', 'off'] });
      await installCounters(cluster.lab, 1, [cluster.lab.address(0)]);
      const token = (await cluster.daemon(0).command(['invite'])).trim();
      await expect(cluster.launch(1, ['--join', token])).rejects.toThrow(/names no address/);
      expect((await readCounts(cluster.lab, 1)).toGroups).toBe(0);
    });
  });
});
