import { beforeEach, describe, expect, test, vi } from 'vitest';
import { instant, millis } from '../../../src/base/time.ts';
import { JUDGE_PAUSE_PER_ACT } from '../../../src/core/config.ts';
import type { ActBody, Membership } from '../../../src/core/membership.ts';
import * as standing from '../../../src/core/standing.ts';
import { Author, admitBody, deliver, fastSuite, found, identityOf } from './acts.ts';
import { inviteBody, membershipOf, outcome, removeBody } from './acts.ts';
import { Scene } from './fixture.ts';

vi.mock('../../../src/core/standing.ts', async (original) => {
  const real = await original<typeof standing>();
  return { ...real, judge: vi.fn(real.judge) };
});

let founder: Author;
let cellar: Author;
let membership: Membership;

beforeEach(() => {
  founder = found('attic', 'lake', fastSuite);
  founder.sign(inviteBody('many', 9_999, fastSuite));
  founder.sign(admission('cellar'));
  cellar = new Author(identityOf('cellar', fastSuite), founder.cluster, [], fastSuite);
  cellar.sign(inviteBody('its own', 9, fastSuite));
  membership = membershipOf(founder, cellar);
  vi.mocked(standing.judge).mockClear();
});

function admission(name: string, secret = 'many'): ActBody {
  return admitBody(founder.cluster, identityOf(name, fastSuite), name, secret, fastSuite);
}

/** How often all acts were judged since the last time this was asked. */
function judged(): number {
  const { length } = vi.mocked(standing.judge).mock.calls;
  vi.mocked(standing.judge).mockClear();
  return length;
}

const contests: readonly (readonly [what: string, act: () => ActBody])[] = [
  ['admits a member once more', () => admission('cellar')],
  ['announces the invite of another', () => inviteBody('its own', 9, fastSuite)],
  ['removes a member', () => removeBody(cellar)],
  ['admits on an invite that nobody announced', () => admission('pi', 'unknown')],
];

describe('an act that', () => {
  test.each(contests)('%s costs no later one that touches nothing of it a judgement', (_, act) => {
    membership.add(founder.sign(act()).bytes);
    judged();
    for (let n = 0; n < 100; n += 1) {
      membership.add(founder.sign(inviteBody(`i ${String(n)}`, 1, fastSuite)).bytes);
      const verdict = membership.add(
        founder.sign(admission(`n${String(n)}`, `i ${String(n)}`)).bytes,
      );
      expect(verdict).toMatchObject({ type: 'added', joined: [{ name: `n${String(n)}` }] });
    }
    expect(judged()).toBe(0);
    expect(outcome(membership)).toEqual(outcome(membershipOf(founder, cellar)));
  });
});

describe('contested acts in quick succession', () => {
  const now = instant(50_000);
  /** Nodes that are admitted twice each, so that each second time is contested. */
  function twice(count: number): Uint8Array[] {
    const names = Array.from({ length: count }, (_, n) => `n${String(n)}`);
    return [...names, ...names].map((name) => founder.sign(admission(name)).bytes);
  }

  test('are judged at once the first time, then together when the pause is over', () => {
    for (const bytes of twice(40)) membership.add(bytes, now);
    expect(judged()).toBe(1);
    const pause = membership.all().length * JUDGE_PAUSE_PER_ACT;
    expect(membership.judgeAt).toBeCloseTo(now + pause, 6);
    membership.settle(instant(now + pause));
    expect([judged(), membership.judgeAt]).toEqual([1, undefined]);
    expect(outcome(membership)).toEqual(outcome(membershipOf(founder, cellar)));
  });

  test('change who is a member when they are judged, and that says so', () => {
    membership.add(founder.sign(admission('cellar')).bytes, now);
    const removal = membership.add(founder.sign(removeBody(cellar)).bytes, now);
    expect(removal).toMatchObject({ type: 'added', left: [] });
    expect(membership.isMember(cellar.identity.id)).toBe(true);
    expect(membership.settle(instant(now + 100))).toMatchObject({ left: [cellar.identity.id] });
    expect(membership.isMember(cellar.identity.id)).toBe(false);
    expect(membership.settle(instant(now + 200))).toEqual({ joined: [], left: [], renamed: false });
  });

  test('are not put off when the last time is long ago, nor for the own acts', () => {
    membership.add(founder.sign(admission('cellar')).bytes, now);
    const pause = millis(membership.all().length);
    membership.add(founder.sign(admission('cellar')).bytes, instant(now + pause));
    expect([judged(), membership.judgeAt]).toEqual([2, undefined]);
    membership.sign(founder.identity, admission('cellar'));
    expect([judged(), membership.judgeAt]).toEqual([1, undefined]);
  });

  test('come out as in any other order', () => {
    const acts = [...twice(20), founder.sign(removeBody(cellar)).bytes];
    const other = membershipOf(founder.branch(2), cellar.branch(1));
    deliver(other, [...founder.chain, ...cellar.chain].map(({ bytes }) => bytes).toReversed());
    for (const bytes of acts) membership.add(bytes, now);
    membership.settle(instant(now + 1_000));
    expect(outcome(membership)).toEqual(outcome(other));
  });
});

test('a machine that put off to judge a removal does so before long', () => {
  const scene = new Scene(['attic', 'cellar', 'pi', 'mallory']);
  const [one, , gone] = scene.puppets;
  if (one === undefined || gone === undefined) throw new Error('no such puppet');
  scene.start();
  scene.pass(2_000);
  const author = new Author(one.identity, scene.cluster);
  const target = new Author(gone.identity, scene.cluster);
  // The first of them is judged at once, the second a moment later.
  const again = { ...removeBody(target), last: 0, lastHash: new Uint8Array(32) };
  author.sign({ ...again, id: identityOf('nobody').id });
  author.sign(again);
  const items = author.chain.map(({ bytes }) => ({ kind: 'act', bytes }) as const);
  scene.say(one, { type: 'news', items });
  scene.pass(5);
  expect(scene.station.view(gone.id).state).toBe('left');
});
