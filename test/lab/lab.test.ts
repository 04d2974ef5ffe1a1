import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { describeInLab } from './gate.ts';
import { run } from './command.ts';
import { Lab, type LabOptions } from './lab.ts';
import { openRealm, systemEnv } from './realm.ts';
import { ownPrefix, removeStale } from './stale.ts';

/** Above the highest PID that Linux ever gives (2²² on 64 bits). */
const NO_PID = '4194305';

const toy = fileURLToPath(new URL('toy.mjs', import.meta.url));

describeInLab('the lab itself', () => {
  let lab: Lab | undefined;
  afterEach(async () => {
    await lab?.close();
  });

  async function opened(options: LabOptions): Promise<Lab> {
    lab = await Lab.open(options);
    return lab;
  }

  async function echoOn(where: Lab, index: number): Promise<ChildProcess> {
    const host = where.family === 6 ? ['::'] : [];
    const child = where.spawn(
      index,
      [process.execPath, toy, 'echo', ...host],
      ['ignore', 'pipe', 'ignore'],
    );
    if (child.stdout !== null) await once(child.stdout, 'data');
    return child;
  }

  async function ask(where: Lab, index: number, host: string): Promise<string> {
    return (await where.run(index, [process.execPath, toy, 'ask', host])).trim();
  }

  it.each<[string, LabOptions]>([
    ['over IPv4', { nodes: 2 }],
    ['over IPv6', { nodes: 2, family: 6 }],
    ['behind home routers', { nodes: 2, homes: true }],
  ])('carries packets to the address a node holds, and to no other, %s', async (_how, options) => {
    const where = await opened(options);
    await echoOn(where, 1);
    const before = where.address(1);
    expect(await ask(where, 0, before)).toBe(`hello from ${before}`);
    const { beganMs, doneMs } = await where.move([1]);
    expect(doneMs - beganMs).toBeLessThan(500);
    expect(where.address(1)).not.toBe(before);
    expect(await ask(where, 0, before)).toBe('silence');
    expect(await ask(where, 0, where.address(1))).toBe(`hello from ${where.address(1)}`);
  });

  it('lets two nodes swap their addresses at one moment', async () => {
    const where = await opened({ nodes: 3 });
    await echoOn(where, 1);
    const before = [where.address(1), where.address(2)];
    await where.swap(1, 2);
    expect([where.address(2), where.address(1)]).toEqual(before);
    expect(await ask(where, 0, where.address(1))).toBe(`hello from ${where.address(1)}`);
    expect(await ask(where, 0, where.address(2))).not.toContain('hello');
  });

  it('counts a packet with all its headers', async () => {
    const where = await opened({ nodes: 2 });
    const before = await where.traffic(0);
    await ask(where, 0, where.nextAddress(1));
    const after = await where.traffic(0);
    expect(after.sentPackets - before.sentPackets).toBe(1);
    // Ethernet 14, IPv4 20, UDP 8, `hello` 5.
    expect(after.sentBytes - before.sentBytes).toBe(47);
    expect(after.receivedPackets - before.receivedPackets).toBe(0);
  });

  it('leaves no process and no namespace behind', async () => {
    const where = await opened({ nodes: 2 });
    const child = await echoOn(where, 1);
    await where.close();
    expect(child.signalCode).toBe('SIGKILL');
    await expect(where.run(0, ['true'])).rejects.toThrow('nsenter');
  });

  it('clears away what a killed lab left behind, and nothing of a living one', async () => {
    const realm = await openRealm();
    const enter = [...realm.enter];
    try {
      const [dead, living] = [ownPrefix().replace(/-\d+-/, `-${NO_PID}-`), ownPrefix()];
      await run([...enter, 'ip', 'netns', 'add', `${dead}-n0`]);
      await run([...enter, 'ip', 'netns', 'add', `${living}-n0`]);
      const [file = '', ...words] = [
        ...[...enter, 'nsenter', `--net=/var/run/netns/${dead}-n0`, '--'],
        ...[process.execPath, toy, 'echo'],
      ];
      const left = spawn(file, words, { stdio: ['ignore', 'pipe', 'ignore'], env: systemEnv() });
      await once(left.stdout, 'data');
      const ended = once(left, 'exit');
      await removeStale(realm);
      expect(await ended).toEqual([null, 'SIGKILL']);
      const list = await run([...enter, 'ip', 'netns', 'list']);
      expect(list).not.toContain(dead);
      expect(list).toContain(living);
      await run([...enter, 'ip', 'netns', 'del', `${living}-n0`]);
    } finally {
      realm.close();
    }
  });
});
