/** What a cluster costs while nothing happens. */
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Watches all daemons for so many ms. Gives for each node bytes a second each way with all headers,
 * packets a second both ways together, CPU seconds a minute, and resident kilobytes at the end.
 * @param {import('../test/lab/cluster.ts').Cluster} cluster
 * @param {number} durationMs
 */
export async function measureIdle(cluster, durationMs) {
  const start = performance.now();
  const before = await Promise.all(cluster.daemons.map((daemon) => look(cluster, daemon)));
  await pause(durationMs);
  const after = await Promise.all(cluster.daemons.map((daemon) => look(cluster, daemon)));
  const seconds = (performance.now() - start) / 1000;
  return after.map((now, index) => {
    const then = before[index];
    const rate = (name) => (now[name] - then[name]) / seconds;
    return {
      receivedPerS: rate('receivedBytes'),
      sentPerS: rate('sentBytes'),
      packetsPerS: rate('receivedPackets') + rate('sentPackets'),
      cpuPerMin: rate('cpuSeconds') * 60,
      residentKb: now.residentKb,
    };
  });
}

async function look(cluster, { index, pid }) {
  return { ...(await cluster.lab.traffic(index)), ...costOf(pid) };
}

/**
 * CPU time of all threads so far, and resident memory.
 * @param {number} pid
 */
function costOf(pid) {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [ran] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ');
    nanoseconds += Number(ran);
  }
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpuSeconds: nanoseconds / 1e9, residentKb: Number(resident?.[1]) };
}
