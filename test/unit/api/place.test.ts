import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { claimPlace, findPlace, releasePlace } from '../../../src/services/api/place.ts';
import { ownFolder } from '../../real/waiting.ts';

/** A state folder whose path is too long for a socket. */
async function deepFolder(): Promise<string> {
  const folder = join(await ownFolder(), 'a'.repeat(100));
  await mkdir(folder);
  return folder;
}

describe('the place of the control socket', () => {
  it('is control.sock in the state folder', async () => {
    const folder = await ownFolder();
    expect(await claimPlace(folder, 'linux')).toBe(join(folder, 'control.sock'));
    expect(await findPlace(folder)).toBe(join(folder, 'control.sock'));
  });

  it('is a short path elsewhere when that is too long, and the folder says where', async () => {
    const folder = await deepFolder();
    const place = await claimPlace(folder, 'linux');
    expect(Buffer.byteLength(place)).toBeLessThanOrEqual(100);
    expect(await findPlace(folder)).toBe(place);
    expect((await stat(dirname(place))).mode & 0o777).toBe(0o700);
    await releasePlace(folder);
  });

  it('is gone from both folders when it is released', async () => {
    const folder = await deepFolder();
    const place = await claimPlace(folder, 'linux');
    await releasePlace(folder);
    await expect(stat(dirname(place))).rejects.toThrow('ENOENT');
    expect(await findPlace(folder)).toBeUndefined();
  });

  it('is a pipe with a name nobody can foresee on Windows', async () => {
    const folder = await ownFolder();
    const first = await claimPlace(folder, 'win32');
    const second = await claimPlace(folder, 'win32');
    expect(first).toMatch(/^\\\\\.\\pipe\\flotilla-[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
    expect(await findPlace(folder)).toBe(second);
    expect((await stat(join(folder, 'control.path'))).mode & 0o777).toBe(0o600);
  });

  it('takes the place of a socket that a killed daemon left', async () => {
    const folder = await ownFolder();
    await writeFile(join(folder, 'control.sock'), '');
    const place = await claimPlace(folder, 'linux');
    await expect(stat(place)).rejects.toThrow('ENOENT');
  });

  it('never deletes a folder that a strange record names', async () => {
    const folder = await ownFolder();
    const precious = join(folder, 'precious');
    await mkdir(precious);
    await writeFile(join(folder, 'control.path'), join(precious, 'control.sock'));
    await releasePlace(folder);
    expect((await stat(precious)).isDirectory()).toBe(true);
    await expect(readFile(join(folder, 'control.path'))).rejects.toThrow('ENOENT');
  });
});
