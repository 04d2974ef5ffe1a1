import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { daemonOf, understand } from '../../../src/cli/daemon.ts';
import { exitCodeOf, UsageError } from '../../../src/cli/exit.ts';
import { UserError } from '../../../src/base/errors.ts';
import { ownFolder, userErrorOf } from '../../real/waiting.ts';

/** A state folder with a server on its socket that is no daemon of this version. */
async function stranger(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const folder = await ownFolder();
  const server: Server = createServer(answer ?? ((): void => undefined));
  server.listen(join(folder, 'control.sock'));
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return folder;
}

describe('an answer of the daemon', () => {
  it('is its JSON when all is well', () => {
    expect(understand('{"schema":1,"done":true}', 200)).toEqual({ schema: 1, done: true });
  });

  it('of another schema is refused, with what would help', () => {
    expect(() => understand('{"schema":2}', 200)).toThrow('schema 2');
    expect(() => understand('null', 200)).toThrow('schema undefined');
  });

  it('that is not JSON is refused', () => {
    expect(() => understand('<html>', 200)).toThrow('JSON');
  });

  it('that is a refusal becomes the error it tells of', () => {
    const text = JSON.stringify({ code: 'join-spent', message: 'Used up.', hint: 'Ask again.' });
    const refused = (): unknown => understand(text, 409);
    expect(refused).toThrow(expect.objectContaining({ code: 'join-spent', hint: 'Ask again.' }));
  });
});

describe('a daemon that cannot be asked', () => {
  it('is none where there is no folder, no socket, or a file in its place', async () => {
    const folder = await ownFolder();
    const codeOf = async (state: string): Promise<string> =>
      (await userErrorOf(daemonOf(state).ask('GET /v2/status'))).code;
    expect(await codeOf(join(folder, 'nowhere'))).toBe('no-daemon');
    expect(await codeOf(folder)).toBe('no-daemon');
    await writeFile(join(folder, 'control.sock'), '');
    expect(await codeOf(folder)).toBe('no-daemon');
  });

  it('is none when it hangs up before it has answered', async () => {
    const folder = await stranger((request) => request.socket.destroy());
    expect((await userErrorOf(daemonOf(folder).ask('GET /v2/status'))).code).toBe('no-daemon');
  });

  it('ends a stream without an error when it is killed in the middle of it', async () => {
    const folder = await stranger((request, response) => {
      response.write('{"schema":1,"type":"afloat"}\n{"schema":1,"ty', () => {
        setImmediate(() => request.socket.destroy());
      });
    });
    const lines: object[] = [];
    for await (const line of daemonOf(folder).stream('/v2/events')) lines.push(line);
    expect(lines).toEqual([{ schema: 1, type: 'afloat' }]);
  });

  it('refuses a stream in words', async () => {
    const folder = await stranger((_request, response) => {
      response.statusCode = 404;
      response.end('{"code":"no-such-route","message":"There is no such thing.","hint":""}');
    });
    const first = daemonOf(folder).stream('/v2/events')[Symbol.asyncIterator]().next();
    expect((await userErrorOf(first)).code).toBe('no-such-route');
  });
});

describe('exit codes', () => {
  it.each([
    [new UsageError('any', '', ''), 2],
    [new UserError('no-daemon', '', ''), 3],
    [new UserError('name-unknown', '', ''), 4],
    [new UserError('name-ambiguous', '', ''), 4],
    [new UserError('join-unreachable', '', ''), 5],
    [new UserError('address-zone', '', ''), 2],
    [new UserError('port-taken', '', ''), 1],
    [new Error('a slip'), 1],
    ['a text', 1],
  ])('of %o is %d', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});
