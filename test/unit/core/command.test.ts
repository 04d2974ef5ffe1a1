import { beforeEach, describe, expect, test } from 'vitest';
import { formatAddress } from '../../../src/base/address.ts';
import type { NodeId } from '../../../src/base/id.ts';
import { days, millis, minutes, type Duration } from '../../../src/base/time.ts';
import type { Command, Reply } from '../../../src/core/commands.ts';
import { INVITES_MAX, INVITE_EXPIRY_MAX, INVITE_USES_MAX } from '../../../src/core/config.ts';
import { PING_WAIT } from '../../../src/core/config.ts';
import { readCluster } from '../../../src/core/documents.ts';
import type { Effect } from '../../../src/core/io.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { decodeAct } from '../../../src/wire/act.ts';
import { decodeRecord, type SignedRecord } from '../../../src/wire/record.ts';
import { decodeToken, type Token } from '../../../src/wire/token.ts';
import type { Puppet } from './fixture.ts';
import { Scene, Station, WALL, at, eventTypes, placeOf } from './fixture.ts';
import { replyTo, sends, storedCluster } from './fixture.ts';

let scene: Scene;
let cellar: Puppet;
let pi: Puppet;

beforeEach(() => {
  scene = new Scene(['attic', 'cellar', 'pi']);
  cellar = scene.puppet(0);
  pi = scene.puppet(1);
  scene.start();
  scene.pass(3_000);
  clear();
});

function clear(): void {
  scene.station.clear();
  cellar.heard = [];
  pi.heard = [];
}

function refusal(command: Command): string | undefined {
  const reply = scene.ask(command);
  return reply?.type === 'refused' ? reply.code : undefined;
}

/** The machine's answer to its last command, by now. */
function answer(): Reply | undefined {
  return replyTo(scene.station.asked, scene.station.effects);
}

function answers(): Effect[] {
  return scene.station.effects.filter(({ type }) => type === 'answer');
}

function saves(): number[] {
  return scene.station.effects.flatMap((effect) => (effect.type === 'save' ? [effect.ticket] : []));
}

/** What both members were sent of acts, by kind. */
function toldActs(puppet: Puppet): string[] {
  return puppet
    .messages('news')
    .flatMap(({ items }) => items)
    .filter(({ kind }) => kind === 'act')
    .map(({ bytes }) => decodeAct(nodeSuite, bytes)?.act.type ?? 'garbage');
}

function newestRecord(puppet: Puppet): SignedRecord | undefined {
  return puppet
    .messages('news')
    .flatMap(({ items }) => items)
    .map(({ bytes }) => decodeRecord(bytes))
    .findLast((record) => record?.id === scene.station.id);
}

describe('invite', () => {
  const invite = (
    uses = 1,
    expires: Duration = minutes(15),
    places: readonly string[] = ['192.0.2.1:4117'],
  ): Command => ({ type: 'invite', at: places, uses, expires });

  function token(reply: Reply | undefined): Token {
    if (reply?.type !== 'invited') throw new Error(`no invite: ${JSON.stringify(reply)}`);
    const read = decodeToken(nodeSuite, reply.token);
    if (typeof read === 'string') throw new Error(read);
    return read;
  }

  test('gives a token of this cluster and node, with the addresses as typed', () => {
    const places = ['attic.example:4117', '[2001:db8::1]:4117'];
    const read = token(scene.ask(invite(1, minutes(15), places)));
    expect(read).toMatchObject({ cluster: scene.cluster, maker: scene.station.id, at: places });
    const wall = WALL + scene.station.now;
    expect(read.expires).toBeGreaterThanOrEqual(wall + minutes(15));
    expect(read.expires).toBeLessThan(wall + minutes(15) + 1_000);
  });

  test('without addresses names the voted ones', () => {
    expect(token(scene.ask(invite(1, minutes(15), []))).at).toEqual(['198.51.100.1:4117']);
  });

  test('is answered, and told to others, only when it is on disk', () => {
    scene.station.saves = false;
    expect(scene.ask(invite())).toBeUndefined();
    scene.pass(500);
    expect(toldActs(cellar)).toEqual([]);
    const ticket = Math.max(...saves());
    scene.step({ type: 'saved', ticket });
    scene.pass(100);
    expect(answer()?.type).toBe('invited');
    expect([toldActs(cellar), toldActs(pi)]).toEqual([['invite'], ['invite']]);
  });

  test('is stored with its secret, which nobody else is told', () => {
    const { secret } = token(scene.ask(invite(3)));
    const stored = readCluster(scene.station.node.document('cluster'));
    expect(stored?.invites).toMatchObject([{ secret, uses: 3 }]);
    expect(scene.station.status().invites).toMatchObject([{ usesLeft: 3 }]);
  });

  test.each([
    ['no uses', invite(0)],
    ['half a use', invite(1.5)],
    ['more uses than an invite may have', invite(INVITE_USES_MAX + 1)],
    ['no life', invite(1, millis(0))],
    ['a life of less than a second', invite(1, millis(999))],
    ['a life of more than thirty days', invite(1, millis(INVITE_EXPIRY_MAX + 1))],
    ['a life that is no number', invite(1, millis(NaN))],
  ])('is refused with %s', (_what, command) => {
    expect(refusal(command)).toBe('invite-out-of-range');
    expect(scene.station.status().invites).toEqual([]);
  });

  test('is made with the most uses and the longest life there are', () => {
    expect(scene.ask(invite(INVITE_USES_MAX, days(30)))?.type).toBe('invited');
  });

  test.each([
    ['a word', 'here'],
    ['an address without port', '192.0.2.1'],
    ['port 0', '192.0.2.1:0'],
    ['no machine', '0.0.0.0:5'],
    ['a group', '224.0.0.1:1'],
    ['a slip of the pen', '300.1.1.1:4117'],
    ['a zone', '[fe80::1%eth0]:4117'],
    ['a name longer than a token can carry', `${'a.'.repeat(125)}a:65535`],
  ])('is refused at %s, and says which address it was', (_what, place) => {
    const reply = scene.ask(invite(1, minutes(1), ['attic.example:1', place, '192.0.2.1']));
    expect(reply).toMatchObject({ type: 'refused', code: 'address-not-an-address' });
    expect(reply?.type === 'refused' ? reply.message : '').toContain(JSON.stringify(place));
  });

  test('is made at eight addresses and refused at nine', () => {
    const places = Array<string>(9).fill('192.0.2.1:1');
    expect(scene.ask(invite(1, minutes(1), places.slice(1)))?.type).toBe('invited');
    expect(refusal(invite(1, minutes(1), places))).toBe('addresses-too-many');
  });

  test('is refused while 64 are alive, and made again when one expired', () => {
    for (let count = 0; count < INVITES_MAX; count += 1) {
      expect(scene.ask(invite(1, minutes(1 + count)))?.type).toBe('invited');
    }
    expect(refusal(invite())).toBe('invites-too-many');
    scene.station.set(scene.station.now + minutes(2));
    expect(scene.ask(invite())?.type).toBe('invited');
  });

  test('is refused by a node that left', () => {
    scene.ask({ type: 'leave' });
    scene.pass(500);
    expect(refusal(invite())).toBe('invites-too-many');
  });
});

describe('hint', () => {
  const place = at('203.0.113.9:999');

  test('makes the node ask there at once, and remember it', () => {
    pi.on = false;
    scene.pass(5_000);
    pi.on = true;
    pi.at = place;
    expect(scene.ask({ type: 'hint', member: pi.id, address: place })).toEqual({ type: 'done' });
    expect(scene.station.view(pi.id)).toMatchObject({
      state: 'alive',
      address: formatAddress(place),
    });
    expect(JSON.stringify(scene.station.node.document('book'))).toContain('203.0.113.9:999');
  });

  test('about the node itself is refused', () => {
    const member = scene.station.id;
    expect(refusal({ type: 'hint', member, address: place })).toBe('own-name');
  });

  test('is believed in nothing: a member that does not answer there stays where it is', () => {
    scene.ask({ type: 'hint', member: pi.id, address: place });
    scene.pass(3_000);
    expect(scene.station.view(pi.id)).toMatchObject({ address: placeOf(1), proof: 'direct' });
  });
});

describe('tag', () => {
  const set = (key: string, value: string | undefined): Command => ({
    type: 'tag',
    changes: [{ key, value }],
  });

  test('is said in the next record to everybody, and kept on disk', () => {
    expect(scene.ask(set('room', 'roof'))).toEqual({ type: 'done' });
    scene.pass(100);
    expect(newestRecord(cellar)?.tags).toEqual([{ key: 'room', value: 'roof' }]);
    expect(scene.station.view(scene.station.id).tags).toEqual({ room: 'roof' });
    expect(readCluster(scene.station.node.document('cluster'))?.tags).toEqual([['room', 'roof']]);
  });

  test('without a value is taken off', () => {
    scene.ask(set('room', 'roof'));
    scene.ask(set('room', undefined));
    scene.pass(100);
    expect(newestRecord(pi)?.tags).toEqual([]);
  });

  test.each([
    ['an empty key', set('', 'x')],
    ['a key of 33 octets', set('k'.repeat(33), '')],
    ['a value of 65 octets', set('k', 'v'.repeat(65))],
    ['a key with an equals sign', set('a=b', '')],
    ['a line break', set('a', 'b\nc')],
  ])('is refused with %s, and nothing of it is kept', (_what, command) => {
    expect(refusal(command)).toBe('tag-not-a-tag');
    expect(scene.station.view(scene.station.id).tags).toEqual({});
  });

  test('is refused when there would be seventeen', () => {
    const changes = Array.from({ length: 16 }, (_, index) => ({
      key: `tag ${String(index)}`,
      value: '',
    }));
    expect(scene.ask({ type: 'tag', changes })).toEqual({ type: 'done' });
    expect(refusal(set('one', 'more'))).toBe('tag-not-a-tag');
    expect(scene.ask(set('tag 3', 'changed'))).toEqual({ type: 'done' });
  });

  test('never makes a record too long, whatever addresses the node gets afterwards', () => {
    const changes = Array.from({ length: 10 }, (_, index) => ({
      key: String(index).repeat(32),
      value: 'v'.repeat(64),
    }));
    for (let count = 10; count > 0; count -= 1) {
      if (scene.ask({ type: 'tag', changes: changes.slice(0, count) })?.type === 'done') break;
    }
    for (const puppet of scene.puppets) {
      puppet.sees = (socket) => at(`[2001:db8:1:2:3:4:5:6]:${String(40_000 + socket)}`);
    }
    scene.pass(10_000);
    expect(newestRecord(cellar)?.addresses[0]?.address.family).toBe(6);
  });
});

describe('ping', () => {
  const ping = (puppet: Puppet): Command => ({ type: 'ping', member: puppet.id });

  test('is answered with the address, the path and the round trip of the pong', () => {
    expect(scene.ask(ping(cellar))).toEqual({
      type: 'pong',
      address: at(placeOf(0)),
      path: 'udp',
      roundTrip: 0,
    });
    expect(cellar.messages('ping')).toHaveLength(1);
  });

  test('is not answered by a pong to an earlier question', () => {
    cellar.pongs = false;
    scene.pass(1_300);
    const earlier = cellar.messages('ping').map(({ challenge }) => challenge);
    expect(scene.ask(ping(cellar))).toBeUndefined();
    for (const challenge of earlier) {
      const seen = cellar.sees(0);
      scene.say(cellar, { type: 'pong', challenge, sequence: 0, digest: 0, seen });
    }
    expect(earlier.length).toBeGreaterThan(0);
    expect(answer()).toBeUndefined();
  });

  test('says after two seconds that nobody answered, and how many addresses were tried', () => {
    cellar.on = false;
    scene.ask(ping(cellar));
    scene.pass(PING_WAIT - 1);
    expect(answer()).toBeUndefined();
    scene.pass(1);
    expect(answer()).toEqual({ type: 'no-answer', tried: 1 });
  });

  test('of two at once are both answered by one pong', () => {
    cellar.pongs = false;
    scene.ask(ping(cellar));
    cellar.pongs = true;
    scene.ask(ping(cellar));
    expect(answers()).toHaveLength(2);
  });

  test('of the node itself is refused', () => {
    expect(refusal({ type: 'ping', member: scene.station.id })).toBe('own-name');
  });
});

describe('a member that left', () => {
  beforeEach(() => {
    const { stored } = storedCluster('attic', 'cellar', 'pi');
    const leaving = new Station('cellar', { stored });
    leaving.start();
    leaving.ask({ type: 'leave' });
    leaving.pass(500);
    const bytes = readCluster(leaving.node.document('cluster'))?.acts.at(-1);
    if (bytes === undefined) throw new Error('no act');
    scene.say(pi, { type: 'news', items: [{ kind: 'act', bytes }] });
    clear();
  });

  test.each([
    ['hint', (member: NodeId): Command => ({ type: 'hint', member, address: at(placeOf(1)) })],
    ['ping', (member: NodeId): Command => ({ type: 'ping', member })],
  ])('is nobody for a %s, to whom nothing is sent', (_what, command) => {
    const reply = scene.ask(command(cellar.id));
    expect(reply).toMatchObject({ code: 'name-unknown', message: 'cellar has left the cluster' });
    scene.pass(2_500);
    expect(cellar.heard).toEqual([]);
    expect(scene.station.view(cellar.id)).toMatchObject({ state: 'left', address: null });
  });
});

describe('leave', () => {
  test('is told to everybody twice, on disk before that, and answered at the end', () => {
    scene.station.saves = false;
    scene.ask({ type: 'leave' });
    scene.pass(200);
    expect(toldActs(cellar)).toEqual([]);
    expect(answer()).toBeUndefined();
    scene.station.saves = true;
    scene.step({ type: 'saved', ticket: Math.max(...saves()) });
    scene.pass(150);
    expect(toldActs(cellar)).toEqual(['leave', 'leave']);
    expect(toldActs(pi)).toEqual(['leave', 'leave']);
    expect(answer()).toEqual({ type: 'done' });
  });

  test('a second time is refused', () => {
    scene.ask({ type: 'leave' });
    scene.pass(500);
    expect(refusal({ type: 'leave' })).toBe('not-a-member');
  });

  test('of a node that is alone leaves it alone', () => {
    const alone = new Scene(['attic']);
    alone.start();
    alone.ask({ type: 'leave' });
    alone.pass(500);
    expect(alone.station.status().self.state).toBe('alone');
  });
});

describe('a command that waits for a disk which fails', () => {
  test('is refused with the reason, once, also when the disk succeeds later', () => {
    scene.station.saves = false;
    scene.ask({ type: 'tag', changes: [{ key: 'room', value: 'roof' }] });
    const ticket = Math.max(...saves());
    const effects = scene.step({ type: 'save-failed', ticket, reason: 'no space left' });
    expect(eventTypes(effects)).toEqual(['save-failed']);
    const reply = answer();
    expect(reply?.type === 'refused' ? [reply.code, reply.message] : undefined).toEqual([
      'state-not-saved',
      'the state could not be written: no space left',
    ]);
    scene.step({ type: 'saved', ticket });
    expect(answers()).toHaveLength(1);
    // Nothing is lost: what was asked for is done.
    scene.pass(100);
    expect(newestRecord(cellar)?.tags).toEqual([{ key: 'room', value: 'roof' }]);
  });

  test('is not refused for an earlier write that failed', () => {
    scene.station.saves = false;
    scene.ask({ type: 'tag', changes: [{ key: 'room', value: 'roof' }] });
    const [ticket = 0] = saves();
    scene.step({ type: 'save-failed', ticket: ticket - 1, reason: 'no space left' });
    expect(answer()).toBeUndefined();
    scene.step({ type: 'saved', ticket });
    expect(answer()).toEqual({ type: 'done' });
  });
});

test('no command of an alone node sends anything anywhere', () => {
  const alone = new Scene(['attic']);
  alone.start();
  alone.ask({ type: 'tag', changes: [{ key: 'a', value: 'b' }] });
  alone.ask({ type: 'invite', at: [], uses: 1, expires: minutes(1) });
  alone.pass(60_000);
  expect(sends(alone.station.effects)).toEqual([]);
});
