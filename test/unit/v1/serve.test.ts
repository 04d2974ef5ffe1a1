import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { millis } from '../../../src/base/time.ts';
import { codeAt } from '../../../src/crypto/totp.ts';
import { LOGINS_UNDER_WAY, LOGINS_WAITING, PEERS_MAX } from '../../../src/v1/config.ts';
import { V1Machine } from '../../../src/v1/machine.ts';
import { Scene, SECRET, at } from './fixture.ts';

const HOME = '192.0.2.9:40000';
const AWAY = '203.0.113.5:40000';

describe('a machine', () => {
  it.each([0, -1, NaN])('is not made with an interval of %i ms', (ms) => {
    expect(() => new Scene({ interval: millis(ms) })).toThrow(InvariantError);
  });

  it('is not made with a name that nobody can write', () => {
    const settings = { interval: millis(1_000), beat: true };
    const config = { name: 'a\tb', stored: undefined, settings, seed: 1 };
    expect(() => new V1Machine(config)).toThrow(InvariantError);
  });
});

describe('a request', () => {
  it('of no known operation is a bad one', () => {
    const scene = new Scene();
    const bad = { status: 400, body: '400 - Bad Request' };
    for (const operation of ['x', '', undefined]) {
      expect(scene.ask(operation, '{}', HOME)).toMatchObject(bad);
    }
    expect(scene.ask('h', 'hello', HOME).status).toBe(400);
  });
});

describe('a connect', () => {
  it('with a good login gets a secret of 160 bits and its address, in that order', () => {
    const { status, body } = new Scene().connect('pi', HOME);
    expect(status).toBe(200);
    expect(body).toMatch(/^\{"TOTPSecret":"[A-Z2-7]{32}","ReflectionIP":"192\.0\.2\.9:40000"\}$/);
  });

  it('is told its new secret when that is on disk, and all else at once', () => {
    const scene = new Scene();
    scene.register('pi', HOME);
    const said = (): unknown => scene.effects.findLast(({ type }) => type === 'reply');
    expect(said()).toMatchObject({ status: 200, durable: true });
    scene.connect('pi', HOME, null);
    expect(said()).toMatchObject({ status: 401, durable: false });
    const secret = scene.register('pi', HOME);
    scene.heartbeat('pi', secret, HOME);
    expect(said()).toMatchObject({ status: 200, durable: false });
  });

  it('over IPv6 is shown its address in brackets', () => {
    const { body } = new Scene().connect('pi', '[2001:db8::9]:40000');
    expect(body).toContain('"ReflectionIP":"[2001:db8::9]:40000"');
  });

  it('with a bad login is refused', () => {
    const refused = { status: 401, body: 'Incorrect username or password' };
    expect(new Scene().connect('pi', HOME, null)).toMatchObject(refused);
  });

  it('of another login does not get a name that is taken, and the owner gets it again', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME, 'user');
    expect(scene.connect('pi', AWAY, 'mallory')).toMatchObject({ status: 401 });
    expect(scene.events('v1-name-taken')).toMatchObject([{ name: 'pi', from: at(AWAY) }]);
    expect(scene.heartbeat('pi', secret, HOME).status).toBe(200);
    expect(scene.register('pi', AWAY, 'user')).not.toBe(secret);
  });

  it('as this node itself is refused', () => {
    expect(new Scene().connect('attic', HOME).status).toBe(401);
  });

  it.each(['', 'a ', 'x'.repeat(65)])('as %j is a bad request', (name) => {
    expect(new Scene().connect(name, HOME)).toMatchObject({ status: 400 });
  });

  it('again does not end the secret in use until the new one is used from home', () => {
    const scene = new Scene();
    const first = scene.register('pi', HOME);
    expect(scene.heartbeat('pi', first, HOME).status).toBe(200);
    const replayed = scene.register('pi', AWAY);
    expect(scene.heartbeat('pi', first, HOME).status).toBe(200);
    const second = scene.register('pi', HOME);
    expect(scene.heartbeat('pi', second, HOME).status).toBe(200);
    expect(scene.heartbeat('pi', first, HOME).status).toBe(400);
    expect(scene.heartbeat('pi', replayed, AWAY).status).toBe(400);
  });

  it('is judged four at a time, 64 wait, and one more is told to come again', () => {
    const scene = new Scene();
    const ask = (who: number): number => {
      const body = { NodeUUID: `n${String(who)}`, Username: 'u', Password: 'p' };
      return scene.request('c', body, `10.0.${String(who)}.1:1`);
    };
    for (let who = 0; who < LOGINS_UNDER_WAY + LOGINS_WAITING; who += 1) {
      expect(scene.answerTo(ask(who))).toBeUndefined();
    }
    expect(scene.count('check-login')).toBe(LOGINS_UNDER_WAY);
    expect(scene.answerTo(ask(99))).toMatchObject({ status: 503, body: '503 - Try again later' });
    scene.step({ type: 'login-checked', request: 1, login: 'u' });
    expect(scene.count('check-login')).toBe(LOGINS_UNDER_WAY + 1);
  });

  it('after three failures is refused unchecked, by source and by name, but not at home', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    scene.heartbeat('pi', secret, HOME);
    for (let failure = 0; failure < 3; failure += 1) scene.connect('pi', AWAY, null);
    const checks = scene.count('check-login');
    expect(scene.connect('pi', AWAY).status).toBe(401);
    expect(scene.connect('shed', AWAY).status).toBe(401);
    expect(scene.connect('pi', '198.51.100.7:1').status).toBe(401);
    expect(scene.count('check-login')).toBe(checks);
    expect(scene.connect('pi', HOME).status).toBe(200);
    scene.pass(1_000);
    expect(scene.connect('shed', AWAY).status).toBe(200);
  });

  it('of a new name is told when there are 1,024, and no name is lost for it', () => {
    const scene = new Scene();
    for (let who = 0; who < PEERS_MAX; who += 1) scene.register(`n${String(who)}`, HOME);
    expect(scene.connect('more', HOME)).toMatchObject({ status: 503 });
    expect(scene.connect('n7', HOME).status).toBe(200);
    expect(scene.machine.stored().peers).toHaveLength(PEERS_MAX);
  });
});

describe('a heartbeat', () => {
  it('is answered with the address it came from', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    expect(scene.heartbeat('pi', secret, HOME)).toMatchObject({ status: 200, body: HOME });
    const six = '[2001:db8::9]:40000';
    const other = scene.register('shed', six);
    expect(scene.heartbeat('shed', other, six)).toMatchObject({ status: 200, body: six });
  });

  it('of nobody known, or of one typed in that never registered, has no secret here', () => {
    const scene = new Scene();
    scene.friend('pi');
    const unknown = { status: 401, body: 'node TOTP not registered' };
    expect(scene.heartbeat('gone', SECRET, HOME)).toMatchObject(unknown);
    expect(scene.heartbeat('pi', SECRET, HOME)).toMatchObject(unknown);
  });

  it('with a wrong code is refused', () => {
    const scene = new Scene();
    scene.register('pi', HOME);
    const wrong = { status: 400, body: '400 - Invalid TOTP' };
    expect(scene.heartbeat('pi', SECRET, HOME)).toMatchObject(wrong);
  });

  it('may repeat its code within the step, be a step early or late, and never older', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    expect(scene.heartbeat('pi', secret, HOME, -2).status).toBe(400);
    expect(scene.heartbeat('pi', secret, HOME, 2).status).toBe(400);
    expect(scene.heartbeat('pi', secret, HOME, -1).status).toBe(200);
    expect(scene.heartbeat('pi', secret, HOME, -1).status).toBe(200);
    expect(scene.heartbeat('pi', secret, HOME, 1).status).toBe(200);
    expect(scene.heartbeat('pi', secret, HOME, 0).status).toBe(400);
  });

  it('of a step that only a wrong clock here could have seen does not lock the peer out', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    scene.wallOffset += 36_000_000;
    expect(scene.heartbeat('pi', secret, HOME).status).toBe(200);
    scene.wallOffset -= 36_000_000;
    expect(scene.heartbeat('pi', secret, HOME).status).toBe(200);
  });

  it('of a removed peer is not listed, and it cannot register again', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    scene.command({ type: 'remove-peer', name: 'pi' });
    const notListed = { status: 401, body: 'node UUID not registered' };
    expect(scene.heartbeat('pi', secret, HOME)).toMatchObject(notListed);
    expect(scene.connect('pi', HOME).status).toBe(401);
    expect(scene.machine.peers(0 as never)).toEqual([]);
  });

  it('with a sixth wrong code in a step is not looked at, right or not', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    scene.heartbeat('pi', secret, HOME);
    for (let guess = 0; guess < 5; guess += 1) scene.heartbeat('pi', SECRET, AWAY);
    expect(scene.heartbeat('pi', secret, AWAY).status).toBe(400);
    expect(scene.heartbeat('pi', secret, HOME).status).toBe(200);
    expect(scene.heartbeat('pi', secret, '198.51.100.7:1').status).toBe(200);
    scene.pass(30_000);
    expect(scene.heartbeat('pi', secret, AWAY).status).toBe(200);
  });

  it('keeps its step over a restart, so that an old code is not good again', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    scene.heartbeat('pi', secret, HOME);
    scene.restart();
    expect(scene.heartbeat('pi', secret, HOME, -1).status).toBe(400);
    expect(scene.heartbeat('pi', secret, HOME).status).toBe(200);
  });

  it('tells how far the clock of the peer is off', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    for (let beat = 0; beat < 12; beat += 1) {
      // Its clock is 20 s ahead.
      const code = codeAt(secret, Math.floor((scene.wall + 20_000) / 30_000));
      expect(scene.ask('h', { NodeUUID: 'pi', TOTP: code }, HOME).status).toBe(200);
      scene.pass(5_000);
    }
    expect(Math.abs((scene.peer().skewMs ?? 0) - 20_000)).toBeLessThanOrEqual(2_500);
  });
});

describe('a sync', () => {
  const ask = (scene: Scene, secret: string, lost: string, from = HOME) =>
    scene.ask(
      's',
      { LostUUID: lost, NodeUUID: 'pi', TOTP: codeAt(secret, scene.currentStep) },
      from,
    );

  it('is answered with the address alone, of v1 peers and of visible members', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    scene.friend('shed', '192.0.2.77:8290');
    const visible = [{ name: 'barn', ip: '2001:db8::5' }];
    scene.step({ type: 'cluster', cluster: { own: [], visible } });
    expect(ask(scene, secret, 'shed')).toMatchObject({ status: 200, body: '192.0.2.77' });
    expect(ask(scene, secret, 'barn')).toMatchObject({ status: 200, body: '2001:db8::5' });
  });

  it('about nobody known, or somebody removed, is an error', () => {
    const scene = new Scene();
    const secret = scene.register('pi', HOME);
    scene.friend('shed');
    scene.command({ type: 'remove-peer', name: 'shed' });
    const unknown = { status: 500, body: '500 - Node not register on this host' };
    for (const lost of ['gone', 'shed', '', '__proto__']) {
      expect(ask(scene, secret, lost)).toMatchObject(unknown);
    }
  });

  it('of a stranger, or with a wrong code, is refused in its own words', () => {
    const scene = new Scene();
    const stranger = { status: 401, body: 'node UUID not registered' };
    expect(ask(scene, SECRET, 'pi')).toMatchObject(stranger);
    scene.register('pi', HOME);
    expect(ask(scene, SECRET, 'pi')).toMatchObject({ status: 401, body: '400 - Invalid TOTP' });
  });
});
