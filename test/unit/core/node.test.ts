import { beforeEach, describe, expect, test } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { UserError } from '../../../src/base/errors.ts';
import { minutes, seconds } from '../../../src/base/time.ts';
import { CLOCK_JUMP, DEFAULTS, LOOP_STALL } from '../../../src/core/config.ts';
import { EMPTY_BOOK, readBook, readCluster } from '../../../src/core/documents.ts';
import type { StoredCluster } from '../../../src/core/documents.ts';
import type { Effect, Input, Moment } from '../../../src/core/io.ts';
import { Node } from '../../../src/core/node.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { identityOf, seedOf } from './acts.ts';
import { Scene, Station, Wire, at, bookOf, classOf } from './fixture.ts';
import { eventTypes, events, placeOf, sends, storedCluster } from './fixture.ts';

let scene: Scene;

beforeEach(() => {
  scene = new Scene(['attic', 'cellar', 'pi']);
});

function settle(): void {
  scene.start();
  scene.pass(20_000);
  scene.station.clear();
  for (const puppet of scene.puppets) puppet.heard = [];
}

function stored(): StoredCluster {
  const read = readCluster(scene.station.node.document('cluster'));
  if (read === undefined) throw new Error('the document cannot be read');
  return read;
}

function hellos(effects: readonly Effect[] = scene.station.effects): number {
  return sends(effects).filter(({ bytes }) => classOf(bytes) === 'hello').length;
}

function doubts(): string[] {
  return events(scene.station.effects).flatMap((event) =>
    event.type === 'doubt' ? [event.why] : [],
  );
}

describe('a node', () => {
  test('is made of stored acts, and of nothing less', () => {
    const make = (acts: readonly Uint8Array[], name = 'attic'): Station =>
      new Station(name, { stored: { acts, invites: [], reserved: 0, tags: [] } });
    const { acts } = storedCluster('attic', 'cellar').stored;
    expect(make(acts).node.memberCount).toBe(2);
    expect(() => make([])).toThrow(UserError);
    expect(() => make(acts.slice(1))).toThrow(UserError);
    expect(() => make(acts.map((bytes) => bytes.slice(1)))).toThrow(UserError);
    expect(() => make(acts, 'stranger')).toThrow(UserError);
  });

  test('is known by its ID, its name and its cluster', () => {
    const { node } = scene.station;
    expect([node.id, node.name, node.clusterName, node.clusterId, node.memberCount]).toEqual([
      ...[identityOf('attic').id, 'attic', 'lake', scene.cluster, 3],
    ]);
  });

  test('finds members by name, by ID and by the beginning of an ID', () => {
    const { node } = scene.station;
    const { id } = identityOf('pi');
    expect([node.find('pi'), node.find(id), node.find(id.slice(0, 12))]).toEqual([id, id, id]);
    expect(node.find('nobody')).toBe('unknown');
  });

  test('starts once, whatever the host says', () => {
    expect(eventTypes(scene.start())).toContain('started');
    expect(scene.station.step({ type: 'start' })).toEqual([]);
  });

  test('keeps no key on disk besides the secrets of its invites', () => {
    settle();
    const { seed, agreement } = identityOf('attic');
    const documents = JSON.stringify([
      scene.station.node.document('cluster'),
      scene.station.node.document('book'),
    ]);
    for (const secret of [seed, agreement.secret]) expect(documents).not.toContain(toHex(secret));
  });

  test('goes on after a restart where it was: members, addresses, tags and invites', () => {
    settle();
    scene.ask({ type: 'tag', changes: [{ key: 'room', value: 'roof' }] });
    scene.ask({ type: 'invite', at: ['192.0.2.1:1'], uses: 3, expires: minutes(5) });
    const book = readBook(scene.station.node.document('book'));
    if (book === undefined) throw new Error('the document cannot be read');
    const again = new Scene(['attic', 'cellar', 'pi'], { stored: stored(), book });
    again.start();
    again.pass(1_000);
    const { node } = again.station;
    expect(node.memberCount).toBe(3);
    expect(again.station.view(again.station.id).tags).toEqual({ room: 'roof' });
    expect(again.station.status().invites).toMatchObject([{ usesLeft: 3 }]);
    for (const { id } of again.puppets) expect(again.station.view(id).state).toBe('alive');
  });
});

describe('being woken', () => {
  test('is asked for once for each time, with a word why', () => {
    const wakes = scene.start().filter((effect) => effect.type === 'wake');
    expect(wakes.length).toBeGreaterThan(0);
    expect(wakes.every((effect) => effect.type === 'wake' && effect.why !== '')).toBe(true);
    // Nothing happened since: the wake that was asked for still holds.
    const bytes = new Uint8Array(0);
    const effects = scene.step({ type: 'datagram', socket: 0, from: at('192.0.2.1:1'), bytes });
    expect(effects).toEqual([]);
  });

  test('too early rings nothing and is asked for again', () => {
    settle();
    const { wakeAt } = scene.station;
    const effects = scene.station.step({ type: 'wake' });
    expect(effects.map(({ type }) => type)).toEqual(['wake']);
    expect(scene.station.wakeAt).toBe(wakeAt);
  });

  test('long after its time rings everything that was due', () => {
    settle();
    scene.station.set(scene.station.now + 3_000);
    expect(sends(scene.step({ type: 'wake' })).length).toBeGreaterThan(0);
    expect(scene.station.wakeAt).toBeGreaterThan(scene.station.now);
  });
});

describe('an idle node', () => {
  function wakes(): number {
    scene.station.clear();
    scene.pass(30_000);
    return scene.station.effects.filter(({ type }) => type === 'wake').length;
  }

  test('that is alone is woken for nothing but its beat', () => {
    scene = new Scene(['attic']);
    settle();
    expect(wakes()).toBeLessThan(60);
  });

  test('that hears nobody is woken for its calls, not twenty times a second', () => {
    settle();
    for (const puppet of scene.puppets) puppet.on = false;
    scene.pass(20_000);
    expect(scene.station.status().self.state).toBe('orphan');
    expect(wakes()).toBeLessThan(250);
  });

  test('with a beat of minutes is afloat all the time, and says next to nothing', () => {
    scene = new Scene(['attic', 'cellar', 'pi'], { settings: { beat: minutes(10) } });
    scene.pings = false;
    settle();
    scene.pass(minutes(20));
    expect(eventTypes(scene.station.effects)).not.toContain('orphan');
    expect(sends(scene.station.effects).length).toBeLessThan(40);
  });
});

test('members beyond those that the first round asks are called too, a few at a time', () => {
  scene = new Scene(['attic', ...Array.from({ length: 30 }, (_, index) => `n${String(index)}`)]);
  scene.start();
  scene.pass(3_000);
  expect(scene.station.status().members).toEqual({ total: 31, alive: 31, lost: 0 });
});

describe('a ticket that is on disk', () => {
  test('settles those before it too, and none after it', () => {
    settle();
    scene.station.saves = false;
    const answers = (): number[] =>
      scene.station.effects.flatMap((effect) => (effect.type === 'answer' ? [effect.id] : []));
    for (const key of ['a', 'b', 'c']) {
      scene.ask({ type: 'tag', changes: [{ key, value: '' }] });
    }
    const tickets = scene.station.effects.flatMap((effect) =>
      effect.type === 'save' ? [effect.ticket] : [],
    );
    expect(tickets).toEqual(tickets.toSorted((a, b) => a - b));
    scene.step({ type: 'saved', ticket: tickets[1] ?? 0 });
    expect(answers()).toEqual([1, 2]);
    scene.step({ type: 'saved', ticket: tickets[1] ?? 0 });
    expect(answers()).toEqual([1, 2]);
    scene.step({ type: 'saved', ticket: tickets[2] ?? 0 });
    expect(answers()).toEqual([1, 2, 3]);
  });
});

describe('clocks that drift apart', () => {
  beforeEach(settle);

  test.each([
    ['forward', CLOCK_JUMP + 1],
    ['back', -CLOCK_JUMP - 1],
  ])('by more than ten seconds %s drop all keys, and everybody is asked', (_way, skew) => {
    scene.station.skew += skew;
    scene.pass(700);
    expect(doubts()).toEqual(['clock-jump']);
    expect(hellos()).toBeGreaterThanOrEqual(2);
    scene.pass(1_000);
    for (const { id } of scene.puppets) expect(scene.station.view(id).state).toBe('alive');
  });

  test('by ten seconds, or by days in small steps, change nothing', () => {
    scene.station.skew += CLOCK_JUMP;
    scene.pass(1_000);
    for (let step = 0; step < 20; step += 1) {
      scene.station.skew -= seconds(9);
      scene.pass(700);
    }
    expect([doubts(), hellos()]).toEqual([[], 0]);
  });

  test('while a round is under way let it end, greet at once, and begin another', () => {
    scene.puppet(1).on = false;
    // Somebody is silent, so the round goes on until its time-out.
    while (!doubts().includes('unanswered')) scene.pass(10);
    scene.station.clear();
    scene.station.skew += CLOCK_JUMP + 1;
    scene.step({ type: 'wake' });
    expect(hellos()).toBeGreaterThanOrEqual(1);
    expect(doubts()).toEqual([]);
    scene.pass(1_000);
    expect(doubts()[0]).toBe('clock-jump');
    expect(scene.station.view(scene.puppet(0).id).state).toBe('alive');
  });

  test('decide nothing else: nobody is lost, moved or forgotten by it', () => {
    for (const skew of [minutes(60 * 24 * 400), -minutes(60 * 24 * 900), 12_345_678]) {
      scene.station.skew = skew;
      scene.pass(2_000);
    }
    const told = eventTypes(scene.station.effects).filter((type) => type !== 'doubt');
    expect(told).toEqual([]);
    expect(scene.station.status().members).toEqual({ total: 3, alive: 3, lost: 0 });
  });
});

describe('a loop that ran late', () => {
  beforeEach(settle);

  test('makes nobody suspect: what waits in the sockets is read first', () => {
    const puppet = scene.puppet(0);
    for (let turn = 0; turn < 10; turn += 1) {
      puppet.pongs = false;
      puppet.heard = [];
      while (puppet.messages('ping').length === 0) scene.pass(10);
      const [asked] = puppet.messages('ping');
      if (asked === undefined) throw new Error('nothing was asked');
      // The loop stood still for two seconds; the pong was there all the time.
      scene.station.set(scene.station.now + 2_000);
      scene.station.late = 2_000;
      scene.step({ type: 'wake' });
      scene.station.late = 0;
      puppet.pongs = true;
      const { challenge, digest } = asked;
      scene.say(puppet, { type: 'pong', challenge, sequence: 0, digest, seen: puppet.sees(0) });
    }
    expect(doubts()).toEqual([]);
    expect(eventTypes(scene.station.effects)).not.toContain('member-suspect');
  });

  test('by five seconds asks everybody, without dropping a key: the machine may have slept', () => {
    scene.station.late = LOOP_STALL;
    scene.pass(700);
    expect(doubts()).toEqual([]);
    scene.station.late = LOOP_STALL + 1;
    scene.station.step({ type: 'wake' });
    scene.station.late = 0;
    scene.pass(700);
    expect(doubts()[0]).toBe('clock-jump');
    expect(hellos()).toBe(0);
  });
});

test('the same inputs at the same moments give the same effects', () => {
  const inputs: { readonly moment: Moment; readonly input: Input }[] = [];
  const outputs: unknown[] = [];
  const { node } = scene.station;
  const step = node.step.bind(node);
  node.step = (moment, input) => {
    const effects = step(moment, input);
    inputs.push({ moment, input });
    outputs.push([...effects]);
    return effects;
  };
  scene.start();
  scene.puppet(0).on = false;
  scene.pass(15_000);
  const twin = new Node({
    suite: nodeSuite,
    identity: identityOf('attic'),
    cluster: storedCluster('attic', 'cellar', 'pi').stored,
    book: bookOf({ cellar: placeOf(0), pi: placeOf(1) }),
    settings: DEFAULTS,
    seed: seedOf('attic'),
  });
  expect(inputs.length).toBeGreaterThan(50);
  expect(inputs.map(({ moment, input }) => [...twin.step(moment, input)])).toEqual(outputs);
});

test('two copies of one state repeat no keystream: their bytes differ at once', () => {
  settle();
  // Two copies of one state take different entropy from the host, as two hosts would give it.
  const book = readBook(scene.station.node.document('book')) ?? EMPTY_BOOK;
  const sent = [1, 2].map(() => {
    const copy = new Scene(['attic', 'cellar', 'pi'], { stored: stored(), book });
    copy.start();
    return sends(copy.station.effects).map(({ bytes }) => toHex(bytes));
  });
  const [one = [], two = []] = sent;
  expect(one.length).toBeGreaterThan(0);
  expect(one.filter((bytes) => two.includes(bytes))).toEqual([]);
});

describe('three nodes on one wire', () => {
  let wire: Wire;
  let stations: Station[];

  beforeEach(() => {
    const names = ['attic', 'cellar', 'pi'];
    const { stored: cluster } = storedCluster(...names);
    wire = new Wire();
    const places = Object.fromEntries(
      names.map((name, index) => [name, `192.0.${String(index)}.1:4117`]),
    );
    stations = names.map((name, index) => {
      const book = bookOf(places);
      const history = book.history.filter(({ id }) => id !== identityOf(name).id);
      const station = new Station(name, { stored: cluster, book: { records: [], history } });
      wire.add(station, `192.0.${String(index)}.1`);
      return station;
    });
    for (const station of stations) station.start();
    wire.run(15_000);
  });

  function station(index: number): Station {
    const found = stations[index];
    if (found === undefined) throw new Error('no such station');
    return found;
  }

  /** Whether everybody has everybody at the right place, challenged by itself. */
  function healed(): boolean {
    return stations.every((one) =>
      stations.every((other) => {
        if (one === other) return true;
        const { address, proof, state } = one.view(other.id);
        return address === `${wire.hostOf(other)}:4117` && proof === 'direct' && state === 'alive';
      }),
    );
  }

  /** Milliseconds until all is well, a minute at the most. */
  function heal(): number {
    const begun = wire.now;
    while (!healed() && wire.now - begun < 60_000) wire.run(10);
    return wire.now - begun;
  }

  test('know each other and themselves', () => {
    expect(healed()).toBe(true);
    for (const one of stations) {
      expect(one.status().self).toMatchObject({
        state: 'afloat',
        addresses: [{ address: `${wire.hostOf(one)}:4117` }],
      });
    }
  });

  test('one that moves is found again within two beats, and stays found', () => {
    wire.move(station(1), '198.51.100.1');
    expect(heal()).toBeLessThan(1_300);
    wire.run(10_000);
    expect(healed()).toBe(true);
  });

  test('two that move at once are found again through the third', () => {
    wire.move(station(0), '198.51.100.1');
    wire.move(station(2), '198.51.100.2');
    expect(heal()).toBeLessThan(2_500);
  });

  test('two that swap addresses are told apart', () => {
    const [one, two] = [wire.hostOf(station(0)), wire.hostOf(station(1))];
    wire.move(station(0), two);
    wire.move(station(1), one);
    expect(heal()).toBeLessThan(2_500);
  });

  test('one that dies while the two others move does not keep these apart', () => {
    const dead = station(2);
    wire.remove(dead);
    stations.pop();
    wire.move(station(0), '198.51.100.1');
    wire.run(300);
    expect(heal()).toBeLessThan(2_500);
    wire.run(15_000);
    expect(station(0).view(dead.id).state).toBe('lost');
  });

  test('a move leaves one event at each of the others and none at itself but its own', () => {
    for (const one of stations) one.clear();
    wire.move(station(1), '198.51.100.1');
    heal();
    wire.run(5_000);
    const told = stations.map((one) =>
      eventTypes(one.effects).filter((type) => type.endsWith('moved')),
    );
    expect(told).toEqual([['member-moved'], ['self-moved'], ['member-moved']]);
  });
});
