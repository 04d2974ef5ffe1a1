/** What labs leave behind when their process is killed, and its removal. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { run } from './command.ts';
import type { Realm } from './realm.ts';

/** `flab-<pid of the owner>-<chance>-…`: tells at sight whose it is and whether the owner lives. */
const namePattern = /^flab-(\d+)-[0-9a-f]+-[rnh]\d*$/;

/** How the namespaces of a new lab of this process begin. */
export function ownPrefix(): string {
  return `flab-${String(process.pid)}-${randomBytes(3).toString('hex')}`;
}

/** Removes the namespaces of labs whose owner is dead, and ends what still runs in them. */
export async function removeStale(realm: Realm): Promise<void> {
  const list = await run([...realm.enter, 'ip', 'netns', 'list']);
  for (const line of list.split('\n')) {
    const [name = ''] = line.split(' ');
    const owner = namePattern.exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    const pids = await run([...realm.enter, 'ip', 'netns', 'pids', name]).catch(() => '');
    for (const pid of pids.split('\n').filter((text) => text !== '')) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
    await run([...realm.enter, 'ip', 'netns', 'del', name]).catch(() => '');
  }
}
