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
    const inputs = new Arrivals<Input>();
    const document = { records: ['ab'.repeat(3000)], history: [] };
    const saver = new Saver({
      document: () => document,
      write: (name, body) => store.save(name, body),
      onBroken: () => undefined,
      deliver: inputs.add,
    });
    onTestFinished(() => {
      saver.stop();
    });
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
