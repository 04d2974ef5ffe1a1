/** Starts one node on the documents of a file and prints as JSON what it costs. */
import { readFileSync } from 'node:fs';
import { SeededRandom } from '../src/base/random.ts';
import { instant, millis, wallTime } from '../src/base/time.ts';
import { DEFAULTS } from '../src/core/config.ts';
import { EMPTY_BOOK, readBook, readCluster } from '../src/core/documents.ts';
import { Node } from '../src/core/node.ts';
import { nodeSuite } from '../src/crypto/node-suite.ts';
import { muster } from '../src/sim/fleet.ts';

const before = heap();
const { node, members, startCpuMs } = start(String(process.argv[2]));
const heapBytes = heap() - before;
const written = performance.now();
const book = JSON.stringify(node.document('book'));
const bookMs = performance.now() - written;
const figures = {
  members,
  startCpuMs: Math.round(startCpuMs),
  heapBytes,
  residentMb: Math.round(process.memoryUsage().rss / 1e6),
  clusterBytes: JSON.stringify(node.document('cluster')).length,
  bookBytes: book.length,
  bookMs: Number(bookMs.toFixed(2)),
};
console.log(JSON.stringify(figures));

/** @param {string} file */
function start(file) {
  const stored = JSON.parse(readFileSync(file, 'utf8'));
  const [self] = muster(nodeSuite, 1, new SeededRandom(new Uint8Array(stored.seed)));
  if (self === undefined) throw new Error('there is no node');
  const begun = process.cpuUsage();
  const cluster = readCluster(stored.cluster);
  if (cluster === undefined) throw new Error('the cluster document cannot be read');
  const node = new Node({
    suite: nodeSuite,
    identity: self.identity,
    cluster,
    book: readBook(stored.book) ?? EMPTY_BOOK,
    settings: DEFAULTS,
    seed: new Uint8Array(32),
  });
  const entropy = new Uint8Array(32).fill(7);
  const moment = { now: instant(1_000), wall: wallTime(1_800_000_000_000), late: millis(0) };
  node.step({ ...moment, entropy }, { type: 'start' });
  // Of all threads: a compiler and a collector work beside the program.
  const { user, system } = process.cpuUsage(begun);
  return { node, members: stored.members, startCpuMs: (user + system) / 1000 };
}

/** Octets in use by objects that are reachable. */
function heap() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
