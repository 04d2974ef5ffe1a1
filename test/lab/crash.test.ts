/** Power cuts at the worst moments: what was said to be done is still done afterwards. */
import { afterEach, expect, it } from 'vitest';
import { Witness } from './durable.ts';
import { describeInLab, useCluster } from './gate.ts';
import { pause } from './scenario.ts';

const quick = { boundMs: 20_000, holdMs: 1_000 };

describeInLab('a daemon killed with SIGKILL', () => {
  const at = useCluster({ nodes: 8, members: 3 });
  const witness = new Witness();

  /** All disks: whole, and no number of an act or a record used for two things, ever. */
  afterEach(() => {
    for (const { state } of at().daemons) witness.read(state);
    expect(witness.problems).toEqual([]);
    expect(witness.seen).toBeGreaterThan(3);
  });

  /** Who is who, as one node sees it. */
  function identities(index: number): Record<string, string> {
    const { view } = at().daemon(index);
    return Object.fromEntries([...view.values()].map(({ name, id }) => [name, id] as const));
  }

  async function expectWhole(): Promise<void> {
    const { healedMs } = await at().healed({ ...quick, sinceMs: performance.now() });
    expect(healedMs, at().report()).toBeDefined();
  }

  it.each([0, 150, 400, 900])(
    'while it moves, %i ms after, starts again and knows everyone',
    async (afterMs) => {
      const known = identities(0);
      await at().lab.move([1]);
      await pause(afterMs);
      await at().daemon(1).kill();
      await at().launch(1);
      await expectWhole();
      expect(identities(1)).toEqual(known);
      expect(identities(0)).toEqual(known);
    },
  );

  it('while the node it would ask has moved, too, starts again among them', async () => {
    const known = identities(0);
    await at().lab.move([0, 1]);
    await at().daemon(0).kill();
    await at().launch(0);
    await expectWhole();
    expect(identities(0)).toEqual(known);
  });

  it('after it promised a tag and an invite, keeps both', async () => {
    const killed = at().daemon(1);
    await killed.command(['tag', 'room=roof']);
    const token = await at().invite(1, 1);
    const before = witness.read(killed.state);
    await killed.kill();
    witness.compare('n1', before, witness.read(killed.state));
    await at().launch(1);
    await expectWhole();
    expect(await killed.command(['members', '--json'])).toContain('"room":"roof"');
    await at().launch(7, ['--join', token]);
    await expectWhole();
    expect(Object.keys(identities(7))).toHaveLength(4);
  });

  it.each([
    [3, 60],
    [4, 200],
    [5, 500],
  ])('as it joins (node %i, %i ms after) joins with the same token', async (joiner, afterMs) => {
    const known = identities(0);
    const token = await at().invite(0, 1);
    at().daemon(joiner).launch(['--join', token]);
    await pause(afterMs);
    await at().daemon(joiner).kill();
    await at().launch(joiner, ['--join', token]);
    await expectWhole();
    const { id } =
      at()
        .daemon(0)
        .view.get(`n${String(joiner)}`) ?? {};
    expect(identities(joiner)).toEqual({ ...known, [`n${String(joiner)}`]: id });
    // A restarted service is started with the same words, and must not die of them.
    await at().daemon(joiner).kill();
    await at().launch(joiner, ['--join', token]);
    await expectWhole();
  });

  it('as it redeems an invite still lets the joiner in with it', async () => {
    const token = await at().invite(0, 1);
    at().daemon(6).launch(['--join', token]);
    await pause(300);
    await at().daemon(0).kill();
    await at().launch(0);
    // The joiner may have given up meanwhile, or be a member already; its operator tries again.
    await at().daemon(6).kill();
    await at().launch(6, ['--join', token]);
    await expectWhole();
    expect(Object.keys(identities(6))).toHaveLength(8);
  });
});
