import { describe, expect, test } from 'vitest';
import { instant, millis, seconds } from '../../../src/base/time.ts';
import { LISTED_PAUSE, STALE_FLOW } from '../../../src/core/config.ts';
import { Rounds } from '../../../src/core/doubt.ts';
import { identityOf } from './acts.ts';
import {
  at,
  classOf,
  placeOf,
  recordOf,
  Scene,
  sends,
  storedCluster,
  type Puppet,
} from './fixture.ts';

/** Where a fresh socket of the member is seen. */
const FRESH = at('192.0.2.9:50001');
const MAIN_PLACE = at(placeOf(0));

function record(puppet: Puppet, sequence: number, places: readonly string[]): Uint8Array {
  return puppet.record({ sequence, at: places }).bytes;
}

/** A machine whose path to the member leads to a fresh port of it. */
function onFreshPort(): { readonly scene: Scene; readonly cellar: Puppet } {
  const scene = new Scene(['attic', 'cellar'], { blank: true });
  const cellar = scene.puppet(0);
  cellar.at = FRESH;
  scene.start();
  scene.meet(cellar, FRESH);
  const ping = { type: 'ping', challenge: 1, sequence: 0, digest: 0 } as const;
  scene.say(cellar, ping, FRESH);
  scene.pass(1_000);
  expect(scene.station.view(cellar.id).address).toBe('192.0.2.9:50001');
  return { scene, cellar };
}

/** The member tells its record; what leaves for its main port because of that. */
function tell(scene: Scene, cellar: Puppet, bytes: Uint8Array): number {
  const effects = scene.say(cellar, { type: 'news', items: [{ kind: 'record', bytes }] }, FRESH);
  return sends(effects, MAIN_PLACE).length;
}

describe('the main port of this node', () => {
  test('is challenged, too, when a hello’s answer came to a fresh socket first', () => {
    const { cluster } = storedCluster('attic', 'cellar');
    const { bytes } = recordOf(identityOf('cellar'), cluster, { at: [placeOf(0)] });
    const scene = new Scene(['attic', 'cellar'], { book: { records: [bytes], history: [] } });
    scene.first = 1;
    scene.start();
    const cellar = scene.puppet(0);
    const asked = cellar.heard.filter(({ message }) => message.type === 'ping');
    expect(asked.map(({ socket }) => socket)).toEqual(expect.arrayContaining([0, 1]));
    scene.pass(3_000);
    expect(cellar.heard.at(-1)).toMatchObject({ socket: 0 });
  });
});

describe('a path that was proven through a fresh socket first', () => {
  test('is tried through the main one at once, where no old flow can be in the way', () => {
    const scene = new Scene(['attic', 'cellar', 'pi']);
    scene.start();
    scene.pass(3_000);
    const cellar = scene.puppet(0);
    const elsewhere = at('198.51.100.77:4117');
    cellar.at = elsewhere;
    cellar.heard = [];
    const ping = { type: 'ping', challenge: 2, sequence: 0, digest: 0 } as const;
    // It calls where this node's fresh socket was: a burst of the member knows both ports.
    scene.say(cellar, ping, elsewhere, 1);
    scene.pass(1_000);
    const asked = cellar.heard.filter(({ message }) => message.type === 'ping');
    expect(asked.map(({ socket }) => socket)).toContain(0);
  });
});

describe('a round', () => {
  const cellar = identityOf('cellar').id;
  const ask = (): Rounds => {
    const rounds = new Rounds();
    rounds.begin('reflection', undefined, [cellar], instant(0), millis(150));
    return rounds;
  };

  test('that all answered through the fresh socket waits for the main one, and decides', () => {
    const rounds = ask();
    expect(rounds.answered(cellar, false, instant(5))).toBe('decide');
    expect(rounds.answered(cellar, true, instant(6))).toBe('finish');
  });

  test('ends at its time-out when the main one stays silent', () => {
    const rounds = ask();
    rounds.answered(cellar, false, instant(5));
    rounds.due(instant(30));
    expect(rounds.due(instant(150))).toBe('finish');
  });

  test('without an answer to the main socket makes what is said of that news again', () => {
    const seen = at('198.51.100.1:4117');
    const after = (main: boolean): boolean => {
      const rounds = ask();
      rounds.note(cellar, 0, seen);
      rounds.answered(cellar, main, instant(5));
      rounds.finish(false, instant(6));
      return rounds.isNews(cellar, 0, seen);
    };
    expect([after(true), after(false)]).toEqual([false, true]);
  });
});

describe('the main port of a member that is reached at a fresh one', () => {
  test('is challenged as soon as a record lists it first', () => {
    const { scene, cellar } = onFreshPort();
    const listed = record(cellar, 5, [placeOf(0), '192.0.2.9:50001']);
    expect(tell(scene, cellar, listed)).toBe(1);
  });

  test('is challenged when the record does not list the fresh one any more', () => {
    const { scene, cellar } = onFreshPort();
    expect(tell(scene, cellar, record(cellar, 5, [placeOf(0)]))).toBeGreaterThan(0);
  });

  test('is challenged when the hello’s answer comes from the fresh one first', () => {
    const { cluster } = storedCluster('attic', 'cellar');
    const places = [placeOf(0), '192.0.2.9:50001'];
    const { bytes } = recordOf(identityOf('cellar'), cluster, { at: places });
    const scene = new Scene(['attic', 'cellar'], { book: { records: [bytes], history: [] } });
    scene.puppet(0).at = FRESH;
    const challenges = sends(scene.start(), MAIN_PLACE).filter(
      (send) => classOf(send.bytes) === 'session',
    );
    expect(challenges.length).toBeGreaterThan(0);
  });

  test('is left alone when the record puts the fresh one first', () => {
    const { scene, cellar } = onFreshPort();
    const listed = record(cellar, 5, ['192.0.2.9:50001', placeOf(0)]);
    expect(tell(scene, cellar, listed)).toBe(0);
  });

  test('is left alone for five minutes after it moved: its router may hold an old flow', () => {
    const { scene, cellar } = onFreshPort();
    const elsewhere = at('198.51.100.77:50002');
    cellar.at = elsewhere;
    const ping = { type: 'ping', challenge: 2, sequence: 0, digest: 0 } as const;
    scene.say(cellar, ping, elsewhere);
    scene.pass(2_000);
    expect(scene.station.view(cellar.id)).toMatchObject({ address: '198.51.100.77:50002' });
    const main = '198.51.100.77:4117';
    const bytes = record(cellar, 5, [main, '198.51.100.77:50002']);
    scene.station.clear();
    scene.say(cellar, { type: 'news', items: [{ kind: 'record', bytes }] }, elsewhere);
    scene.pass(STALE_FLOW - seconds(10));
    expect(sends(scene.station.effects, at(main))).toEqual([]);
    scene.pass(2 * LISTED_PAUSE);
    expect(sends(scene.station.effects, at(main)).length).toBeGreaterThan(0);
  });

  test('is challenged again each minute while it does not answer', () => {
    const { scene, cellar } = onFreshPort();
    tell(scene, cellar, record(cellar, 5, [placeOf(0), '192.0.2.9:50001']));
    scene.station.clear();
    scene.pass(3 * LISTED_PAUSE + seconds(2));
    const challenges = sends(scene.station.effects, MAIN_PLACE).length;
    expect(challenges).toBeGreaterThanOrEqual(3);
    expect(challenges).toBeLessThanOrEqual(5);
    expect(scene.station.view(cellar.id).state).toBe('alive');
  });
});
