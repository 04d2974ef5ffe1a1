import { expect, test } from 'vitest';
import { Scene, Station, at, eventTypes, events, sends, storedCluster, placeOf, recordOf, unpredictable } from './fixture.ts';
import { instant, millis, seconds, wallTime } from '../../../src/base/time.ts';
import { identityOf, found, admitBody, inviteBody, clusterOfMachines } from './acts.ts';
import { AddressBook } from '../../../src/core/address-book.ts';
import { Timers } from '../../../src/core/timers.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { nodeIdOf, publicKeyOf } from '../../../src/base/id.ts';

test('F1 tags then addresses', () => {
  const scene = new Scene(['attic', 'cellar', 'pi']);
  scene.start();
  for (const p of scene.puppets) { p.sees = (s) => at(`198.51.100.1:${4117+s}`); }
  const changes = Array.from({length: 10}, (_, i) => ({ key: `${String(i)}`.repeat(32), value: 'v'.repeat(i == 9 ? 50 : 64) }));
  console.log('F1', scene.ask({ type: 'tag', changes }), scene.station.status().self.addresses.length);
  for (const p of scene.puppets) { p.sees = (s) => at(`[2001:db8::1]:${4117+s}`); }
  scene.pass(9000);
  console.log('F1', scene.station.status().self.addresses);
});
test('F1b tags at start', () => {
  const scene = new Scene(['attic', 'cellar', 'pi'], { settings: { tags: Array.from({length: 17}, (_, i) => [`k${i}`, 'v'] as const) } });
  scene.start();
});
test('F5 abbreviated', () => {
  const scene = new Scene(['attic', 'cellar', 'pi']);
  scene.start(); scene.pass(1000);
  const [cellar, pi] = [scene.puppet(0), scene.puppet(1)];
  const short = new Uint8Array(32); short.set(publicKeyOf(scene.station.id).subarray(0, 8));
  cellar.heard = [];
  scene.say(cellar, { type: 'want', wants: [{ kind: 'act', id: nodeIdOf(short), from: 1 }] });
  console.log('F5', cellar.heard.map((h) => h.message.type));
});
test('F6 dropped', () => {
  // pi admitted barn; then pi's admission... founder forks: two acts of one number by cellar which admitted pi, pi has acts.
  const { founder, joined } = clusterOfMachines('attic', 'cellar');
  const cellar = joined[0]!;
  cellar.invite('to pi'); 
  const admit = cellar.admit(identityOf('pi'), 'pi', 'to pi');
  const pi = new (cellar.constructor as any)(identityOf('pi'), founder.cluster);
  pi.invite('to nobody');
  const acts = [...founder.chain, ...cellar.chain, ...pi.chain].map((a: any) => a.bytes);
  // fork cellar's number 1 until lower hash
  let forked;
  for (let i = 0; i < 50; i++) {
    const f = cellar.signAt(1, inviteBody(`other ${i}`));
    if (Buffer.compare(f.hash, cellar.chain[0]!.hash) < 0) { forked = f; break; }
  }
  const station = new Station('attic', { stored: { acts, invites: [], reserved: 0, tags: [] } });
  station.start();
  const scene = new Scene(['attic', 'cellar', 'pi']);
  (scene as any).station.step = undefined;
  (station.node as any);
  console.log('F6 forked', forked !== undefined, station.node.memberCount);
});
test('F10', () => {
  const scene = new Scene(['attic', 'cellar', 'pi']);
  scene.start(); scene.pass(2000);
  const p = scene.puppet(0);
  const history = () => JSON.stringify((scene.station.node.document('book') as any).history.find((h: any) => h.id === p.id)?.addresses);
  console.log('F10', history());
  // add a second address so that the last does not count as the last of all
  scene.ask({ type: 'hint', member: p.id, address: at('203.0.113.9:99') });
  scene.pass(6000);
  for (let i = 0; i < 14; i++) {
    p.pongs = false;
    scene.pass(900);
    p.pongs = true;
    scene.pass(8000);
    console.log('F10', i, scene.station.view(p.id).state, history());
  }
});
test('F11', () => {
  const { cluster } = storedCluster('attic', 'cellar');
  const rec = recordOf(identityOf('cellar'), cluster, { at: ['192.0.2.1:1', '192.0.2.1:2', '192.0.2.1:3'] });
  const book = new AddressBook(nodeSuite, cluster, { records: [rec.bytes], history: [{ id: identityOf('cellar').id, addresses: Array.from({length: 40}, (_, i) => ({ address: at(`203.0.113.1:${i+1}`), at: wallTime(1) })) }] }, () => true);
  console.log('F11', book.history(identityOf('cellar').id).length);
});
test('F13 own record hasty', () => {
  const scene = new Scene(['attic', 'cellar', 'pi']);
  scene.start(); scene.pass(500);
  for (let i = 0; i < 12; i++) scene.ask({ type: 'tag', changes: [{ key: 'n', value: String(i) }] });
  const cellar = scene.puppet(0); cellar.heard = [];
  console.log('F13', scene.station.view(scene.station.id).tags);
  scene.say(cellar, { type: 'want', wants: [{ kind: 'record', id: scene.station.id, from: 0 }] });
  for (const n of cellar.messages('news')) for (const item of n.items) console.log(new TextDecoder().decode(item.bytes.slice(-70)).slice(0, 10));
});
test('F14', () => {
  const t = new Timers();
  for (let i = 0; i < 10000; i++) { t.set('try/a', instant(1e9 + i)); }
  console.log('F14');
});
