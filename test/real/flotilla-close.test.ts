/** What becomes of a join while the node is closed: one end for both, and no second life. */

import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Input } from '../../src/core/io.ts';
import { Flotilla } from '../../src/runtime/flotilla.ts';
import { Life } from '../../src/runtime/life.ts';
import type { FlotillaOptions } from '../../src/runtime/options.ts';
import { Store } from '../../src/runtime/store.ts';
import { Arrivals, ownFolder, userErrorOf } from './waiting.ts';

/** A node on loopback, closed with the test; `inputs` are all that its machines took. */
async function start(
  name: string,
  options: FlotillaOptions = {},
): Promise<{ readonly node: Flotilla; readonly inputs: Input['type'][] }> {
  const inputs: Input['type'][] = [];
  const state = options.state ?? (await ownFolder());
  const node = await Flotilla.start({
    ...{ name, cluster: name, port: 0, bind: ['127.0.0.1'], ...options, state },
    observe: (_moment, { type }) => inputs.push(type),
  });
  onTestFinished(() => node.close());
  return { node, inputs };
}

async function tokenTo(node: Flotilla, port: number = node.port): Promise<string> {
  return (await node.invite({ at: [`127.0.0.1:${String(port)}`] })).token;
}

function beforeStop(act: () => unknown): void {
  const { stop } = Life.prototype;
  vi.spyOn(Life.prototype, 'stop').mockImplementation(function (this: Life) {
    act();
    return stop.call(this);
  });
}

function beforeSave(act: () => unknown): void {
  const { saveAll } = Store.prototype;
  vi.spyOn(Store.prototype, 'saveAll').mockImplementation(function (this: Store, ...given) {
    act();
    return saveAll.apply(this, given);
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a node that is closed while it joins', () => {
  it('gives the join up, at once, when nobody has answered yet', async () => {
    const silent = createServer();
    const knocked = new Arrivals<object>();
    silent.on('connection', knocked.add).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const attic = await start('attic');
    const { node, inputs } = await start('cellar');
    const token = await tokenTo(attic.node, (silent.address() as AddressInfo).port);
    const failed = userErrorOf(node.join(token));
    await knocked.first();
    await node.close();
    expect((await failed).code).toBe('closed');
    expect(inputs.filter((type) => type === 'start')).toHaveLength(1);
  });

  it.each([
    ['the old life ends', beforeStop],
    ['the new cluster is written', beforeSave],
  ])('begins no second life when that happens as %s', async (_when, hook) => {
    const attic = await start('attic');
    const state = await ownFolder();
    const { node, inputs } = await start('cellar', { state });
    const token = await tokenTo(attic.node);
    let closing: Promise<void> | undefined;
    hook(() => (closing = node.close()));
    const failed = await userErrorOf(node.join(token));
    expect(failed.code).toBe('closed');
    await closing;
    expect(inputs.filter((type) => type === 'start')).toHaveLength(1);
    await expect(userErrorOf(node.invite())).resolves.toMatchObject({ code: 'closed' });
    vi.restoreAllMocks();
    // It was admitted: the invite is spent, and the next start is a member's.
    const again = await start('cellar', { state });
    expect([again.node.clusterName, again.node.memberCount]).toEqual(['attic', 2]);
  });

  it('neither joins nor leaves in between: that is refused', async () => {
    const attic = await start('attic');
    const { node } = await start('cellar');
    const token = await tokenTo(attic.node);
    const joining = node.join(token);
    expect((await userErrorOf(node.leave())).code).toBe('join-busy');
    expect((await userErrorOf(node.join(token))).code).toBe('join-busy');
    expect(await joining).toEqual({ cluster: 'attic', already: false });
    await node.close();
    expect((await userErrorOf(node.join(await tokenTo(attic.node)))).code).toBe('closed');
  });
});

describe('a node that leaves', () => {
  it('joins nothing meanwhile, so that no state is left behind', async () => {
    const attic = await start('attic');
    const state = await ownFolder();
    const { node } = await start('cellar', { state });
    const token = await tokenTo(attic.node);
    const leaving = node.leave();
    expect((await userErrorOf(node.join(token))).code).toBe('closed');
    await leaving;
    expect(await readdir(state)).toEqual([]);
    expect(attic.inputs).not.toContain('knock');
  });
});
