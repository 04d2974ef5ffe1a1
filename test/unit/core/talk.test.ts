import { beforeEach, describe, expect, test } from 'vitest';
import { addressKey, formatAddress, type Address } from '../../../src/base/address.ts';
import { minutes } from '../../../src/base/time.ts';
import { BOOK_PAUSE, HISTORY_MAX, REKEY_AGE } from '../../../src/core/config.ts';
import type { Effect } from '../../../src/core/io.ts';
import type { Puppet } from './fixture.ts';
import { Scene, at, classOf, placeOf, sends } from './fixture.ts';

let scene: Scene;
let cellar: Puppet;
let pi: Puppet;

function build(...names: [string, ...string[]]): void {
  scene = new Scene(names);
  [cellar, pi] = [scene.puppet(0), scene.puppet(1)];
}

beforeEach(() => {
  build('attic', 'cellar', 'pi');
});

/** Everybody found, the first bursts over, the fresh socket closed. */
function settle(): void {
  scene.start();
  scene.pass(20_000);
  clear();
}

function clear(): void {
  scene.station.clear();
  for (const puppet of scene.puppets) puppet.heard = [];
}

/** All pings that the members heard. */
function pings(): number {
  return scene.puppets.reduce((sum, puppet) => sum + puppet.messages('ping').length, 0);
}

/** Classes of what was sent to an address, each with its socket, in order. */
function said(to: Address): string[] {
  return sends(scene.station.effects, to).map(
    ({ socket, bytes }) => `${String(socket)} ${classOf(bytes)}`,
  );
}

describe('a beat', () => {
  test('is one ping in all, to one member after the other, however many there are', () => {
    build('attic', 'cellar', 'pi', 'shed', 'barn', 'loft');
    settle();
    scene.pass(30_000);
    const heard = scene.puppets.map((puppet) => puppet.messages('ping').length);
    const sum = heard.reduce((total, count) => total + count);
    expect(sum).toBeGreaterThan(45);
    expect(sum).toBeLessThan(55);
    expect(Math.max(...heard) - Math.min(...heard)).toBeLessThanOrEqual(2);
  });

  test('leaves from the main socket over the path in use and goes nowhere else', () => {
    settle();
    const effects = scene.pass(6_000);
    expect(pings()).toBeGreaterThan(7);
    const places = new Set(
      sends(effects).map(({ socket, to }) => `${String(socket)} ${addressKey(to)}`),
    );
    expect(places).toEqual(new Set([`0 ${placeOf(0)}`, `0 ${placeOf(1)}`]));
  });

  test('goes to nobody who is silent: those have tries of their own', () => {
    settle();
    pi.on = false;
    scene.pass(20_000);
    clear();
    scene.pass(30_000);
    expect(cellar.messages('ping').length).toBeGreaterThan(40);
    expect(said(pi.at).length).toBeLessThan(12);
  });

  test('brings a hello along when the keys are two hours old, and no second one soon', () => {
    settle();
    // Nobody looks at the clock meanwhile: the machine slept, and nothing else happened.
    scene.station.set(scene.station.now + REKEY_AGE);
    scene.pass(5_000);
    const hellos = (): number => said(cellar.at).filter((line) => line.endsWith('hello')).length;
    expect(hellos()).toBeGreaterThan(0);
    clear();
    scene.pass(20_000);
    expect(hellos()).toBe(0);
    expect(scene.station.view(cellar.id).state).toBe('alive');
  });
});

describe('a try of a silent member', () => {
  beforeEach(() => {
    settle();
    cellar.on = false;
  });

  /** What one member is sent in each of its tries, from the beat that stays unanswered on. */
  function tries(): string[][] {
    const effects = scene.pass(4_000);
    const groups: string[][] = [];
    for (const effect of effects) {
      if (effect.type === 'wake') groups.push([]);
      if (effect.type !== 'send' || addressKey(effect.to) !== addressKey(cellar.at)) continue;
      groups.at(-1)?.push(classOf(effect.bytes));
    }
    return groups.filter((group) => group.length > 0);
  }

  test('begins with pings alone; from the third on a hello goes along, for lost keys', () => {
    const classes = tries();
    expect(classes[0]).not.toContain('hello');
    const firstHello = classes.findIndex((group) => group.includes('hello'));
    expect(firstHello).toBeGreaterThan(1);
    expect(classes.slice(firstHello).every((group) => group.includes('hello'))).toBe(true);
  });

  test('asks the newest record’s addresses, hints, and from the third on history', () => {
    scene.pass(10_000);
    const listed = '203.0.113.1:1';
    const { bytes } = cellar.record({ at: [listed] });
    scene.ask({ type: 'hint', member: cellar.id, address: at('203.0.113.2:2') });
    scene.say(pi, { type: 'news', items: [{ kind: 'record', bytes }] });
    clear();
    scene.pass(60_000);
    for (const place of [listed, '203.0.113.2:2', placeOf(0)]) {
      expect(said(at(place)).length).toBeGreaterThan(0);
    }
  });

  test('of a lost one leaves from main and fresh socket by turns, two addresses at a time', () => {
    const places = [1, 2, 3, 4, 5].map((n) => `203.0.113.${String(n)}:1`);
    const { bytes } = cellar.record({ at: places });
    scene.say(pi, { type: 'news', items: [{ kind: 'record', bytes }] });
    scene.pass(60_000);
    expect(scene.station.view(cellar.id).state).toBe('lost');
    clear();
    const effects = scene.pass(300_000);
    const times = effects.filter(({ type }) => type === 'wake').length;
    const toMember = sends(effects).filter(({ to }) => addressKey(to) !== addressKey(pi.at));
    expect(times).toBeGreaterThan(0);
    const main = toMember.filter(({ socket }) => socket === 0).length;
    // So a liar's pongs on the main socket, like pi's here, hold down nobody's fresh one.
    expect(main).toBeGreaterThan(0);
    expect(toMember.length).toBeGreaterThan(main);
    expect(new Set(toMember.map(({ to }) => addressKey(to))).size).toBeGreaterThanOrEqual(5);
    // Five tries or so in five minutes, of three addresses, each with a ping and a hello.
    expect(toMember.length).toBeLessThan(45);
  });
});

describe('news of a lost member that lists five addresses', () => {
  const listed = [1, 2, 3, 4, 5].map((n) => `203.0.113.${String(n)}:1`);
  let sequence: number;

  beforeEach(() => {
    sequence = 0;
    settle();
    cellar.on = false;
    hearOf(listed);
    scene.pass(60_000);
    expect(scene.station.view(cellar.id).state).toBe('lost');
    clear();
  });

  /** Pi hands on the next record, in which the lost one lists these. */
  function hearOf(places: readonly string[]): void {
    sequence += 1;
    const { bytes } = cellar.record({ at: places, sequence });
    scene.say(pi, { type: 'news', items: [{ kind: 'record', bytes }] });
  }

  test('is followed at once to where a hint has it, whoever’s turn it is', () => {
    // A try now and then goes to the next addresses: at each of these turns the same must hold.
    for (let turn = 0; turn < 6; turn += 1) {
      const named = at(`198.51.100.${String(turn + 1)}:1`);
      scene.ask({ type: 'hint', member: cellar.id, address: named });
      scene.pass(1);
      expect(said(named).length).toBeGreaterThan(0);
      scene.pass(70_000);
    }
  });

  test('is followed at once to the address that a new record puts first', () => {
    for (let turn = 0; turn < 6; turn += 1) {
      const first = `198.51.100.${String(turn + 1)}:1`;
      hearOf([first, ...listed]);
      scene.pass(1);
      expect(said(at(first)).length).toBeGreaterThan(0);
      scene.pass(70_000);
    }
  });
});

describe('a lost member that only a fresh socket reaches', () => {
  beforeEach(() => {
    settle();
    cellar.on = false;
    scene.pass(200_000);
    expect(scene.station.view(cellar.id).state).toBe('lost');
    clear();
    cellar.on = true;
    cellar.reached = (socket) => socket !== 0;
  });

  test('is found within three tries although another answers on the main one', () => {
    scene.pass(3 * 60_000);
    expect(scene.station.view(cellar.id)).toMatchObject({ state: 'alive', proof: 'direct' });
    expect(pi.messages('ping').length).toBeGreaterThan(150);
  });

  test('is tried from the main one when the fresh one can’t be opened', () => {
    scene.station.sockets = false;
    cellar.reached = (socket) => socket === 0;
    scene.pass(3 * 60_000);
    expect(scene.station.view(cellar.id).state).toBe('alive');
  });

  test('is asked alone when the fresh one opens for it', () => {
    scene.pass(3 * 60_000);
    const fresh = new Set(sends(scene.station.effects).filter(({ socket }) => socket !== 0));
    expect(fresh.size).toBeGreaterThan(0);
    for (const { to } of fresh) expect(addressKey(to)).toBe(addressKey(cellar.at));
  });
});

describe('addresses that nobody may be asked at', () => {
  test.each([
    '0.1.2.3:4',
    '224.0.0.1:4117',
    '255.255.255.255:4117',
    '203.0.113.1:0',
    '[ff02::1]:1',
  ])('%s is never sent to, whoever lists it', (place) => {
    settle();
    pi.on = false;
    const { bytes } = pi.record({ at: [place, '203.0.113.9:9'] });
    scene.say(cellar, { type: 'news', items: [{ kind: 'record', bytes }] });
    scene.ask({ type: 'hint', member: pi.id, address: at(place) });
    scene.pass(20_000);
    expect(said(at('203.0.113.9:9')).length).toBeGreaterThan(0);
    expect(said(at(place))).toEqual([]);
  });

  test('loopback is not asked by a node that the others see elsewhere', () => {
    settle();
    pi.on = false;
    scene.ask({ type: 'hint', member: pi.id, address: at('127.0.0.1:4117') });
    scene.pass(5_000);
    expect(said(at('127.0.0.1:4117'))).toEqual([]);
  });

  test('loopback is asked by a node that is seen there', () => {
    for (const puppet of scene.puppets) puppet.sees = () => at('127.0.0.1:4117');
    settle();
    pi.on = false;
    scene.ask({ type: 'hint', member: pi.id, address: at('127.0.0.2:4117') });
    expect(said(at('127.0.0.2:4117')).length).toBeGreaterThan(0);
  });
});

describe('a fresh socket', () => {
  test('goes along at the start, when a router may remember flows of an earlier life', () => {
    const records = scene.puppets.map((one, index) => one.record({ at: [placeOf(index)] }).bytes);
    scene = new Scene(['attic', 'cellar', 'pi'], { book: { records, history: [] } });
    for (const puppet of scene.puppets) puppet.on = false;
    scene.start();
    expect(said(cellar.at)).toEqual(['0 hello', '1 hello']);
    expect(said(pi.at)).toEqual(['0 hello', '1 hello']);
  });

  test('carries the path when nobody hears the main one, and the main one is left in peace', () => {
    settle();
    // A router that sends what leaves the main socket to a dead address.
    scene.station.watch = intercept(0);
    scene.pingedSocket = 1;
    scene.pass(20_000);
    expect(scene.station.view(cellar.id)).toMatchObject({ state: 'alive', proof: 'direct' });
    clear();
    scene.pass(60_000);
    expect(said(cellar.at).filter((line) => line.startsWith('0'))).toEqual([]);
    expect(said(cellar.at).filter((line) => line.startsWith('1')).length).toBeGreaterThan(20);
  });

  test('gives the path back to the main one, asked after five minutes', () => {
    settle();
    const whole = scene.station.watch;
    scene.station.watch = intercept(0);
    scene.pingedSocket = 1;
    scene.pass(20_000);
    scene.station.watch = whole;
    scene.pass(minutes(4));
    clear();
    scene.pass(1_000);
    expect(said(cellar.at).every((line) => line.startsWith('1'))).toBe(true);
    scene.pass(minutes(2));
    scene.pingedSocket = 0;
    clear();
    scene.pass(20_000);
    expect(said(cellar.at).every((line) => line.startsWith('0'))).toBe(true);
    expect(scene.station.view(cellar.id)).toMatchObject({ state: 'alive', moves: 0 });
  });

  /** A watch that keeps from the members what leaves this socket. */
  function intercept(socket: number): (effect: Effect) => void {
    const { watch } = scene.station;
    return (effect) => {
      if (effect.type !== 'send' || effect.socket !== socket) watch(effect);
    };
  }
});

describe('the book', () => {
  const bookSaves = (effects: readonly Effect[]): number =>
    effects.filter((effect) => effect.type === 'save' && effect.document === 'book').length;

  test('is written a moment after something in it changed, and then no more', () => {
    const started = scene.start();
    expect(bookSaves(started)).toBe(0);
    const effects = scene.pass(2 * BOOK_PAUSE);
    expect(bookSaves(effects)).toBeGreaterThan(0);
    scene.pass(60_000);
    expect(bookSaves(scene.pass(60_000))).toBe(0);
  });

  test('is written once a second at the most, however much changes', () => {
    settle();
    let saves = 0;
    for (let turn = 0; turn < 100; turn += 1) {
      const place = at(`203.0.113.${String(turn)}:1`);
      scene.ask({ type: 'hint', member: pi.id, address: place });
      const { bytes } = cellar.record({ sequence: turn + 1, at: [formatAddress(place)] });
      scene.say(pi, { type: 'news', items: [{ kind: 'record', bytes }] });
      saves += bookSaves(scene.pass(100));
    }
    expect(saves).toBeGreaterThan(0);
    expect(saves).toBeLessThanOrEqual(11);
  });

  test('is not written while nothing changes', () => {
    settle();
    expect(bookSaves(scene.pass(minutes(2)))).toBe(0);
  });

  test('keeps 32 addresses of a member that is seen at a new one again and again', () => {
    settle();
    for (let turn = 0; turn < HISTORY_MAX + 5; turn += 1) {
      cellar.at = at(`203.0.113.${String(turn)}:4117`);
      const { bytes } = cellar.record({ sequence: turn + 1, at: [formatAddress(cellar.at)] });
      scene.say(pi, { type: 'news', items: [{ kind: 'record', bytes }] });
      scene.pass(1_200);
    }
    const book = scene.station.node.document('book') as {
      readonly history: readonly { readonly id: string; readonly addresses: readonly unknown[] }[];
    };
    expect(book.history.find(({ id }) => id === cellar.id)?.addresses).toHaveLength(HISTORY_MAX);
    expect(scene.station.view(cellar.id).moves).toBe(HISTORY_MAX + 5);
  });
});

test('a node that knows no address of anybody sends nothing', () => {
  const blank = new Scene(['attic', 'cellar', 'pi'], { blank: true });
  blank.start();
  blank.pass(20_000);
  expect(sends(blank.station.effects)).toEqual([]);
});
