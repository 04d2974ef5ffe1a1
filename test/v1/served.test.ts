/**
 * What an original hears from us, byte for byte: each exchange of the protocol, said over a bare
 * socket as the recorded client says it, and the status and body that come back.
 */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { codeAt, goJson } from './originals.ts';
import { startOurs, type Ours } from './ours.ts';
import { conversation, exchange, postText, type RawAnswer } from './raw.ts';

const { requests } = JSON.parse(
  readFileSync(new URL('samples/client-requests.json', import.meta.url), 'utf8'),
) as { readonly requests: Record<string, string> };

const STEP_MS = 30_000;
const SECRET = /^[A-Z2-7]{32,}$/;

let ours: Ours;
beforeEach(async () => {
  ours = await startOurs({ name: 'cellar', beat: false });
});

/** Sends a request as the recorded client would, from `source`. */
function post(query: string, body: string, source?: string): Promise<RawAnswer> {
  return exchange(ours.at, postText(ours.at, query, body), source);
}

/** Registers as an original does, and gives the secret. */
async function connect(name: string, source?: string): Promise<string> {
  const login = { NodeUUID: name, Password: '123456', Username: 'user' };
  const answer = await post('?opr=c', goJson(login), source);
  expect(answer.status).toBe(200);
  return (JSON.parse(answer.body) as { readonly TOTPSecret: string }).TOTPSecret;
}

function heartbeatOf(name: string, TOTP: string): string {
  return goJson({ IPADDR: '<nil>', NodeUUID: name, TOTP });
}

function syncOf(name: string, TOTP: string, LostUUID: string): string {
  return goJson({ LostUUID, NodeUUID: name, TOTP });
}

/** The code of the step so many steps from now. */
function codeIn(secret: string, steps = 0): string {
  return codeAt(secret, Date.now() + steps * STEP_MS);
}

/** A code of none of the steps around now. */
function wrongCode(secret: string): string {
  const around = [-2, -1, 0, 1, 2].map((steps) => codeIn(secret, steps));
  const made = ['000000', '111111', '222222', '333333', '444444', '555555'];
  return made.find((code) => !around.includes(code)) ?? '666666';
}

describe('a recorded client', () => {
  it('is registered: a secret of 160 bits and its source address come back', async () => {
    const answer = await exchange(ours.at, requests['c'] ?? '');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    const { TOTPSecret, ReflectionIP } = JSON.parse(answer.body) as Record<string, string>;
    expect(TOTPSecret).toMatch(SECRET);
    expect(ReflectionIP).toMatch(/^127\.0\.0\.1:\d+$/);
    // These two fields in this order, and nothing else, not even white space.
    expect(answer.body).toBe(JSON.stringify({ TOTPSecret, ReflectionIP }));
  });

  it.each([
    ['h', 401, 'node TOTP not registered'],
    ['s', 401, 'node UUID not registered'],
  ])(
    'is refused with the recorded words before it registered (opr=%s)',
    async (opr, status, body) => {
      expect(await exchange(ours.at, requests[opr] ?? '')).toMatchObject({ status, body });
    },
  );
});

describe('connect', () => {
  it.each([
    ['password', { NodeUUID: 'attic', Password: '12345', Username: 'user' }],
    ['username', { NodeUUID: 'attic', Password: '123456', Username: 'users' }],
    ['field', { NodeUUID: 'attic' }],
  ])('with a wrong %s is answered 401', async (_what, body) => {
    const wrong = { status: 401, body: 'Incorrect username or password' };
    expect(await post('?opr=c', goJson(body as Record<string, string>))).toMatchObject(wrong);
  });

  it.each(['', 'hello', '{"NodeUUID":', '[', '\u0000', '{"NodeUUID":"attic",}'])(
    'with the body %j, which is no JSON, is answered 400 and words',
    async (body) => {
      const answer = await post('?opr=c', body);
      expect(answer.status).toBe(400);
      expect(answer.body.length).toBeGreaterThan(5);
    },
  );

  it.each(['[]', '7', '"text"', '{"NodeUUID":7,"Password":"123456","Username":"user"}'])(
    'with the body %s, JSON of another type, is answered 400',
    async (body) => {
      expect((await post('?opr=c', body)).status).toBe(400);
    },
  );

  it('takes field names in any case and passes over fields it does not know', async () => {
    const body = '{"nodeuuid":"attic","PASSWORD":"123456","userName":"user","More":{"a":[1]}}';
    expect((await post('?opr=c', body)).status).toBe(200);
  });

  it('gives another secret each time, and the newest is good', async () => {
    const [first, second] = [await connect('attic'), await connect('attic')];
    expect(second).not.toBe(first);
    expect((await post('?opr=h', heartbeatOf('attic', codeIn(second)))).status).toBe(200);
  });

  it('is answered whatever the method and the content type are', async () => {
    const body = goJson({ NodeUUID: 'attic', Password: '123456', Username: 'user' });
    const odd = postText(ours.at, '?opr=c', body)
      .replace('POST', 'PUT')
      .replace('application/json', 'text/html');
    expect((await exchange(ours.at, odd)).status).toBe(200);
  });
});

describe('heartbeat', () => {
  it('is answered with address and port of the sender, as plain text', async () => {
    const secret = await connect('attic');
    const answer = await post('?opr=h', heartbeatOf('attic', codeIn(secret)));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(answer.headers.get('content-length')).toBe(String(answer.body.length));
  });

  it('may repeat its code within the step, as originals do', async () => {
    const secret = await connect('attic');
    const body = heartbeatOf('attic', codeIn(secret));
    for (let n = 0; n < 3; n += 1) expect((await post('?opr=h', body)).status).toBe(200);
  });

  it.each([-1, 1])('is answered though its clock is %i step off', async (steps) => {
    const secret = await connect('attic');
    const body = heartbeatOf('attic', codeIn(secret, steps));
    expect((await post('?opr=h', body)).status).toBe(200);
  });

  it('is refused when its step is older than the newest seen', async () => {
    const secret = await connect('attic');
    const newer = heartbeatOf('attic', codeIn(secret, 1));
    const older = heartbeatOf('attic', codeIn(secret, -1));
    expect((await post('?opr=h', newer)).status).toBe(200);
    const refused = { status: 400, body: '400 - Invalid TOTP' };
    expect(await post('?opr=h', older)).toMatchObject(refused);
    expect((await post('?opr=h', newer)).status).toBe(200);
  });

  it.each([-3, 3])('is refused when its clock is %i steps off', async (steps) => {
    const secret = await connect('attic');
    const body = heartbeatOf('attic', codeIn(secret, steps));
    expect(await post('?opr=h', body)).toMatchObject({ status: 400, body: '400 - Invalid TOTP' });
  });

  it.each(['wrong', '', '12345', '1234567', 'abcdef'])(
    'with the code %j is refused',
    async (code) => {
      const secret = await connect('attic');
      const TOTP = code === 'wrong' ? wrongCode(secret) : code;
      const refused = { status: 400, body: '400 - Invalid TOTP' };
      expect(await post('?opr=h', heartbeatOf('attic', TOTP))).toMatchObject(refused);
    },
  );

  it('of somebody who never registered is refused', async () => {
    const refused = { status: 401, body: 'node TOTP not registered' };
    expect(await post('?opr=h', heartbeatOf('pi', '000000'))).toMatchObject(refused);
  });

  it('of one whom the operator removed is refused with other words', async () => {
    const secret = await connect('attic');
    expect(await ours.command({ type: 'remove-peer', name: 'attic' })).toEqual({ type: 'done' });
    const refused = { status: 401, body: 'node UUID not registered' };
    expect(await post('?opr=h', heartbeatOf('attic', codeIn(secret)))).toMatchObject(refused);
  });

  it('that is no JSON is answered 400', async () => {
    expect((await post('?opr=h', 'beat')).status).toBe(400);
  });

  it('goes on over one connection, as clients keep theirs', async () => {
    const secret = await connect('attic');
    const body = heartbeatOf('attic', codeIn(secret));
    const once = postText(ours.at, '?opr=h', body);
    const last = once.replace('Accept-Encoding', 'Connection: close\r\nAccept-Encoding');
    const answers = await conversation(ours.at, once + once + last);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
  });
});

describe('sync', () => {
  it('is answered with the address of the lost node alone', async () => {
    const secret = await connect('attic');
    const other = await connect('pi', '127.0.5.3');
    const beat = heartbeatOf('pi', codeIn(other));
    expect((await post('?opr=h', beat, '127.0.5.3')).status).toBe(200);
    const answer = await post('?opr=s', syncOf('attic', codeIn(secret), 'pi'));
    expect(answer).toMatchObject({ status: 200, body: '127.0.5.3' });
  });

  it('about a node that nobody knows is answered 500', async () => {
    const secret = await connect('attic');
    const unknown = { status: 500, body: '500 - Node not register on this host' };
    expect(await post('?opr=s', syncOf('attic', codeIn(secret), 'gone'))).toMatchObject(unknown);
  });

  it('of an unknown caller is answered 401, as heartbeats are not', async () => {
    const unknown = { status: 401, body: 'node UUID not registered' };
    expect(await post('?opr=s', syncOf('pi', '000000', 'attic'))).toMatchObject(unknown);
  });

  it('with a wrong code is answered 401 with the words of a heartbeat', async () => {
    const secret = await connect('attic');
    const wrong = { status: 401, body: '400 - Invalid TOTP' };
    const body = syncOf('attic', wrongCode(secret), 'attic');
    expect(await post('?opr=s', body)).toMatchObject(wrong);
  });
});

describe('anything else', () => {
  it.each(['', '?opr=', '?opr=x', '?opr=hh', '?opr=H', '?opr=c%20', '?other=c'])(
    'with the query %j is answered 400',
    async (query) => {
      const bad = { status: 400, body: '400 - Bad Request' };
      expect(await post(query, '{}')).toMatchObject(bad);
    },
  );

  it('finds the operation among other parameters', async () => {
    const body = goJson({ NodeUUID: 'attic', Password: '123456', Username: 'user' });
    expect((await post('?a=1&opr=c&b=2', body)).status).toBe(200);
  });
});
