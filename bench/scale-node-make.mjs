/** The documents of a node in a cluster of so many members, as its disk holds them. */
import { writeFileSync } from 'node:fs';
import { address } from '../src/base/address.ts';
import { SeededRandom } from '../src/base/random.ts';
import { DEFAULTS } from '../src/core/config.ts';
import { writeBook, writeCluster } from '../src/core/documents.ts';
import { nodeSuite } from '../src/crypto/node-suite.ts';
import { enlist, filesOf, muster } from '../src/sim/fleet.ts';
import { AddressPool } from '../src/sim/pool.ts';
import { clusterOf, decodeAct } from '../src/wire/act.ts';
import { signRecord } from '../src/wire/record.ts';

const [members, file] = [Number(process.argv[2]), String(process.argv[3])];
const random = new SeededRandom(members);
const seed = random.bytes(32);
const crew = muster(nodeSuite, members, new SeededRandom(seed));
const acts = enlist(nodeSuite, crew, random.fork());
const [found] = acts.map((bytes) => decodeAct(nodeSuite, bytes));
if (found === undefined) throw new Error('a cluster begins with its founding');
const cluster = clusterOf(nodeSuite, found);
const pool = new AddressPool();
const placed = crew.map((seaman) => ({ seaman, ips: [pool.fresh()] }));
const records = placed.map(({ seaman, ips }) => {
  const addresses = ips.map((ip) => ({ address: address(ip, 4117), voters: 8 }));
  const fields = { cluster, id: seaman.identity.id, sequence: 1, beat: DEFAULTS.beat, addresses };
  const none = { relays: [], services: [], tags: [] };
  return signRecord(seaman.identity, { ...fields, ...none, reachability: 'mapped' }).bytes;
});
const stored = filesOf(acts, placed);
const documents = {
  members,
  seed: Array.from(seed),
  cluster: writeCluster({ ...stored.cluster, reserved: 1 }),
  book: writeBook({ ...stored.book, records }),
};
writeFileSync(file, JSON.stringify(documents));
