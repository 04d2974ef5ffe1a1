import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatAddress, parseAddress, type Address } from '../../src/base/address.ts';
import { wallTime } from '../../src/base/time.ts';
import {
  EMPTY_BOOK,
  readBook,
  readCluster,
  type StoredBook,
  type StoredCluster,
} from '../../src/core/documents.ts';
import { identityFrom } from '../../src/crypto/identity.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import { readEnvelope, writeEnvelope } from '../../src/runtime/envelope.ts';
import { Store } from '../../src/runtime/store.ts';
import { bundle, run } from './child.ts';
import { ownFolder, userErrorOf } from './waiting.ts';

const cellar = identityFrom(nodeSuite, new Uint8Array(32).fill(7));
const CLUSTER: StoredCluster = {
  acts: [Uint8Array.of(1, 2, 3)],
  invites: [{ secret: new Uint8Array(16).fill(9), uses: 2, expires: wallTime(1_700_000_000_000) }],
  reserved: 1000,
  tags: [['room', 'attic']],
};
const BOOK: StoredBook = {
  records: [Uint8Array.of(4, 5, 6)],
  history: [{ id: cellar.id, addresses: [{ address: known('192.0.2.7:4117'), at: wallTime(17) }] }],
};

function known(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

async function openStore(folder: string): Promise<Store> {
  const store = await Store.open(folder);
  onTestFinished(() => store.close());
  return store;
}

/** A folder that was used and closed, with its three files. */
async function usedFolder(): Promise<string> {
  const folder = await ownFolder();
  const store = await Store.open(folder);
  await store.load();
  await store.saveAll(CLUSTER, BOOK);
  await store.close();
  return folder;
}

describe('a state folder', () => {
  it('gets an identity when it is empty, and keeps it', async () => {
    const folder = join(await ownFolder(), 'deep', 'er');
    const store = await openStore(folder);
    const first = await store.load();
    expect(first).toMatchObject({ cluster: undefined, book: EMPTY_BOOK });
    expect((await store.load()).identity.id).toBe(first.identity.id);
  });

  it('gives back what was saved', async () => {
    const store = await openStore(await usedFolder());
    const { cluster, book } = await store.load();
    expect(cluster).toEqual(CLUSTER);
    expect(book).toEqual(BOOK);
    expect(formatAddress(known('192.0.2.7:4117'))).toBe('192.0.2.7:4117');
  });

  it.skipIf(process.platform === 'win32')('is readable for its owner alone', async () => {
    const folder = await usedFolder();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const name of ['identity', 'cluster', 'book']) {
      expect((await stat(join(folder, `${name}.json`))).mode & 0o777).toBe(0o600);
    }
  });

  it.skipIf(process.platform === 'win32')(
    'takes no rights away from a folder that holds other things too',
    async () => {
      const folder = await ownFolder();
      await chmod(folder, 0o755);
      await writeFile(join(folder, 'letter.txt'), 'not ours');
      await (await openStore(folder)).load();
      expect((await stat(folder)).mode & 0o777).toBe(0o755);
      expect((await stat(join(folder, 'identity.json'))).mode & 0o777).toBe(0o600);

      const used = await usedFolder();
      await chmod(used, 0o755);
      await openStore(used);
      expect((await stat(used)).mode & 0o777).toBe(0o700);
    },
  );

  it('is cleared of half-written files of ours and of nothing else', async () => {
    const folder = await usedFolder();
    await writeFile(join(folder, '.book.json.4711-3.tmp'), '{"form');
    await writeFile(join(folder, 'notes.tmp'), 'mine');
    await openStore(folder);
    const names = await readdir(folder);
    expect(names).toContain('notes.tmp');
    expect(names).not.toContain('.book.json.4711-3.tmp');
  });

  it('forgets the node on a leave, so that the next start is another one', async () => {
    const folder = await usedFolder();
    const store = await openStore(folder);
    const before = (await store.load()).identity.id;
    await store.forget();
    const { identity, cluster } = await store.load();
    expect(identity.id).not.toBe(before);
    expect(cluster).toBeUndefined();
  });

  it('that can’t be made is state-unwritable', async () => {
    const file = join(await ownFolder(), 'file');
    await writeFile(file, '');
    const error = await userErrorOf(Store.open(join(file, 'state')));
    expect(error.code).toBe('state-unwritable');
    expect(error.message).toContain(file);
  });
});

describe('a file that is not to be believed is named, and left as it is:', () => {
  const whole = writeEnvelope('cluster', { acts: [], invites: [], reserved: 0, tags: [] });
  const faults: readonly (readonly [string, string, string])[] = [
    ['cut short', whole.slice(0, -20), 'state-torn'],
    ['empty', '', 'state-torn'],
    ['changed in one place', whole.replace('"reserved":0', '"reserved":9'), 'state-torn'],
    ['of a future version', whole.replace('"version":1', '"version":2'), 'state-future-version'],
    ['of another program', '{"hello": "world"}', 'state-foreign'],
    ['no JSON', 'hello', 'state-foreign'],
    ['another of our files', writeEnvelope('book', {}), 'state-foreign'],
    ['whole, but without its fields', writeEnvelope('cluster', {}), 'state-foreign'],
  ];
  it.each(faults)('%s', async (_title, text, code) => {
    const folder = await usedFolder();
    const path = join(folder, 'cluster.json');
    await writeFile(path, text);
    const store = await openStore(folder);
    const error = await userErrorOf(store.load());
    expect(error.code).toBe(code);
    expect(error.message).toContain(path);
    expect(error.hint).not.toBe('');
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('unreadable', async () => {
    const folder = await ownFolder();
    await mkdir(join(folder, 'book.json'));
    const error = await userErrorOf((await openStore(folder)).load());
    expect(error.code).toBe('state-unreadable');
    expect(error.message).toContain('book.json');
  });

  it('a cluster without the identity that belongs to it', async () => {
    const folder = await usedFolder();
    const store = await openStore(folder);
    await store.forget();
    await store.save('cluster', { acts: [], invites: [], reserved: 0, tags: [] });
    expect((await userErrorOf(store.load())).code).toBe('state-torn');
    expect(await readdir(folder)).not.toContain('identity.json');
  });
});

it('a daemon killed in the middle of writing leaves a readable state, every time', async () => {
  const folder = await usedFolder();
  const program = await bundle('write');
  for (let round = 0; round < 10; round += 1) {
    const child = run(program, folder);
    expect(await child.lines.first()).toBe('writing');
    // Another point of the write each time: some take a disk's millisecond, some none.
    await new Promise((done) => setTimeout(done, round * 3));
    await child.kill();
    const text = await readFile(join(folder, 'book.json'), 'utf8');
    const read = readEnvelope('book', text);
    expect(typeof read === 'object' && readBook(read.body)).toMatchObject({ history: [] });
  }
  const store = await openStore(folder);
  expect((await store.load()).cluster).toEqual(CLUSTER);
  const left = (await readdir(folder)).filter((name) => name.endsWith('.tmp'));
  expect(left).toEqual([]);
  expect(readCluster(undefined)).toBeUndefined();
});
