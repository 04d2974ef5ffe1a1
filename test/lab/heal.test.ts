/**
 * The main job on real daemons: whatever moves, everyone finds everyone again. Each scenario runs
 * once, under a bound that a busy machine keeps; `npm run bench:heal` measures.
 */
import { describe, expect, it } from 'vitest';
import type { Cluster, ClusterOptions } from './cluster.ts';
import { describeInLab, useCluster } from './gate.ts';
import { play, scenarioOf, type PlayOptions } from './scenario.ts';

/** For a busy machine with few cores; the figures to reach are a sixth of it. */
const options: PlayOptions = { boundMs: 15_000, holdMs: 2_000, gapMs: 5_000 };

/**
 * Suites side by side, for they mostly wait; the tests of each one after the other, on one cluster
 * that is whole between them.
 */
function onOneCluster(
  title: string,
  made: ClusterOptions,
  body: (at: () => Cluster) => void,
): void {
  describe(title, { concurrent: true }, () => {
    body(useCluster(made));
  });
}

/** One test: the scenario happens, and each of its rounds heals. */
function heals(name: string, at: () => Cluster, sentence: string): void {
  it(`${name}: ${sentence}`, { concurrent: false }, async () => {
    const cluster = at();
    const rounds = await play(cluster, scenarioOf(name), options);
    const seconds = rounds.map(({ healedMs }) => healedMs && (healedMs / 1000).toFixed(2));
    console.log(`${name}, ${sentence}: healed in ${seconds.join(', ')} s`);
    for (const { healedMs, bad } of rounds) {
      expect(healedMs, [...bad, cluster.report()].join('\n')).toBeLessThan(options.boundMs);
    }
  });
}

describeInLab('a cluster finds itself again', () => {
  onOneCluster('three nodes', { nodes: 3 }, (at) => {
    heals('S1', at, 'when one of three moves');
    heals('S2', at, 'when two of three move at one instant');
    heals('S7', at, 'when two of three swap their addresses');
    heals('S6', at, 'when all have moved and a human says where they are');
  });

  onOneCluster('four nodes', { nodes: 4 }, (at) => {
    heals('S5', at, 'when the node that all joined through moves');
    heals('S5b', at, 'when that one and another move at one instant');
    heals('S8', at, 'when that one is dead and two others move');
  });

  onOneCluster('three nodes behind home routers', { nodes: 3, homes: true }, (at) => {
    heals('S1', at, 'when one of three is lent another address');
    heals('S7', at, 'when two of three are lent each other’s address');
  });

  onOneCluster('three nodes on IPv6', { nodes: 3, family: 6 }, (at) => {
    heals('S2', at, 'when two of three move at one instant');
  });
});

describeInLab('ten nodes find themselves again', () => {
  onOneCluster('ten nodes', { nodes: 10 }, (at) => {
    heals('S3', at, 'when nine of ten move at one instant');
    heals('S4', at, 'when five of ten move, three times');
    heals('power cut', at, 'when all were killed and nine come back elsewhere');
  });

  onOneCluster('ten nodes behind home routers', { nodes: 10, homes: true }, (at) => {
    heals('S3', at, 'when nine of ten are lent other addresses');
  });
});
