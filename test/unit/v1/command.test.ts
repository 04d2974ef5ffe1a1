import { describe, expect, it } from 'vitest';
import { COMMANDS_MAX, PEERS_MAX } from '../../../src/v1/config.ts';
import { LOGIN, SECRET, Scene, at, endpoint } from './fixture.ts';

const peer = (name: string, place = '192.0.2.9:8290') => {
  return { name, endpoint: endpoint(place), login: LOGIN, insecure: true };
};

describe('a command', () => {
  it.each([
    [peer('attic'), 'own-name'],
    [peer(' a'), 'name-invalid'],
    [peer('pi', '224.0.0.1:1'), 'endpoint-invalid'],
    [{ ...peer('pi'), endpoint: { ...endpoint('192.0.2.9:1'), path: 'x' } }, 'endpoint-invalid'],
    [{ ...peer('pi'), login: { username: '', password: 'x' } }, 'login-invalid'],
    [{ ...peer('pi'), insecure: false }, 'insecure-http'],
  ])('that adds what is no peer is refused: %#', (wrong, reason) => {
    expect(new Scene().command({ type: 'add-peer', peer: wrong })).toEqual({
      type: 'refused',
      reason,
    });
  });

  it('adds 1,024 peers and no more', () => {
    const scene = new Scene({ beat: false });
    for (let index = 0; index < PEERS_MAX; index += 1) {
      expect(scene.command({ type: 'add-peer', peer: peer(`n${String(index)}`) })?.type).toBe(
        'done',
      );
    }
    const refused = { type: 'refused', reason: 'too-many-peers' };
    expect(scene.command({ type: 'add-peer', peer: peer('more') })).toEqual(refused);
  });

  it('about somebody unknown says so', () => {
    const unknown = { type: 'unknown-peer', name: 'gone' };
    const scene = new Scene();
    expect(scene.command({ type: 'heartbeat', name: 'gone' })).toEqual(unknown);
    expect(scene.command({ type: 'remove-peer', name: 'gone' })).toEqual(unknown);
  });

  it('to beat is answered when the beat was, with why if it failed', () => {
    const scene = new Scene();
    scene.friend();
    const good = scene.wish({ type: 'heartbeat', name: 'pi' });
    expect(good()).toBeUndefined();
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    expect(good()).toEqual({ type: 'called', failed: [] });
    const bad = scene.wish({ type: 'heartbeat', name: 'pi' });
    scene.respond(scene.call(), 400, '');
    expect(bad()).toEqual({ type: 'called', failed: [{ name: 'pi', why: 'code-refused' }] });
  });

  it('to run the cycle is answered when all calls have ended', () => {
    const scene = new Scene({ beat: false });
    scene.friendQuietly();
    scene.command({ type: 'add-peer', peer: peer('shed', '192.0.2.10:8290') });
    const reply = scene.wish({ type: 'cycle' });
    const calls = scene.calls();
    expect(calls.map(({ operation }) => operation)).toEqual(['h', 'c']);
    calls.forEach((call) => {
      scene.fail(call, 'refused');
    });
    const failed = ['pi', 'shed'].map((name) => ({ name, why: 'refused' }));
    expect(reply()).toEqual({ type: 'called', failed });
  });

  it('to register as is done already waits for that, and another login registers after it', () => {
    const scene = new Scene();
    scene.command({ type: 'add-peer', peer: peer('pi') });
    const same = scene.wish({ type: 'register', name: 'pi', login: { ...LOGIN } });
    scene.respond(scene.call(), 200, `{"TOTPSecret":"${SECRET}","ReflectionIP":""}`);
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    expect(same()).toEqual({ type: 'called', failed: [] });
    expect(scene.calls()).toEqual([]);
    scene.wish({ type: 'register', name: 'pi', login: undefined });
    const other = { ...LOGIN, password: 'other' };
    scene.wish({ type: 'register', name: 'pi', login: other });
    scene.respond(scene.call(), 401, 'Incorrect username or password');
    expect(scene.call().body).toContain('"other"');
  });

  it('to register while a beat is under way registers after it', () => {
    const scene = new Scene();
    scene.friend();
    scene.pass(10_000);
    const beat = scene.call();
    const reply = scene.wish({
      type: 'register',
      name: 'pi',
      login: { ...LOGIN, password: 'new' },
    });
    expect(scene.calls()).toEqual([]);
    scene.respond(beat, 200, '198.51.100.1:5');
    const connect = scene.call();
    expect(connect.body).toContain('"Password":"new"');
    scene.respond(connect, 200, `{"TOTPSecret":"${SECRET}","ReflectionIP":""}`);
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    expect(reply()).toEqual({ type: 'called', failed: [] });
  });

  it('to try an address is taken there only when it answers', () => {
    const scene = new Scene();
    scene.friend();
    const bad = scene.wish({ type: 'try', name: 'pi', at: at('203.0.113.5:9999') });
    scene.fail(scene.call());
    expect(bad()).toEqual({ type: 'called', failed: [{ name: 'pi', why: 'not-found' }] });
    expect(scene.peer().address).toBe('192.0.2.9:8290');
    const good = scene.wish({ type: 'try', name: 'pi', at: at('203.0.113.5:9999') });
    scene.respond(scene.call(), 200, '198.51.100.1:5');
    expect(good()).toEqual({ type: 'called', failed: [] });
    expect(scene.peer().address).toBe('203.0.113.5:9999');
  });

  it('to try an address of a peer that was never registered with registers there', () => {
    const scene = new Scene({ beat: false });
    scene.command({ type: 'add-peer', peer: peer('pi') });
    scene.wish({ type: 'try', name: 'pi', at: at('203.0.113.5:9999') });
    expect(scene.call()).toMatchObject({ operation: 'c', to: endpoint('203.0.113.5:9999') });
  });

  it('to try one address while another is tried is not possible', () => {
    const scene = new Scene();
    scene.friend();
    scene.wish({ type: 'try', name: 'pi', at: at('203.0.113.5:9999') });
    const reply = scene.wish({ type: 'try', name: 'pi', at: at('203.0.113.6:9999') });
    expect(reply()).toEqual({ type: 'called', failed: [{ name: 'pi', why: 'other' }] });
  });

  it('is answered when the peer it waits for is removed, and late answers change nothing', () => {
    const scene = new Scene();
    scene.friend();
    const reply = scene.wish({ type: 'heartbeat', name: 'pi' });
    const call = scene.call();
    scene.command({ type: 'remove-peer', name: 'pi' });
    expect(reply()).toEqual({ type: 'called', failed: [{ name: 'pi', why: 'removed' }] });
    scene.respond(call, 200, '198.51.100.1:5');
    expect(scene.machine.stored().peers).toEqual([]);
  });

  it('waits with 255 others, and one more is refused', () => {
    const scene = new Scene();
    scene.friend();
    for (let count = 0; count < COMMANDS_MAX; count += 1) scene.wish({ type: 'cycle' });
    const busy = { type: 'refused', reason: 'busy' };
    expect(scene.command({ type: 'cycle' })).toEqual(busy);
  });

  it('that adds a known peer again keeps its secrets, and is where it is typed now', () => {
    const scene = new Scene();
    scene.friend();
    scene.command({ type: 'add-peer', peer: { ...peer('pi', '203.0.113.5:1'), login: undefined } });
    expect(scene.peer()).toMatchObject({ address: '203.0.113.5:1', registeredOut: true });
    expect(scene.call().to.at).toEqual(at('203.0.113.5:1'));
  });
});
