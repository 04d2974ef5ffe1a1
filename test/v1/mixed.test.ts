/** Originals and ours together on one machine: who registers with whom, moves, restarts, lies. */
import { describe, expect, it } from 'vitest';
import { codeAt, goJson, shownOf, startOriginal, type Running } from './originals.ts';
import { LOGIN, startOurs, type Ours, type OursOptions } from './ours.ts';
import { exchange, postText } from './raw.ts';

/** Ours calls from where the system lets it; originals live at addresses of their own. */
const OURS = '127.0.0.1';
const [ATTIC, PI] = ['127.0.6.1', '127.0.6.2'];
const [ELSEWHERE, FURTHER, ROGUE] = ['127.0.6.11', '127.0.6.12', '127.0.6.66'];
const users = { [LOGIN.username]: LOGIN.password };
const STEP_MS = 30_000;

function original(name: string, ip: string, further: object = {}): Promise<Running> {
  return startOriginal({ name, host: ip, source: ip, users, interval: 0.1, ...further });
}

/** Ours, and what an original needs to know of it. */
async function cellar(options: Partial<OursOptions> = {}): Promise<[Ours, object]> {
  const ours = await startOurs({ name: 'cellar', ...options });
  return [ours, { name: 'cellar', ip: OURS, port: ours.at.port, ...LOGIN }];
}

/** Ours and one original that know each other. */
async function pair(further: object = {}): Promise<[Ours, Running]> {
  const [ours, entry] = await cellar();
  const attic = await original('attic', ATTIC, { peers: [entry], ...further });
  await ours.add('attic', ATTIC, attic.original.port);
  await ours.command({ type: 'register', name: 'attic', login: undefined });
  await attic.shows((shown) => shownOf(shown, 'cellar').answers > 0);
  await ours.shows('attic', ({ state, ip, reflected }) => {
    return state === 'alive' && ip === ATTIC && reflected !== null;
  });
  return [ours, attic];
}

describe('an original, pointed at ours with nothing but its own configuration', () => {
  it('registers, beats, learns its address, and stands in our view', async () => {
    const [ours, entry] = await cellar();
    const attic = await original('attic', ATTIC, { peers: [entry] });
    const shown = await attic.shows(({ own }) => own === ATTIC);
    expect(shownOf(shown, 'cellar').registered.out).toBe(true);
    const view = await ours.shows('attic', ({ ip, state }) => ip === ATTIC && state === 'alive');
    expect(view).toMatchObject({ registeredIn: true, registeredOut: false, proof: 'none' });
  });

  it('goes on after our restart without registering again', async () => {
    const [ours, entry] = await cellar();
    const attic = await original('attic', ATTIC, { peers: [entry] });
    await attic.shows((shown) => shownOf(shown, 'cellar').answers > 1);
    const document = JSON.parse(JSON.stringify(ours.machine.document())) as unknown;
    await ours.close();
    const users = {};
    const [again] = await cellar({ port: ours.at.port, document, users });
    const { answers } = shownOf(attic.original.view(), 'cellar');
    await attic.shows((shown) => shownOf(shown, 'cellar').answers > answers + 1);
    expect(again.peer('attic')).toMatchObject({ state: 'alive', ip: ATTIC });
    expect(again.events.all.map(({ type }) => type)).not.toContain('v1-registered');
  });

  it('registers again where ours lost all it had', async () => {
    const [ours, entry] = await cellar();
    const attic = await original('attic', ATTIC, { peers: [entry] });
    await attic.shows((shown) => shownOf(shown, 'cellar').answers > 1);
    await ours.close();
    const [again] = await cellar({ port: ours.at.port });
    await again.shows('attic', ({ state, ip }) => state === 'alive' && ip === ATTIC);
  });

  it('is seen moving by its first code of a step, when nobody knows where to call', async () => {
    const [ours, entry] = await cellar();
    const attic = await original('attic', ATTIC, { peers: [entry] });
    await ours.shows('attic', ({ ip }) => ip === ATTIC);
    await attic.original.obey({ do: 'clock', offsetMs: STEP_MS });
    await attic.original.move(ELSEWHERE);
    const view = await ours.shows('attic', ({ ip }) => ip === ELSEWHERE);
    expect(view.moves).toBe(1);
  });

  it('gets no answer about its login from those who have none', async () => {
    const [ours] = await cellar();
    const entry = { name: 'cellar', ip: OURS, port: ours.at.port, username: 'user', password: 'x' };
    const attic = await original('attic', ATTIC, { peers: [], beat: false });
    attic.original.add(entry);
    expect(await attic.original.obey({ do: 'register', name: 'cellar' })).toBe(false);
    expect(ours.peer('attic')).toBeUndefined();
  });
});

describe('ours and an original, registered both ways', () => {
  it('see each other and learn their addresses', async () => {
    const [ours, attic] = await pair();
    expect(ours.machine.own().private).toMatchObject({ ip: OURS, votes: 1 });
    expect(attic.original.view().own).toBe(ATTIC);
    expect(ours.peer('attic')).toMatchObject({ registeredIn: true, registeredOut: true });
  });

  it('follow each other: ours calls back where its heartbeat came from', async () => {
    const [ours, attic] = await pair();
    await attic.original.move(ELSEWHERE);
    const moved = await ours.shows('attic', ({ ip }) => ip === ELSEWHERE);
    expect(moved).toMatchObject({ port: attic.original.port, moves: 1, state: 'alive' });
    expect(ours.events.all).toContainEqual(
      expect.objectContaining({ type: 'v1-moved', name: 'attic' }),
    );
  });

  it('register again when the original forgot', async () => {
    const [ours, attic] = await pair();
    const before = attic.original.secrets.get('cellar');
    await attic.original.obey({ do: 'forget' });
    await attic.shows((shown) => shownOf(shown, 'cellar').registered.in);
    expect(attic.original.secrets.get('cellar')).not.toBe(before);
    await ours.shows('attic', ({ retries, state }) => retries === 0 && state === 'alive');
  });

  it.each(['behind', 'ahead'])('float with a clock 20 s %s', async (which) => {
    const offset = which === 'ahead' ? 20_000 : -20_000;
    const [ours, attic] = await pair({ clockOffsetMs: offset });
    const { answers } = shownOf(attic.original.view(), 'cellar');
    await attic.shows((shown) => shownOf(shown, 'cellar').answers > answers + 5);
    const { skewMs, retries } = ours.peer('attic') ?? {};
    // One call may meet the edge of a step.
    expect(retries).toBeLessThanOrEqual(1);
    expect(Math.abs((skewMs ?? 0) - offset)).toBeLessThan(STEP_MS / 2);
  });

  it('lose nothing to a peer that answers nonsense', async () => {
    const [ours, attic] = await pair();
    const pi = await original('pi', PI, { peers: [] });
    await ours.add('pi', PI, pi.original.port);
    await ours.command({ type: 'register', name: 'pi', login: undefined });
    for (const lies of [
      { reflection: '\u0000\u0001 not an address' },
      { reflection: '0.0.0.0:0' },
      { status: 299, body: '{"TOTPSecret":' },
      { status: 500, body: 'x'.repeat(60_000) },
    ]) {
      pi.original.lies = lies;
      await ours.command({ type: 'heartbeat', name: 'pi' });
      expect(ours.peer('attic')).toMatchObject({ state: 'alive', ip: ATTIC });
      expect(ours.machine.own().private?.ip).toBe(OURS);
    }
    expect(attic.original.view().own).toBe(ATTIC);
  });
});

describe('two originals and ours', () => {
  it('find each other through ours when both originals move at once', async () => {
    const [ours, attic] = await pair();
    const entry = { name: 'cellar', ip: OURS, port: ours.at.port, ...LOGIN };
    const pi = await original('pi', PI, { peers: [entry] });
    await ours.add('pi', PI, pi.original.port);
    await ours.command({ type: 'register', name: 'pi', login: undefined });
    attic.original.add({ name: 'pi', ip: PI, port: pi.original.port, ...LOGIN });
    pi.original.add({ name: 'attic', ip: ATTIC, port: attic.original.port, ...LOGIN });
    await attic.original.obey({ do: 'register', name: 'pi' });
    await pi.original.obey({ do: 'register', name: 'attic' });
    await pi.shows(({ peers }) => peers.every(({ answers }) => answers > 0));
    await ours.shows('pi', ({ state }) => state === 'alive');
    await Promise.all([attic.original.move(ELSEWHERE), pi.original.move(FURTHER)]);
    await ours.shows('attic', ({ ip }) => ip === ELSEWHERE);
    await ours.shows('pi', ({ ip }) => ip === FURTHER);
    await attic.shows((shown) => shownOf(shown, 'pi').ip === FURTHER);
    await pi.shows((shown) => shownOf(shown, 'attic').ip === ELSEWHERE);
  });
});

describe('somebody else', () => {
  it('gains nothing by sending a code again from another address', async () => {
    const [ours, attic] = await pair();
    const own = attic.original.view().peers[0];
    expect(own?.name).toBe('cellar');
    const secret = secretOf(ours, 'attic');
    const beat = goJson({ IPADDR: ATTIC, NodeUUID: 'attic', TOTP: codeAt(secret, Date.now()) });
    const text = postText(ours.at, '?opr=h', beat);
    const { status, body } = await exchange(ours.at, text, ROGUE);
    expect({ status, from: body.replace(/:\d+$/, '') }).toEqual({ status: 200, from: ROGUE });
    const { answers } = shownOf(attic.original.view(), 'cellar');
    await attic.shows((shown) => shownOf(shown, 'cellar').answers > answers + 3);
    expect(ours.peer('attic')).toMatchObject({ ip: ATTIC, moves: 0 });
  });

  it('can not take a registered name with a login of its own', async () => {
    const ours = await startOurs({ name: 'cellar', users: { user: '123456', other: 'secret' } });
    const entry = { name: 'cellar', ip: OURS, port: ours.at.port };
    const attic = await original('attic', ATTIC, { peers: [{ ...entry, ...LOGIN }] });
    await attic.shows((shown) => shownOf(shown, 'cellar').answers > 0);
    const login = { username: 'other', password: 'secret' };
    const rogue = await original('attic', ROGUE, { peers: [], beat: false });
    rogue.original.add({ ...entry, ...login });
    expect(await rogue.original.obey({ do: 'register', name: 'cellar' })).toBe(false);
    expect(ours.events.all).toContainEqual(expect.objectContaining({ type: 'v1-name-taken' }));
    const { answers } = shownOf(attic.original.view(), 'cellar');
    await attic.shows((shown) => shownOf(shown, 'cellar').answers > answers + 1);
    expect(ours.peer('attic')).toMatchObject({ ip: ATTIC });
  });

  it('is not given our login at the address that a peer left', async () => {
    const [ours, attic] = await pair();
    await attic.original.move(ELSEWHERE);
    await ours.shows('attic', ({ ip, state }) => ip === ELSEWHERE && state === 'alive');
    // Now a stranger has the old address and the port, and the real one is gone.
    const { port } = attic.original;
    const logins: string[] = [];
    const rogue = await original('attic', ATTIC, { port, peers: [] });
    rogue.original.lies = { status: 401, body: 'node TOTP not registered' };
    rogue.original.onRequest = (operation): void => {
      logins.push(operation);
    };
    await attic.original.close();
    await ours.shows('attic', ({ state }) => state !== 'alive');
    await ours.command({ type: 'cycle' });
    await ours.command({ type: 'register', name: 'attic', login: undefined });
    expect(logins).not.toContain('c');
  });
});

/** What a peer signs with at ours. */
function secretOf(ours: Ours, name: string): string {
  const peer = ours.machine.stored().peers.find((each) => each.name === name);
  return peer?.receiveSecret ?? '';
}
