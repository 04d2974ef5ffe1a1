import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { INVITE_EXPIRY_MAX, INVITE_USES_MAX } from '../../../src/core/config.ts';
import { bindError, lacksFamily, placesOf } from '../../../src/runtime/bind.ts';
import { defaultStateFolder, type Place } from '../../../src/runtime/folder.ts';
import {
  checkBind,
  checkInvite,
  checkOptions,
  defaultNodeName,
} from '../../../src/runtime/options.ts';
import { readSource } from '../../../src/runtime/udp.ts';

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UserError) return error.code;
    throw error;
  }
  return 'none';
}

describe('options', () => {
  it('have defaults for everything', () => {
    const checked = checkOptions({});
    expect(checked).toMatchObject({ port: 4117, cluster: 'flotilla', bind: undefined });
    expect(checked.settings).toEqual({ beat: 600, tags: [] });
  });

  it('that make no sense are refused by name', () => {
    const codes = [
      { beatMs: 99 },
      { beatMs: 3_600_001 },
      { beatMs: Number.NaN },
      { name: 'no spaces' },
      { cluster: '-home' },
      { port: 65_536 },
      { port: 1.5 },
      { bind: ['attic.example'] },
      { bind: ['fe80::1%eth0'] },
    ].map((options) => codeOf(() => checkOptions(options)));
    expect(codes).toEqual([
      ...Array<string>(3).fill('beat-out-of-range'),
      ...Array<string>(2).fill('name-not-a-name'),
      ...Array<string>(2).fill('port-not-a-port'),
      ...Array<string>(2).fill('bind-not-an-address'),
    ]);
  });

  it('at the edges of their ranges are taken', () => {
    for (const options of [{ beatMs: 100 }, { beatMs: 3_600_000 }, { port: 0 }, { port: 65_535 }]) {
      expect(codeOf(() => checkOptions(options))).toBe('none');
    }
  });

  it('name each address to listen on once, in its one form', () => {
    expect(checkBind(['127.0.0.1', '[::1]', '0:0::1'])).toEqual(['127.0.0.1', '::1']);
    expect(checkBind([])).toBeUndefined();
  });

  it('of an invite stay within the limits of the core', () => {
    expect(codeOf(() => checkInvite(0, 60_000))).toBe('uses-out-of-range');
    expect(codeOf(() => checkInvite(INVITE_USES_MAX + 1, 60_000))).toBe('uses-out-of-range');
    expect(codeOf(() => checkInvite(1, 999))).toBe('expiry-out-of-range');
    expect(codeOf(() => checkInvite(1, INVITE_EXPIRY_MAX + 1))).toBe('expiry-out-of-range');
    expect(codeOf(() => checkInvite(1, NaN))).toBe('expiry-out-of-range');
    expect(codeOf(() => checkInvite(INVITE_USES_MAX, 1_000))).toBe('none');
    expect(codeOf(() => checkInvite(1, INVITE_EXPIRY_MAX))).toBe('none');
  });
});

it('a host’s name is made a label, or `node` when nothing is left', () => {
  const names = ['Attic.local', 'My_Old PC', '--x--', '日本', 'a'.repeat(80)];
  expect(names.map((name) => defaultNodeName(name))).toEqual([
    'attic',
    'my-old-pc',
    'x',
    'node',
    'a'.repeat(63),
  ]);
});

it('the state folder is where the platform keeps such things', () => {
  const place = (change: Partial<Place>): string =>
    defaultStateFolder({ platform: 'linux', env: {}, home: '/home/me', root: false, ...change });
  expect(place({})).toBe('/home/me/.local/state/flotilla');
  expect(place({ env: { XDG_STATE_HOME: '/x' } })).toBe('/x/flotilla');
  expect(place({ env: { XDG_STATE_HOME: 'relative' } })).toBe('/home/me/.local/state/flotilla');
  expect(place({ root: true })).toBe('/var/lib/flotilla');
  expect(place({ platform: 'darwin' })).toBe('/home/me/Library/Application Support/flotilla');
  expect(place({ platform: 'win32', env: { LOCALAPPDATA: '/c' } })).toBe('/c/flotilla');
});

it('a machine without IPv6 is told apart from an address it does not hold', () => {
  const error = Object.assign(new Error(), { code: 'EADDRNOTAVAIL' });
  const [, everyIpv6] = placesOf(undefined);
  const [named] = placesOf(['2001:db8::7']);
  expect(everyIpv6 && lacksFamily(everyIpv6, error)).toBe(true);
  expect(named && lacksFamily(named, error)).toBe(false);
});

it('what the system says of a port is told in words, with a remedy', () => {
  const place = { family: 4, ip: '0.0.0.0' } as const;
  const told = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].map((code) => {
    return bindError('UDP', place, 4117, Object.assign(new Error(code), { code }));
  });
  expect(told.map(({ code }) => code)).toEqual([
    'port-taken',
    'port-forbidden',
    'bind-unavailable',
  ]);
  for (const { hint } of told) expect(hint).toMatch(/--port|--bind/);
});

it('a source is taken in its one form, and none with a zone or without a way back', () => {
  expect(readSource('::ffff:192.0.2.7', 5)).toEqual({ family: 4, ip: '192.0.2.7', port: 5 });
  expect(readSource('2001:DB8:0::7', 5)).toEqual({ family: 6, ip: '2001:db8::7', port: 5 });
  expect(readSource('fe80::1%eth0', 5)).toBe('udp-zoned-source');
  expect(readSource('192.0.2.7', 0)).toBe('udp-unusable-source');
});
