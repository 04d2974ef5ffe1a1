import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Duration } from '../../../src/base/time.ts';
import {
  after,
  days,
  earliest,
  elapsed,
  formatDuration,
  hours,
  instant,
  millis,
  minutes,
  parseDuration,
  seconds,
  wallTime,
} from '../../../src/base/time.ts';

describe('durations and points', () => {
  it('are milliseconds', () => {
    expect([millis(1), seconds(1), minutes(1), hours(1), days(1)]).toEqual([
      1, 1000, 60_000, 3_600_000, 86_400_000,
    ]);
    expect(wallTime(5) + 1).toBe(6);
  });

  it('go forward and back by arithmetic', () => {
    const start = instant(100);
    const later = after(start, seconds(2));
    expect(later).toBe(2100);
    expect(elapsed(start, later)).toBe(2000);
    expect(elapsed(later, start)).toBe(-2000);
  });

  it('finds the earliest point, leaving out those not set', () => {
    expect(earliest(instant(3), undefined, instant(2), instant(5))).toBe(2);
    expect(earliest(undefined, instant(4))).toBe(4);
    expect(earliest()).toBeUndefined();
    expect(earliest(undefined)).toBeUndefined();
  });
});

describe('parseDuration', () => {
  it.each<[string, number]>([
    ['600ms', 600],
    ['5s', 5000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5s', 1500],
    ['2.3s', 2300],
    ['0.25ms', 0.25],
    ['0s', 0],
    ['1h30m', 5_400_000],
    ['1d2h3m4s5ms', 93_784_005],
    ['007s', 7000],
  ])('reads %s as %d milliseconds', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each([
    ...['', '5', 's', 'ms', '5 s', ' 5s', '5s ', '-5s', '+5s', '5S', '5sec', '.5s', '5.s', '1e3s'],
    ...['1,5s', '5s1h', '1s1s', '1h1h', 'NaNs', 'Infinitys', '5s\n', '٥s', '1.5.5s'],
    ...['99999999999999999d', `${'9'.repeat(60)}s`, `1${'0'.repeat(45)}s`],
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('never throws and never gives what is no duration', () => {
    const unit = fc.constantFrom(...'0123456789.dhms -');
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const parsed = parseDuration(text);
        if (parsed !== undefined) expect(Number.isFinite(parsed) && parsed >= 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formatDuration', () => {
  it.each<[Duration, string]>([
    [millis(0), '0s'],
    [millis(600), '600ms'],
    [millis(12.3456), '12.346ms'],
    [millis(0.0001), '0s'],
    [millis(999.9999), '1s'],
    [millis(1234), '1.234s'],
    [millis(1234.6), '1.235s'],
    [seconds(5), '5s'],
    [seconds(90), '1m30s'],
    [minutes(15), '15m'],
    [hours(2), '2h'],
    [hours(26), '1d2h'],
    [days(3), '3d'],
    [seconds(-2), '-2s'],
    [millis(Infinity), 'never'],
    [millis(NaN), 'never'],
  ])('writes %d as %s', (duration, expected) => {
    expect(formatDuration(duration)).toBe(expected);
  });

  it('is read back exactly, for any whole number of milliseconds', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e13 }), (n) => {
        expect(parseDuration(formatDuration(millis(n)))).toBe(n);
      }),
      { numRuns: 1000 },
    );
  });
});
