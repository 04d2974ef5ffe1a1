/**
 * One large cluster, phase by phase; after each a line of JSON tells all that was measured so far.
 * Started by scale.mjs.
 */

import { millis, seconds } from '../src/base/time.ts';
import { DEFAULTS } from '../src/core/config.ts';
import { LargeCluster } from '../src/sim/scale.ts';

/** @type {{ nodes: number, seed: number, beatMs: number, apartSeconds: number,
 *   phases: string[] }} */
const plan = JSON.parse(process.argv[2] ?? '{}');
const settings = { ...DEFAULTS, beat: millis(plan.beatMs) };
const started = process.cpuUsage();
const before = heap();
const cluster = new LargeCluster({ seed: plan.seed, nodes: plan.nodes, settings });
/** @type {Record<string, unknown>} */
const figures = { ...plan };

/**
 * Everyone within a second, and then some time to settle: keys, round trips, reconciliation, and
 * the fresh sockets of the start, which close after ten seconds and are taken from the records.
 */
const form = () => {
  cluster.start(cluster.hosts, seconds(1));
  cluster.run(seconds(1));
  figures['formMs'] = cluster.untilNewest(seconds(60));
  cluster.run(seconds(30));
};

const phases = {
  form,
  idle: () => {
    const cpu = process.cpuUsage().user;
    figures['idle'] = rounded(cluster.measure(seconds(10)));
    figures['idleSpeed'] = Number((1e7 / (process.cpuUsage().user - cpu)).toFixed(2));
    figures['rotation'] = cluster.pingsOf(0, seconds(20));
    figures['heapPerNode'] = Math.round((heap() - before) / plan.nodes);
  },
  half: () => {
    cluster.move(cluster.first(Math.floor(plan.nodes / 2)));
    const busiest = cluster.watchBusiest();
    figures['halfMs'] = cluster.untilNewest(seconds(60));
    figures['halfBusiest'] = busiest();
    cluster.run(seconds(5));
  },
  part: () => {
    cluster.part();
    cluster.run(seconds(Math.max(0, plan.apartSeconds - 20)));
    figures['apart'] = rounded(cluster.measure(seconds(10)));
    figures['apartLost'] = cluster.lost;
    // What is signed meanwhile has to cross when they meet again.
    const movers = [...cluster.first(2), ...cluster.hosts.slice(-2)];
    cluster.move(movers);
    cluster.run(seconds(10));
    cluster.join();
    const busiest = cluster.watchBusiest();
    figures['meetMs'] = cluster.untilNewest(seconds(60));
    const foundMs = cluster.untilFound(seconds(60));
    figures['meetFoundMs'] = add(figures['meetMs'], foundMs);
    figures['meetBusiest'] = busiest();
  },
  restart: () => {
    cluster.restart(seconds(60));
    cluster.run(seconds(60));
    const busiest = cluster.watchBusiest();
    figures['restartMs'] = cluster.untilNewest(seconds(60));
    figures['restartBusiest'] = busiest();
  },
};

for (const name of plan.phases) {
  phases[name]?.();
  figures['lost'] = cluster.lost;
  figures['virtualSeconds'] = cluster.world.now / 1000;
  figures['cpuSeconds'] = Number((process.cpuUsage(started).user / 1e6).toFixed(1));
  figures['residentMb'] = Math.round(process.memoryUsage().rss / 1e6);
  console.log(JSON.stringify(figures));
}

/**
 * @param {unknown} one
 * @param {number | undefined} other
 */
function add(one, other) {
  return typeof one === 'number' && other !== undefined ? one + other : undefined;
}

/** @param {import('../src/sim/scale.ts').Load} load */
function rounded({ sent, received, mostSent }) {
  return {
    sent: Math.round(sent),
    received: Math.round(received),
    mostSent: Math.round(mostSent),
  };
}

/** Octets in use by objects that are reachable. */
function heap() {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
