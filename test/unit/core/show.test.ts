import { beforeEach, describe, expect, test } from 'vitest';
import { instant, minutes, wallTime } from '../../../src/base/time.ts';
import { roundTripDigits } from '../../../src/core/view.ts';
import type { Puppet } from './fixture.ts';
import { Scene, Station, at, placeOf, storedCluster } from './fixture.ts';

let scene: Scene;
let cellar: Puppet;
let pi: Puppet;

beforeEach(() => {
  scene = new Scene(['attic', 'cellar', 'pi']);
  cellar = scene.puppet(0);
  pi = scene.puppet(1);
});

function settle(): void {
  scene.start();
  scene.pass(2_000);
}

describe('members', () => {
  test('show an alive member with every field of the contract, in its types', () => {
    settle();
    const view = scene.station.view(cellar.id);
    expect(view).toEqual({
      id: cellar.id,
      name: 'cellar',
      state: 'alive',
      protocol: 2,
      address: '192.0.2.9:4117',
      proof: 'direct',
      provenMs: expect.any(Number) as number,
      path: 'udp',
      rttMs: 0,
      lastHeardMs: expect.any(Number) as number,
      addressSinceMs: 2_000,
      moves: 0,
      tags: {},
    });
    expect(view.lastHeardMs).toBeLessThanOrEqual(1_000);
  });

  test('show the node itself, with the address that the others voted', () => {
    settle();
    expect(scene.station.view(scene.station.id)).toEqual({
      id: scene.station.id,
      name: 'attic',
      state: 'self',
      protocol: 2,
      address: '198.51.100.1:4117',
      proof: 'vouched',
      provenMs: null,
      path: null,
      rttMs: null,
      lastHeardMs: null,
      addressSinceMs: 2_000,
      moves: 0,
      tags: {},
    });
  });

  test('show ages in whole milliseconds and round trips to the hundredth', () => {
    settle();
    scene.step({ type: 'wake' });
    const later = instant(scene.now + 0.123_456);
    for (const { provenMs, lastHeardMs, addressSinceMs, rttMs } of scene.station.node.members(later)
      .members) {
      for (const age of [provenMs, lastHeardMs, addressSinceMs]) {
        expect(age === null || Number.isInteger(age)).toBe(true);
      }
      expect(rttMs === null || Number.isInteger(Math.round(rttMs * 1e6) / 1e4)).toBe(true);
    }
    const { addresses } = scene.station.node.status(later, wallTime(0)).self;
    expect(addresses.map(({ sinceMs }) => sinceMs)).toEqual([2_000]);
    expect([roundTripDigits(0.123_456), roundTripDigits(17.005_1)]).toEqual([0.12, 17.01]);
  });

  test('count how often the node itself was seen at another host', () => {
    settle();
    const moves = (): number => scene.station.view(scene.station.id).moves;
    const seen = (...places: readonly string[]): void => {
      for (const [index, puppet] of scene.puppets.entries()) {
        const place = places[index % places.length] ?? '';
        puppet.sees = (socket) => at(`${place}:${String(4117 + socket)}`);
      }
      scene.pass(5_000);
    };
    expect(moves()).toBe(0);
    seen('203.0.113.80');
    expect(moves()).toBe(1);
    // From a public host to one behind a router: another scope, and no less a move.
    seen('192.168.7.7');
    expect(moves()).toBe(2);
    scene.pass(60_000);
    expect(moves()).toBe(2);
  });

  test('show a member nobody has heard without an address, however often it was called', () => {
    cellar.on = false;
    scene.start();
    expect(scene.station.view(cellar.id)).toMatchObject({
      ...{ state: 'suspect', address: null, proof: 'none', provenMs: null, path: null },
      ...{ rttMs: null, lastHeardMs: null, addressSinceMs: null, moves: 0 },
    });
  });

  test('show a listed address as vouched only when at least one member saw the node there', () => {
    settle();
    pi.on = false;
    scene = new Scene(['attic', 'cellar', 'pi', 'shed']);
    const [one, , shed] = scene.puppets;
    if (one === undefined || shed === undefined) throw new Error('no puppet');
    shed.on = false;
    settle();
    const record = (voters: number, sequence: number): Uint8Array =>
      shed.record({ sequence, addresses: [{ address: at('203.0.113.9:9'), voters }] }).bytes;
    const tell = (bytes: Uint8Array): unknown =>
      scene.say(one, { type: 'news', items: [{ kind: 'record', bytes }] });
    tell(record(0, 1));
    expect(scene.station.view(shed.id)).toMatchObject({ address: null, proof: 'none' });
    tell(record(1, 2));
    expect(scene.station.view(shed.id)).toMatchObject({
      ...{ address: '203.0.113.9:9', proof: 'vouched', provenMs: null, path: null },
    });
  });

  test('show the tags of a member’s newest record', () => {
    settle();
    const { bytes } = pi.record({ tags: [{ key: 'room', value: 'roof' }] });
    scene.say(cellar, { type: 'news', items: [{ kind: 'record', bytes }] });
    expect(scene.station.view(pi.id).tags).toEqual({ room: 'roof' });
  });

  test('show who left as left, and nothing else of it', () => {
    settle();
    const other = new Scene(['attic', 'cellar', 'pi']);
    const station = new Station('cellar', {
      stored: storedCluster('attic', 'cellar', 'pi').stored,
    });
    station.start();
    const reply = station.ask({ type: 'leave' });
    station.pass(500);
    expect(reply).toBeUndefined();
    const acts = station.node.document('cluster') as { readonly acts: readonly string[] };
    const bytes = Uint8Array.from(Buffer.from(acts.acts.at(-1) ?? '', 'hex'));
    expect(other.cluster).toBe(scene.cluster);
    scene.say(pi, { type: 'news', items: [{ kind: 'act', bytes }] });
    expect(scene.station.view(cellar.id)).toMatchObject({
      ...{ name: 'cellar', state: 'left', address: null, proof: 'none', path: null },
      ...{ rttMs: null, lastHeardMs: null, tags: {} },
    });
    expect(scene.station.status().members).toEqual({ total: 2, alive: 2, lost: 0 });
  });

  test('are a document of schema 1 that JSON carries as it is, sorted by name', () => {
    settle();
    const { now } = scene;
    const document = scene.station.node.members(now);
    expect(document).toMatchObject({ schema: 1, self: scene.station.id });
    expect(document.members.map(({ name }) => name)).toEqual(['attic', 'cellar', 'pi']);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});

describe('status', () => {
  test('shows every field of the contract', () => {
    settle();
    expect(scene.station.status()).toEqual({
      schema: 1,
      self: {
        id: scene.station.id,
        name: 'attic',
        cluster: 'lake',
        clusterId: scene.cluster,
        state: 'afloat',
        addresses: [
          {
            address: '198.51.100.1:4117',
            family: 4,
            scope: 'public',
            votes: 2,
            voters: 2,
            sinceMs: 2_000,
          },
        ],
        nat: 'mapped',
      },
      members: { total: 3, alive: 3, lost: 0 },
      advice: [],
      invites: [],
      counters: {},
      beatMs: 600,
    });
    expect(JSON.parse(JSON.stringify(scene.station.status()))).toEqual(scene.station.status());
  });

  test('says one voter when one member answered', () => {
    pi.on = false;
    settle();
    expect(scene.station.status().self.addresses).toMatchObject([{ votes: 1, voters: 1 }]);
  });

  test('counts who is alive and who is lost; a suspect is neither', () => {
    settle();
    pi.on = false;
    scene.pass(2_500);
    expect(scene.station.status().members).toEqual({ total: 3, alive: 2, lost: 0 });
    scene.pass(10_000);
    expect(scene.station.status().members).toEqual({ total: 3, alive: 2, lost: 1 });
  });

  test('says of a node alone that it is, and what to do', () => {
    const alone = new Scene(['attic']);
    alone.start();
    const { self, advice, members } = alone.station.status();
    expect([self.state, self.addresses, members.total]).toEqual(['alone', [], 1]);
    expect(advice.join()).toContain('make an invite');
  });

  test('says of an orphan the one line that helps, with the name of a member', () => {
    settle();
    cellar.on = false;
    pi.on = false;
    scene.pass(10_000);
    const { self, advice } = scene.station.status();
    expect(self.state).toBe('orphan');
    expect(advice.join()).toMatch(/flotilla hint (cellar|pi) HOST:PORT/);
  });

  test('says of two nodes that a third one would help', () => {
    scene = new Scene(['attic', 'cellar']);
    settle();
    expect(scene.station.status().advice.join()).toContain('a third member would help');
  });

  test('names the member that reports addresses which the others contradict', () => {
    scene = new Scene(['attic', 'cellar', 'pi', 'shed', 'barn']);
    scene.puppet(3).sees = () => at('203.0.113.66:66');
    scene.start();
    for (let round = 0; round < 6; round += 1) {
      // Each doubt is a round, and in each the same one is outvoted.
      scene.puppet(0).pongs = round % 2 === 0;
      scene.pass(9_000);
    }
    expect(scene.station.status().advice.join()).toContain('barn reports addresses');
  });

  test('counts down the life and the uses of invites, and forgets what expired', () => {
    settle();
    scene.ask({ type: 'invite', at: ['192.0.2.1:1'], uses: 2, expires: minutes(1) });
    expect(scene.station.status().invites).toHaveLength(1);
    const [invite] = scene.station.status().invites;
    expect(invite?.usesLeft).toBe(2);
    expect(invite?.expiresInMs).toBeLessThanOrEqual(61_000);
    scene.pass(10_000);
    const left = scene.station.status().invites[0]?.expiresInMs;
    expect(left).toBeCloseTo((invite?.expiresInMs ?? 0) - 10_000, 1);
    scene.pass(52_000);
    expect(scene.station.status().invites).toEqual([]);
  });

  test('shows what was dropped, by reason, in order', () => {
    settle();
    const from = at(placeOf(0));
    for (const bytes of [Uint8Array.of(0x31), new Uint8Array(0), Uint8Array.of(0x31)]) {
      scene.step({ type: 'datagram', socket: 0, from, bytes });
    }
    expect(Object.entries(scene.station.status().counters)).toEqual([
      ['packet-empty', 1],
      ['packet-future-version', 2],
    ]);
  });
});
