import { beforeEach, describe, expect, test } from 'vitest';
import { addressKey, type Address } from '../../../src/base/address.ts';
import { minutes } from '../../../src/base/time.ts';
import { BURST_FIRST, INTRODUCE_FRESH } from '../../../src/core/config.ts';
import type { NodeEvent } from '../../../src/core/events.ts';
import type { Effect } from '../../../src/core/io.ts';
import type { Message } from '../../../src/wire/message.ts';
import { Puppet, Scene, at, classOf, eventTypes, events, placeOf, sends } from './fixture.ts';

let scene: Scene;
let cellar: Puppet;
let pi: Puppet;
let shed: Puppet;

function build(...names: [string, ...string[]]): void {
  scene = new Scene(names);
  [cellar, pi, shed] = [scene.puppet(0), scene.puppet(1), scene.puppet(2)];
}

/** Everybody found, the first bursts over, the fresh socket closed. */
function settle(): void {
  scene.start();
  scene.pass(20_000);
  clear();
}

beforeEach(() => {
  build('attic', 'cellar', 'pi', 'shed');
  settle();
});

function clear(): void {
  scene.station.clear();
  for (const puppet of scene.puppets) puppet.heard = [];
}

function heard(): NodeEvent[] {
  return events(scene.station.effects);
}

function doubts(): string[] {
  return heard().flatMap((event) => (event.type === 'doubt' ? [event.why] : []));
}

function seen(host: string): void {
  for (const puppet of scene.puppets) {
    puppet.sees = (socket) => at(`${host}:${String(4117 + socket)}`);
  }
}

function own(): string | undefined {
  return scene.station.status().self.addresses[0]?.address;
}

function to(place: Address, effects: readonly Effect[] = scene.station.effects): number {
  return sends(effects, place).length;
}

function pingSockets(puppet: Puppet): number[] {
  return puppet.heard.flatMap(({ message, socket }) => (message.type === 'ping' ? [socket] : []));
}

function say(puppet: Puppet, message: Message): Effect[] {
  return scene.say(puppet, message);
}

describe('a round', () => {
  test('begins when a pong says another host than is believed, and ends in a new address', () => {
    seen('203.0.113.80');
    scene.pass(1_000);
    expect(doubts()).toEqual(['reflection']);
    expect(own()).toBe('203.0.113.80:4117');
    expect(heard()).toContainEqual({
      ...{ type: 'self-moved', from: at('198.51.100.1:4117'), to: at('203.0.113.80:4117') },
      ...{ votes: 3, voters: 3 },
    });
  });

  test('tells everybody the new address within a fraction of a second', () => {
    seen('203.0.113.80');
    scene.pass(1_000);
    for (const puppet of scene.puppets) {
      expect(puppet.messages('news').flatMap(({ items }) => items).length).toBeGreaterThan(0);
    }
  });

  test('asks everybody at once from the main socket and from a fresh one', () => {
    seen('203.0.113.80');
    scene.pass(1_000);
    for (const puppet of scene.puppets) expect(new Set(pingSockets(puppet)).has(0)).toBe(true);
    expect(scene.station.effects.some(({ type }) => type === 'open-socket')).toBe(true);
  });

  test('begins when a beat stays unanswered, and asks the others too', () => {
    cellar.on = false;
    scene.pass(3_000);
    expect(doubts()[0]).toBe('unanswered');
    expect(own()).toBe('198.51.100.1:4117');
  });

  test('begins when nobody pinged this node for six beats', () => {
    scene.pings = false;
    scene.pass(6 * 600 * 1.1 + 700);
    expect(doubts()).toContain('silence');
  });

  test('is begun once a socket by one member’s contradiction, and not by its repetition', () => {
    cellar.sees = () => at('203.0.113.66:6666');
    scene.pass(30_000);
    const early = doubts().length;
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThanOrEqual(3);
    scene.pass(60_000);
    expect(doubts()).toHaveLength(early);
    expect(own()).toBe('198.51.100.1:4117');
  });

  test('is begun by no answer to a question of the round before, however late it comes', () => {
    cellar.pongs = false;
    while (doubts().length === 0) scene.pass(50);
    scene.pass(400);
    const before = doubts();
    const questions = cellar.messages('ping');
    expect(questions.length).toBeGreaterThan(1);
    for (const { challenge } of questions) {
      const seen = at('198.51.100.1:6666');
      say(cellar, { type: 'pong', challenge, sequence: 0, digest: cellar.lastDigest, seen });
    }
    scene.pass(200);
    expect(doubts()).toEqual(before);
  });

  test('that one liar keeps beginning gets rarer and names it', () => {
    let port = 1;
    cellar.sees = () => at(`203.0.113.66:${String((port += 1))}`);
    scene.pass(minutes(2));
    expect(heard()).toContainEqual({ type: 'outvoted', id: cellar.id, name: 'cellar' });
    clear();
    scene.pass(minutes(5));
    expect(doubts()).toEqual([]);
    expect(own()).toBe('198.51.100.1:4117');
  });

  test('for a member silent on purpose now and then comes half a second apart at least', () => {
    let beats = 0;
    const times: number[] = [];
    for (let step = 0; step < 600; step += 1) {
      cellar.pongs = (beats += 1) % 2 === 0;
      const effects = scene.pass(100);
      if (eventTypes(effects).includes('doubt')) times.push(scene.station.now);
    }
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps.filter((gap) => gap < 500)).toEqual([]);
    expect(times.length).toBeLessThan(60_000 / 1_000);
  });

  test('in which nobody answers believes what was believed before', () => {
    for (const puppet of scene.puppets) puppet.on = false;
    scene.pass(3_000);
    expect(own()).toBe('198.51.100.1:4117');
    expect(eventTypes(scene.station.effects)).not.toContain('self-moved');
  });

  test('asks eight of a larger cluster first, and as many again when too few answer', () => {
    const names = Array.from({ length: 20 }, (_, index) => `n${String(index)}`);
    build('attic', ...names);
    settle();
    seen('203.0.113.80');
    for (const puppet of scene.puppets.slice(1)) puppet.pongs = false;
    const effects = scene.pass(60_000).slice();
    const first = events(effects).find((event) => event.type === 'doubt');
    expect(first).toMatchObject({ asked: BURST_FIRST });
    const asked = scene.puppets.filter((puppet) => puppet.messages('ping').length > 0);
    expect(asked.length).toBeGreaterThan(2 * BURST_FIRST);
  });
});

describe('a member that does not answer', () => {
  test('is a suspect after two tries, lost after four seconds, found with its first pong', () => {
    cellar.on = false;
    scene.pass(12_000);
    const states = heard().filter((event) => 'id' in event && event.id === cellar.id);
    expect(states.map(({ type }) => type)).toEqual(['member-suspect', 'member-lost']);
    expect(scene.station.view(cellar.id).state).toBe('lost');
    cellar.on = true;
    clear();
    scene.pass(minutes(2));
    const [found] = heard();
    expect(found).toMatchObject({ type: 'member-found', id: cellar.id, address: at(placeOf(0)) });
    expect(found?.type === 'member-found' ? found.after : 0).toBeGreaterThan(10_000);
  });

  test('stays a member for ever, and is tried for ever, slowly', () => {
    cellar.on = false;
    scene.pass(minutes(30));
    clear();
    scene.pass(minutes(10));
    expect(scene.station.node.memberCount).toBe(4);
    const tries = to(cellar.at);
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(60);
  });

  test('is sought of the others from the second failure on, rarer and rarer', () => {
    cellar.on = false;
    scene.pass(4_000);
    const early = pi.messages('seek').length;
    expect(early).toBeGreaterThan(1);
    expect(pi.messages('seek')[0]).toEqual({ type: 'seek', target: cellar.id, sequence: 0 });
    scene.pass(minutes(10));
    clear();
    scene.pass(minutes(10));
    expect(pi.messages('seek').length).toBeLessThan(14);
    expect(pi.messages('seek').length).toBeGreaterThan(6);
  });

  test('is found through somebody’s answer at an address that nobody here knew', () => {
    const place = '203.0.113.9:999';
    cellar.on = false;
    scene.pass(3_000);
    cellar.at = at(place);
    cellar.on = true;
    const target = cellar.id;
    say(pi, { type: 'sought', target, age: 100, seen: at(place), record: undefined });
    expect(scene.station.view(cellar.id)).toMatchObject({ state: 'alive', proof: 'direct' });
    expect(scene.station.view(cellar.id).address).toBe(place);
  });

  test('is found through its newest record in somebody’s answer', () => {
    const place = '203.0.113.9:999';
    cellar.on = false;
    scene.pass(3_000);
    cellar.at = at(place);
    cellar.on = true;
    const { bytes: record } = cellar.record({ at: [place] });
    const target = cellar.id;
    say(pi, { type: 'sought', target, age: undefined, seen: undefined, record });
    expect(scene.station.view(cellar.id)).toMatchObject({ state: 'alive', address: place });
  });

  test('shows as lost however often somebody says to have seen it', () => {
    cellar.on = false;
    for (let turn = 0; turn < 200; turn += 1) {
      const place = at(`203.0.113.${String(turn)}:53`);
      const target = cellar.id;
      say(pi, { type: 'sought', target, age: 1, seen: place, record: undefined });
      say(pi, { type: 'introduce', seeker: target, address: place, record: undefined });
      scene.pass(60);
    }
    expect(scene.station.view(cellar.id).state).toBe('lost');
  });
});

describe('an answer that nobody asked for', () => {
  test('draws not one datagram to the address it names', () => {
    const victim = at('203.0.113.53:53');
    say(pi, { type: 'sought', target: cellar.id, age: 1, seen: victim, record: undefined });
    expect(to(victim)).toBe(0);
    expect(scene.station.count('sought-unasked')).toBe(1);
  });
});

describe('a seek', () => {
  const seek = (sequence = 0): Message => ({ type: 'seek', target: cellar.id, sequence });

  test('is answered with the address proven here, its age and the newer record', () => {
    const { bytes } = cellar.record({ sequence: 4, at: [placeOf(0)] });
    say(shed, { type: 'news', items: [{ kind: 'record', bytes }] });
    clear();
    say(pi, seek(3));
    const [answer] = pi.messages('sought');
    expect(answer).toMatchObject({ target: cellar.id, seen: at(placeOf(0)), record: bytes });
    expect(answer?.age).toBeLessThan(3_000);
    scene.pass(200);
    clear();
    say(pi, seek(4));
    expect(pi.messages('sought')[0]?.record).toBeUndefined();
  });

  test('makes this node tell the sought one who looks for it, and from where', () => {
    say(pi, seek());
    expect(cellar.messages('introduce')).toMatchObject([{ seeker: pi.id, address: pi.at }]);
  });

  test('for a member that is silent here as well names no address, and introduces nobody', () => {
    cellar.on = false;
    scene.pass(5_000);
    clear();
    say(pi, seek());
    expect(pi.messages('sought')).toMatchObject([{ age: undefined, seen: undefined }]);
    expect(sends(scene.station.effects, cellar.at).map(({ bytes }) => bytes.length)).toEqual([]);
  });

  test('is answered once in 100 ms for the same target', () => {
    for (let count = 0; count < 5; count += 1) say(pi, seek());
    expect(pi.messages('sought')).toHaveLength(1);
    scene.pass(101);
    say(pi, seek());
    expect(pi.messages('sought')).toHaveLength(2);
  });

  test('for myself, for the seeker itself or for a stranger is not answered', () => {
    for (const target of [
      scene.station.id,
      pi.id,
      new Puppet('no', scene.cluster, '1.1.1.1:1').id,
    ]) {
      say(pi, { type: 'seek', target, sequence: 0 });
    }
    expect(pi.messages('sought')).toEqual([]);
  });

  test('introduces nobody to a member that was not proven within the last minute', () => {
    scene = new Scene(['attic', 'cellar', 'pi'], { settings: { beat: minutes(5) } });
    [cellar, pi] = [scene.puppet(0), scene.puppet(1)];
    scene.start();
    scene.pass(10_000);
    say(pi, seek());
    expect(cellar.messages('introduce')).toHaveLength(1);
    scene.pass(INTRODUCE_FRESH);
    clear();
    say(pi, seek());
    expect(pi.messages('sought')).toHaveLength(1);
    expect(cellar.messages('introduce')).toEqual([]);
  });
});

describe('an introduction', () => {
  test('makes this node call the seeker at the address it was proven at', () => {
    cellar.on = false;
    scene.pass(5_000);
    cellar.at = at('203.0.113.7:7');
    cellar.on = true;
    const address = cellar.at;
    say(pi, { type: 'introduce', seeker: cellar.id, address, record: undefined });
    expect(scene.station.view(cellar.id)).toMatchObject({ address: '203.0.113.7:7' });
  });

  test('of a member that answers at the same host changes nothing', () => {
    const address = at('192.0.2.9:9');
    say(pi, { type: 'introduce', seeker: cellar.id, address, record: undefined });
    expect(to(address)).toBe(0);
  });

  test('of a stranger or of myself changes nothing', () => {
    const address = at('203.0.113.7:7');
    for (const seeker of [scene.station.id, new Puppet('no', scene.cluster, '1.1.1.1:1').id]) {
      say(pi, { type: 'introduce', seeker, address, record: undefined });
    }
    expect(to(address)).toBe(0);
  });
});

describe('a node that hears nobody', () => {
  beforeEach(() => {
    for (const puppet of scene.puppets) puppet.on = false;
  });

  test('tries every address of everybody’s history in turn', () => {
    for (let turn = 1; turn <= 5; turn += 1) {
      scene.ask({ type: 'hint', member: cellar.id, address: at(`203.0.113.${String(turn)}:1`) });
    }
    scene.pass(12_000);
    clear();
    scene.pass(12_000);
    for (let turn = 1; turn <= 5; turn += 1) {
      expect(to(at(`203.0.113.${String(turn)}:1`))).toBeGreaterThan(0);
    }
  });

  test('is an orphan, says once the line that helps, and calls everybody each second', () => {
    scene.pass(12_000);
    const said = heard().filter(({ type }) => type === 'orphan');
    expect(said).toHaveLength(1);
    expect(said[0]?.type === 'orphan' ? said[0].advice : '').toMatch(/flotilla hint \S+ HOST:PORT/);
    clear();
    scene.pass(10_000);
    for (const { at: place } of scene.puppets) {
      expect(to(place)).toBeGreaterThanOrEqual(10);
    }
  });

  test('calls at two seconds’ pace after two minutes, at ten after ten', () => {
    scene.pass(12_000);
    const rate = (): number => {
      clear();
      scene.pass(40_000);
      return sends(scene.station.effects, cellar.at).filter(
        ({ bytes }) => classOf(bytes) === 'session',
      ).length;
    };
    const early = rate();
    scene.pass(minutes(2));
    const later = rate();
    scene.pass(minutes(10));
    const late = rate();
    expect(early / later).toBeGreaterThan(1.5);
    expect(later / late).toBeGreaterThan(3);
  });

  test('is afloat again with everybody as soon as one comes back and knows the others', () => {
    scene.pass(20_000);
    cellar.on = true;
    scene.pass(2_000);
    expect(eventTypes(scene.station.effects)).toContain('afloat');
    expect(scene.station.status().self.state).toBe('afloat');
    expect(scene.station.view(cellar.id).state).toBe('alive');
  });
});

describe('what could not be sent', () => {
  function fail(puppet: Puppet, reason: 'unreachable' | 'refused' = 'unreachable'): void {
    scene.step({ type: 'send-failed', socket: 0, to: puppet.at, reason });
  }

  /** A beat leaves while the network is gone. */
  function beat(): void {
    for (const puppet of scene.puppets) puppet.on = false;
    while (sends(scene.station.effects).length === 0) scene.pass(50);
    for (const puppet of scene.puppets) puppet.on = true;
  }

  test('was no question: nobody is silent because of it, and all are asked 20 ms later', () => {
    beat();
    for (const puppet of scene.puppets) fail(puppet);
    expect(doubts()).toEqual([]);
    scene.pass(20);
    expect(doubts()).toEqual(['send-error']);
    scene.pass(2_000);
    expect(eventTypes(scene.station.effects)).not.toContain('member-suspect');
  });

  test('that was no challenge of mine begins nothing', () => {
    scene.step({ type: 'send-failed', socket: 0, to: at('203.0.113.1:1'), reason: 'other' });
    scene.pass(1_000);
    expect(doubts()).toEqual([]);
  });

  test('is tried again later and later, up to a second, while sending fails', () => {
    const { watch } = scene.station;
    const times: number[] = [];
    const failing: { readonly socket: 0 | 1 | 2; readonly to: Address }[] = [];
    scene.station.watch = (effect) => {
      if (effect.type === 'send') failing.push(effect);
      else watch(effect);
    };
    for (let step = 0; step < 800; step += 1) {
      const effects = scene.pass(10);
      if (failing.length > 0 && times.at(-1) !== scene.station.now) times.push(scene.station.now);
      for (const { socket, to: place } of failing.splice(0)) {
        scene.step({ type: 'send-failed', socket, to: place, reason: 'unreachable' });
      }
      expect(effects.length).toBeLessThan(200);
    }
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps)).toBeGreaterThan(300);
    expect(times.length).toBeLessThan(100);
  });
});

describe('fresh sockets', () => {
  test('are closed ten seconds after the last burst that needed them', () => {
    seen('203.0.113.80');
    scene.pass(1_000);
    const open = (): number =>
      scene.station.effects.filter(({ type }) => type === 'open-socket').length -
      scene.station.effects.filter(({ type }) => type === 'close-socket').length;
    expect(open()).toBe(1);
    scene.pass(20_000);
    expect(open()).toBe(0);
  });

  test('are at most two, however many rounds there are', () => {
    let openNow = 0;
    scene.station.sockets = true;
    for (let round = 0; round < 60; round += 1) {
      seen(`203.0.113.${String(round)}`);
      cellar.on = round % 2 === 0;
      for (const effect of scene.pass(1_500)) {
        if (effect.type === 'open-socket') openNow += 1;
        if (effect.type === 'close-socket') openNow -= 1;
        expect(openNow).toBeLessThanOrEqual(2);
      }
    }
  });

  test('that cannot be opened are done without', () => {
    scene.station.sockets = false;
    seen('203.0.113.80');
    const effects = scene.pass(1_000);
    expect(own()).toBe('203.0.113.80:4117');
    for (const effect of effects) {
      if (effect.type === 'open-socket')
        scene.step({ type: 'socket-failed', socket: effect.socket });
    }
    scene.pass(20_000);
    const sockets = new Set(sends(scene.station.effects).map(({ socket }) => socket));
    expect(sockets).toEqual(new Set([0]));
  });
});

test('at the start everybody is called at the last address known, and once each at first', () => {
  build('attic', 'cellar', 'pi', 'shed');
  for (const puppet of scene.puppets) puppet.on = false;
  const effects = scene.start();
  const called = sends(effects).map(({ to: place, bytes }) => [addressKey(place), classOf(bytes)]);
  expect(called.toSorted()).toEqual(
    scene.puppets.map((_, index) => [placeOf(index), 'hello']).toSorted(),
  );
});
