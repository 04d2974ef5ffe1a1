/**
 * The scripted original is true to what is written down of the original: several of them float
 * among themselves, with the weaknesses they are known for.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeAt, goJson, shownOf, startOriginal, type Running } from './originals.ts';
import { recordOne } from './raw.ts';

const [ATTIC, CELLAR, PI] = ['127.0.4.1', '127.0.4.2', '127.0.4.3'];
const MOVED = '127.0.4.9';
const login = { username: 'user', password: '123456' };
const users = { user: '123456' };
const interval = 0.1;

const samples = JSON.parse(
  readFileSync(new URL('samples/client-requests.json', import.meta.url), 'utf8'),
) as { readonly answers: Record<string, string>; readonly requests: Record<string, string> };

function startAt(ip: string, name: string, further: object = {}): Promise<Running> {
  return startOriginal({ name, host: ip, source: ip, users, interval, ...further });
}

/** Three that know each other, all registered both ways. */
async function three(): Promise<readonly [Running, Running, Running]> {
  const attic = await startAt(ATTIC, 'attic');
  const cellar = await startAt(CELLAR, 'cellar');
  const pi = await startAt(PI, 'pi');
  const all = [
    { name: 'attic', ip: ATTIC, port: attic.original.port },
    { name: 'cellar', ip: CELLAR, port: cellar.original.port },
    { name: 'pi', ip: PI, port: pi.original.port },
  ];
  for (const running of [attic, cellar, pi]) {
    const { name } = running.original.view();
    for (const peer of all) if (peer.name !== name) running.original.add({ ...peer, ...login });
  }
  for (const { original } of [attic, cellar, pi]) {
    for (const { name } of original.view().peers) {
      expect(await original.obey({ do: 'register', name })).toBe(true);
    }
  }
  return [attic, cellar, pi];
}

describe('a scripted original', () => {
  it('makes the codes of RFC 6238', () => {
    expect(codeAt('4S62BZNFXXSZLCRO', 0)).toBe('944181');
    expect(codeAt('4S62BZNFXXSZLCRO', 1_524_485_781_000)).toBe('179394');
    // Appendix B of the RFC, its eight digits cut to six.
    expect(codeAt('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 59_000)).toBe('287082');
  });

  it('writes JSON as the recorded client does', () => {
    const fields = { NodeUUID: 'attic', TOTP: '999046', IPADDR: '<nil>' };
    expect(samples.requests['h']).toContain(goJson(fields));
  });

  it('sends, byte for byte, what a recorded client sent', async () => {
    for (const operation of ['c', 'h', 's'] as const) {
      const recorded = samples.requests[operation] ?? '';
      const sent = await recordOne(async (port) => {
        const { original } = await startOriginal({ name: 'attic', beat: false });
        original.add({ name: 'gone', ip: '127.0.0.1', port, ...login });
        await original.obey({ do: 'say', name: 'gone', operation });
      });
      // Ports and codes are of their moment.
      expect(forgetMoment(sent)).toBe(forgetMoment(recorded));
    }
  });

  it('registers, beats and learns its own address from what the others saw', async () => {
    const [attic, cellar, pi] = await three();
    for (const [running, ip] of [
      [attic, ATTIC],
      [cellar, CELLAR],
      [pi, PI],
    ] as const) {
      const shown = await running.shows(({ own, peers }) => {
        return own === ip && peers.every(({ answers }) => answers >= 2);
      });
      expect(shown.peers.map(({ registered }) => registered)).toEqual([
        { out: true, in: true },
        { out: true, in: true },
      ]);
    }
  });

  it('is followed when it moves', async () => {
    const [attic, cellar] = await three();
    await attic.original.move(MOVED);
    await cellar.shows((shown) => shownOf(shown, 'attic').ip === MOVED);
    await attic.shows(({ own }) => own === MOVED);
  });

  it('finds another that moved at the same time by asking a third', async () => {
    const [attic, cellar] = await three();
    await attic.shows(({ peers }) => peers.every(({ answers }) => answers > 0));
    await cellar.shows(({ peers }) => peers.every(({ answers }) => answers > 0));
    await Promise.all([attic.original.move(MOVED), cellar.original.move('127.0.4.8')]);
    await attic.shows((shown) => shownOf(shown, 'cellar').ip === '127.0.4.8');
    await cellar.shows((shown) => shownOf(shown, 'attic').ip === MOVED);
    await attic.shows((shown) => shownOf(shown, 'cellar').retries === 0);
  });

  it('registers again where it was forgotten', async () => {
    const [attic, cellar] = await three();
    const before = cellar.original.secrets.get('attic');
    await cellar.original.obey({ do: 'forget' });
    await cellar.shows((shown) => shownOf(shown, 'attic').registered.in);
    expect(cellar.original.secrets.get('attic')).not.toBe(before);
    expect(attic.original.calls).toBeGreaterThan(0);
  });

  it('carries on from its own export without registering again', async () => {
    const [attic, cellar] = await three();
    const file = (await attic.original.obey({ do: 'export' })) as { NodeMap: object[] };
    const { port } = attic.original;
    await attic.original.close();
    const secret = cellar.original.secrets.get('attic');
    const again = await startAt(ATTIC, 'nobody', { port, restore: file });
    expect(again.original.view().name).toBe('attic');
    await again.shows((shown) => shown.peers.every(({ answers }) => answers > 0));
    expect(cellar.original.secrets.get('attic')).toBe(secret);
    const sample = JSON.parse(
      readFileSync(new URL('samples/export-sample.json', import.meta.url), 'utf8'),
    ) as { NodeMap: object[] };
    expect(Object.keys(file)).toEqual(Object.keys(sample));
    expect(Object.keys(file.NodeMap[0] ?? {})).toEqual(Object.keys(sample.NodeMap[0] ?? {}));
  });

  it('waits for ever for a lost one that a third did not see move, unless verbal', async () => {
    for (const verbal of [false, true]) {
      const attic = await startAt(ATTIC, 'attic', { beat: false, verbal });
      const pi = await startAt(PI, 'pi', { beat: false });
      // Nobody listens there.
      const cellar = { name: 'cellar', ip: CELLAR, port: 9 };
      attic.original.add({ ...cellar, ...login });
      pi.original.add(cellar);
      pi.original.add({ name: 'attic', ip: ATTIC, port: attic.original.port });
      attic.original.add({ name: 'pi', ip: PI, port: pi.original.port, ...login });
      await attic.original.obey({ do: 'register', name: 'pi' });
      await attic.original.obey({ do: 'restore-secret', name: 'cellar', secret: 'MNBL2MN5' });
      for (let cycle = 0; cycle < 4; cycle += 1) await attic.original.cycle();
      expect(shownOf(attic.original.view(), 'cellar').retries).toBe(verbal ? 2 : 3);
      await attic.original.close();
      await pi.original.close();
    }
  });
});

function forgetMoment(request: string): string {
  return request.replace(/(?<=127\.0\.0\.1:)\d+/g, 'PORT').replace(/"\d{6}"/, '"CODE"');
}
