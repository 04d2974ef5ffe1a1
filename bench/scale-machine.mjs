/** Where and when the figures of docs/scale.md were measured. */
import { cpus, loadavg, totalmem } from 'node:os';

/** Date and machine; a load far above the number of cores tells of busy neighbours. */
export function machine() {
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = Math.round(loadavg()[1] ?? 0);
  const what = `Node ${process.versions.node}, ${cpus().length} cores, ${memory} GiB, load ${load}`;
  return `${new Date().toISOString().slice(0, 10)}, ${what}`;
}
