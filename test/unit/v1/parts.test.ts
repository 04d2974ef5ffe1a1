import { describe, expect, it } from 'vitest';
import { address } from '../../../src/base/address.ts';
import { instant } from '../../../src/base/time.ts';
import { codeAt } from '../../../src/crypto/totp.ts';
import { Agenda } from '../../../src/v1/agenda.ts';
import {
  FAILURES_MAX,
  GUESSERS_MAX,
  LOGINS_WAITING,
  LOGIN_FORGET,
  PEERS_MAX,
  PENDING_SECRETS_MAX,
  QUESTIONS_MAX,
  WRONG_CODES_PER_STEP,
} from '../../../src/v1/config.ts';
import { Calls } from '../../../src/v1/calls.ts';
import { Guesses } from '../../../src/v1/guesses.ts';
import { Logins } from '../../../src/v1/logins.ts';
import { Peer } from '../../../src/v1/peer.ts';
import { Peers } from '../../../src/v1/peers.ts';
import { Keyring, newSecret } from '../../../src/v1/secret.ts';
import { Skew } from '../../../src/v1/skew.ts';
import { SlowDown } from '../../../src/v1/slow-down.ts';
import { elect, isPrivate } from '../../../src/v1/vote.ts';

const at = address('192.0.2.1', 8290);
if (at === undefined) throw new Error('an address');
const endpoint = { at, path: '/godddns', https: false };

describe('a new secret', () => {
  it('has 160 bits in upper-case base32 without padding', () => {
    const entropy = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
    expect(newSecret(entropy)).toMatch(/^[A-Z2-7]{32}$/);
    expect(newSecret(entropy)).not.toBe(newSecret(entropy.toReversed()));
  });
});

describe('a keyring', () => {
  const [used, second, third] = ['AAAAAAAA', 'BBBBBBBB', 'CCCCCCCC'];

  it('takes codes of this step, the one before and the one after, and no others', () => {
    const ring = new Keyring(used);
    for (const step of [99, 100, 101]) {
      expect(ring.match(codeAt(used, step), 100, -1)).toEqual({ step, secret: used });
    }
    for (const step of [98, 102]) expect(ring.match(codeAt(used, step), 100, -1)).toBeUndefined();
  });

  it('takes a code again within its step, but none of an older step', () => {
    const ring = new Keyring(used);
    expect(ring.match(codeAt(used, 100), 100, 100)?.step).toBe(100);
    expect(ring.match(codeAt(used, 99), 100, 100)).toBeUndefined();
  });

  it('keeps the secret in use while others were merely handed out', () => {
    const ring = new Keyring(used);
    for (let place = 0; place < 50; place += 1)
      ring.hand(second, `203.0.113.${String(place)}`, 'home');
    expect(ring.match(codeAt(used, 7), 7, -1)?.secret).toBe(used);
    expect(ring.match(codeAt(second, 7), 7, -1)?.secret).toBe(second);
    expect(ring.handed).toHaveLength(PENDING_SECRETS_MAX);
    expect(ring.confirm(second)).toBe(true);
    expect(ring.match(codeAt(used, 7), 7, -1)).toBeUndefined();
    expect(ring.handed).toEqual([]);
  });

  it('never drops what was handed to the peer’s own address for what strangers got', () => {
    const ring = new Keyring(used);
    ring.hand(third, 'home', 'home');
    for (let place = 0; place < 50; place += 1) ring.hand(second, String(place), 'home');
    expect(ring.match(codeAt(third, 7), 7, -1)?.secret).toBe(third);
  });
});

describe('the vote', () => {
  const nothing = { public: undefined, private: undefined };

  it('is won by the most frequent, public and private apart', () => {
    const reflections = ['192.0.2.1', '10.0.0.1', '192.0.2.2', '192.0.2.2', '10.0.0.1', '::1'];
    expect(elect(reflections, nothing)).toEqual({
      public: { ip: '192.0.2.2', votes: 2, voters: 3 },
      private: { ip: '10.0.0.1', votes: 2, voters: 3 },
    });
  });

  it('keeps the present one in a tie, whatever the order, and else takes what sorts first', () => {
    const present = { public: '192.0.2.2', private: undefined };
    for (const order of [
      ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
      ['192.0.2.3', '192.0.2.2', '192.0.2.1'],
    ]) {
      expect(elect(order, present).public?.ip).toBe('192.0.2.2');
      expect(elect(order, nothing).public?.ip).toBe('192.0.2.1');
    }
  });

  it('has no winner without votes', () => {
    expect(elect([], { public: '192.0.2.2', private: '10.0.0.1' })).toEqual(nothing);
  });

  it.each([
    ...['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.1', '192.168.0.1', '127.0.0.1'],
    ...['fc00::1', 'fdff::1', 'fe80::1', 'febf::1', '::1'],
  ])('takes %s for private', (ip) => {
    expect(isPrivate(ip)).toBe(true);
  });

  it.each([
    ...['9.255.255.255', '11.0.0.1', '172.15.0.1', '172.32.0.1', '192.167.0.1', '192.169.0.1'],
    ...['126.0.0.1', '100.64.0.1', '169.254.0.1', 'fbff::1', 'fe00::1', 'fec0::1', '::2', 'x'],
  ])('takes %s for public', (ip) => {
    expect(isPrivate(ip)).toBe(false);
  });
});

describe('failed logins', () => {
  it('cost nothing twice, then 1 s, 2 s, 4 s … up to 60 s', () => {
    const slow = new SlowDown();
    let now = 0;
    const waits: number[] = [];
    for (let failure = 0; failure < 12; failure += 1) {
      slow.failed('who', instant(now));
      const began = now;
      while (slow.held('who', instant(now))) now += 500;
      waits.push((now - began) / 1000);
    }
    expect(waits).toEqual([0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  });

  it('are forgotten after a success, and after ten minutes', () => {
    const slow = new SlowDown();
    const fail = (now: number): void => {
      for (let failure = 0; failure < 5; failure += 1) slow.failed('who', instant(now));
    };
    fail(0);
    expect(slow.held('who', instant(1))).toBe(true);
    slow.succeeded('who');
    expect(slow.held('who', instant(1))).toBe(false);
    fail(0);
    slow.failed('who', instant(LOGIN_FORGET));
    expect(slow.held('who', instant(LOGIN_FORGET + 1))).toBe(false);
  });

  it('are remembered of so many sources and no more', () => {
    const slow = new SlowDown();
    for (let who = 0; who <= FAILURES_MAX; who += 1) slow.failed(String(who), instant(0));
    expect(slow.size).toBe(FAILURES_MAX);
  });
});

describe('the queue of logins', () => {
  const applicant = (request: number) => {
    return { request, from: at, name: 'pi', login: { username: 'u', password: 'p' } };
  };

  it('lets four be judged at a time, and 64 wait', () => {
    const logins = new Logins();
    for (let request = 0; request < 4; request += 1) {
      expect(logins.offer(applicant(request))).toBe(true);
      const next = logins.next();
      if (next !== undefined) logins.begin(next);
    }
    expect(logins.underWay).toBe(4);
    for (let request = 4; request < 4 + LOGINS_WAITING; request += 1) {
      expect(logins.offer(applicant(request))).toBe(true);
    }
    expect(logins.offer(applicant(99))).toBe(false);
    expect(logins.next()).toBeUndefined();
    expect(logins.end(2)?.request).toBe(2);
    expect(logins.end(2)).toBeUndefined();
    expect(logins.next()?.request).toBe(4);
  });
});

describe('wrong codes', () => {
  it('are looked at five times a step of one name, then only from networks not wrong yet', () => {
    const guesses = new Guesses();
    for (let guess = 0; guess < WRONG_CODES_PER_STEP; guess += 1) {
      expect(guesses.blocked('pi', 'a', 100)).toBe(false);
      guesses.wrong('pi', 'a', 100);
    }
    expect(guesses.blocked('pi', 'a', 100)).toBe(true);
    expect(guesses.blocked('pi', 'b', 100)).toBe(false);
    expect(guesses.blocked('shed', 'a', 100)).toBe(false);
    expect(guesses.blocked('pi', 'a', 101)).toBe(false);
  });

  it('of many networks close the name to all until the next step', () => {
    const guesses = new Guesses();
    for (let guess = 0; guess < GUESSERS_MAX; guess += 1) guesses.wrong('pi', String(guess), 100);
    expect(guesses.blocked('pi', 'another', 100)).toBe(true);
    expect(guesses.blocked('pi', 'another', 101)).toBe(false);
  });
});

describe('the skew', () => {
  it('is narrowed by each observation, and begins anew when one contradicts', () => {
    const skew = new Skew();
    expect(skew.ms).toBeNull();
    skew.note(-5_000, 25_000, 'code');
    expect(skew.ms).toBe(10_000);
    skew.note(-25_000, 5_000, 'code');
    expect(skew.ms).toBe(0);
    skew.note(60_000, 90_000, 'code');
    expect(skew.ms).toBe(75_000);
  });
});

describe('the agenda', () => {
  it('rings in order of time, each name once, replaced ones at the new time', () => {
    const agenda = new Agenda();
    agenda.set('b', instant(20));
    agenda.set('a', instant(10));
    agenda.set('c', instant(20));
    agenda.set('a', instant(30));
    expect(agenda.take(instant(9))).toEqual([]);
    expect(agenda.take(instant(25))).toEqual(['b', 'c']);
    expect(agenda.next).toBe(30);
    agenda.setEarlier('a', instant(40));
    agenda.setEarlier('a', instant(28));
    expect(agenda.take(instant(28))).toEqual(['a']);
    expect(agenda.next).toBeUndefined();
  });
});

describe('calls', () => {
  it('are one of the cycle, its repeat and one trial a peer, and six questions', () => {
    const calls = new Calls();
    const begin = (errand: Parameters<Calls['begin']>[1]): number =>
      calls.begin('pi', errand, endpoint, instant(0)).id;
    const beat = begin({ type: 'heartbeat', again: false });
    expect(calls.ofCycle('pi')?.id).toBe(beat);
    begin({ type: 'repeat', again: false });
    expect(calls.repeated('pi')).toBe(true);
    const trial = begin({ type: 'trial', because: { type: 'told' } });
    expect(calls.trial('pi')?.id).toBe(trial);
    const questions: number[] = [];
    for (let question = 0; question < QUESTIONS_MAX; question += 1) {
      expect(calls.mayAsk('pi')).toBe(true);
      questions.push(begin({ type: 'question', about: 'shed', lost: true }));
    }
    expect(calls.mayAsk('pi')).toBe(false);
    calls.end(questions[0] ?? 0);
    expect(calls.mayAsk('pi')).toBe(true);
    calls.endCycle('pi');
    expect(calls.ofCycle('pi')).toBeUndefined();
    expect(calls.end(beat)).toBeUndefined();
    for (const id of [...questions, trial]) calls.end(id);
    expect(calls.size).toBe(0);
  });
});

describe('the list of peers', () => {
  it('holds 1,024, and drops names of removed ones for newcomers', () => {
    const peers = new Peers();
    for (let peer = 0; peer < PEERS_MAX; peer += 1)
      expect(peers.put(new Peer(String(peer)))).toBe(true);
    expect(peers.put(new Peer('more'))).toBe(false);
    expect(peers.put(new Peer('7'))).toBe(true);
    peers.get('9')?.forget();
    expect(peers.room(1)).toBe(true);
    expect(peers.room(2)).toBe(false);
    expect(peers.put(new Peer('more'))).toBe(true);
    expect(peers.get('9')).toBeUndefined();
    expect(peers.size).toBe(PEERS_MAX);
  });
});

describe('a peer', () => {
  it('counts its moves, and proves nothing of its new address', () => {
    const peer = new Peer('pi');
    peer.endpoint = endpoint;
    peer.typed = at;
    peer.answeredAt = instant(5);
    peer.moveTo('192.0.2.9', instant(10));
    const view = peer.view(instant(12), 'suspect');
    expect(view).toMatchObject({ address: '192.0.2.9:8290', provenMs: null, moves: 1 });
    expect(view).toMatchObject({ addressSinceMs: 2, proof: 'none', lastHeardMs: null });
    expect(peer.typed).toBeUndefined();
  });
});
