/** The state folder: who this node is, its cluster and its address book, each in one file. */

import { randomFillSync } from 'node:crypto';
import { access, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fromHex, toHex } from '../base/bytes.ts';
import {
  EMPTY_BOOK,
  readBook,
  readCluster,
  writeBook,
  writeCluster,
  type DocumentName,
  type StoredBook,
  type StoredCluster,
} from '../core/documents.ts';
import { identityFrom, type Identity } from '../crypto/identity.ts';
import { nodeSuite } from '../crypto/node-suite.ts';
import { makeFolder, removeFile, removeLeftovers, replaceFile, systemCode } from './disk.ts';
import { readEnvelope, writeEnvelope } from './envelope.ts';
import { Lock } from './lock.ts';
import {
  foreign,
  futureVersion,
  torn,
  unreadable,
  unwritable,
  withoutIdentity,
  type FileName,
} from './state-errors.ts';

const SEED_SIZE = 32;

/** What a node that speaks v1 keeps besides: passwords among it, which nobody is left with. */
const V1_FILES: readonly FileName[] = ['v1', 'v1-users', 'v1-certificate'];

/** Octets of the largest file read: 16,384 members with their acts take a tenth. */
const FILE_MAX = 256 * 1024 * 1024;

/** What the folder held; without a cluster the node belongs to none yet. */
export interface StoredState {
  readonly identity: Identity;
  readonly cluster: StoredCluster | undefined;
  readonly book: StoredBook;
}

/** An open state folder; nobody else has it as long as it is not closed. */
export class Store {
  readonly folder: string;
  readonly #lock: Lock;

  private constructor(folder: string, lock: Lock) {
    this.folder = folder;
    this.#lock = lock;
  }

  /**
   * Makes the folder if need be and takes its lock. Throws `UserError` state-in-use,
   * state-unwritable or state-unreadable.
   */
  static async open(folder: string): Promise<Store> {
    try {
      await makeFolder(folder);
      // Shows missing rights now, rather than as a file that seems not to be there.
      await readdir(folder);
    } catch (error) {
      throw unwritable(folder, error);
    }
    const lock = await Lock.take(folder);
    try {
      await removeLeftovers(folder);
    } catch (error) {
      await lock.release();
      throw unwritable(folder, error);
    }
    return new Store(folder, lock);
  }

  /**
   * Reads all there is; makes an identity when the folder has none. What is torn, foreign, of a
   * future version or unreadable is a `UserError` (state-…) and stays as it is.
   */
  async load(): Promise<StoredState> {
    const seed = await this.#read('identity', (body) => seedOf(body));
    const cluster = await this.#read('cluster', readCluster);
    const book = await this.#read('book', readBook);
    if (seed !== undefined) {
      return { identity: identityFrom(nodeSuite, seed), cluster, book: book ?? EMPTY_BOOK };
    }
    if (cluster !== undefined) throw withoutIdentity(this.folder);
    return { identity: await this.#makeIdentity(), cluster, book: EMPTY_BOOK };
  }

  /** Writes one document, a JSON value, crash-safe; rejects with the system's error. */
  async save(name: DocumentName, document: unknown): Promise<void> {
    await replaceFile(this.folder, `${name}.json`, writeEnvelope(name, document));
  }

  /** Writes what a node begins in a cluster with. Throws `UserError` state-unwritable. */
  async saveAll(cluster: StoredCluster, book: StoredBook): Promise<void> {
    try {
      // The book first: a crash in between leaves addresses without a cluster, which are ignored,
      // and not a cluster without a known address.
      await this.save('book', writeBook(book));
      await this.save('cluster', writeCluster(cluster));
    } catch (error) {
      throw unwritable(this.folder, error);
    }
  }

  /**
   * Reads a file beside the three that make the node; undefined when there is none. Throws as
   * {@link load} does.
   */
  loadFile<T>(name: FileName, parse: (body: unknown) => T | undefined): Promise<T | undefined> {
    return this.#read(name, parse);
  }

  /** Writes such a file, crash-safe; rejects with the system's error. */
  async saveFile(name: FileName, body: unknown): Promise<void> {
    await replaceFile(this.folder, `${name}.json`, writeEnvelope(name, body));
  }

  /** Whether there is such a file. */
  async has(name: FileName): Promise<boolean> {
    return access(join(this.folder, `${name}.json`)).then(
      () => true,
      () => false,
    );
  }

  /** Removes all files: an ID that left a cluster never comes back to it. */
  async forget(): Promise<void> {
    // In this order each crash in between leaves a state that can be loaded.
    try {
      for (const name of [...V1_FILES, 'cluster', 'book', 'identity']) {
        await removeFile(this.folder, `${name}.json`);
      }
    } catch (error) {
      throw unwritable(this.folder, error);
    }
  }

  /** Lets the next daemon have the folder. */
  async close(): Promise<void> {
    await this.#lock.release();
  }

  async #makeIdentity(): Promise<Identity> {
    const seed = randomFillSync(new Uint8Array(SEED_SIZE));
    try {
      const body = { seed: toHex(seed) };
      await replaceFile(this.folder, 'identity.json', writeEnvelope('identity', body));
    } catch (error) {
      throw unwritable(this.folder, error);
    }
    return identityFrom(nodeSuite, seed);
  }

  async #read<T>(name: FileName, parse: (body: unknown) => T | undefined): Promise<T | undefined> {
    const path = join(this.folder, `${name}.json`);
    let text: string | undefined;
    try {
      text = await readText(path);
    } catch (error) {
      throw unreadable(path, error);
    }
    if (text === undefined) return undefined;
    const read = readEnvelope(name, text);
    if (read === 'future-version') throw futureVersion(path);
    if (read === 'torn') throw torn(path, name);
    const value = read === 'foreign' ? undefined : parse(read.body);
    if (value === undefined) throw foreign(path, name);
    return value;
  }
}

function seedOf(body: unknown): Uint8Array | undefined {
  if (typeof body !== 'object' || body === null || !('seed' in body)) return undefined;
  const seed = typeof body.seed === 'string' ? fromHex(body.seed) : undefined;
  return seed?.length === SEED_SIZE ? seed : undefined;
}

/** A file's text; undefined when there is none. */
async function readText(path: string): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > FILE_MAX) throw new Error('it is larger than any state file');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
