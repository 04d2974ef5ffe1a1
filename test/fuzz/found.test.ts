/** What fuzzing found, one test for each. */
import { expect, test } from 'vitest';
import type { NodeName } from '../../src/base/id.ts';
import { minutes } from '../../src/base/time.ts';
import { joinRequest } from '../../src/core/founding.ts';
import { GUESTS_MAX } from '../../src/core/config.ts';
import { encodeMessage } from '../../src/wire/message.ts';
import { nodeSuite } from '../../src/crypto/node-suite.ts';
import { decodeToken, inviteKeyOf, knockTag } from '../../src/wire/token.ts';
import { inviteBody } from '../unit/core/acts.ts';
import { HOSTILE, person } from './step/people.ts';
import { World } from './step/world.ts';
import { collections } from './step/x-ray.ts';
import { signTwin } from './step/happenings.ts';

function begin(): World {
  const world = new World({ who: 'founder', knowsPlaces: true });
  world.pass(2_000);
  return world;
}

test('the holder of a stolen key drives the sequence to its end, and the node lives on', () => {
  const world = begin();
  const [teller] = world.puppets;
  if (teller === undefined) throw new Error('there is nobody');
  const { bytes } = signTwin(world, 0xffff_ffff);
  const item = { kind: 'record', bytes } as const;
  world.say(teller, encodeMessage({ type: 'news', items: [item] }), teller.at);
  const saves = world.lastTicket;
  // Something that would be told in a new record.
  world.ask({ type: 'tag', changes: [{ key: 'room', value: 'roof' }] });
  world.pass(5_000);
  world.checkDocuments();
  // And the disk is not kept busy with reserving what there is no more of.
  expect(world.lastTicket - saves).toBeLessThan(10);
  world.crash();
  world.pass(5_000);
  expect(world.node.state).toBe('afloat');
});

test('a guest that asks on and on while the disk is slow leaves one thing to do', () => {
  const world = begin();
  world.ask({ type: 'invite', at: ['192.0.2.1:4117'], uses: 1, expires: minutes(15) });
  const token = decodeToken(nodeSuite, world.token);
  if (typeof token === 'string') throw new Error(token);
  const loft = person('loft');
  const { public: key } = inviteKeyOf(nodeSuite, token.secret);
  const body = joinRequest(nodeSuite, loft, token, 'loft' as NodeName).slice(4);
  world.disk = 'slow';
  for (let link = 1; link <= 2; link += 1) {
    const tag = knockTag(nodeSuite, key, new Uint8Array(10).fill(link));
    world.links.add(link);
    world.step({ type: 'knock', link, tag, from: HOSTILE[0] });
    world.step({ type: 'link-open', link, peer: loft.id });
    for (let time = 0; time < 3 * GUESTS_MAX; time += 1) {
      world.step({ type: 'link-frame', link, body });
    }
  }
  expect(collections(world.node).get('node.#crew.whenSaved')).toBe(1);
  world.disk = 'works';
  world.flush();
  expect(world.links.size).toBe(0);
  expect(world.node.find('loft')).toBe(loft.id);
});

test.each(['leave', 'invite'] as const)(
  'a %s that a founder signs in the place of the founding harms nobody',
  (what) => {
    const world = new World({ who: 'joined', knowsPlaces: true });
    world.pass(2_000);
    const [attic] = world.puppets;
    if (attic === undefined) throw new Error('there is nobody');
    const before = world.node.memberCount;
    // Whatever its hash: one of a dozen is lower than the founding's.
    for (let time = 0; time < 12; time += 1) {
      const body = what === 'leave' ? { type: what } : inviteBody(String(time));
      const { bytes } = world.founder.signAt(1, body);
      const news = encodeMessage({ type: 'news', items: [{ kind: 'act', bytes }] });
      world.say(attic, news, attic.at);
    }
    world.pass(2_000);
    world.crash();
    expect(world.node.memberCount).toBe(before);
    expect(world.node.clusterId).toBe(world.cluster);
  },
);

test('a loop that is late for all that waited asks everyone once, not once for each', () => {
  const world = begin();
  world.late = 6_000;
  // Members answer at once, and each answer is as late: without an end, if each asked anew.
  world.step({ type: 'wake' });
  expect(world.node.state).toBe('afloat');
});
