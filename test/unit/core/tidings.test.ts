import { beforeEach, describe, expect, test, vi } from 'vitest';
import { nodeIdOf } from '../../../src/base/id.ts';
import { instant } from '../../../src/base/time.ts';
import { DIGEST_SETTLED, SUMMARY_GAP, WANT_MESSAGES_MAX } from '../../../src/core/config.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Inventory } from '../../../src/core/inventory.ts';
import { MESSAGE_MAX, NEWS_ITEMS_MAX } from '../../../src/wire/limits.ts';
import * as wire from '../../../src/wire/message.ts';
import type { Want } from '../../../src/wire/message.ts';
import { Author, identityOf } from './acts.ts';
import { type Puppet, Scene } from './fixture.ts';

vi.mock('../../../src/wire/message.ts', async (original) => {
  const real = await original<typeof wire>();
  return { ...real, packNews: vi.fn(real.packNews) };
});

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

describe('what a member wants', () => {
  /** How many acts the machine sent to cellar, and in how many datagrams. */
  function sent(): readonly [number, number] {
    const news = cellar.messages('news').map(({ items }) => items.length);
    return [news.reduce((sum, count) => sum + count, 0), news.length];
  }

  /** The most items that were put together for one answer. */
  function gathered(): number {
    return Math.max(...vi.mocked(wire.packNews).mock.calls.map(([items]) => items.length));
  }

  beforeEach(() => {
    for (let n = 0; n < 200; n += 1) author.invite(`more ${String(n)}`);
    tell(pi, 1, author.chain.length);
    scene.pass(2_000);
    cellar.heard = [];
    vi.mocked(wire.packNews).mockClear();
  });

  test('is sent in eight datagrams, and no more is gathered than those hold', () => {
    const all: Want = { kind: 'act', id: author.identity.id, from: 1 };
    scene.say(cellar, { type: 'want', wants: Array.from({ length: 31 }, () => all) });
    const [acts, datagrams] = sent();
    expect(datagrams).toBe(WANT_MESSAGES_MAX);
    expect(acts).toBeGreaterThanOrEqual(WANT_MESSAGES_MAX * 5);
    const octets = WANT_MESSAGES_MAX * MESSAGE_MAX;
    const [act] = author.chain;
    const most = Math.ceil(octets / (act?.bytes.length ?? 1));
    expect(gathered()).toBeLessThanOrEqual(Math.max(most, WANT_MESSAGES_MAX * NEWS_ITEMS_MAX));
  });

  test('is sent whole when eight datagrams hold it', () => {
    const { length } = author.chain;
    scene.say(cellar, {
      type: 'want',
      wants: [{ kind: 'act', id: author.identity.id, from: length - 9 }],
    });
    expect(sent()).toEqual([10, 2]);
  });
});

describe('a digest that differs', () => {
  const { digest } = new Inventory(nodeSuite);

  /** Says a ping whose digest is another than the machine’s; how many summaries came of it. */
  function differ(puppet = cellar): number {
    const before = puppet.messages('summary').length;
    scene.say(puppet, { type: 'ping', challenge: 1, sequence: 0, digest });
    return puppet.messages('summary').length - before;
  }

  test('draws a summary at once when nothing new came for 300 ms', () => {
    expect(differ()).toBe(1);
  });

  test('draws none while news came a moment ago: the rest of it is on the way', () => {
    scene.pings = false;
    tell(pi, 1, 1);
    expect(differ()).toBe(0);
    scene.pass(DIGEST_SETTLED - 1);
    expect(differ()).toBe(0);
    scene.pass(1);
    expect(differ()).toBe(1);
  });

  test('draws one all the same when news did not stop for two seconds', () => {
    scene.pings = false;
    const drawn: number[] = [];
    for (let n = 1; n <= 12; n += 1) {
      tell(pi, n, n);
      drawn.push(differ());
      scene.pass(200);
    }
    const first = drawn.indexOf(1);
    // The first act came at 0; two seconds later is the eleventh.
    expect(first).toBe((4 * SUMMARY_GAP) / 200);
  });

  test('draws one in half a second of each member', () => {
    expect([differ(), differ(), differ(pi)]).toEqual([1, 0, 1]);
    scene.pass(2 * SUMMARY_GAP);
    expect(differ()).toBe(1);
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
