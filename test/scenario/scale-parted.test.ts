import { describe, expect, it } from 'vitest';
import { seconds } from '../../src/base/time.ts';
import { LargeCluster } from '../../src/sim/scale.ts';

/** More than twice sixteen lose each other: they are found in several goes (PROTOCOL §6). */
const NODES = 80;

function formed(seed: number): LargeCluster {
  const cluster = new LargeCluster({ seed, nodes: NODES });
  cluster.start(cluster.hosts, seconds(1));
  cluster.run(seconds(1));
  expect(cluster.untilNewest(seconds(10))).toBeDefined();
  cluster.run(seconds(5));
  return cluster;
}

describe('a cluster whose halves hear nothing of each other for a minute', () => {
  const cluster = formed(7);
  cluster.part();
  cluster.run(seconds(50));
  const parted = cluster.measure(seconds(10));
  const lost = cluster.lost;
  cluster.move([...cluster.first(2), ...cluster.hosts.slice(-2)]);
  cluster.run(seconds(10));
  cluster.join();
  const newest = cluster.untilNewest(seconds(10));
  const found = cluster.untilFound(seconds(10));

  it('has lost most of the other half by then', () => {
    expect(lost).toBeGreaterThan(0.9 * NODES * (NODES / 2));
  });

  it('asks for them at a rate that stays below ten times that of rest', () => {
    expect(parted.sent).toBeLessThanOrEqual(10 * 280);
  });

  it('has the newest records everywhere two seconds after it met again', () => {
    expect(newest).toBeLessThanOrEqual(2_000);
  });

  // Sixteen in a quarter of a second, until all were asked: not one pair is left to its own tries,
  // which are up to a minute apart.
  it('has found everybody three seconds after', () => {
    expect(found).toBeLessThanOrEqual(3_000);
  });
});
