import { describe, expect, test } from 'vitest';
import { seconds } from '../../../src/base/time.ts';
import { LISTED_PAUSE } from '../../../src/core/config.ts';
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
