import { describe, expect, it } from 'vitest';
import { seconds } from '../../src/base/time.ts';
import { LargeCluster } from '../../src/sim/scale.ts';

/** Forms, moves and restarts a cluster; what happened, as a hash over all that came in. */
function lifeOf(sharing: boolean): string {
  const cluster = new LargeCluster({ seed: 5, nodes: 24, sharing, lean: true });
  cluster.start(cluster.hosts, seconds(1));
  cluster.run(seconds(5));
  cluster.move(cluster.first(12));
  cluster.run(seconds(5));
  cluster.restart(seconds(5));
  cluster.run(seconds(10));
  expect(cluster.hasNewest()).toBe(true);
  return cluster.world.trace.hash;
}

describe('nodes of one process that share what they read', () => {
  it('do to the last octet what they do when each reads for itself', () => {
    expect(lifeOf(true)).toBe(lifeOf(false));
  });
});
