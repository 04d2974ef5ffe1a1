import { describe, expect, it } from 'vitest';
import { codeAt } from '../../../src/crypto/totp.ts';
import { instant, wallTime } from '../../../src/base/time.ts';
import { LOGIN, SECRET, Scene, at, endpoint } from './fixture.ts';

const REGISTERED = `{"TOTPSecret":"${SECRET}","ReflectionIP":"198.51.100.1:5"}`;

function add(scene: Scene, wishes: { https?: boolean; insecure?: boolean; login?: boolean } = {}) {
  const { https = false, insecure = !https, login = true } = wishes;
  const to = endpoint('192.0.2.9:8290', https);
  const peer = { name: 'pi', endpoint: to, login: login ? LOGIN : undefined, insecure };
  return scene.command({ type: 'add-peer', peer });
}

/** Lets a peer's heartbeats fail until it is lost; the calls that follow are left to the test. */
function lose(scene: Scene, name = 'pi'): void {
  for (let failure = 0; failure < 3; failure += 1) {
    scene.pass(10_000);
    for (const call of scene.calls()) {
      const mine = call.to.at.ip === (scene.peer(name).ip ?? '');
      if (mine) scene.fail(call);
      else scene.respond(call, 200, call.operation === 's' ? '192.0.2.9' : '198.51.100.1:5');
    }
  }
}

describe('the cycle', () => {
  it('waits for the disk with a registration alone that ends a secret in use', () => {
    const scene = new Scene();
    scene.friend();
    const first = new Scene();
    const peer = { name: 'pi', endpoint: endpoint('192.0.2.9:8290'), login: LOGIN, insecure: true };
    first.command({ type: 'add-peer', peer });
    expect(first.call()).toMatchObject({ operation: 'c', durable: false });
    scene.pass(10_000);
    for (const call of scene.calls())
      expect(call).toMatchObject({ operation: 'h', durable: false });
  });

  it('registers first, with 10 s to answer, and sends a heartbeat then, with 5 s', () => {
    const scene = new Scene();
    add(scene);
    const connect = scene.call();
    expect(connect).toMatchObject({
      operation: 'c',
      timeout: 10_000,
      to: endpoint('192.0.2.9:8290'),
    });
    expect(connect.body).toBe('{"NodeUUID":"attic","Password":"123456","Username":"user"}');
    scene.respond(connect, 200, REGISTERED);
    const heartbeat = scene.call();
    const code = codeAt(SECRET, scene.currentStep);
    expect(heartbeat).toMatchObject({ operation: 'h', timeout: 5_000, fresh: false });
    expect(heartbeat.body).toBe(`{"IPADDR":"198.51.100.1","NodeUUID":"attic","TOTP":"${code}"}`);
    scene.respond(heartbeat, 200, '198.51.100.1:5');
    expect(scene.peer()).toMatchObject({ state: 'alive', registeredOut: true, retries: 0 });
  });

  it('has the period that was set', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(9_999);
    expect(scene.calls()).toEqual([]);
    scene.pass(1);
    expect(scene.call().operation).toBe('h');
  });

  it('sends <nil> before it has an address, and what the cluster voted once that is there', () => {
    const scene = new Scene();
    scene.friend('pi', '192.0.2.9:8290', 'garbage');
    const cluster = { own: [{ family: 4, ip: '203.0.113.50' }], visible: [] } as const;
    scene.pass(10_000);
    expect(scene.call().body).toContain('"IPADDR":"\\u003cnil\\u003e"');
    scene.step({ type: 'cluster', cluster });
    scene.pass(10_000);
    expect(scene.calls().at(-1)?.body).toContain('"IPADDR":"203.0.113.50"');
  });

  it('polls all peers side by side: one that hangs holds up no other', () => {
    const scene = new Scene();
    const names = ['a', 'b', 'c', 'd'];
    names.forEach((name, index) => {
      scene.friend(name, `192.0.2.${String(index + 1)}:8290`);
    });
    scene.pass(10_000);
    expect(scene.calls().map(({ to }) => to.at.ip)).toHaveLength(4);
  });

  it('repeats a heartbeat unanswered for a second once, over a new connection', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(10_000);
    const first = scene.call();
    scene.pass(1_000);
    const again = scene.call();
    expect(again).toMatchObject({ operation: 'h', fresh: true });
    scene.pass(2_000);
    expect(scene.calls()).toEqual([]);
    scene.respond(again, 200, '198.51.100.1:5');
    scene.fail(first);
    expect(scene.peer()).toMatchObject({ state: 'alive', retries: 0 });
  });

  it('can be ended and begun again', () => {
    const scene = new Scene();
    scene.friend();
    scene.command({ type: 'beat', on: false });
    scene.pass(60_000);
    expect(scene.calls()).toEqual([]);
    scene.command({ type: 'beat', on: true });
    scene.pass(1);
    expect(scene.call().operation).toBe('h');
  });
});

describe('an answer to a heartbeat', () => {
  it('of 400 forgets the reflection and counts as a failure', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(10_000);
    scene.respond(scene.call(), 400, '400 - Invalid TOTP');
    expect(scene.peer()).toMatchObject({ reflected: null, retries: 1, state: 'suspect' });
  });

  it('of 200 that says nothing is a failure: another server is there now', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(10_000);
    scene.respond(scene.call(), 200, '<html>It works!</html>');
    expect(scene.peer()).toMatchObject({ retries: 1, state: 'suspect' });
  });

  it('of 401 registers again, then beats again, and a second 401 registers no more', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(10_000);
    scene.respond(scene.call(), 401, 'node TOTP not registered');
    const connect = scene.call();
    expect(connect.operation).toBe('c');
    scene.respond(connect, 200, '{"TOTPSecret":"JBSWY3DPEHPK3PXP","ReflectionIP":""}');
    const heartbeat = scene.call();
    expect(heartbeat.body).toContain(codeAt('JBSWY3DPEHPK3PXP', scene.currentStep));
    scene.respond(heartbeat, 401, 'node UUID not registered');
    expect(scene.calls()).toEqual([]);
    expect(scene.peer()).toMatchObject({ retries: 1 });
  });

  it('of 400 registers again when a registration before it was never answered', () => {
    const scene = new Scene();
    scene.friend();
    scene.wish({ type: 'register', name: 'pi', login: undefined });
    const connect = scene.call();
    // The peer may end the old secret at any time from now on.
    expect(connect).toMatchObject({ operation: 'c', durable: true });
    scene.fail(connect);
    scene.pass(10_000);
    scene.respond(scene.call(), 400, '400 - Invalid TOTP');
    scene.respond(scene.call(), 200, '{"TOTPSecret":"JBSWY3DPEHPK3PXP","ReflectionIP":""}');
    // The secret is right now: if it is refused, a clock is wrong, and no login helps.
    scene.respond(scene.call(), 400, '400 - Invalid TOTP');
    expect(scene.calls()).toEqual([]);
    expect(scene.peer()).toMatchObject({ retries: 2 });
  });

  it('of 400 does so after a restart in the middle of a registration, too', () => {
    const scene = new Scene();
    scene.friend();
    scene.wish({ type: 'register', name: 'pi', login: undefined });
    scene.calls();
    scene.restart();
    scene.respond(scene.call(), 400, '400 - Invalid TOTP');
    expect(scene.call().operation).toBe('c');
  });

  it('that is good says that the old secret still counts, and 400 is a failure again', () => {
    const scene = new Scene();
    scene.friend();
    scene.wish({ type: 'register', name: 'pi', login: undefined });
    scene.fail(scene.call());
    scene.pass(10_000);
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    scene.pass(10_000);
    scene.respond(scene.call(), 400, '400 - Invalid TOTP');
    expect(scene.calls()).toEqual([]);
  });

  it('of 401 keeps the secret until there is a new one', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(10_000);
    scene.respond(scene.call(), 401, 'node TOTP not registered');
    scene.respond(scene.call(), 401, 'Incorrect username or password');
    expect(scene.peer()).toMatchObject({ problem: 'credentials-refused', registeredOut: true });
    scene.pass(10_000);
    expect(scene.call().operation).toBe('h');
  });

  it('tells with its Date how far the clock of the peer is off', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(10_000);
    const { call } = scene.call();
    const date = wallTime(Math.floor((scene.wall + 20_000) / 1000) * 1000);
    const body = '198.51.100.1:5';
    scene.pass(40);
    scene.step({ type: 'response', call, status: 200, body, date, pin: undefined });
    expect(Math.abs((scene.peer().skewMs ?? 0) - 20_000)).toBeLessThanOrEqual(1_040);
    expect(scene.peer().rttMs).toBe(40);
  });

  it('that comes after the peer was found elsewhere changes nothing', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(10_000);
    const late = scene.call();
    scene.wish({ type: 'try', name: 'pi', at: at('203.0.113.5:8290') });
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    scene.fail(late);
    expect(scene.peer()).toMatchObject({ ip: '203.0.113.5', retries: 0, state: 'alive' });
  });
});

describe('a lost peer', () => {
  it('is one that failed three times in a row', () => {
    const scene = new Scene();
    scene.friend();
    for (let failure = 0; failure < 2; failure += 1) {
      scene.pass(10_000);
      scene.calls().forEach((call) => {
        scene.fail(call);
      });
    }
    expect(scene.peer().state).toBe('suspect');
    scene.pass(10_000);
    scene.calls().forEach((call) => {
      scene.fail(call);
    });
    expect(scene.peer().state).toBe('lost');
    expect(scene.events('v1-lost')).toHaveLength(1);
  });

  it('is sought and sent heartbeats in turn while nobody knows better', () => {
    const scene = new Scene();
    scene.friend();
    scene.friend('shed', '192.0.2.77:8290');
    lose(scene);
    const turns: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      scene.pass(10_000);
      for (const call of scene.calls()) {
        if (call.operation === 's') turns.push('sync');
        else if (call.to.at.ip === '192.0.2.9' && !call.fresh) turns.push('heartbeat');
        if (call.to.at.ip === '192.0.2.9') scene.fail(call);
        else scene.respond(call, 200, call.operation === 's' ? '192.0.2.9' : '198.51.100.1:5');
      }
      scene.calls();
    }
    expect(turns).toEqual(['sync', 'heartbeat', 'sync', 'heartbeat', 'sync', 'heartbeat']);
  });

  it('is tried at once where a third one says it is, and taken there when it answers', () => {
    const scene = new Scene();
    scene.friend();
    scene.friend('shed', '192.0.2.77:8290');
    lose(scene);
    scene.pass(10_000);
    const sync = scene.calls().find(({ operation }) => operation === 's');
    if (sync === undefined) throw new Error('no sync');
    expect(sync.body).toContain('"LostUUID":"pi"');
    scene.respond(sync, 200, '203.0.113.5');
    const trial = scene.call();
    expect(trial.to).toEqual(endpoint('203.0.113.5:8290'));
    expect(scene.peer().ip).toBe('192.0.2.9');
    scene.respond(trial, 200, '198.51.100.1:5');
    expect(scene.peer()).toMatchObject({ ip: '203.0.113.5', state: 'alive', retries: 0, moves: 1 });
    expect(scene.events('v1-found')).toHaveLength(1);
    expect(scene.events('v1-moved')).toMatchObject([{ from: '192.0.2.9', to: '203.0.113.5' }]);
  });

  it('is asked about among those only who answered within two intervals', () => {
    const scene = new Scene();
    scene.friend();
    scene.friend('shed', '192.0.2.77:8290');
    for (let turn = 0; turn < 4; turn += 1) {
      scene.pass(10_000);
      for (const call of scene.calls()) scene.fail(call);
    }
    expect(scene.calls().filter(({ operation }) => operation === 's')).toEqual([]);
    expect(scene.events('v1-orphan')).toHaveLength(1);
    scene.pass(30_000);
    expect(scene.calls().some(({ operation }) => operation === 'h')).toBe(true);
    expect(scene.events('v1-orphan')).toHaveLength(1);
  });
});

describe('credentials', () => {
  it('do not go over plain HTTP unless that was allowed', () => {
    const scene = new Scene();
    expect(add(scene, { insecure: false })).toEqual({ type: 'refused', reason: 'insecure-http' });
    expect(scene.calls()).toEqual([]);
  });

  it('do not go where a peer moved to, before a code of its own came from there', () => {
    const scene = new Scene();
    scene.friend();
    const secret = scene.register('pi', '203.0.113.5:1');
    scene.wish({ type: 'try', name: 'pi', at: at('203.0.113.6:8290') });
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    // Typed again: that address is good, and no other.
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    expect(scene.peer().ip).toBe('203.0.113.5');
    scene.pass(10_000);
    scene.respond(scene.calls()[0] ?? scene.call(), 401, 'node TOTP not registered');
    expect(scene.calls().map(({ operation }) => operation)).not.toContain('c');
    // Whoever said 401 may be another by now: only its next code shows that it is still there.
    scene.pass(10_000);
    const again = scene.calls()[0] ?? scene.call();
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    scene.respond(again, 401, 'node TOTP not registered');
    expect(scene.call().operation).toBe('c');
  });

  it('are withheld when the address only used to be the peer’s', () => {
    const scene = new Scene();
    scene.friend();
    scene.friend('shed', '192.0.2.77:8290');
    lose(scene);
    scene.pass(10_000);
    for (const call of scene.calls()) {
      if (call.operation === 's') scene.respond(call, 200, '203.0.113.5');
    }
    const trial = scene.calls().find(({ to }) => to.at.ip === '203.0.113.5');
    if (trial === undefined) throw new Error('no trial');
    scene.respond(trial, 200, '198.51.100.1:5');
    scene.pass(10_000);
    const there = scene.calls().filter(({ to }) => to.at.ip === '203.0.113.5');
    const beat = there.find(({ operation }) => operation === 'h');
    if (beat === undefined) throw new Error('no heartbeat');
    scene.respond(beat, 401, 'node TOTP not registered');
    expect(scene.calls().filter(({ operation }) => operation === 'c')).toEqual([]);
    expect(scene.peer().problem).toBe('credentials-withheld');
    expect(scene.events('v1-credentials-withheld')).toHaveLength(1);
  });

  it('are withheld at the typed address when the peer’s own codes come from elsewhere', () => {
    const scene = new Scene();
    scene.friend();
    const secret = scene.register('pi', '203.0.113.5:1');
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    scene.calls().forEach((call) => {
      scene.fail(call, 'refused');
    });
    scene.pass(10_000);
    for (const call of scene.calls()) {
      if (call.to.at.ip === '192.0.2.9') scene.respond(call, 401, 'node TOTP not registered');
    }
    expect(scene.calls().filter(({ operation }) => operation === 'c')).toEqual([]);
  });

  it('go over HTTPS to the pinned key alone, which the first answer pins', () => {
    const scene = new Scene();
    add(scene, { https: true });
    const connect = scene.call();
    expect(connect.pin).toBeUndefined();
    scene.respond(connect, 200, REGISTERED, 'key');
    const heartbeat = scene.call();
    expect(heartbeat.pin).toBe('key');
    scene.respond(heartbeat, 200, '198.51.100.1:5', 'key');
    expect(scene.peer().proof).toBe('tls');
    scene.pass(10_000);
    scene.fail(scene.call(), 'certificate');
    expect(scene.peer()).toMatchObject({ problem: 'certificate', retries: 1 });
    expect(scene.events('v1-certificate')).toHaveLength(1);
    scene.command({ type: 'trust-again', name: 'pi' });
    expect(scene.peer().problem).toBeNull();
    scene.pass(10_000);
    const again = scene.call();
    expect(again.pin).toBeUndefined();
    scene.respond(again, 200, '198.51.100.1:5', 'other key');
    scene.pass(10_000);
    expect(scene.call().pin).toBe('other key');
  });

  it('are refused: the next registration waits, longer each time', () => {
    const scene = new Scene();
    add(scene);
    const tries: number[] = [];
    for (let second = 0; second < 200; second += 1) {
      for (const call of scene.calls()) {
        tries.push(second);
        scene.respond(call, 401, 'Incorrect username or password');
      }
      scene.pass(1_000);
    }
    expect(tries.length).toBeGreaterThan(2);
    expect(tries.length).toBeLessThan(8);
    const gaps = tries.slice(1).map((second, index) => second - (tries[index] ?? 0));
    expect(gaps).toEqual(gaps.toSorted((a, b) => a - b));
  });
});

describe('a code from another address', () => {
  it('changes nothing, and is called back there once, at the known port and path', () => {
    const scene = new Scene();
    scene.friend();
    const secret = scene.register('pi', '192.0.2.9:1');
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    const back = scene.call();
    expect(back).toMatchObject({ operation: 'h', fresh: true, to: endpoint('203.0.113.5:8290') });
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    scene.heartbeat('pi', secret, '203.0.113.6:1');
    expect(scene.calls().filter(({ to }) => to.at.ip.startsWith('203.'))).toEqual([]);
    expect(scene.peer().ip).toBe('192.0.2.9');
    scene.respond(back, 200, '198.51.100.1:5');
    expect(scene.peer()).toMatchObject({ ip: '203.0.113.5', moves: 1 });
  });

  it('is called back again after 1 s, 2 s, 4 s … 30 s while that fails', () => {
    const scene = new Scene({ beat: false });
    scene.friendQuietly();
    const secret = scene.register('pi', '192.0.2.9:1');
    const times: number[] = [];
    for (let tick = 0; tick < 1_400; tick += 1) {
      scene.heartbeat('pi', secret, '203.0.113.5:1');
      for (const call of scene.calls()) {
        if (call.to.at.ip === '203.0.113.5') times.push(scene.now);
        scene.fail(call, 'refused');
      }
      scene.pass(100);
    }
    const gaps = times
      .slice(1)
      .map((time, index) => Math.round((time - (times[index] ?? 0)) / 1000));
    expect(gaps).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  it('that repeats one from home moves nobody who still answers at home', () => {
    const scene = new Scene();
    scene.friend();
    const secret = scene.register('pi', '192.0.2.9:1');
    scene.heartbeat('pi', secret, '192.0.2.9:1');
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    const calls = scene.calls();
    expect(calls.map(({ to }) => to.at.ip)).toEqual(['203.0.113.5', '192.0.2.9']);
    calls.forEach((call) => {
      scene.respond(call, 200, '198.51.100.1:5');
    });
    scene.pass(2_000);
    expect(scene.peer().ip).toBe('192.0.2.9');
  });

  it('that repeats one from home moves one whose home is silent', () => {
    const scene = new Scene();
    scene.friend();
    const secret = scene.register('pi', '192.0.2.9:1');
    scene.heartbeat('pi', secret, '192.0.2.9:1');
    scene.pass(50);
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    const [back] = scene.calls();
    if (back === undefined) throw new Error('no call back');
    scene.respond(back, 200, '198.51.100.1:5');
    expect(scene.peer().ip).toBe('192.0.2.9');
    scene.pass(600);
    expect(scene.peer().ip).toBe('203.0.113.5');
  });

  it('moves a caller that nobody can call when it is the first of its step, and else not', () => {
    const scene = new Scene();
    const secret = scene.register('pi', '192.0.2.9:1');
    scene.heartbeat('pi', secret, '192.0.2.9:1');
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    expect(scene.peer()).toMatchObject({ ip: '192.0.2.9', port: null, proof: 'none', moves: 0 });
    expect(scene.events('v1-unconfirmed')).toHaveLength(1);
    scene.pass(30_000);
    scene.heartbeat('pi', secret, '203.0.113.5:1');
    expect(scene.peer()).toMatchObject({ ip: '203.0.113.5', moves: 1 });
  });
});

describe('a peer that only calls', () => {
  it('is where its calls come from, with the port of the first from there', () => {
    const scene = new Scene();
    const secret = scene.register('pi', '192.0.2.9:1');
    expect(scene.peer().address).toBeNull();
    scene.heartbeat('pi', secret, '192.0.2.9:40000');
    // Originals come from another port each time; that is no move.
    scene.heartbeat('pi', secret, '192.0.2.9:40001');
    const shown = { ip: '192.0.2.9', address: '192.0.2.9:40000', port: null, proof: 'none' };
    expect(scene.peer()).toMatchObject({ ...shown, moves: 0 });
    scene.pass(30_000);
    scene.heartbeat('pi', secret, '203.0.113.5:40002');
    expect(scene.peer()).toMatchObject({ address: '203.0.113.5:40002', moves: 1 });
    // A port is of no use after a restart: what is kept is the IP address.
    scene.restart();
    expect(scene.peer().address).toBe('203.0.113.5');
    scene.pass(30_000);
    scene.heartbeat('pi', secret, '203.0.113.5:40003');
    expect(scene.peer()).toMatchObject({ address: '203.0.113.5:40003', moves: 1 });
    expect(scene.count('view-changed')).toBeGreaterThan(0);
  });

  it('is alive while it calls, suspect after 20 s, lost after a minute, and found again', () => {
    const scene = new Scene();
    const secret = scene.register('pi', '192.0.2.9:1');
    scene.heartbeat('pi', secret, '192.0.2.9:1');
    expect(scene.peer().state).toBe('alive');
    scene.pass(20_001);
    expect(scene.peer().state).toBe('suspect');
    scene.pass(40_000);
    expect(scene.peer().state).toBe('lost');
    scene.heartbeat('pi', secret, '192.0.2.9:1');
    expect(scene.peer().state).toBe('alive');
    expect(scene.events('v1-found')).toHaveLength(1);
  });
});

describe('the own address', () => {
  it('is public if any peer saw it so, and its changes are told once, all peers at once', () => {
    const scene = new Scene();
    scene.friend('a', '192.0.2.1:8290', '10.0.0.7:1');
    expect(scene.events('v1-self-moved')).toMatchObject([{ to: '10.0.0.7' }]);
    scene.friend('b', '192.0.2.2:8290', '198.51.100.1:1');
    scene.friend('c', '192.0.2.3:8290', '198.51.100.1:1');
    expect(scene.machine.own()).toEqual({
      public: { ip: '198.51.100.1', votes: 2, voters: 2 },
      private: { ip: '10.0.0.7', votes: 1, voters: 1 },
    });
    scene.pass(10_000);
    const [a, b, c] = scene.calls();
    if (a === undefined || b === undefined || c === undefined) throw new Error('three calls');
    scene.respond(a, 200, '10.0.0.7:1');
    scene.respond(b, 200, '198.51.100.99:1');
    scene.respond(c, 200, '198.51.100.99:1');
    expect(scene.machine.own().public?.ip).toBe('198.51.100.99');
    expect(scene.events('v1-self-moved')).toHaveLength(3);
    expect(scene.calls().length).toBeGreaterThan(0);
  });

  it('stays what it was when nobody says anything any more', () => {
    const scene = new Scene();
    scene.friend();
    lose(scene);
    expect(scene.machine.own().public).toEqual({ ip: '198.51.100.1', votes: 0, voters: 0 });
    expect(scene.machine.peers(instant(scene.now))).toHaveLength(1);
  });
});
