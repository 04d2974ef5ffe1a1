import { readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Lock } from '../../src/runtime/lock.ts';
import { Store } from '../../src/runtime/store.ts';
import { bundle, run } from './child.ts';
import { ownFolder, userErrorOf } from './waiting.ts';

it('a second daemon on one state is refused, and told whom to stop', async () => {
  const folder = await ownFolder();
  const store = await Store.open(folder);
  const error = await userErrorOf(Store.open(folder));
  expect(error.code).toBe('state-in-use');
  expect(error.message).toContain(`process ${String(process.pid)}`);
  expect(error.message).toContain(folder);
  await store.close();
});

it('a state that was closed can be opened again, and holds no trace of the lock', async () => {
  const folder = await ownFolder();
  await (await Store.open(folder)).close();
  expect(await readdir(folder)).toEqual([]);
  await (await Store.open(folder)).close();
});

it('the lock of a daemon that was killed is taken over, and its socket removed', async () => {
  const folder = await ownFolder();
  const holder = run(await bundle('hold'), folder);
  expect(await holder.lines.first()).toBe('held');
  expect((await userErrorOf(Store.open(folder))).code).toBe('state-in-use');
  await holder.kill();
  const store = await Store.open(folder);
  expect(await readdir(folder)).toHaveLength(2);
  await store.close();
});

it('a process ID that is in use again does not keep the state locked', async () => {
  const folder = await ownFolder();
  const socket = join(folder, `lock-${'0'.repeat(16)}.sock`);
  // This very process lives, but it is not the one that listens there.
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, socket }));
  await (await Store.open(folder)).close();
});

it('a lock file without sense is taken over, and no file that it names is touched', async () => {
  const folder = await ownFolder();
  const precious = join(folder, 'precious');
  await writeFile(precious, 'kept');
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 1, socket: precious }));
  await (await Store.open(folder)).close();
  expect(await readFile(precious, 'utf8')).toBe('kept');
});

it('a lock file whose writer died before it wrote is taken over', async () => {
  const folder = await ownFolder();
  await writeFile(join(folder, 'lock'), '');
  await (await Store.open(folder)).close();
});

it('of many daemons that start at once on a dead one’s state exactly one gets it', async () => {
  const folder = await ownFolder();
  const program = await bundle('hold');
  const dead = run(program, folder);
  await dead.lines.first();
  await dead.kill();
  const daemons = Array.from({ length: 6 }, () => run(program, folder));
  const said = await Promise.all(daemons.map(({ lines }) => lines.first()));
  expect(said.sort()).toEqual(['held', ...Array<string>(5).fill('state-in-use')]);
});

it('a folder too deep for a socket is locked all the same', async () => {
  const folder = join(await ownFolder(), 'a'.repeat(60), 'b'.repeat(60));
  const store = await Store.open(folder);
  expect((await userErrorOf(Store.open(folder))).code).toBe('state-in-use');
  await store.close();
});

it('a lock that is held by a very busy process is not taken over', async () => {
  const folder = await ownFolder();
  const socket = join(folder, `lock-${'1'.repeat(16)}.sock`);
  const busy = createServer().listen(socket);
  await new Promise((done) => busy.once('listening', done));
  onTestFinished(() => {
    busy.close();
  });
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 1, socket }));
  expect((await userErrorOf(Lock.take(folder))).code).toBe('state-in-use');
  expect((await readdir(folder)).sort()).toEqual(['lock', `lock-${'1'.repeat(16)}.sock`]);
});
