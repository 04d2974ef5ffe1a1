import { it } from 'vitest';
import { harbour } from './harbour.ts';
import { toIp, octets } from './wire.ts';
it('probe', () => {
  const h = harbour({ machines: ['attic', 'cellar', 'pi', 'den', 'loft', 'barn', 'shed'] });
  const dead = h.machine(6);
  dead.crash();
  let t = h.wire.now;
  for (let m = 0; m < 10; m++) {
    h.wire.run(60_000);
    const d = h.wire.since(t, toIp(dead.ip)); t = h.wire.now;
    console.log('minute', m, 'to dead', d.length, octets(d), 'events', h.machines.slice(0,6).map((x) => x.events.length).join());
  }
  console.log(h.machine(0).events.slice(-5));
});
