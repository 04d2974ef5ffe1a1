/**
 * Originals and ours on changing addresses, and those who mean them no good. All at an interval of
 * 1 s. Each test has a lab of its own, and they run side by side: they mostly wait for an original,
 * which holds on to a connection that its own move has cut for 5 s a peer, one peer after another.
 */
import { expect, it } from 'vitest';
import { describeInLab } from './gate.ts';
import type { LabOptions } from './lab.ts';
import { V1_PORT, V1World, type Scripted } from './v1-world.ts';

/** What ours need to find each other and to tell an original, in ms. */
const OURS_HEAL = 10_000;
/** An original that moved with two peers needs 10 s and a cycle or two, in ms. */
const ORIGINAL_HEALS = 25_000;

async function inWorld(
  options: LabOptions,
  story: (world: V1World) => Promise<void>,
): Promise<void> {
  const world = await V1World.open(options);
  try {
    await story(world);
  } finally {
    await world.close();
  }
}

/** Everyone knows everyone: these are ours, the others originals. */
async function acquaint(
  world: V1World,
  ours: readonly number[],
  originals: readonly number[] = [],
  further: object = {},
): Promise<void> {
  await Promise.all(ours.map((index) => world.startOurs(index)));
  for (const original of originals) world.startOriginal(original, ours, further);
  const all = [...ours, ...originals];
  await Promise.all(
    ours.map(async (one) => {
      for (const other of all.filter((index) => index !== one)) {
        await world.introduce(one, `n${String(other)}`, world.endpoint(other));
      }
    }),
  );
  await world.healed();
}

describeInLab('originals and ours', () => {
  it.concurrent('know where they are, and heal when one and when two of three move', async () => {
    await inWorld({ nodes: 3 }, async (world) => {
      await acquaint(world, [0, 1], [2]);
      const original = world.originals.get(2);
      await world.until(
        () => original?.shown()?.own === world.lab.address(2),
        () => original?.shown(),
      );
      expect((await world.status(0)).v1.own.public?.ip).toBe(world.lab.address(0));
      await world.lab.move([1]);
      await world.healed(OURS_HEAL);
      await world.lab.move([0, 1]);
      await world.healed(OURS_HEAL);
      await world.lab.move([1, 2]);
      await world.healed(ORIGINAL_HEALS);
    });
  });

  it.concurrent('heal when two originals swap their addresses, and after our restart', async () => {
    await inWorld({ nodes: 3 }, async (world) => {
      await acquaint(world, [0], [1, 2]);
      await world.lab.swap(1, 2);
      await world.healed(ORIGINAL_HEALS);
      const counts = (): (number | undefined)[] =>
        [1, 2].map((index) => world.originals.get(index)?.peer('n0')?.registrations);
      const before = counts();
      await world.ours.get(0)?.command(['down']);
      await world.ours.get(0)?.kill();
      await world.startOurs(0);
      await world.healed();
      expect(counts()).toEqual(before);
    });
  });

  it.concurrent('float when the clock of one is 20 s off', async () => {
    await inWorld({ nodes: 2 }, async (world) => {
      await acquaint(world, [0], [1], { clockOffsetMs: 20_000 });
      // In any 13 s their codes differ for three at least, for they do so for 20 of each 30.
      const until = Date.now() + 13_000;
      while (Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        const [peer] = (await world.status(0)).v1.peers;
        expect(peer).toMatchObject({ state: 'alive' });
        expect(peer?.retries).toBeLessThanOrEqual(1);
      }
      expect(world.wrong()).toEqual([]);
    });
  });

  it.concurrent('give no login to a rogue who took over an address that a peer left', async () => {
    await inWorld({ nodes: 3 }, async (world) => {
      await acquaint(world, [0], [1]);
      // The address that the operator typed is not its own any more.
      await world.lab.move([1]);
      await world.healed(ORIGINAL_HEALS);
      const rogue = world.start(2, 'hostile', ['rogue', String(V1_PORT)]);
      await world.until(
        () => rogue.told.length > 0,
        () => rogue.told,
      );
      await world.lab.swap(1, 2);
      await world.healed(ORIGINAL_HEALS);
      const asked = rogue.told.filter(({ event }) => event === 'asked');
      expect(asked.length).toBeGreaterThan(0);
      expect(asked.filter(({ password }) => password === true)).toEqual([]);
    });
  });

  it.concurrent('live with those who answer nonsense, stay silent, or never end', async () => {
    await inWorld({ nodes: 3 }, async (world) => {
      await acquaint(world, [0], [1]);
      const where = [world.lab.address(0), String(V1_PORT)];
      const loris = world.start(2, 'hostile', ['loris', ...where, '100']);
      const flood = world.start(2, 'hostile', ['flood', ...where]);
      const garbage = world.start(2, 'hostile', ['garbage', '9100']);
      await startTen(world);
      await world.introduce(0, 'noise', `${world.lab.address(2)}:9100`);
      await toldOf(world, flood);
      expect(flood.told[0]).toMatchObject({ event: 'flooded', status: 413 });
      await tenInTime(world);
      await toldOf(world, garbage, 6);
      await toldOf(world, loris);
      // Headers have to be here after 10 s.
      expect(loris.told[0]?.['afterMs']).toBeLessThan(16_000);
      const view = world.ours.get(0)?.view;
      for (const name of ['noise', 'dead']) expect(view?.get(name)?.state).not.toBe('alive');
      expect(world.wrong()).toEqual([]);
    });
  });
});

describeInLab('ours over IPv6', () => {
  it.concurrent('register, and follow each other, which originals can not', async () => {
    await inWorld({ nodes: 3, family: 6 }, async (world) => {
      await acquaint(world, [0, 1, 2]);
      await world.lab.move([1, 2]);
      await world.healed(OURS_HEAL);
    });
  });
});

/** Nine originals on one node that answer, and a tenth peer whose address nobody holds. */
async function startTen(world: V1World): Promise<void> {
  const many = Array.from({ length: 9 }, (_, n) => ({
    ...{ name: `m${String(n)}`, port: 9_001 + n, users: { user: '123456' }, beat: false },
    peers: [{ name: 'n0', port: V1_PORT }],
  }));
  world.start(2, 'many', [JSON.stringify(many)]);
  const host = world.lab.address(2);
  const dead = ['dead', `${world.lab.nextAddress(2)}:${String(V1_PORT)}`] as const;
  const others = many.map(({ name, port }) => [name, `${host}:${String(port)}`] as const);
  // The dead one first, as in the list of an original.
  void world.introduce(0, ...dead);
  for (const other of others) await world.introduce(0, ...other);
}

/** Nine of ten are heard in each interval though the tenth is dead. */
async function tenInTime(world: V1World): Promise<void> {
  const view = (): string[] =>
    [...(world.ours.get(0)?.view.values() ?? [])]
      .filter(({ name, state }) => name.startsWith('m') && state === 'alive')
      .map(({ name }) => name);
  await world.until(() => view().length === 9, view);
  for (let look = 0; look < 4; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 700));
    const { peers } = (await world.status(0)).v1;
    const ages = peers.filter(({ name }) => name.startsWith('m')).map((one) => one.lastHeardMs);
    // An interval, a call, and a busy machine.
    expect(Math.max(...ages.map((age) => age ?? Infinity))).toBeLessThan(3_000);
  }
}

async function toldOf(world: V1World, { told }: Scripted, times = 1): Promise<void> {
  await world.until(
    () => told.length >= times,
    () => told,
  );
}
