/**
 * What all of v1 is for, played in one piece: an original that nobody changes, pointed at a daemon
 * of ours with nothing but its own configuration, on addresses that change.
 */
import { expect, it } from 'vitest';
import { describeInLab } from '../lab/gate.ts';
import { V1World, type OriginalOn } from '../lab/v1-world.ts';

/** Ours, the original that the story is about, and another that it knows. */
const [OURS, ATTIC, PI] = [0, 1, 2];

/** An original that moved holds on to dead connections for 5 s a peer, in ms. */
const PATIENCE = 40_000;

describeInLab('an original with nothing but its own configuration', () => {
  it('floats with ours: register, beat, our move, its move, sync, our restart', async () => {
    const world = await V1World.open({ nodes: 3 });
    try {
      await world.startOurs(OURS);
      // Each original has the other and ours in its file, with names, addresses, a user, no more.
      const attic = world.startOriginal(ATTIC, [OURS, PI]);
      const pi = world.startOriginal(PI, [OURS, ATTIC]);
      for (const other of [ATTIC, PI]) {
        await world.introduce(OURS, `n${String(other)}`, world.endpoint(other));
      }
      const until = (fits: () => boolean): Promise<number> =>
        world.until(fits, () => [world.wrong(), attic.shown(), pi.shown()], PATIENCE);
      const answers = (original: OriginalOn): number => original.peer('n0')?.answers ?? 0;

      // It registers and beats: three answers, its own address from what ours saw, and our view.
      await until(() => answers(attic) >= 3 && attic.shown()?.own === world.lab.address(ATTIC));
      await until(() => world.wrong().length === 0);
      const registrations = attic.peer('n0')?.registrations;
      expect(registrations).toBeGreaterThan(0);

      // It follows our move.
      await world.lab.move([OURS]);
      await until(() => attic.peer('n0')?.ip === world.lab.address(OURS));
      const beforeMove = answers(attic);
      await until(() => answers(attic) > beforeMove + 1);

      // It is seen moving by ours. The other original moves at the same time, so that neither can
      // tell the other: they find each other by asking ours.
      await world.lab.move([ATTIC, PI]);
      await until(() => world.ours.get(OURS)?.view.get('n1')?.address === world.endpoint(ATTIC));
      await until(
        () =>
          attic.peer('n2')?.ip === world.lab.address(PI) &&
          pi.peer('n1')?.ip === world.lab.address(ATTIC),
      );
      await until(() => attic.shown()?.own === world.lab.address(ATTIC));

      // It survives our restart, a hard one, with the secret that it has.
      await world.ours.get(OURS)?.kill();
      await world.startOurs(OURS);
      const beforeRestart = answers(attic);
      await until(() => answers(attic) > beforeRestart + 1 && world.wrong().length === 0);
      expect(attic.peer('n0')?.registrations).toBe(registrations);
    } finally {
      await world.close();
    }
  });
});
