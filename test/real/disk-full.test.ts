import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Input } from '../../src/core/io.ts';
import { replaceFile } from '../../src/runtime/disk.ts';
import { Saver } from '../../src/runtime/saver.ts';
import { Store } from '../../src/runtime/store.ts';
import { Arrivals, ownFolder, userErrorOf } from './waiting.ts';

const KIB = 1024;

/** A disk of 128 KiB, mounted for one test. */
async function smallDisk(): Promise<string> {
  const folder = await ownFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder]);
  onTestFinished(() => {
    execFileSync('umount', [folder]);
  });
  return folder;
}

/** Linux does this to a disk that begins to fail. */
function remount(folder: string, mode: 'ro' | 'rw'): void {
  execFileSync('mount', ['-o', `remount,${mode}`, folder]);
}

/** Every file below a folder, with what is in it. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** A saver of one document into a store, and what it tells the machine. */
function saverInto(store: Store, document: unknown): { saver: Saver; inputs: Arrivals<Input> } {
  const inputs = new Arrivals<Input>();
  const saver = new Saver({
    document: () => document,
    write: (name, body) => store.save(name, body),
    onBroken: () => undefined,
    deliver: inputs.add,
  });
  onTestFinished(() => {
    saver.stop();
  });
  return { saver, inputs };
}

/** Fills a disk until `left` octets or less, rounded to its pages, are free. */
function fill(folder: string, left: number): void {
  const name = join(folder, 'ballast');
  let size = 128 * KIB;
  for (;;) {
    try {
      writeFileSync(name, new Uint8Array(size));
      break;
    } catch {
      size -= 4 * KIB;
    }
  }
  writeFileSync(name, new Uint8Array(Math.max(0, size - left)));
}

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'small disks are made with Linux’s tmpfs';
  if (process.getuid?.() !== 0) return 'to mount a small disk takes root';
  return undefined;
}

const reason = whyNot();
const inCi = process.env['CI'] === 'true';
if (reason !== undefined && !inCi) console.warn(`skipped: a full disk: ${reason}`);

describe.skipIf(reason !== undefined && !inCi)('on a disk that is full', () => {
  beforeAll(() => {
    if (reason !== undefined) throw new Error(reason);
  });

  it('a write that finds room for a part of the file leaves the old one whole', async () => {
    const folder = await smallDisk();
    await replaceFile(folder, 'book.json', 'old'.repeat(1000));
    fill(folder, 32 * KIB);
    await expect(replaceFile(folder, 'book.json', 'new'.repeat(20_000))).rejects.toMatchObject({
      code: 'ENOSPC',
    });
    expect(readFileSync(join(folder, 'book.json'), 'utf8')).toBe('old'.repeat(1000));
    expect(readdirSync(folder).sort()).toEqual(['ballast', 'book.json']);
  });

  it('a daemon can’t start, and is told to make room', async () => {
    const folder = await smallDisk();
    fill(folder, 0);
    const error = await userErrorOf(Store.open(folder));
    expect(error.code).toBe('state-unwritable');
    expect(error.hint).toContain('Make room');
    expect(readdirSync(folder)).toEqual(['ballast']);
  });

  it('saves fail aloud, lose nothing, and are made up for within 5 s of room', async () => {
    const folder = await smallDisk();
    const store = await Store.open(folder);
    onTestFinished(() => store.close());
    await store.load();
    await store.save('book', { records: [], history: [] });
    fill(folder, 0);
    const document = { records: ['ab'.repeat(3000)], history: [] };
    const { saver, inputs } = saverInto(store, document);
    saver.ask('book', 7, true);
    expect(await inputs.first()).toMatchObject({ type: 'save-failed', ticket: 7 });
    expect(readFileSync(join(folder, 'book.json'), 'utf8')).toContain('"records":[]');

    rmSync(join(folder, 'ballast'));
    const began = performance.now();
    await inputs.first((input) => input.type === 'saved' && input.ticket === 7);
    expect(performance.now() - began).toBeLessThan(6000);
    expect((await store.load()).book.records).toHaveLength(1);
  });
});

describe.skipIf(reason !== undefined && !inCi)('on a disk that is read-only', () => {
  beforeAll(() => {
    if (reason !== undefined) throw new Error(reason);
  });

  it('a daemon can’t start, is told which folder it is, and leaves nothing behind', async () => {
    const folder = await smallDisk();
    remount(folder, 'ro');
    const error = await userErrorOf(Store.open(folder));
    expect(error.code).toBe('state-unwritable');
    expect(error.message).toContain(folder);
    expect(error.hint).toContain('writable');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a state that was there stays as it is, and serves again when it is writable', async () => {
    const folder = await smallDisk();
    const store = await Store.open(folder);
    const { identity } = await store.load();
    await store.save('book', { records: ['abcd'], history: [] });
    await store.close();
    const before = contents(folder);
    remount(folder, 'ro');
    expect((await userErrorOf(Store.open(folder))).code).toBe('state-unwritable');
    expect(contents(folder)).toEqual(before);
    remount(folder, 'rw');
    const again = await Store.open(folder);
    onTestFinished(() => again.close());
    expect((await again.load()).identity.id).toBe(identity.id);
  });

  it('saves fail aloud, lose nothing, and are made up for when it is writable again', async () => {
    const folder = await smallDisk();
    const store = await Store.open(folder);
    onTestFinished(() => store.close());
    await store.load();
    await store.save('book', { records: [], history: [] });
    const before = contents(folder);
    remount(folder, 'ro');
    const { saver, inputs } = saverInto(store, { records: ['abcd'], history: [] });
    saver.ask('book', 7, true);
    expect(await inputs.first()).toMatchObject({ type: 'save-failed', ticket: 7 });
    expect(contents(folder)).toEqual(before);
    remount(folder, 'rw');
    await inputs.first((input) => input.type === 'saved' && input.ticket === 7);
    expect((await store.load()).book.records).toHaveLength(1);
  });
});
