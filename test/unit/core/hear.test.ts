import { beforeEach, describe, expect, test } from 'vitest';
import { formatAddress, type Address } from '../../../src/base/address.ts';
import { concat, type Bytes } from '../../../src/base/bytes.ts';
import { seconds } from '../../../src/base/time.ts';
import { HELLO_FRESH } from '../../../src/core/config.ts';
import type { Effect } from '../../../src/core/io.ts';
import type { Message } from '../../../src/wire/message.ts';
import { encodeSession, sessionHeader } from '../../../src/wire/packet.ts';
import { identityOf } from './acts.ts';
import { Puppet, Scene, at, classOf, eventTypes, placeOf, sends } from './fixture.ts';

const ELSEWHERE = at('203.0.113.77:7777');
let scene: Scene;
let cellar: Puppet;
let pi: Puppet;

/** A machine that found both members and has been quiet for a while. */
beforeEach(() => {
  scene = new Scene(['attic', 'cellar', 'pi']);
  cellar = scene.puppet(0);
  pi = scene.puppet(1);
  scene.start();
  scene.pass(3_000);
  scene.station.clear();
  cellar.heard = [];
  pi.heard = [];
});

function datagram(bytes: Bytes, from: Address = ELSEWHERE): Effect[] {
  return scene.step({ type: 'datagram', socket: 0, from, bytes });
}

function ping(challenge = 7): Message {
  return { type: 'ping', challenge, sequence: 0, digest: cellar.lastDigest };
}

function address(puppet: Puppet): string | null {
  return scene.station.view(puppet.id).address;
}

describe('what cannot be opened', () => {
  test.each([
    ['nothing at all', new Uint8Array(0), 'packet-empty'],
    ['1,201 octets', new Uint8Array(1_201).fill(0x23), 'packet-oversized'],
    ['a later version', Uint8Array.of(0x31, 1, 2, 3), 'packet-future-version'],
    ['an earlier version', Uint8Array.of(0x11, 1, 2, 3), 'packet-foreign'],
    ['an unknown class', Uint8Array.of(0x2f, 1, 2, 3), 'packet-unknown-class'],
    ['half a hello', new Uint8Array(60).fill(0x21), 'packet-wrong-length'],
    ['a hello of noise', new Uint8Array(117).fill(0x21), 'hello-mac'],
    ['an answer to nobody', new Uint8Array(57).fill(0x22), 'answer-unexpected'],
    ['a datagram of nobody’s session', new Uint8Array(60).fill(0x23), 'session-unknown'],
  ])('%s draws no byte and is counted', (_what, bytes, reason) => {
    const before = scene.station.count(reason);
    expect(sends(datagram(bytes))).toEqual([]);
    expect(scene.station.count(reason)).toBe(before + 1);
  });

  test('a hello of somebody who is no member draws no byte', () => {
    const stranger = new Puppet('stranger', scene.cluster, '203.0.113.1:1');
    const key = identityOf('attic').agreement.public;
    const hello = stranger.greet(scene.station.id, key, scene.now);
    expect(datagram(hello)).toEqual([]);
    expect(scene.station.count('hello-stranger')).toBe(1);
  });

  test('a genuine datagram draws no byte the second time, from wherever it is replayed', () => {
    const bytes = cellar.seal(scene.station.id, ping(), scene.now);
    expect(sends(datagram(bytes, cellar.at)).length).toBeGreaterThan(0);
    expect(datagram(bytes, ELSEWHERE)).toEqual([]);
    expect(scene.station.count('session-replayed')).toBe(1);
  });

  test('a message of an unknown kind in a genuine session is counted and changes nothing', () => {
    const sealed = cellar.sessions.seal(scene.station.id, Uint8Array.of(99, 1, 2), scene.now);
    expect(sends(datagram(sealed ?? new Uint8Array(0)))).toEqual([]);
    expect(scene.station.count('message-malformed')).toBe(1);
    expect(address(cellar)).toBe(placeOf(0));
  });
});

describe('a member’s hello', () => {
  test('is answered where it came from, through its socket, and believed in nothing', () => {
    scene = new Scene(['attic', 'cellar'], { blank: true });
    scene.station.start();
    const attic = identityOf('attic').agreement.public;
    const hello = scene.puppet(0).greet(scene.station.id, attic, scene.now);
    const from = at('203.0.113.5:5');
    const effects = scene.step({ type: 'datagram', socket: 1, from, bytes: hello });
    expect(effects).toMatchObject([{ type: 'send', socket: 1, to: from }]);
    expect(sends(effects)[0]?.bytes).toHaveLength(57);
    const { state, address: shown, lastHeardMs, path } = scene.station.view(scene.puppet(0).id);
    expect([state, shown, lastHeardMs, path]).toEqual(['suspect', null, null, null]);
  });

  test('recorded and replayed elsewhere draws the old answer and moves nobody', () => {
    const attic = identityOf('attic').agreement.public;
    scene.pass(HELLO_FRESH);
    const hello = cellar.greet(scene.station.id, attic, scene.now);
    datagram(hello, cellar.at);
    const effects = datagram(hello, ELSEWHERE);
    expect(sends(effects).map(({ to, bytes }) => [to, classOf(bytes)])).toEqual([
      [ELSEWHERE, 'answer'],
    ]);
    expect(address(cellar)).toBe(placeOf(0));
  });
});

test('an answer to my hello is followed by a ping at once, to where the answer came from', () => {
  scene = new Scene(['attic', 'cellar']);
  const effects = scene.start();
  const [hello, second] = sends(effects, scene.puppet(0).at);
  expect(hello === undefined ? '' : classOf(hello.bytes)).toBe('hello');
  expect(second === undefined ? '' : classOf(second.bytes)).toBe('session');
  expect(scene.puppet(0).heard[0]?.message.type).toBe('ping');
});

describe('a ping', () => {
  test('is answered through the socket it came to with the address it came from', () => {
    const effects = scene.say(cellar, ping(41), cellar.at, 0);
    expect(sends(effects, cellar.at)).toHaveLength(1);
    expect(cellar.heard.at(-1)).toMatchObject({
      socket: 0,
      message: { type: 'pong', challenge: 41, seen: cellar.at },
    });
  });

  test('takes 80 octets on the wire and its pong 87, all headers counted', () => {
    const headers = 14 + 20 + 8;
    const bytes = cellar.seal(scene.station.id, ping(), scene.now);
    const [pong] = sends(datagram(bytes, cellar.at));
    expect([bytes.length + headers, (pong?.bytes.length ?? 0) + headers]).toEqual([80, 87]);
  });

  test('from a new address draws a pong and a challenge there, and one to the old', () => {
    const effects = scene.say(cellar, ping(), ELSEWHERE);
    expect(sends(effects, ELSEWHERE).map(({ bytes }) => classOf(bytes))).toEqual([
      'session',
      'session',
    ]);
    expect(cellar.messages('ping')).toHaveLength(1);
  });

  test('from an unproven source draws 2.2 times its bytes at the most', () => {
    const said = cellar.seal(scene.station.id, ping(), scene.now);
    const headers = 42;
    const drawn = sends(datagram(said), ELSEWHERE).map(({ bytes }) => bytes.length + headers);
    const sum = drawn.reduce((total, size) => total + size, 0);
    expect(sum).toBeLessThanOrEqual(2.2 * (said.length + headers));
  });
});

test('a member that shows my digest and another one by turns draws two summaries a second', () => {
  scene.pings = false;
  const own = cellar.lastDigest;
  for (let time = 0; time < 3_000; time += 20) {
    const digest = time % 40 === 0 ? own : own + 1;
    scene.say(cellar, { type: 'ping', challenge: 7, sequence: 0, digest });
    scene.pass(20);
  }
  const count = cellar.messages('summary').length;
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThanOrEqual(6);
});

describe('a member that shows up elsewhere', () => {
  test('is not believed to be there because somebody passes its datagrams on', () => {
    for (let count = 0; count < 20; count += 1) {
      scene.say(cellar, ping(), ELSEWHERE);
      scene.pass(150);
    }
    expect(address(cellar)).toBe(placeOf(0));
    expect(eventTypes(scene.station.effects)).not.toContain('member-moved');
  });

  test('stays where it is when the new address answers and the old one does too', () => {
    // Whoever forwards both ways answers challenges as well.
    const answered = scene.say(cellar, ping(), ELSEWHERE);
    for (const send of sends(answered, ELSEWHERE)) answerAt(send.bytes, ELSEWHERE);
    scene.pass(5_000);
    expect(address(cellar)).toBe(placeOf(0));
  });

  test('is believed to be there once it answers there and no more at the old address', () => {
    cellar.at = ELSEWHERE;
    scene.say(cellar, ping());
    scene.pass(2_000);
    expect(address(cellar)).toBe(formatAddress(ELSEWHERE));
    expect(scene.station.view(cellar.id)).toMatchObject({ state: 'alive', moves: 1 });
    expect(eventTypes(scene.station.effects)).toContain('member-moved');
  });

  test('is told nothing but pongs and challenges there until it proved itself', () => {
    cellar.pongs = false;
    cellar.at = ELSEWHERE;
    const { id } = pi;
    scene.say(cellar, { type: 'seek', target: id, sequence: 0 });
    scene.say(cellar, { type: 'want', wants: [{ kind: 'act', id: scene.station.id, from: 1 }] });
    expect(new Set(cellar.heard.map(({ message }) => message.type))).toEqual(new Set(['ping']));
  });

  /** What the member would say to this datagram, had it come through. */
  function answerAt(bytes: Bytes, from: Address): void {
    const key = identityOf('attic').agreement.public;
    const opened = cellar.open(bytes, scene.now, scene.station.id, key);
    if (opened === undefined || opened instanceof Uint8Array || opened.type !== 'ping') return;
    const { challenge, digest } = opened;
    const seen = cellar.sees(0);
    scene.say(cellar, { type: 'pong', challenge, sequence: 0, digest, seen }, from);
  }
});

describe('a pong', () => {
  test('nobody asked for proves nothing and is counted', () => {
    const pong = { type: 'pong', challenge: 1, sequence: 0, digest: 0, seen: ELSEWHERE } as const;
    scene.say(cellar, pong, ELSEWHERE);
    expect(scene.station.count('pong-unexpected')).toBe(1);
    expect(address(cellar)).toBe(placeOf(0));
  });

  test('to another member’s challenge proves nothing', () => {
    cellar.pongs = false;
    scene.pass(1_500);
    const [asked] = cellar.messages('ping');
    if (asked === undefined) throw new Error('cellar was not asked');
    const { challenge } = asked;
    scene.say(pi, { type: 'pong', challenge, sequence: 0, digest: 0, seen: ELSEWHERE });
    expect(scene.station.count('pong-unexpected')).toBe(1);
  });

  test('for one member at another’s address puts that other one in doubt at once', () => {
    const old = pi.at;
    pi.on = false;
    cellar.at = old;
    scene.say(cellar, ping());
    const asked = sends(scene.station.effects, old);
    expect(asked.length).toBeGreaterThan(2);
    scene.pass(1_000);
    expect(scene.station.view(pi.id).state).toBe('suspect');
  });
});

test('a datagram ends the state of an orphan, and says so', () => {
  cellar.on = false;
  pi.on = false;
  scene.pass(10_000);
  expect(scene.station.status().self.state).toBe('orphan');
  cellar.on = true;
  const effects = scene.say(cellar, ping());
  expect(eventTypes(effects)).toContain('afloat');
  expect(scene.station.status().self.state).toBe('afloat');
});

test('introductions beyond eight a second are counted and not followed', () => {
  const followed = Array.from({ length: 12 }, (_, index) => {
    const place = at(`203.0.113.${String(index)}:1`);
    const seeker = pi.id;
    scene.say(cellar, { type: 'introduce', seeker, address: place, record: undefined });
    return sends(scene.station.effects, place).length > 0;
  });
  expect(followed.filter(Boolean).length).toBeLessThanOrEqual(8);
  expect(scene.station.count('introduce-flood')).toBe(4);
});

test('a member that lost its keys is talked to again, without a word from it', () => {
  cellar.restart();
  scene.pass(seconds(5));
  expect(scene.station.view(cellar.id)).toMatchObject({ state: 'alive', proof: 'direct' });
  expect(cellar.sessions.has(scene.station.id, scene.now)).toBe(true);
});

test('a datagram made of two genuine ones opens nowhere', () => {
  const [one, two] = [1, 2].map((n) => cellar.seal(scene.station.id, ping(n), scene.now));
  if (one === undefined || two === undefined) throw new Error('nothing was sealed');
  const mixed = encodeSession(sessionHeader(1, 2), concat(one.subarray(9, 30), two.subarray(30)));
  mixed.set(one.subarray(0, 9));
  expect(sends(datagram(mixed, cellar.at))).toEqual([]);
  expect(scene.station.count('session-unopened')).toBe(1);
});
