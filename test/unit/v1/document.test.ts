import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instant, seconds } from '../../../src/base/time.ts';
import { PEERS_MAX } from '../../../src/v1/config.ts';
import { V1Machine } from '../../../src/v1/machine.ts';
import { readOriginal, writeOriginal, type Original } from '../../../src/v1/original.ts';
import { LOGIN, SECRET, Scene, at, endpoint } from './fixture.ts';

const HOME = '192.0.2.9:40000';

function exported(): unknown {
  const path = new URL('../../v1/samples/export-sample.json', import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as unknown;
}

function read(json: unknown): Original {
  const original = readOriginal(json);
  if (typeof original === 'string') throw new Error(original);
  return original;
}

describe('the document', () => {
  it('brings back who is where, secrets both ways, logins, owners and pins', () => {
    const scene = new Scene();
    scene.friend();
    const secret = scene.register('pi', HOME);
    const caller = scene.register('shed', '192.0.2.50:1', 'other');
    scene.heartbeat('shed', caller, '192.0.2.50:1');
    const before = scene.machine.stored();
    scene.restart();
    expect(scene.machine.stored()).toEqual(before);
    expect(scene.call()).toMatchObject({ operation: 'h', to: endpoint('192.0.2.9:8290') });
    expect(scene.heartbeat('pi', secret, HOME).status).toBe(200);
    expect(scene.heartbeat('shed', caller, '192.0.2.50:1').status).toBe(200);
    expect(scene.connect('shed', '203.0.113.5:1', 'user').status).toBe(401);
    expect(scene.events('v1-self-moved')).toHaveLength(1);
  });

  it('is asked to be saved at once for a secret, and within 30 s for a step', () => {
    const scene = new Scene();
    const saves = (): number => scene.count('save');
    const secret = scene.register('pi', HOME);
    expect(saves()).toBe(1);
    scene.heartbeat('pi', secret, HOME);
    const before = saves();
    for (let beat = 0; beat < 29; beat += 1) {
      scene.pass(1_000);
      scene.heartbeat('pi', secret, HOME);
    }
    expect(saves()).toBeLessThanOrEqual(before + 1);
    scene.pass(2_000);
    expect(saves()).toBe(before + 1);
  });

  it('is refused when anything in it is not what a machine writes', () => {
    const scene = new Scene();
    scene.friend();
    const good = JSON.stringify(scene.machine.document());
    expect(V1Machine.readDocument(JSON.parse(good))).toBeDefined();
    for (const bad of [
      ...[null, 7, 'x', [], {}, { name: 'attic' }, { name: 'attic', peers: {} }],
      JSON.parse(good.replace('"pi"', '"p\\ti"')) as unknown,
      JSON.parse(good.replace('192.0.2.9:8290', '192.0.2.9:0')) as unknown,
      JSON.parse(good.replace('/godddns', 'godddns')) as unknown,
      { name: 'attic', peers: Array(PEERS_MAX + 1).fill({ name: 'pi', handed: [] }) },
    ]) {
      expect(V1Machine.readDocument(bad), JSON.stringify(bad)?.slice(0, 80)).toBeUndefined();
    }
  });

  it('never makes its reader throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        V1Machine.readDocument(json);
        V1Machine.readDocument({ name: 'attic', peers: [json] });
        readOriginal(json);
        readOriginal({ Options: { DeviceUUID: 'attic' }, NodeMap: [json], TOTPMap: [json] });
      }),
    );
  });
});

describe('what is shown', () => {
  it('never holds a secret or a password', () => {
    const scene = new Scene();
    scene.friend();
    const secret = scene.register('pi', HOME);
    scene.heartbeat('pi', secret, HOME);
    const shown = JSON.stringify([
      scene.machine.peers(instant(scene.now)),
      scene.machine.own(),
      scene.effects.filter(({ type }) => type === 'event' || type === 'answer'),
    ]);
    expect(JSON.stringify(scene.machine.document())).toContain(secret);
    for (const hidden of [secret, SECRET, LOGIN.password, LOGIN.username]) {
      expect(shown).not.toContain(hidden);
    }
  });
});

describe('a file of the original', () => {
  it('comes back as it was, field by field, in its order', () => {
    const { stored, interval, skipped, name } = read(exported());
    expect(name).toBe('attic');
    expect(skipped).toEqual([]);
    expect(JSON.stringify(writeOriginal(stored, interval))).toBe(
      JSON.stringify(reordered(exported())),
    );
  });

  it('lets its peers carry on without registering again, either way', () => {
    const scene = new Scene({ interval: seconds(1) }, read(exported()).stored);
    expect(scene.calls().map(({ operation, to }) => [operation, to.at.port])).toEqual([
      ['h', 8183],
      ['h', 8182],
    ]);
    expect(scene.heartbeat('pi', 'C5KRR6AP', '127.0.0.1:1').status).toBe(200);
    expect(scene.heartbeat('cellar', 'KSVGLBMP', '127.0.0.1:1').status).toBe(200);
  });

  it('can be taken into a node that runs, and gives its names to nobody elsewhere', () => {
    const scene = new Scene();
    const { stored } = read(exported());
    expect(scene.command({ type: 'import', peers: stored.peers })).toEqual({ type: 'done' });
    expect(scene.heartbeat('pi', 'C5KRR6AP', '127.0.0.1:1').status).toBe(200);
    expect(scene.connect('pi', '203.0.113.5:1').status).toBe(401);
    expect(scene.connect('pi', '127.0.0.1:1').status).toBe(200);
  });

  it('is written of a node of ours too, with the secrets in use', () => {
    const scene = new Scene();
    scene.friend();
    const secret = scene.register('pi', HOME);
    const caller = scene.register('shed', '192.0.2.50:1');
    scene.heartbeat('shed', caller, '192.0.2.50:1');
    const { stored } = read(writeOriginal(scene.machine.stored(), seconds(10)));
    const [pi, shed] = stored.peers;
    expect(pi).toMatchObject({ name: 'pi', sendSecret: SECRET, receiveSecret: secret });
    expect(pi?.endpoint).toEqual({ at: at('192.0.2.9:8290'), path: '/godddns', https: false });
    expect(shed).toMatchObject({ name: 'shed', endpoint: undefined, receiveSecret: caller });
    expect(JSON.stringify(writeOriginal(scene.machine.stored(), seconds(10)))).not.toContain(
      LOGIN.password,
    );
  });

  it.each([
    [{}, 'it names no Options.DeviceUUID of 1 to 64 printable characters'],
    [{ Options: { DeviceUUID: 'a' } }, 'it has no NodeMap or no TOTPMap'],
    [
      { Options: { DeviceUUID: 'a' }, NodeMap: Array(2_049).fill({}), TOTPMap: null },
      'it has too many peers',
    ],
  ])('is refused with words: %#', (json, why) => {
    expect(readOriginal(json)).toBe(why);
  });

  it('tells which entries it could not take, and no secret of theirs', () => {
    const json = {
      Options: { DeviceUUID: 'attic', SyncInterval: 0 },
      NodeMap: [
        { UUID: 'a ' },
        { UUID: 'pi', IpAddr: 'pi.example', Port: 1, RESTfulInterface: '/' },
        { UUID: 'shed', IpAddr: '10.0.0.1', Port: 1, RESTfulInterface: 'x' },
        { UUID: 'attic', IpAddr: '10.0.0.1', Port: 1, RESTfulInterface: '/' },
      ],
      TOTPMap: [{ RemoteUUID: 'barn', RecvTOTPSecret: 'geheim' }],
    };
    const { skipped, interval, stored } = read(json);
    expect(skipped).toEqual([
      'NodeMap: an entry without a usable UUID',
      'pi: its IpAddr and Port are no address',
      'shed: its RESTfulInterface is no path',
      'attic: it is the node itself',
      'barn: its RecvTOTPSecret is no secret',
    ]);
    expect(interval).toBe(1_000);
    expect(stored.peers).toEqual([]);
  });
});

/** The sample with its TOTPMap in the order of its NodeMap: order says nothing there. */
function reordered(json: unknown): unknown {
  const file = json as { NodeMap: { UUID: string }[]; TOTPMap: { RemoteUUID: string }[] };
  const place = ({ RemoteUUID }: { RemoteUUID: string }): number =>
    file.NodeMap.findIndex(({ UUID }) => UUID === RemoteUUID);
  return { ...file, TOTPMap: file.TOTPMap.toSorted((a, b) => place(a) - place(b)) };
}
