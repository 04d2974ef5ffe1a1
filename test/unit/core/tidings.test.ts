import { beforeEach, describe, expect, test } from 'vitest';
import { nodeIdOf, publicKeyOf, type NodeId } from '../../../src/base/id.ts';
import { minutes } from '../../../src/base/time.ts';
import { SEQUENCE_BLOCK, SUMMARY_GAP_MAX, WANT_MESSAGES_MAX } from '../../../src/core/config.ts';
import { readBook, readCluster } from '../../../src/core/documents.ts';
import type { Effect } from '../../../src/core/io.ts';
import { compare } from '../../../src/base/bytes.ts';
import { decodeAct } from '../../../src/wire/act.ts';
import type { Message, NewsItem } from '../../../src/wire/message.ts';
import { decodeRecord, type SignedRecord } from '../../../src/wire/record.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Author, clusterOfMachines, identityOf, inviteBody } from './acts.ts';
import { Puppet, Scene, Station, at, eventTypes, events, recordOf, sends } from './fixture.ts';

let scene: Scene;
let cellar: Puppet;
let pi: Puppet;

function build(names: [string, ...string[]], options = {}): void {
  scene = new Scene(names, options);
  cellar = scene.puppet(0);
  pi = scene.puppets[1] ?? cellar;
}

beforeEach(() => {
  build(['attic', 'cellar', 'pi']);
  scene.start();
  scene.pass(20_000);
  clear();
});

function clear(): void {
  scene.station.clear();
  for (const puppet of scene.puppets) puppet.heard = [];
}

function record(bytes: Uint8Array): NewsItem {
  return { kind: 'record', bytes };
}

function act(bytes: Uint8Array): NewsItem {
  return { kind: 'act', bytes };
}

function tell(puppet: Puppet, ...items: NewsItem[]): Effect[] {
  return scene.say(puppet, { type: 'news', items });
}

function items(puppet: Puppet): NewsItem[] {
  return puppet.messages('news').flatMap((message) => message.items);
}

/** The newest record of this machine that a member was sent. */
function ownRecord(puppet: Puppet): SignedRecord | undefined {
  return items(puppet)
    .map(({ bytes }) => decodeRecord(bytes))
    .findLast((found) => found?.id === scene.station.id);
}

describe('a record', () => {
  test('of a member is believed, shown and passed on to the others, not back', () => {
    const { bytes } = cellar.record({ at: ['203.0.113.1:1'], tags: [{ key: 'a', value: 'b' }] });
    expect(tell(cellar, record(bytes)).map(({ type }) => type)).toContain('view-changed');
    scene.pass(200);
    expect(items(pi)).toContainEqual(record(bytes));
    expect(items(cellar)).toEqual([]);
    expect(scene.station.view(cellar.id).tags).toEqual({ a: 'b' });
  });

  test('with a new address makes this node challenge it at once, and believe nothing before', () => {
    const { bytes } = cellar.record({ at: ['203.0.113.1:1'] });
    const effects = tell(pi, record(bytes));
    expect(sends(effects, at('203.0.113.1:1')).length).toBeGreaterThan(0);
    expect(scene.station.view(cellar.id).address).toBe('192.0.2.9:4117');
  });

  test('with the address in use draws no challenge', () => {
    const { bytes } = cellar.record({ at: ['192.0.2.9:4117', '203.0.113.1:1'] });
    expect(sends(tell(pi, record(bytes)), at('203.0.113.1:1'))).toEqual([]);
  });

  test('seen before is not passed on, and not written again', () => {
    const { bytes } = cellar.record({ at: ['192.0.2.9:4117'] });
    tell(cellar, record(bytes));
    scene.pass(10_000);
    clear();
    tell(pi, record(bytes));
    const effects = scene.pass(10_000);
    expect(items(cellar)).toEqual([]);
    expect(effects.some((effect) => effect.type === 'save')).toBe(false);
  });

  test.each([
    ['malformed', (bytes: Uint8Array) => bytes.subarray(1)],
    ['forged', (bytes: Uint8Array) => bytes.map((octet, at_) => (at_ === 100 ? octet ^ 1 : octet))],
  ] as const)('that is %s is counted and dropped', (reason, change) => {
    const { bytes } = cellar.record({ at: ['203.0.113.1:1'] });
    tell(pi, record(change(bytes)));
    expect(scene.station.count(`record-${reason}`)).toBe(1);
    expect(readBook(scene.station.node.document('book'))?.records).toHaveLength(1);
  });

  test('of a stranger is counted and dropped', () => {
    tell(pi, record(recordOf(identityOf('stranger'), scene.cluster).bytes));
    expect(scene.station.count('record-stranger')).toBe(1);
  });

  test('of a chatty member is taken once a second, and the others’ at once', () => {
    for (let sequence = 1; sequence <= 30; sequence += 1) {
      tell(cellar, record(cellar.record({ sequence }).bytes));
    }
    expect(scene.station.count('record-hasty')).toBe(25);
    tell(pi, record(pi.record({ tags: [{ key: 'a', value: 'b' }] }).bytes));
    expect(scene.station.view(pi.id).tags).toEqual({ a: 'b' });
  });

  test('in a larger cluster waits for the member’s turn before its address is asked', () => {
    build(['attic', ...Array.from({ length: 18 }, (_, index) => `n${String(index)}`)]);
    scene.start();
    scene.meet(cellar);
    const { bytes } = pi.record({ at: ['203.0.113.1:1'] });
    expect(sends(tell(cellar, record(bytes)), at('203.0.113.1:1'))).toEqual([]);
  });
});

describe('what this node says of itself', () => {
  test('is signed once sequences are reserved on disk, not before', () => {
    build(['attic', 'cellar', 'pi']);
    scene.station.saves = false;
    const effects = scene.start();
    scene.pass(500);
    expect(ownRecord(cellar)).toBeUndefined();
    const save = effects.find((effect) => effect.type === 'save');
    if (save?.type !== 'save') throw new Error('nothing was saved');
    expect(save).toMatchObject({ document: 'cluster', urgent: true });
    expect(readCluster(scene.station.node.document('cluster'))?.reserved).toBe(SEQUENCE_BLOCK);
    scene.step({ type: 'saved', ticket: save.ticket });
    scene.pass(500);
    expect(ownRecord(cellar)).toMatchObject({ sequence: 1 });
  });

  test('after a restart has a higher sequence than ever, though only the reservation was kept', () => {
    const stored = readCluster(scene.station.node.document('cluster'));
    if (stored === undefined) throw new Error('no document');
    build(['attic', 'cellar', 'pi'], { stored });
    scene.start();
    scene.pass(500);
    expect(ownRecord(cellar)?.sequence).toBeGreaterThan(SEQUENCE_BLOCK);
  });

  test('is not signed anew while nothing of it changes', () => {
    scene.pass(minutes(3));
    expect([...items(cellar), ...items(pi)]).toEqual([]);
  });

  test('lists the main port and the fresh one until the main one is proven, then it alone', () => {
    build(['attic', 'cellar', 'pi']);
    const { watch } = scene.station;
    scene.station.watch = (effect) => {
      if (effect.type !== 'send' || effect.socket !== 0) watch(effect);
    };
    scene.start();
    scene.pass(1_000);
    const ports = (): number[] =>
      ownRecord(cellar)?.addresses.map(({ address }) => address.port) ?? [];
    expect(ports()).toEqual([4118]);
    scene.station.watch = watch;
    scene.pass(minutes(6));
    expect(ports()).toEqual([4117]);
  });

  test('goes above a record of its own with a higher sequence: the disk was restored', () => {
    tell(pi, record(recordOf(identityOf('attic'), scene.cluster, { sequence: 7_777 }).bytes));
    scene.pass(200);
    expect(ownRecord(cellar)?.sequence).toBe(7_778);
    expect(eventTypes(scene.station.effects)).not.toContain('twin');
  });

  test('a second time is the work of a twin, which is said once a minute', () => {
    let sequence = 7_777;
    for (let count = 0; count < 10; count += 1) {
      sequence += 1_000;
      const { bytes } = recordOf(identityOf('attic'), scene.cluster, { sequence });
      tell(pi, record(bytes));
      scene.pass(10_000);
    }
    const twins = events(scene.station.effects).filter(({ type }) => type === 'twin');
    expect(twins).toHaveLength(2);
    expect(scene.station.status().advice.join()).toContain('another machine signs');
  });

  test('cannot be forged: a higher record that it never signed moves nothing', () => {
    const { bytes } = recordOf(identityOf('attic'), scene.cluster, { sequence: 7_777 });
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    tell(pi, record(bytes));
    scene.pass(500);
    expect(ownRecord(cellar)).toBeUndefined();
  });

  test('is always held in its newest form, however often it changes', () => {
    for (let count = 1; count <= 12; count += 1) {
      scene.ask({ type: 'tag', changes: [{ key: 'count', value: String(count) }] });
    }
    clear();
    const wants = [{ kind: 'record' as const, id: scene.station.id, from: 0 }];
    scene.say(cellar, { type: 'want', wants });
    expect(ownRecord(cellar)?.tags).toEqual([{ key: 'count', value: '12' }]);
  });
});

describe('an act', () => {
  /** What a station of its own signed: the newest acts of that member. */
  function actsOf(name: string, does: (station: Station) => void): NewsItem[] {
    const stored = readCluster(scene.station.node.document('cluster'));
    if (stored === undefined) throw new Error('no document');
    const known = stored.acts.length;
    const station = new Station(name, { stored: { ...stored, invites: [], reserved: 0 } });
    station.start();
    does(station);
    station.pass(500);
    const acts = readCluster(station.node.document('cluster'))?.acts.slice(known) ?? [];
    return acts.map(act);
  }

  const invite = (station: Station): void => {
    station.ask({ type: 'invite', at: ['192.0.2.1:1'], uses: 1, expires: minutes(5) });
  };

  test('of a member is kept, written and passed on', () => {
    const [signed] = actsOf('cellar', invite);
    if (signed === undefined) throw new Error('no act');
    const effects = tell(cellar, signed);
    expect(effects).toContainEqual(expect.objectContaining({ type: 'save', document: 'cluster' }));
    scene.pass(200);
    expect(items(pi)).toContainEqual(signed);
    expect(readCluster(scene.station.node.document('cluster'))?.acts).toContainEqual(signed.bytes);
  });

  test('seen before is neither kept twice nor passed on', () => {
    const [signed] = actsOf('cellar', invite);
    if (signed === undefined) throw new Error('no act');
    tell(cellar, signed);
    scene.pass(1_000);
    clear();
    tell(pi, signed);
    scene.pass(1_000);
    expect(items(cellar)).toEqual([]);
  });

  test('that comes too early is asked for from its beginning', () => {
    const acts = actsOf('cellar', (station) => {
      invite(station);
      invite(station);
    });
    const second = acts[1];
    if (second === undefined) throw new Error('no act');
    tell(pi, second);
    expect(pi.messages('want')).toEqual([
      { type: 'want', wants: [{ kind: 'act', id: cellar.id, from: 1 }] },
    ]);
    tell(pi, ...acts);
    expect(readCluster(scene.station.node.document('cluster'))?.acts).toContainEqual(second.bytes);
  });

  test('of leaving ends the membership: its author is told nothing more, and opens nothing', () => {
    const [signed] = actsOf('cellar', (station) => {
      station.ask({ type: 'leave' });
    });
    if (signed === undefined) throw new Error('no act');
    const said = cellar.seal(scene.station.id, { type: 'seek', target: pi.id, sequence: 0 }, scene.now);
    const effects = tell(pi, signed);
    expect(events(effects)).toContainEqual({ type: 'member-left', id: cellar.id, name: 'cellar' });
    clear();
    scene.step({ type: 'datagram', socket: 0, from: cellar.at, bytes: said });
    scene.meet(cellar);
    scene.pass(30_000);
    expect(sends(scene.station.effects, cellar.at)).toEqual([]);
    expect(scene.station.node.memberCount).toBe(2);
    expect(readBook(scene.station.node.document('book'))?.history.map(({ id }) => id)).not.toContain(
      cellar.id,
    );
  });

  test('that is garbage or forged is counted and dropped', () => {
    const [signed] = actsOf('cellar', invite);
    if (signed === undefined) throw new Error('no act');
    const forged = signed.bytes.slice();
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    tell(pi, act(forged), act(Uint8Array.of(1, 2, 3)));
    expect(scene.station.count('act-bad-signature')).toBe(1);
    expect(scene.station.count('act-malformed')).toBe(1);
  });

  test('that contradicts another one of its author names the author, and all keep the same', () => {
    const author = new Author(identityOf('cellar'), scene.cluster);
    const both = ['one', 'two'].map((secret) => author.signAt(1, inviteBody(secret)));
    const [low, high] = both.toSorted((a, b) => compare(a.hash, b.hash));
    if (low === undefined || high === undefined) throw new Error('no acts');
    tell(pi, act(high.bytes));
    expect(events(tell(pi, act(low.bytes)))).toContainEqual({
      ...{ type: 'fork', id: cellar.id, name: 'cellar' },
    });
    const held = (): unknown => readCluster(scene.station.node.document('cluster'))?.acts.at(-1);
    expect(held()).toEqual(low.bytes);
    clear();
    // Who still has the other one is sent the one that stays.
    tell(pi, act(high.bytes));
    expect(held()).toEqual(low.bytes);
    expect(items(pi)).toEqual([act(low.bytes)]);
  });
});

test('after a fork that takes members with it the digest is that of what is left', () => {
  const { founder, joined } = clusterOfMachines('attic', 'cellar');
  const [forker] = joined;
  if (forker === undefined) throw new Error('no cellar');
  forker.invite('to pi');
  forker.admit(identityOf('pi'), 'pi', 'to pi');
  const guest = new Author(identityOf('pi'), founder.cluster);
  guest.invite('to nobody');
  const acts = [founder, forker, guest].flatMap(({ chain }) => chain.map(({ bytes }) => bytes));
  const [present] = forker.chain;
  let lower = forker.signAt(1, inviteBody('other 0'));
  for (let tries = 1; present !== undefined && compare(lower.hash, present.hash) > 0; tries += 1) {
    lower = forker.signAt(1, inviteBody(`other ${String(tries)}`));
  }
  const digestOf = (stored: readonly Uint8Array[], news: readonly Uint8Array[]): number => {
    build(['attic', 'cellar'], { stored: { acts: stored, invites: [], reserved: 0, tags: [] } });
    scene.start();
    for (const bytes of news) tell(cellar, act(bytes));
    clear();
    scene.pass(2_000);
    // Apart from its own record, which says the same in both.
    return cellar.messages('ping').at(-1)?.digest ?? 0;
  };
  const after = digestOf(acts, [lower.bytes]);
  expect(scene.station.node.memberCount).toBe(2);
  const kept = [...founder.chain.map(({ bytes }) => bytes), lower.bytes];
  expect(digestOf(kept, [])).toBe(after);
});

describe('a want', () => {
  const want = (id: NodeId, kind: 'act' | 'record', from: number): Message => ({
    type: 'want',
    wants: [{ kind, id, from }],
  });

  test('is answered with the acts from that number on, and with the record', () => {
    const founder = scene.station.id;
    scene.say(cellar, want(founder, 'act', 3));
    const numbers = items(cellar).map(({ bytes }) => decodeAct(nodeSuite, bytes)?.act.number);
    expect(numbers).toEqual([3, 4, 5]);
    clear();
    scene.say(cellar, want(founder, 'record', 0));
    expect(items(cellar)).toHaveLength(1);
  });

  test('of somebody named by the first eight octets of its ID is answered', () => {
    const octets = new Uint8Array(32);
    octets.set(publicKeyOf(scene.station.id).subarray(0, 8));
    scene.say(cellar, want(nodeIdOf(octets), 'act', 1));
    expect(items(cellar)).toHaveLength(5);
  });

  test('of what is not held is not answered', () => {
    scene.say(cellar, want(scene.station.id, 'act', 99));
    scene.say(cellar, want(new Puppet('no', scene.cluster, '1.1.1.1:1').id, 'record', 0));
    expect(cellar.heard).toEqual([]);
  });

  test('of everything draws eight datagrams at the most', () => {
    for (let count = 0; count < 60; count += 1) {
      scene.ask({ type: 'invite', at: ['192.0.2.1:1'], uses: 1, expires: minutes(5) });
    }
    scene.pass(5_000);
    clear();
    const wants = Array.from({ length: 30 }, () => ({
      ...{ kind: 'act' as const, id: scene.station.id, from: 1 },
    }));
    scene.say(cellar, { type: 'want', wants });
    expect(cellar.messages('news')).toHaveLength(WANT_MESSAGES_MAX);
  });

  test('does not draw acts that are not on disk yet', () => {
    scene.station.saves = false;
    scene.ask({ type: 'invite', at: ['192.0.2.1:1'], uses: 1, expires: minutes(5) });
    clear();
    scene.say(cellar, want(scene.station.id, 'act', 6));
    expect(items(cellar)).toEqual([]);
  });
});

describe('digests that differ', () => {
  /** How many summaries one member gets while it says that it holds something else. */
  function summaries(ms: number): number {
    clear();
    cellar.digest = 0x1234;
    scene.pass(ms);
    return cellar.messages('summary').length;
  }

  test('draw a summary each half second at first, then rarer and rarer, up to a minute', () => {
    const early = summaries(10_000);
    expect(early).toBeGreaterThan(2);
    expect(early).toBeLessThan(8);
    scene.pass(minutes(5));
    const late = summaries(10 * SUMMARY_GAP_MAX);
    expect(late).toBeGreaterThan(7);
    expect(late).toBeLessThan(13);
  });

  test('draw none while they agree', () => {
    scene.pass(minutes(1));
    expect(cellar.messages('summary')).toEqual([]);
  });

  test('bring what one side lacks to it, whichever side asks', () => {
    scene.ask({ type: 'tag', changes: [{ key: 'a', value: 'b' }] });
    scene.pass(2_000);
    clear();
    scene.say(cellar, { type: 'summary', depth: 0, prefix: 0, mode: 'leaves', leaves: [] });
    expect(items(cellar).filter(({ kind }) => kind === 'act')).toHaveLength(5);
    expect(ownRecord(cellar)?.tags).toEqual([{ key: 'a', value: 'b' }]);
    clear();
    const prefix = publicKeyOf(pi.id).slice(0, 8);
    const leaves = [{ prefix, sequence: 9, acts: 2 }];
    scene.say(cellar, { type: 'summary', depth: 0, prefix: 0, mode: 'leaves', leaves });
    const wants = cellar.messages('want').flatMap((message) => message.wants);
    // By the eight octets that a leaf has of an ID; who answers knows the rest.
    const octets = new Uint8Array(32);
    octets.set(prefix);
    const id = nodeIdOf(octets);
    expect(wants).toEqual([
      { kind: 'record', id, from: 1 },
      { kind: 'act', id, from: 1 },
    ]);
  });

  test('make this node go down where they differ', () => {
    const digests = Array.from({ length: 16 }, (_, index) => index);
    scene.say(cellar, { type: 'summary', depth: 0, prefix: 0, mode: 'digests', digests });
    const answers = cellar.messages('summary');
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.length).toBeLessThanOrEqual(WANT_MESSAGES_MAX);
    expect(answers.every(({ depth }) => depth === 1)).toBe(true);
  });
});

describe('a sequence that a ping announces', () => {
  test('higher than the record held is wanted from its owner, once in 200 ms', () => {
    const ping: Message = { type: 'ping', challenge: 1, sequence: 5, digest: cellar.lastDigest };
    for (let count = 0; count < 3; count += 1) scene.say(cellar, ping);
    expect(cellar.messages('want')).toEqual([
      { type: 'want', wants: [{ kind: 'record', id: cellar.id, from: 0 }] },
    ]);
    scene.pass(201);
    scene.say(cellar, ping);
    expect(cellar.messages('want')).toHaveLength(2);
  });

  test('that is held is not wanted', () => {
    tell(cellar, record(cellar.record({ sequence: 5 }).bytes));
    scene.say(cellar, { type: 'ping', challenge: 1, sequence: 5, digest: cellar.lastDigest });
    expect(cellar.messages('want')).toEqual([]);
  });
});

test('a member that comes back hears the news of the last half minute', () => {
  cellar.on = false;
  scene.pass(6_000);
  const { bytes } = pi.record({ at: ['192.0.3.9:4117'] });
  tell(pi, record(bytes));
  scene.pass(3_000);
  clear();
  cellar.on = true;
  scene.pass(15_000);
  expect(items(cellar)).toContainEqual(record(bytes));
});
