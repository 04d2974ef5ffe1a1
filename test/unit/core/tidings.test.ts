import { beforeEach, describe, expect, test } from 'vitest';
import { nodeIdOf } from '../../../src/base/id.ts';
import { instant } from '../../../src/base/time.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Inventory } from '../../../src/core/inventory.ts';
import type { Want } from '../../../src/wire/message.ts';
import { Author, identityOf } from './acts.ts';
import { type Puppet, Scene } from './fixture.ts';

let scene: Scene;
let cellar: Puppet;
let pi: Puppet;
let author: Author;

/** A machine that found both members, and knows nothing of what cellar signed since. */
beforeEach(() => {
  scene = new Scene(['attic', 'cellar', 'pi']);
  cellar = scene.puppet(0);
  pi = scene.puppet(1);
  scene.start();
  scene.pass(3_000);
  author = new Author(identityOf('cellar'), scene.cluster);
  for (let n = 0; n < 12; n += 1) author.invite(`secret ${String(n)}`);
  cellar.heard = [];
  pi.heard = [];
});

/** Tells the machine of the author's acts from this number up to that, in one datagram or more. */
function tell(puppet: Puppet, from: number, to: number): void {
  for (const { bytes } of author.chain.slice(from - 1, to)) {
    scene.say(puppet, { type: 'news', items: [{ kind: 'act', bytes }] });
  }
}

function wanted(puppet: Puppet): readonly Want[] {
  return puppet.messages('want').flatMap(({ wants }) => wants);
}

describe('acts that come too early', () => {
  test('are wanted once for all of a batch, from the first that is missing', () => {
    tell(cellar, 3, 12);
    expect(wanted(cellar)).toEqual([{ kind: 'act', id: author.identity.id, from: 1 }]);
  });

  test('are wanted of each member that sent some', () => {
    tell(cellar, 3, 6);
    tell(pi, 3, 6);
    expect([wanted(cellar).length, wanted(pi).length]).toEqual([1, 1]);
  });

  test('are wanted again after 100 ms, from what is missing by then', () => {
    tell(cellar, 3, 6);
    tell(cellar, 1, 2);
    scene.pass(100);
    tell(cellar, 5, 6);
    expect(wanted(cellar).map(({ from }) => from)).toEqual([1, 3]);
  });
});

describe('whether to want an author’s acts of a member', () => {
  const inventory = new Inventory(nodeSuite);
  const id = (n: number): ReturnType<typeof nodeIdOf> => nodeIdOf(new Uint8Array(32).fill(n));
  const ask = (have: number, ms: number, peer = 1): boolean =>
    inventory.mayWant(id(peer), id(2), have, instant(ms));

  test('is yes at first, then every 100 ms, whatever comes between', () => {
    expect([ask(9, 0), ask(9, 99), ask(9, 100), ask(8, 150), ask(9, 200)]).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  test('is yes at once while the number is halved, which ends at 0', () => {
    expect([ask(32, 1_000), ask(16, 1_001), ask(8, 1_002), ask(1, 1_003)]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([ask(0, 1_004), ask(0, 1_005), ask(9, 1_006)]).toEqual([true, false, false]);
  });

  test('is remembered of so many only, and the oldest forgotten', () => {
    const fresh = new Inventory(nodeSuite);
    const other = (n: number): ReturnType<typeof nodeIdOf> =>
      nodeIdOf(
        new Uint8Array(32)
          .fill(1)
          .with(0, n & 0xff)
          .with(1, n >> 8),
      );
    const may = (n: number): boolean => fresh.mayWant(other(n), id(9), 5, instant(0));
    for (let n = 0; n < 4_096; n += 1) may(n);
    expect(may(0)).toBe(false);
    expect(may(4_096)).toBe(true);
    expect([may(0), may(4_095)]).toEqual([true, false]);
  });
});
