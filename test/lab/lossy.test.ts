/** One packet in five is lost, as on a bad radio link; `npm run bench:lossy` measures. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInLab, useCluster } from './gate.ts';
import { pause } from './scenario.ts';
import { Verdicts } from './verdicts.ts';
import { setLoss } from './weather.ts';

/** In ms; healing takes about a second here. */
const quick = { boundMs: 12_000, holdMs: 500 };

describeInLab('three nodes of which one packet in five is lost', () => {
  const at = useCluster({ nodes: 3 });
  const verdicts = new Verdicts();

  beforeAll(async () => {
    await Promise.all(at().daemons.map((daemon) => verdicts.follow(daemon)));
    await setLoss(at().lab, 20);
  });
  afterAll(() => {
    verdicts.close();
  });

  it('lose packets indeed', async () => {
    await pause(2_000);
    const listing = await at().lab.runAtProvider(['nft', 'list', 'table', 'inet', 'weather']);
    expect(Number(/counter packets (\d+)/.exec(listing)?.[1])).toBeGreaterThan(0);
  });

  it('find the one that moved, and call nobody lost that is there', async () => {
    const { beganMs } = await at().lab.move([1]);
    const { healedMs } = await at().healed({ ...quick, sinceMs: beganMs });
    expect(healedMs, at().report()).toBeDefined();
    // No verdict is announced by its absence: this is how long nobody may be called lost.
    await pause(6_000);
    const lost = verdicts.all.filter(({ type }) => type === 'lost');
    const wrong = lost.filter(({ of, atMs }) => of !== 'n1' || atMs > beganMs + (healedMs ?? 0));
    expect(wrong).toEqual([]);
  });

  // Without it the test above would pass with a collector that hears nothing.
  it('call a node lost that is gone', async () => {
    await at().daemon(2).kill();
    const called = (): boolean =>
      verdicts.all.some(({ type, of }) => type === 'lost' && of === 'n2');
    await expect.poll(called, { timeout: 12_000 }).toBe(true);
  });
});
