/** Ours and originals over HTTPS: the first key that answers is the one that counts. */
import { expect, it } from 'vitest';
import { makePair } from '../../src/runtime/v1/certificate.ts';
import { shownOf, startOriginal, type Running } from './originals.ts';
import { LOGIN, startOurs, whole, type Ours } from './ours.ts';

const OURS = '127.0.0.1';
const [ATTIC, ELSEWHERE] = ['127.0.9.1', '127.0.9.9'];
const users = { [LOGIN.username]: LOGIN.password };

/** Both serve HTTPS and know each other. */
async function pair(): Promise<[Ours, Running]> {
  const ours = await startOurs({ name: 'cellar', tls: makePair() });
  const entry = { name: 'cellar', ip: OURS, port: ours.at.port, https: true, ...LOGIN };
  const attic = await startOriginal({
    ...{ name: 'attic', host: ATTIC, source: ATTIC, users, interval: 0.1 },
    ...{ tls: makePair(), peers: [entry] },
  });
  const at = whole(ATTIC, attic.original.port);
  const endpoint = { at, path: '/godddns', https: true };
  await ours.add('attic', ATTIC, at.port, { endpoint, insecure: false });
  await ours.command({ type: 'register', name: 'attic', login: undefined });
  await attic.shows((shown) => shownOf(shown, 'cellar').answers > 0);
  await ours.shows('attic', ({ state, proof }) => state === 'alive' && proof === 'tls');
  return [ours, attic];
}

it('ours proves an original by its key, at its first address and at the next', async () => {
  const [ours, attic] = await pair();
  expect(attic.original.view().own).toBe(ATTIC);
  await attic.original.move(ELSEWHERE);
  const view = await ours.shows('attic', ({ ip }) => ip === ELSEWHERE);
  expect(view).toMatchObject({ proof: 'tls', https: true });
});

it('ours says nothing to a server of another key until told that it changed', async () => {
  const [ours, attic] = await pair();
  const { port } = attic.original;
  await attic.original.close();
  const other = await startOriginal({
    ...{ name: 'attic', host: ATTIC, source: ATTIC, users, port, beat: false },
    tls: makePair(),
  });
  other.original.add({ name: 'cellar', ip: OURS, port: ours.at.port, https: true });
  await ours.events.first(({ type }) => type === 'v1-certificate');
  expect(await ours.command({ type: 'heartbeat', name: 'attic' })).toMatchObject({
    failed: [{ name: 'attic', why: 'certificate' }],
  });
  expect(other.original.calls).toBe(0);
  expect(await ours.command({ type: 'trust-again', name: 'attic' })).toMatchObject({});
  await ours.command({ type: 'register', name: 'attic', login: undefined });
  await ours.shows('attic', ({ registeredOut, proof }) => registeredOut && proof === 'tls');
  expect(other.original.calls).toBeGreaterThan(0);
});
