import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { MembersDocument, MemberView } from '../../../src/core/view.ts';
import { Changes } from '../../../src/runtime/changes.ts';
import { Follower } from '../../../src/services/names/follow.ts';
import { member, view } from './view.ts';

/** A cluster that the test changes, and a reader that writes down what it is told. */
class Scene {
  clusterName = 'home';
  readonly members = new Map<string, MemberView>();
  readonly changed = new Changes(() => undefined);
  readonly looked: string[] = [];
  readonly gone: string[] = [];
  readonly retained: number[] = [];
  holds = 100;
  readonly neighbours = new Map<string, string>();
  onLook: () => void = () => undefined;
  readonly follower: Follower;

  constructor(...members: readonly MemberView[]) {
    this.set(...members);
    const stop = new AbortController();
    const roster = {
      ids: (): readonly string[] => [...this.members.keys()],
      members: (of: readonly string[]): MembersDocument => {
        this.onLook();
        return { ...view(), members: of.flatMap((id) => this.members.get(id) ?? []) };
      },
      changes: (): Changes => this.changed,
    };
    const clusterName = (): string => this.clusterName;
    const source = {
      get clusterName() {
        return clusterName();
      },
      roster,
    };
    this.follower = new Follower(source, this, stop.signal);
    onTestFinished(() => {
      stop.abort();
      this.changed.close();
    });
  }

  set(...members: readonly MemberView[]): void {
    for (const one of members) this.members.set(one.id, one);
  }

  take(some: MembersDocument, gone: readonly string[]): void {
    this.looked.push(...some.members.map(({ name }) => name));
    this.gone.push(...gone);
  }

  get held(): number {
    return this.holds;
  }

  beside(ids: Iterable<string>): readonly string[] {
    return [...ids].flatMap((id) => this.neighbours.get(id) ?? []);
  }

  retain(ids: ReadonlySet<string>): void {
    this.retained.push(ids.size);
  }
}

const crowd = Array.from({ length: 100 }, (_, index) => member(index, `m${String(index)}`));

describe('following the members', () => {
  it('looks at each of them once', async () => {
    const scene = new Scene(...crowd);
    await scene.follower.readAll();
    expect(scene.looked).toEqual(crowd.map(({ name }) => name));
    expect([scene.retained, scene.gone]).toEqual([[], []]);
  });

  it('says who is a member when others are held, one that left included', async () => {
    const scene = new Scene(...crowd.slice(1), member(0, 'm0', { state: 'left' }));
    scene.holds = 99;
    await scene.follower.readAll();
    expect(scene.retained).toEqual([]);
    scene.holds = 100;
    await scene.follower.readAll();
    expect(scene.retained).toEqual([100]);
  });

  it('lets the loop turn when looking takes long', async () => {
    const scene = new Scene(...crowd);
    // Each look takes longer than a turn may.
    scene.onLook = () => {
      const begun = performance.now();
      while (performance.now() - begun < 0.2);
    };
    let turns = 0;
    let over = false;
    const turning = (async () => {
      for (; !over; turns += 1) await nextTurn();
    })();
    await scene.follower.readAll();
    over = true;
    await turning;
    // A hundred in batches of eight.
    expect(turns).toBeGreaterThanOrEqual(12);
  });

  it('looks at once at whoever changed and who is beside, and sees who is gone', async () => {
    const scene = new Scene(...crowd);
    const running = scene.follower.run();
    const [moved, removed] = [crowd[70], crowd[80]];
    scene.members.delete(removed?.id ?? '');
    scene.neighbours.set(moved?.id ?? '', crowd[30]?.id ?? '');
    scene.changed.push([moved?.id ?? '', removed?.id ?? '']);
    await nextTurn();
    expect([scene.looked.slice(0, 2), scene.gone]).toEqual([['m70', 'm30'], [removed?.id]]);
    scene.changed.close();
    await running;
  });

  it('does not take the members of one cluster for those of another', async () => {
    const scene = new Scene(...crowd);
    scene.onLook = () => (scene.clusterName = 'other');
    scene.holds = 101;
    await scene.follower.readAll();
    expect(scene.retained).toEqual([]);
  });
});
