import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { UserError } from '../../../src/base/errors.ts';
import { INVITE_EXPIRY_MIN } from '../../../src/core/commands.ts';
import { INVITE_EXPIRY_MAX, INVITE_USES_MAX } from '../../../src/core/config.ts';
import { createApi, type ApiAnswer } from '../../../src/services/api/api.ts';
import { FakeControl, idOf, member } from './fake-control.ts';

const never = new AbortController().signal;

/** Asks an API in front of a node for one thing. */
async function ask(
  control: FakeControl,
  route: string,
  body: string | object = '',
  signal: AbortSignal = never,
): Promise<ApiAnswer> {
  const api = createApi({ control, down: () => Promise.resolve() });
  const [method = '', target = ''] = route.split(' ');
  const [path = '', query = ''] = target.split('?');
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return api({ method, path, query: new URLSearchParams(query), body: text, signal });
}

function documentOf(answer: ApiAnswer): { status: number; body: object } {
  if (answer.type !== 'document') throw new Error('a stream');
  return { status: answer.status, body: answer.body };
}

const codeOf = (answer: ApiAnswer): unknown => {
  const { status, body } = documentOf(answer);
  return [status, (body as { code?: unknown }).code];
};

describe('the control API', () => {
  it('answers status and members with the documents of the node', async () => {
    const control = new FakeControl();
    expect(documentOf(await ask(control, 'GET /v2/status')).body).toEqual(control.status());
    expect(documentOf(await ask(control, 'GET /v2/members')).body).toEqual(control.members());
  });

  it('says 404 for a path it does not know and 405 for a method it does not take', async () => {
    const control = new FakeControl();
    expect(codeOf(await ask(control, 'GET /v3/status'))).toEqual([404, 'no-such-route']);
    expect(codeOf(await ask(control, 'POST /v2/status'))).toEqual([405, 'no-such-route']);
    expect(codeOf(await ask(control, 'DELETE /v2/events'))).toEqual([405, 'no-such-route']);
  });

  it('hands an invite on as it was wished', async () => {
    const control = new FakeControl();
    const body = { at: ['attic.example:4117'], uses: 3, expiresMs: 60_000 };
    const answer = documentOf(await ask(control, 'POST /v2/invite', body));
    expect(control.asked).toEqual([['invite', body]]);
    expect(answer.body).toMatchObject({ schema: 1, token: 'flt2-token', uses: 3 });
  });

  it('takes an invite without wishes for one machine and a quarter of an hour', async () => {
    const control = new FakeControl();
    await ask(control, 'POST /v2/invite');
    expect(control.asked).toEqual([['invite', { at: [], uses: 1, expiresMs: 900_000 }]]);
  });

  it('refuses a field it does not know, a wrong one, and a body that is not JSON', async () => {
    const control = new FakeControl();
    for (const body of [{ use: 1 }, { uses: 0 }, { uses: 'many' }, { at: 'x' }, '[', '[]', '7']) {
      const answer = await ask(control, 'POST /v2/invite', body);
      expect(codeOf(answer)).toEqual([400, 'bad-request']);
    }
    expect(control.asked).toEqual([]);
  });

  it('takes an invite up to the limits of the core, and none beyond', async () => {
    const control = new FakeControl();
    const most = { uses: INVITE_USES_MAX, expiresMs: INVITE_EXPIRY_MAX };
    expect(documentOf(await ask(control, 'POST /v2/invite', most)).status).toBe(200);
    const least = { uses: 1, expiresMs: INVITE_EXPIRY_MIN };
    expect(documentOf(await ask(control, 'POST /v2/invite', least)).status).toBe(200);
    for (const body of [
      { uses: INVITE_USES_MAX + 1 },
      { expiresMs: INVITE_EXPIRY_MAX + 1 },
      { expiresMs: INVITE_EXPIRY_MIN - 1 },
    ]) {
      expect(codeOf(await ask(control, 'POST /v2/invite', body))).toEqual([400, 'bad-request']);
    }
  });

  it('says whether a token leads to this node on its LAN', async () => {
    const control = new FakeControl();
    control.lan = false;
    expect(documentOf(await ask(control, 'POST /v2/invite')).body).toMatchObject({ lan: false });
  });

  it('joins with a token', async () => {
    const control = new FakeControl();
    const answer = documentOf(await ask(control, 'POST /v2/join', { token: 'flt2-x' }));
    expect(answer.body).toEqual({ schema: 1, cluster: 'home', already: false });
    expect(codeOf(await ask(control, 'POST /v2/join'))).toEqual([400, 'bad-request']);
  });

  it('tells an answered ping from an unanswered one', async () => {
    const control = new FakeControl();
    control.pings = [
      { type: 'pong', address: '192.0.2.7:4117', path: 'udp', roundTripMs: 3.499_999_1 },
      { type: 'no-answer', tried: 4 },
    ];
    const first = documentOf(await ask(control, 'POST /v2/ping', { name: 'pi' }));
    const second = documentOf(await ask(control, 'POST /v2/ping', { name: 'pi' }));
    expect(first.body).toMatchObject({ answered: true, path: 'udp', rttMs: 3.5 });
    expect(second.body).toEqual({ schema: 1, answered: false, tried: 4 });
  });

  it('takes a tag off when its value is null, and answers with all tags', async () => {
    const control = new FakeControl();
    const changes = { role: 'storage', room: null };
    const answer = documentOf(await ask(control, 'POST /v2/tag', { changes }));
    const asked = ['tag', ['role', 'storage'], ['room', undefined]];
    expect(control.asked).toEqual([asked]);
    expect(answer.body).toEqual({ schema: 1, tags: { room: 'roof' } });
  });

  it('passes hints and leaves on', async () => {
    const control = new FakeControl();
    await ask(control, 'POST /v2/hint', { name: 'pi', address: '192.0.2.9:4117' });
    await ask(control, 'POST /v2/leave');
    expect(control.asked).toEqual([['hint', 'pi', '192.0.2.9:4117'], ['leave']]);
  });

  it('answers down only when the node has stopped', async () => {
    const steps: string[] = [];
    const api = createApi({
      control: new FakeControl(),
      down: () => Promise.resolve().then(() => void steps.push('stopped')),
    });
    const query = new URLSearchParams();
    await api({ method: 'POST', path: '/v2/down', query, body: '', signal: never });
    steps.push('answered');
    expect(steps).toEqual(['stopped', 'answered']);
  });

  it("carries the node's refusals with code, message and hint", async () => {
    const control = new FakeControl();
    control.failure = new UserError('join-expired', 'Too late.', 'Ask again.');
    const answer = documentOf(await ask(control, 'POST /v2/join', { token: 'flt2-x' }));
    const problem = { code: 'join-expired', message: 'Too late.', hint: 'Ask again.' };
    expect(answer).toEqual({ status: 409, body: problem });
  });

  it('answers 500 for a fault of its own, and lets a broken invariant through', async () => {
    const control = new FakeControl();
    control.failure = new Error('a slip');
    expect(codeOf(await ask(control, 'GET /v2/status'))).toEqual([500, 'internal']);
    control.failure = new InvariantError('broken');
    await expect(ask(control, 'GET /v2/status')).rejects.toThrow(InvariantError);
  });
});

describe('resolve', () => {
  const place = { address: '192.0.2.7:4117', ip: '192.0.2.7', port: 4117, family: 4 } as const;
  const pi = { id: idOf('pi'), name: 'pi', ...place } as const;

  it('gives a proven address', async () => {
    const control = new FakeControl();
    control.resolution = { ...pi, state: 'alive', proof: 'vouched' };
    const answer = documentOf(await ask(control, 'GET /v2/resolve?name=pi'));
    expect(answer.body).toMatchObject({ ip: '192.0.2.7', port: 4117, lastAddress: null });
  });

  it('gives the address of a lost member as the last one only', async () => {
    const control = new FakeControl();
    control.resolution = { ...pi, state: 'lost', proof: 'direct' };
    const answer = documentOf(await ask(control, 'GET /v2/resolve?name=pi'));
    expect(answer.body).toMatchObject({ address: null, ip: null, lastAddress: '192.0.2.7:4117' });
  });

  it('gives out nothing that nobody has proven', async () => {
    const control = new FakeControl();
    control.resolution = { ...pi, state: 'alive', proof: 'none' };
    const answer = documentOf(await ask(control, 'GET /v2/resolve?name=pi'));
    expect(answer.body).toMatchObject({ address: null, ip: null });
  });

  it('says 404 for a name nobody has, 400 without a name', async () => {
    const control = new FakeControl();
    expect(codeOf(await ask(control, 'GET /v2/resolve?name=x'))).toEqual([404, 'name-unknown']);
    expect(codeOf(await ask(control, 'GET /v2/resolve'))).toEqual([400, 'bad-request']);
  });
});

describe('events', () => {
  /** Opens a stream and reads until it ends. */
  async function watch(control: FakeControl, path: string): Promise<() => Promise<object[]>> {
    const answer = await ask(control, `GET ${path}`);
    if (answer.type !== 'stream') throw new Error('no stream');
    const lines: object[] = [];
    const reading = (async (): Promise<object[]> => {
      for await (const line of answer.lines) lines.push(line);
      return lines;
    })();
    while (!control.feed.watched) await Promise.resolve();
    return () => reading;
  }

  it('come as documents with a time', async () => {
    const control = new FakeControl();
    const end = await watch(control, '/v2/events');
    control.feed.tell({ type: 'member-joined', id: idOf('pi'), name: 'pi' });
    control.feed.close();
    const [line] = await end();
    expect(line).toMatchObject({ schema: 1, type: 'member-joined', name: 'pi' });
    expect(line).toHaveProperty('time');
  });

  it('with members=1 are members documents and nothing else', async () => {
    const control = new FakeControl();
    const end = await watch(control, '/v2/events?members=1');
    control.feed.tell(control.members());
    control.feed.tell({ type: 'afloat' });
    control.feed.close();
    expect(await end()).toEqual([control.members()]);
  });

  it('with members=1 the newest of many documents is the last one sent', async () => {
    const control = new FakeControl();
    const end = await watch(control, '/v2/events?members=1');
    for (let moves = 0; moves < 100; moves += 1) {
      control.list = [member('pi', { moves })];
      control.feed.tell(control.members());
    }
    control.feed.close();
    const lines = await end();
    expect(lines.at(-1)).toEqual(control.members());
    expect(lines.length).toBeLessThan(5);
  });
});
