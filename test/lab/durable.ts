/**
 * What a cluster's disks say, read while daemons live and after they were killed: whether each file
 * is whole, and whether any number was ever used for two things.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toHex, type Bytes } from '../../src/base/bytes.ts';
import { readBook, readCluster } from '../../src/core/documents.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import { readEnvelope } from '../../src/runtime/envelope.ts';
import { decodeAct } from '../../src/wire/act.ts';
import { decodeRecord } from '../../src/wire/record.ts';

/** What one node's disk held at a time. */
export interface Held {
  /** Signed acts in hexadecimal. */
  readonly acts: ReadonlySet<string>;
  /** Record sequences up to here may have been used. */
  readonly reserved: number;
}

export class Witness {
  /** What was wrong, in words. */
  readonly problems: string[] = [];
  /** Signed octets by kind, author and number, of all that was ever seen on any disk. */
  readonly #signed = new Map<string, string>();

  /** How many different acts and records were seen. */
  get seen(): number {
    return this.#signed.size;
  }

  /** Reads a state folder; undefined while the node is in no cluster. */
  read(folder: string): Held | undefined {
    this.#body(folder, 'identity');
    const cluster = this.#document(folder, 'cluster', readCluster);
    const book = this.#document(folder, 'book', readBook);
    for (const bytes of book?.records ?? []) {
      const record = decodeRecord(bytes);
      if (record === undefined) this.wrong(`${folder}: a record that cannot be read`);
      else this.#once(`record ${record.id} ${String(record.sequence)}`, bytes);
    }
    for (const bytes of cluster?.acts ?? []) {
      const act = decodeAct(nodeSuite, bytes)?.act;
      if (act === undefined) this.wrong(`${folder}: an act that cannot be read`);
      else this.#once(`act ${act.author} ${String(act.number)}`, bytes);
    }
    if (cluster === undefined) return undefined;
    return { acts: new Set(cluster.acts.map(toHex)), reserved: cluster.reserved };
  }

  /** What was on disk before must be there after, and no sequence be forgotten. */
  compare(name: string, before: Held | undefined, after: Held | undefined): void {
    if (before === undefined) return;
    const lost = [...before.acts].filter((act) => after?.acts.has(act) !== true).length;
    if (lost > 0) this.wrong(`${name} lost ${String(lost)} acts`);
    if ((after?.reserved ?? 0) < before.reserved) this.wrong(`${name} forgot reserved sequences`);
  }

  /** Notes what is not as it should be, once. */
  wrong(what: string): void {
    if (!this.problems.includes(what)) this.problems.push(what);
  }

  #document<T>(
    folder: string,
    name: string,
    read: (body: unknown) => T | undefined,
  ): T | undefined {
    const body = this.#body(folder, name);
    if (body === undefined) return undefined;
    const value = read(body);
    if (value === undefined) this.wrong(`${folder}: ${name}.json holds nonsense`);
    return value;
  }

  #body(folder: string, name: string): unknown {
    const file = join(folder, `${name}.json`);
    if (!existsSync(file)) return undefined;
    const envelope = readEnvelope(name, readFileSync(file, 'utf8'));
    if (typeof envelope !== 'string') return envelope.body;
    this.wrong(`${file} is ${envelope}`);
    return undefined;
  }

  /** Two signed things of one number are a fork, or a sequence used twice. */
  #once(key: string, bytes: Bytes): void {
    const text = toHex(bytes);
    const before = this.#signed.get(key);
    if (before !== undefined && before !== text) this.wrong(`two of ${key}`);
    this.#signed.set(key, text);
  }
}
