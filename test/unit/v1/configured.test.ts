import { describe, expect, it } from 'vitest';
import type { Login } from '../../../src/v1/commands.ts';
import { endpoint, LOGIN, Scene, SECRET } from './fixture.ts';

const HOME = '192.0.2.9:8290';

/** What the config says of `pi`, and puts it in if that is wanted; gives what was. */
function start(scene: Scene, said: string | null, place = HOME, login: Login = LOGIN): unknown {
  const entries = said === null ? [] : [{ name: 'pi', said, login }];
  const reply = scene.command({ type: 'configured', entries });
  if (reply?.type !== 'wanted') throw new Error('not compared');
  if (said !== null && reply.names.includes('pi')) {
    const peer = { name: 'pi', endpoint: endpoint(place), login, insecure: true };
    scene.command({ type: 'add-peer', peer, said });
  }
  return reply.names;
}

/** Answers the registration and the heartbeat after it. */
function letIn(scene: Scene): void {
  scene.respond(scene.call(), 200, `{"TOTPSecret":"${SECRET}","ReflectionIP":""}`);
  scene.respond(scene.call(), 200, '198.51.100.1:5');
}

/** One that stands in the config and is registered with. */
function configured(): Scene {
  const scene = new Scene();
  expect(start(scene, 'A')).toEqual(['pi']);
  letIn(scene);
  return scene;
}

describe('a peer that stands in the config', () => {
  it('is registered with, and says so', () => {
    expect(configured().peer()).toMatchObject({ configured: true, registeredOut: true });
  });

  it('stays where it was followed to when the same entry is read again', () => {
    const scene = configured();
    scene.wish({ type: 'try', name: 'pi', at: endpoint('192.0.2.77:8290').at });
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    scene.restart();
    scene.calls();
    expect(start(scene, 'A')).toEqual([]);
    expect(scene.calls()).toEqual([]);
    expect(scene.peer()).toMatchObject({ address: '192.0.2.77:8290', registeredOut: true });
  });

  it('is where a changed entry says', () => {
    const scene = configured();
    expect(start(scene, 'B', '192.0.2.50:8290')).toEqual(['pi']);
    expect(scene.peer()).toMatchObject({ address: '192.0.2.50:8290', configured: true });
  });

  it('is looked for anew at each start until it was registered with', () => {
    const scene = new Scene();
    start(scene, 'A');
    scene.fail(scene.call());
    expect(start(scene, 'A', '192.0.2.50:8290')).toEqual(['pi']);
    expect(scene.peer().address).toBe('192.0.2.50:8290');
  });

  it('gets another password without being typed anew, and is not held up by the old one', () => {
    const scene = configured();
    scene.pass(10_000);
    scene.respond(scene.call(), 401, 'node TOTP not registered');
    scene.respond(scene.call(), 401, 'Incorrect username or password');
    expect(scene.peer().problem).toBe('credentials-refused');
    expect(start(scene, 'A', HOME, { username: 'user', password: 'new' })).toEqual([]);
    expect(scene.peer().problem).toBeNull();
    scene.pass(10_000);
    scene.respond(scene.call(), 401, 'node TOTP not registered');
    expect(scene.call()).toMatchObject({ operation: 'c' });
    expect(scene.machine.stored().peers[0]?.login?.password).toBe('new');
  });

  it('is not changed or removed by hand', () => {
    const scene = configured();
    const peer = {
      name: 'pi',
      endpoint: endpoint('192.0.2.50:8290'),
      login: LOGIN,
      insecure: true,
    };
    const refused = { type: 'refused', reason: 'in-config' };
    expect(scene.command({ type: 'add-peer', peer })).toEqual(refused);
    expect(scene.command({ type: 'remove-peer', name: 'pi' })).toEqual(refused);
    expect(scene.peer().address).toBe(HOME);
  });

  it('is removed with its entry: not called any more, and its codes are refused', () => {
    const scene = configured();
    const secret = scene.register('pi', '192.0.2.9:4000');
    expect(scene.heartbeat('pi', secret, '192.0.2.9:4000').status).toBe(200);
    scene.restart();
    scene.calls();
    start(scene, null);
    expect(scene.machine.peers(0 as never)).toEqual([]);
    expect(scene.heartbeat('pi', secret, '192.0.2.9:4000').status).toBe(401);
    scene.pass(30_000);
    expect(scene.calls()).toEqual([]);
    // Back in the config, it goes on with the secret that it has.
    start(scene, 'A');
    expect(scene.heartbeat('pi', secret, '192.0.2.9:4000').status).toBe(200);
  });

  it('keeps its place there when a file of the original is taken in', () => {
    const scene = configured();
    const { peers } = scene.machine.stored();
    const foreign = peers.map((peer) => ({ ...peer, said: undefined, login: undefined }));
    scene.command({ type: 'import', peers: foreign });
    expect(start(scene, 'A')).toEqual([]);
    expect(scene.peer().configured).toBe(true);
  });
});

describe('a peer that was added by hand', () => {
  it('is left alone by a config that does not name it', () => {
    const scene = new Scene();
    scene.friend();
    start(scene, null);
    expect(scene.peer()).toMatchObject({ configured: false, registeredOut: true });
  });

  it('belongs to the config from its first entry on, and goes with it', () => {
    const scene = new Scene();
    scene.friend();
    expect(start(scene, 'A')).toEqual(['pi']);
    expect(scene.peer()).toMatchObject({ configured: true, registeredOut: true });
    start(scene, null);
    expect(scene.machine.peers(0 as never)).toEqual([]);
  });
});
