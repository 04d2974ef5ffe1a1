import { test } from 'vitest';
import { Scene, sends } from './fixture.ts';
test('large', () => {
  const s = new Scene(['attic', ...Array.from({ length: 30 }, (_, i) => `n${i}`)]);
  s.start();
  for (const t of [1, 10, 60, 300]) { s.pass(t * 1000); console.log(t, 'sessions', s.puppets.filter((p) => p.sessions.has(s.station.id, s.now)).length, 'called', s.puppets.filter((p) => sends(s.station.effects, p.at).length > 0).length, s.station.status().members); }
});
