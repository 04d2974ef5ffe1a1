/** Power cuts at the worst moments: what was said to be done is still done afterwards. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from './cluster.ts';
import { describeInLab } from './gate.ts';
import { pause } from './scenario.ts';

const quick = { boundMs: 20_000, holdMs: 1_000 };

describeInLab('a daemon killed with SIGKILL', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start({ nodes: 7, members: 3 });
  });
  afterAll(async () => {
    await cluster.close();
  });

  /** Who is who, as one node sees it. */
  function identities(index: number): Record<string, string> {
    const { view } = cluster.daemon(index);
    return Object.fromEntries([...view.values()].map(({ name, id }) => [name, id] as const));
  }

  async function expectWhole(): Promise<void> {
    const { healedMs } = await cluster.healed({ ...quick, sinceMs: performance.now() });
    expect(healedMs, cluster.report()).toBeDefined();
  }

  it.each([0, 150, 400, 900])(
    'while it moves, %i ms after, starts again and knows everyone',
    async (afterMs) => {
      const known = identities(0);
      await cluster.lab.move([1]);
      await pause(afterMs);
      await cluster.daemon(1).kill();
      await cluster.launch(1);
      await expectWhole();
      expect(identities(1)).toEqual(known);
      expect(identities(0)).toEqual(known);
    },
  );

  it('while the node it would ask has moved, too, starts again among them', async () => {
    const known = identities(0);
    await cluster.lab.move([0, 1]);
    await cluster.daemon(0).kill();
    await cluster.launch(0);
    await expectWhole();
    expect(identities(0)).toEqual(known);
  });

  it.each([
    [3, 60],
    [4, 200],
    [5, 500],
  ])('as it joins (node %i, %i ms after) joins with the same token', async (joiner, afterMs) => {
    const known = identities(0);
    const token = await cluster.invite(0, 1);
    cluster.daemon(joiner).launch(['--join', token]);
    await pause(afterMs);
    await cluster.daemon(joiner).kill();
    await cluster.launch(joiner, ['--join', token]);
    await expectWhole();
    const { id } = cluster.daemon(0).view.get(`n${String(joiner)}`) ?? {};
    expect(identities(joiner)).toEqual({ ...known, [`n${String(joiner)}`]: id });
    // A restarted service is started with the same words, and must not die of them.
    await cluster.daemon(joiner).kill();
    await cluster.launch(joiner, ['--join', token]);
    await expectWhole();
  });

  it('as it redeems an invite still lets the joiner in with it', async () => {
    const token = await cluster.invite(0, 1);
    cluster.daemon(6).launch(['--join', token]);
    await pause(300);
    await cluster.daemon(0).kill();
    await cluster.launch(0);
    // The joiner may have given up meanwhile, or be a member already; its operator tries again.
    await cluster.daemon(6).kill();
    await cluster.launch(6, ['--join', token]);
    await expectWhole();
    expect(Object.keys(identities(6))).toHaveLength(7);
  });
});
