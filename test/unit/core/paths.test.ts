import { beforeEach, describe, expect, test } from 'vitest';
import { formatAddress, type Address } from '../../../src/base/address.ts';
import type { NodeId } from '../../../src/base/id.ts';
import { instant, millis, type Instant } from '../../../src/base/time.ts';
import {
  CANDIDATES_MAX,
  CHALLENGES_MAX,
  CHALLENGE_LIFE,
  STRAY_GAP,
  STRAY_MEMORY,
  STRAY_SOURCES_MAX,
  TIMEOUT_CEILING,
  TIMEOUT_FLOOR,
  TIMEOUT_UNKNOWN,
  WRONG_PONGS_MAX,
} from '../../../src/core/config.ts';
import { MAIN, type SocketId } from '../../../src/core/io.ts';
import { Paths, type PathChange, type PongVerdict } from '../../../src/core/paths.ts';
import { at } from './fixture.ts';

const pi = 'pi' as NodeId;
const cellar = 'cellar' as NodeId;
const HOME = '192.0.2.7:4117';
const NEW = '198.51.100.7:4117';
const THIRD = '203.0.113.7:4117';
const T = millis(150);

let paths: Paths;
let now: Instant;
let challenge: number;

beforeEach(() => {
  paths = new Paths();
  now = instant(50_000);
  challenge = 0;
});

function pass(ms: number): void {
  now = instant(now + ms);
}

function ask(place: string, socket: SocketId = 0, peer = pi): number {
  challenge += 1;
  paths.ask({ peer, challenge, socket, address: at(place), atRest: true }, now, T);
  return challenge;
}

function prove(place: string, socket: SocketId = 0, delay = 10, peer = pi): PongVerdict {
  const asked = ask(place, socket, peer);
  pass(delay);
  return paths.pong(peer, asked, now);
}

/** A question to this place that stays unanswered. */
function silence(place: string, socket: SocketId = 0): PathChange[] {
  ask(place, socket);
  pass(T);
  return paths.expire(now).changes;
}

function used(peer = pi): string | undefined {
  const path = paths.path(peer);
  return path === undefined ? undefined : `${String(path.socket)} ${formatAddress(path.address)}`;
}

function list(...places: readonly string[]): PathChange | undefined {
  return paths.list(pi, places.map(at), now);
}

function candidates(...listed: readonly string[]): string[] {
  return paths.candidates(pi, listed.map(at)).map(formatAddress);
}

describe('a pong', () => {
  test('with the challenge that was sent proves the address it was sent to', () => {
    const verdict = prove(HOME);
    expect(verdict).toMatchObject({
      type: 'proven',
      roundTrip: 10,
      change: { peer: pi, from: undefined, to: at(HOME), moved: false },
    });
    expect(used()).toBe(`0 ${HOME}`);
    expect(paths.path(pi)?.provenAt).toBe(now - 10);
  });

  test('counts once, only while its challenge is open, for the member that was asked', () => {
    const asked = ask(HOME);
    expect(paths.pong(cellar, asked, now).type).toBe('unexpected');
    expect(paths.pong(pi, asked + 1, now).type).toBe('unexpected');
    expect(paths.pong(pi, asked, now).type).toBe('proven');
    expect(paths.pong(pi, asked, now).type).toBe('unexpected');
  });

  test('that is late proves as well, until ten seconds after the question', () => {
    const early = ask(HOME);
    const late = ask(NEW);
    pass(CHALLENGE_LIFE);
    paths.expire(now);
    expect(paths.pong(pi, early, now)).toMatchObject({ type: 'proven', roundTrip: 10_000 });
    pass(0.1);
    expect(paths.pong(pi, late, now).type).toBe('unexpected');
    expect(used()).toBe(`0 ${HOME}`);
  });

  test('finds its challenge among 32 open ones, and the oldest is gone with one more', () => {
    const first = ask(HOME);
    const second = ask(HOME);
    for (let count = 2; count < CHALLENGES_MAX; count += 1) ask(HOME);
    expect(paths.pong(pi, first, now).type).toBe('proven');
    ask(HOME);
    ask(HOME);
    expect(paths.pong(pi, second, now).type).toBe('unexpected');
  });

  test('made up eight times burns every open challenge of that member, and of no other', () => {
    const right = ask(HOME);
    const others = ask(HOME, 0, cellar);
    for (let guess = 1; guess < WRONG_PONGS_MAX; guess += 1) paths.pong(pi, 1_000 + guess, now);
    const last = ask(NEW);
    paths.pong(pi, 2_000, now);
    expect(paths.pong(pi, right, now).type).toBe('unexpected');
    expect(paths.pong(pi, last, now).type).toBe('unexpected');
    expect(paths.pong(cellar, others, now).type).toBe('proven');
  });

  test('that is right lets nobody guess on: wrong ones count while any challenge is open', () => {
    const victim = ask(NEW);
    for (let round = 0; round < 3; round += 1) {
      for (let guess = 0; guess < 3; guess += 1) paths.pong(pi, 9_000 + guess, now);
      paths.pong(pi, ask(HOME), now);
    }
    expect(paths.pong(pi, victim, now).type).toBe('unexpected');
  });

  test('made up seven times leaves the challenges to the right one', () => {
    const right = ask(HOME);
    for (let guess = 1; guess < WRONG_PONGS_MAX; guess += 1) paths.pong(pi, 1_000 + guess, now);
    expect(paths.pong(pi, right, now).type).toBe('proven');
  });
});

describe('the time-out', () => {
  test('is 400 ms before anything was measured', () => {
    expect(paths.timeout(pi)).toBe(TIMEOUT_UNKNOWN);
    expect(paths.roundTrip(pi)).toBeUndefined();
  });

  test('follows RFC 6298: after one sample R, R + 4·R/2, then smoothed by 1/8 and 1/4', () => {
    prove(HOME, 0, 100);
    expect(paths.roundTrip(pi)).toBe(100);
    expect(paths.timeout(pi)).toBe(300);
    prove(HOME, 0, 200);
    // Variation 3/4·50 + 1/4·100, round trip 7/8·100 + 1/8·200.
    expect(paths.roundTrip(pi)).toBe(112.5);
    expect(paths.timeout(pi)).toBe(112.5 + 4 * 62.5);
  });

  test('is 150 ms at the least and 3 s at the most', () => {
    prove(HOME, 0, 1);
    expect(paths.timeout(pi)).toBe(TIMEOUT_FLOOR);
    prove(HOME, 0, 9_000, cellar);
    expect(paths.timeout(cellar)).toBe(TIMEOUT_CEILING);
  });

  test('widens by a late pong, so that a slow link is waited for', () => {
    prove(HOME, 0, 20);
    expect(paths.timeout(pi)).toBe(TIMEOUT_FLOOR);
    const asked = ask(HOME);
    pass(600);
    expect(paths.expire(now).silent).toHaveLength(1);
    paths.pong(pi, asked, now);
    expect(paths.timeout(pi)).toBeGreaterThan(600);
  });
});

describe('questions', () => {
  test('fall due at their time-out, each once, and say which one is next', () => {
    const first = ask(HOME);
    pass(50);
    ask(NEW);
    expect(paths.nextDeadline).toBe(now + 100);
    pass(99.9);
    expect(paths.expire(now).silent).toEqual([]);
    pass(0.1);
    expect(paths.expire(now).silent.map((question) => question.challenge)).toEqual([first]);
    expect(paths.expire(now).silent).toEqual([]);
    expect(paths.nextDeadline).toBe(now + 50);
    pass(50);
    expect(paths.expire(now).silent).toHaveLength(1);
    expect(paths.nextDeadline).toBeUndefined();
  });

  test('get as much more time as the own loop was late', () => {
    ask(HOME);
    paths.postpone(millis(80));
    expect(paths.nextDeadline).toBe(now + 230);
    pass(229);
    expect(paths.expire(now).silent).toEqual([]);
    pass(1);
    expect(paths.expire(now).silent).toHaveLength(1);
  });

  test('that could not be sent are none: nobody is silent because of them', () => {
    ask(HOME);
    ask(HOME, 1);
    ask(HOME, 0, cellar);
    expect(paths.unsent(0, at(NEW), now).peers).toEqual([]);
    expect(paths.unsent(0, at(HOME), now).peers).toEqual([pi, cellar]);
    pass(T);
    expect(paths.expire(now).silent.map(({ peer, socket }) => [peer, socket])).toEqual([[pi, 1]]);
  });
});

describe('the path in use', () => {
  beforeEach(() => {
    prove(HOME);
  });

  test('stays when an unlisted address answers too', () => {
    expect(prove(NEW)).toMatchObject({ change: undefined });
    expect(used()).toBe(`0 ${HOME}`);
  });

  test('changes at once to an address that the newest record lists', () => {
    list(NEW);
    expect(prove(NEW)).toMatchObject({ change: { from: at(HOME), to: at(NEW), moved: true } });
    expect(used()).toBe(`0 ${NEW}`);
  });

  test('changes when a record comes that lists what is proven already', () => {
    prove(NEW);
    expect(list(NEW)).toEqual({ peer: pi, from: at(HOME), to: at(NEW), moved: true });
  });

  test('is proven as of the newest question answered, in whatever order pongs come', () => {
    const older = ask(HOME);
    pass(50);
    const newer = ask(HOME);
    pass(5);
    paths.pong(pi, newer, now);
    paths.pong(pi, older, now);
    expect(paths.path(pi)?.provenAt).toBe(now - 5);
  });

  test('gives way after one silence to a listed address, after two to an unlisted one', () => {
    list(HOME);
    ask(HOME);
    prove(NEW);
    pass(T);
    expect(paths.expire(now).changes).toEqual([]);
    prove(NEW);
    expect(silence(HOME)).toMatchObject([{ to: at(NEW), moved: true }]);
  });

  test('stays when it answers between the two silences', () => {
    list(HOME);
    silence(HOME);
    prove(HOME);
    prove(NEW);
    expect(silence(HOME)).toEqual([]);
    expect(used()).toBe(`0 ${HOME}`);
  });

  test('is silent for a question sent after its proof, not for one sent before', () => {
    ask(HOME);
    pass(5);
    prove(HOME, 0, 5);
    pass(T);
    paths.expire(now);
    expect(paths.path(pi)?.silentSince).toBeUndefined();
    silence(HOME);
    expect(paths.path(pi)?.silences).toBe(1);
  });

  test('through a fresh socket goes back to the main one as soon as that is proven', () => {
    silence(HOME);
    prove(HOME, 1);
    expect(used()).toBe(`1 ${HOME}`);
    expect(prove(HOME, 0)).toMatchObject({ change: undefined });
    expect(used()).toBe(`0 ${HOME}`);
  });

  test('counts a move when the host is another one, not when only the port is', () => {
    const { since } = paths.history(pi);
    list('192.0.2.7:9');
    prove('192.0.2.7:9');
    expect(paths.history(pi)).toEqual({ since, moves: 0 });
    list(NEW);
    prove(NEW);
    expect(paths.history(pi)).toEqual({ since: now, moves: 1 });
  });

  test('is known by its address, and to whom it belongs', () => {
    prove(NEW, 0, 10, cellar);
    expect([...paths.at(at(HOME))]).toEqual([pi]);
    expect([...paths.at(at(NEW))]).toEqual([cellar]);
    expect([...paths.at(at(THIRD))]).toEqual([]);
  });

  test('carries what is said, until one is proven later', () => {
    const to = (): Address | undefined => paths.route(pi)?.address;
    expect(to()).toEqual(at(HOME));
    pass(1);
    prove(NEW);
    expect(to()).toEqual(at(NEW));
    pass(1);
    prove(HOME);
    expect(to()).toEqual(at(HOME));
    expect(paths.route(cellar)).toBeUndefined();
  });

  test('is known to be asked until it answers or its time-out passes', () => {
    expect(paths.isAsked(pi, 0, at(HOME))).toBe(false);
    const asking = { peer: pi, challenge: 4_711, socket: MAIN, address: at(HOME), atRest: true };
    paths.ask(asking, now, millis(150));
    expect(paths.isAsked(pi, 0, at(HOME))).toBe(true);
    expect([paths.isAsked(pi, 1, at(HOME)), paths.isAsked(pi, 0, at(NEW))]).toEqual([false, false]);
    pass(150);
    paths.expire(now);
    expect(paths.isAsked(pi, 0, at(HOME))).toBe(false);
  });

  test('is dropped when another member is proven at exactly that address', () => {
    prove(NEW);
    paths.drop(pi, at(NEW));
    expect(used()).toBe(`0 ${HOME}`);
    expect(candidates()).toEqual([HOME]);
    paths.drop(pi, at(HOME));
    expect(used()).toBeUndefined();
    paths.drop(cellar, at(HOME));
  });

  test('does not hold through a fresh socket that was closed', () => {
    silence(HOME);
    prove(HOME, 1);
    expect([paths.uses(1), paths.uses(2)]).toEqual([true, false]);
    paths.forgetSocket(1);
    expect(paths.uses(1)).toBe(false);
    expect(used()).toBe(`0 ${HOME}`);
  });

  test('and all else of a member is gone when it leaves', () => {
    paths.forget(pi);
    expect(used()).toBeUndefined();
    expect(paths.history(pi)).toEqual({ since: undefined, moves: 0 });
    expect(paths.timeout(pi)).toBe(TIMEOUT_UNKNOWN);
  });
});

describe('a datagram from', () => {
  const source = (place: string): string => paths.source(pi, at(place), now);

  beforeEach(() => {
    prove(HOME);
  });

  test('a proven address is known, also when it is not the one in use', () => {
    prove(NEW);
    expect([source(HOME), source(NEW)]).toEqual(['known', 'known']);
  });

  test('another host is to be asked, again 100 ms later, and not in between', () => {
    expect(source(NEW)).toBe('stray');
    pass(STRAY_GAP - 1);
    expect(source(NEW)).toBe('quiet');
    pass(1);
    expect(source(NEW)).toBe('stray');
  });

  test('a path that fell silent is to be asked, since it may be back', () => {
    silence(HOME);
    expect(source(HOME)).toBe('stray');
  });

  test('a fifth unproven host is not asked while four are', () => {
    const hosts = Array.from({ length: STRAY_SOURCES_MAX }, (_, n) => `198.51.100.${String(n)}:1`);
    expect(hosts.map(source)).toEqual(['stray', 'stray', 'stray', 'stray']);
    expect(source(THIRD)).toBe('quiet');
    pass(TIMEOUT_CEILING);
    expect(source(THIRD)).toBe('quiet');
    pass(1);
    expect(source(THIRD)).toBe('stray');
  });

  test('a source that proved itself makes room for another', () => {
    const hosts = Array.from({ length: STRAY_SOURCES_MAX }, (_, n) => `198.51.100.${String(n)}:1`);
    for (const host of hosts) source(host);
    prove('198.51.100.0:1');
    expect(source(THIRD)).toBe('stray');
  });

  test('another port of the host in use is asked when it comes back, not the first time', () => {
    expect(source('192.0.2.7:50000')).toBe('quiet');
    pass(STRAY_GAP);
    expect(source('192.0.2.7:50000')).toBe('stray');
  });

  test('any number of ports of the host in use keeps no new host from being asked', () => {
    for (let port = 1; port <= 12; port += 1) source(`192.0.2.7:${String(port)}`);
    expect(source(NEW)).toBe('stray');
    pass(STRAY_GAP);
    expect(source('192.0.2.7:12')).toBe('stray');
  });

  test('another port of the host in use is forgotten after a minute', () => {
    source('192.0.2.7:50000');
    pass(STRAY_MEMORY + 1);
    expect(source('192.0.2.7:50000')).toBe('quiet');
  });

  test('another port is asked at once while the path in use is silent', () => {
    silence(HOME);
    expect(source('192.0.2.7:50000')).toBe('stray');
  });
});

describe('candidates', () => {
  test('are the path in use, the record’s addresses, hints, other proven ones', () => {
    prove(HOME);
    prove(NEW);
    paths.hint(pi, at('203.0.113.1:1'));
    paths.hint(pi, at('203.0.113.2:2'));
    expect(candidates(THIRD)).toEqual([HOME, THIRD, '203.0.113.2:2', '203.0.113.1:1', NEW]);
  });

  test('hold every address once', () => {
    prove(HOME);
    paths.hint(pi, at(HOME));
    paths.hint(pi, at(NEW));
    paths.hint(pi, at(NEW));
    expect(candidates(HOME, NEW)).toEqual([HOME, NEW]);
  });

  test('hold the four newest hints', () => {
    for (let port = 1; port <= 6; port += 1) paths.hint(pi, at(`203.0.113.1:${String(port)}`));
    expect(candidates().map((place) => Number(place.split(':')[1]))).toEqual([6, 5, 4, 3]);
  });

  test('are eight at the most', () => {
    prove(HOME);
    for (let port = 1; port <= 4; port += 1) paths.hint(pi, at(`203.0.113.1:${String(port)}`));
    const listed = Array.from({ length: 6 }, (_, n) => `198.51.100.${String(n)}:1`);
    expect(candidates(...listed)).toHaveLength(CANDIDATES_MAX);
    expect(candidates(...listed).slice(0, 7)).toEqual([HOME, ...listed]);
  });

  test('are none for somebody of whom nothing is known', () => {
    expect(candidates()).toEqual([]);
  });
});
