import { describe, expect, test } from 'vitest';
import type { Address } from '../../../src/base/address.ts';
import { instant } from '../../../src/base/time.ts';
import { SILENCES_FOR_UNLISTED } from '../../../src/core/config.ts';
import type { SocketId } from '../../../src/core/io.ts';
import { samePath, shouldReplace, type Path } from '../../../src/core/path.ts';
import { at } from './fixture.ts';

const HOME = '192.0.2.7:4117';
const NEW = '198.51.100.7:4117';

function path(place: string, fields: Partial<Path> = {}): Path {
  const defaults = { socket: 0, provenAt: instant(100), silentSince: undefined, silences: 0 };
  return { ...defaults, address: at(place), ...fields } as Path;
}

function silent(place: string, silences: number, since = 100): Path {
  return path(place, { provenAt: instant(50), silentSince: instant(since), silences });
}

function listed(...places: readonly string[]): Address[] {
  return places.map(at);
}

test('a path is its socket and its address, whatever else is known of it', () => {
  expect(samePath(path(HOME), path(HOME, { provenAt: instant(999), silences: 3 }))).toBe(true);
  expect(samePath(path(HOME), path(HOME, { socket: 1 }))).toBe(false);
  expect(samePath(path(HOME), path('192.0.2.7:4118'))).toBe(false);
});

describe('while the path in use answers', () => {
  test('an address that no record lists takes nothing over, whoever answers there', () => {
    expect(shouldReplace(path(HOME), path(NEW), listed(HOME))).toBe(false);
    expect(shouldReplace(path(HOME), path(NEW), listed())).toBe(false);
  });

  test('an address that the newest record lists takes over from one it does not list', () => {
    expect(shouldReplace(path(HOME), path(NEW), listed(NEW))).toBe(true);
  });

  test('of two listed addresses the one that the record puts first is used', () => {
    expect(shouldReplace(path(HOME), path(NEW), listed(NEW, HOME))).toBe(true);
    expect(shouldReplace(path(HOME), path(NEW), listed(HOME, NEW))).toBe(false);
  });

  test('the main socket takes over from a fresh one, never the other way', () => {
    const fresh = path(HOME, { socket: 1 as SocketId });
    expect(shouldReplace(fresh, path(HOME), listed(HOME))).toBe(true);
    expect(shouldReplace(path(HOME), fresh, listed(HOME))).toBe(false);
    expect(shouldReplace(fresh, path(HOME, { socket: 2 }), listed(HOME))).toBe(false);
  });
});

describe('once the path in use fell silent', () => {
  test('a listed address that answered since takes over after one silence', () => {
    expect(shouldReplace(silent(HOME, 1), path(NEW), listed(NEW))).toBe(true);
    // Also from a place that the record prefers: it is silent.
    expect(shouldReplace(silent(HOME, 1), path(NEW), listed(HOME, NEW))).toBe(true);
  });

  test('an unlisted address needs one silence more than a listed one', () => {
    const once = silent(HOME, SILENCES_FOR_UNLISTED - 1);
    const twice = silent(HOME, SILENCES_FOR_UNLISTED);
    expect(shouldReplace(once, path(NEW), listed(HOME))).toBe(false);
    expect(shouldReplace(twice, path(NEW), listed(HOME))).toBe(true);
  });

  test('without any record one silence is enough, since nothing better is known', () => {
    expect(shouldReplace(silent(HOME, 1), path(NEW), listed())).toBe(true);
  });

  test('an address proven before the silence began says nothing', () => {
    const since = silent(HOME, 3, 200);
    expect(shouldReplace(since, path(NEW, { provenAt: instant(199) }), listed(NEW))).toBe(false);
    expect(shouldReplace(since, path(NEW, { provenAt: instant(200) }), listed(NEW))).toBe(true);
  });

  test('an address that is silent itself takes nothing over', () => {
    expect(shouldReplace(silent(HOME, 3), silent(NEW, 1), listed(NEW))).toBe(false);
  });
});
