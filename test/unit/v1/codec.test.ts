import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isLogin,
  isName,
  isPath,
  readConnected,
  readReflection,
  readRequest,
  writeConnect,
  writeConnected,
  writeHeartbeat,
  writeSync,
} from '../../../src/v1/codec.ts';
import { BODY_MAX, CREDENTIAL_MAX, NAME_MAX, PATH_MAX } from '../../../src/v1/config.ts';

interface Recorded {
  readonly requests: Readonly<Record<'c' | 'h' | 's', string>>;
  readonly answers: Readonly<Record<'c' | 'h' | 's', string>>;
}

const recorded = JSON.parse(
  readFileSync(new URL('../../v1/samples/client-requests.json', import.meta.url), 'utf8'),
) as Recorded;

/** The body of a recorded request. */
function body(operation: 'c' | 'h' | 's'): string {
  return recorded.requests[operation].split('\r\n\r\n')[1] ?? '';
}

describe('what is sent', () => {
  it('has the bytes of a real client', () => {
    const login = { username: 'user', password: '123456' };
    expect(writeConnect('attic', login)).toBe(body('c'));
    expect(writeHeartbeat('attic', '999046', undefined)).toBe(body('h'));
    expect(writeSync('attic', '999046', 'gone')).toBe(body('s'));
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
    expect(writeConnected(secret, '127.0.0.1:50000')).toBe(recorded.answers.c);
  });

  it('escapes as Go does', () => {
    const written = writeHeartbeat('<a>&\u2028\u2029"\\\n\t\u0001\ud800é', '1', '10.0.0.1');
    expect(written).toBe(
      '{"IPADDR":"10.0.0.1","NodeUUID":"\\u003ca\\u003e\\u0026\\u2028\\u2029\\"\\\\\\n\\t\\u0001' +
        '\ufffdé","TOTP":"1"}',
    );
  });

  it('is read back as it was meant', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        const login = { username: a.replace(/\p{Cs}/gu, '\ufffd'), password: b };
        const said = readRequest('c', writeConnect(b, { ...login, password: a }));
        expect(said).toMatchObject({ type: 'connect', login: { username: login.username } });
        expect(readRequest('s', writeSync(a, '123456', b))).toMatchObject({ code: '123456' });
      }),
    );
  });
});

describe('what comes', () => {
  it('is read from recorded requests', () => {
    const login = { username: 'user', password: '123456' };
    expect(readRequest('c', body('c'))).toEqual({ type: 'connect', name: 'attic', login });
    const heartbeat = { type: 'heartbeat', name: 'attic', code: '999046' };
    expect(readRequest('h', body('h'))).toEqual(heartbeat);
    const sync = { type: 'sync', name: 'attic', code: '999046', lost: 'gone' };
    expect(readRequest('s', body('s'))).toEqual(sync);
  });

  it('may write its fields in any case, and have more of them', () => {
    const said = readRequest('h', '{"nodeuuid":"pi","ToTp":"1","more":[{"a":1}],"IPADDR":null}');
    expect(said).toEqual({ type: 'heartbeat', name: 'pi', code: '1' });
  });

  it('leaves fields empty that are missing or null', () => {
    expect(readRequest('s', '{}')).toEqual({ type: 'sync', name: '', code: '', lost: '' });
    expect(readRequest('h', 'null')).toEqual({ type: 'heartbeat', name: '', code: '' });
  });

  it.each([undefined, '', 'C', 'x', 'ch', '__proto__'])('has no operation %j', (operation) => {
    expect(readRequest(operation, '{}')).toEqual({ type: 'malformed', why: '400 - Bad Request' });
  });

  it.each([
    ['', 'unexpected end of JSON input'],
    ['  ', 'unexpected end of JSON input'],
    ['hello', "invalid character 'h' looking for beginning of value"],
    ['{"NodeUUID":"a"', 'invalid character or end in JSON input'],
    ['[]', 'json: cannot unmarshal array into an object'],
    ['"a"', 'json: cannot unmarshal string into an object'],
    ['{"NodeUUID":1}', 'json: cannot unmarshal number into field NodeUUID of type string'],
    ['{"TOTP":["1"]}', 'json: cannot unmarshal array into field TOTP of type string'],
  ])('is malformed: %j', (text, why) => {
    expect(readRequest('h', text)).toEqual({ type: 'malformed', why });
  });

  it('has 64 KiB at the most', () => {
    const body = (length: number): string => `{"NodeUUID":"pi"${' '.repeat(length - 17)}}`;
    expect(readRequest('h', body(BODY_MAX))).toMatchObject({ type: 'heartbeat', name: 'pi' });
    expect(readRequest('h', body(BODY_MAX + 1))).toEqual({ type: 'malformed', why: 'too long' });
  });

  it('never has a part of the body quoted back that could be a secret', () => {
    const said = readRequest('c', '{"Password":"geheim",}');
    expect(JSON.stringify(said)).not.toContain('geheim');
  });

  it('never makes the reader throw', () => {
    const operation = fc.constantFrom('c', 'h', 's', undefined, 'z');
    const text = fc.oneof(fc.string(), fc.json(), fc.constantFrom('['.repeat(60_000)));
    fc.assert(
      fc.property(operation, text, (opr, said) => {
        readRequest(opr, said);
        readConnected(said);
        readReflection(said);
      }),
    );
  });
});

describe('answers', () => {
  it('to a connect are read as recorded, and as an original writes them', () => {
    expect(readConnected(recorded.answers.c)).toMatchObject({ reflected: '127.0.0.1' });
    const said = '{"TOTPSecret":"UDDGFC63","ReflectionIP":"127.0.0.1:43588"}';
    expect(readConnected(said)).toEqual({ secret: 'UDDGFC63', reflected: '127.0.0.1' });
  });

  it.each(['', '{}', '{"TOTPSecret":"short"}', '{"TOTPSecret":7}', '<html>'])(
    'to a connect hold no secret: %j',
    (text) => {
      expect(readConnected(text)).toBeUndefined();
    },
  );

  it.each([
    ['127.0.0.1:50000', '127.0.0.1'],
    ['127.0.0.9', '127.0.0.9'],
    ['[2001:db8::7]:4117', '2001:db8::7'],
    ['2001:DB8::7', '2001:db8::7'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    [' 10.0.0.1\n', '10.0.0.1'],
    ['<html>', undefined],
    ['10.0.0.1:99999', undefined],
    ['', undefined],
  ])('to a heartbeat: %j is %j', (text, ip) => {
    expect(readReflection(text)).toBe(ip);
  });
});

describe('bounds of texts', () => {
  it('let names have 1 to 64 characters that can be seen', () => {
    expect(isName('a')).toBe(true);
    expect(isName('a'.repeat(NAME_MAX))).toBe(true);
    expect(isName('é-木.x_Y')).toBe(true);
    expect(isName('living room pi')).toBe(true);
    for (const name of [
      '',
      'a'.repeat(NAME_MAX + 1),
      'a  ',
      'a\n',
      '\u202ea',
      '\u0000',
      '\ud800',
    ]) {
      expect(isName(name), JSON.stringify(name)).toBe(false);
    }
  });

  it('let usernames and passwords have 256 characters, and a username one at least', () => {
    const long = 'x'.repeat(CREDENTIAL_MAX);
    expect(isLogin({ username: long, password: long })).toBe(true);
    expect(isLogin({ username: 'a', password: '' })).toBe(true);
    expect(isLogin({ username: '', password: 'a' })).toBe(false);
    expect(isLogin({ username: `${long}x`, password: 'a' })).toBe(false);
    expect(isLogin({ username: 'a', password: `${long}x` })).toBe(false);
  });

  it('let paths be absolute, and of 256 characters', () => {
    expect(isPath('/godddns')).toBe(true);
    expect(isPath('/')).toBe(true);
    expect(isPath(`/${'a'.repeat(PATH_MAX - 1)}`)).toBe(true);
    const wrong = [
      `/${'a'.repeat(PATH_MAX)}`,
      '',
      'godddns',
      '/a?b',
      '/a#b',
      '/a b',
      '/é',
      '/a\r\n',
    ];
    for (const path of wrong) expect(isPath(path), path).toBe(false);
  });
});
