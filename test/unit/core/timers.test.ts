import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instant } from '../../../src/base/time.ts';
import { Timers } from '../../../src/core/timers.ts';

function ring(timers: Timers, now: number): string[] {
  const rung: string[] = [];
  for (let key = timers.take(instant(now)); key !== undefined; key = timers.take(instant(now))) {
    rung.push(key);
  }
  return rung;
}

test('an alarm rings at its time, not before, and once', () => {
  const timers = new Timers();
  timers.set('beat', instant(10));
  expect(timers.take(instant(9.999))).toBeUndefined();
  expect(timers.has('beat')).toBe(true);
  expect(timers.take(instant(10))).toBe('beat');
  expect(timers.has('beat')).toBe(false);
  expect(timers.take(instant(1000))).toBeUndefined();
});

test('alarms ring in the order of their times, equal ones in the order of setting', () => {
  const timers = new Timers();
  timers.set('c', instant(3));
  timers.set('b', instant(2));
  timers.set('a2', instant(1));
  timers.set('a1', instant(1));
  expect(ring(timers, 3)).toEqual(['a2', 'a1', 'b', 'c']);
});

test('setting a name again replaces its time, to later and to earlier', () => {
  const timers = new Timers();
  timers.set('try', instant(5));
  timers.set('try', instant(9));
  expect(timers.next()).toMatchObject({ key: 'try', at: 9 });
  timers.set('try', instant(2));
  expect(ring(timers, 100)).toEqual(['try']);
});

test('setEarlier moves an alarm forward and never back', () => {
  const timers = new Timers();
  timers.setEarlier('news', instant(8));
  timers.setEarlier('news', instant(9));
  expect(timers.next()?.at).toBe(8);
  timers.setEarlier('news', instant(7));
  expect(timers.next()?.at).toBe(7);
});

test('a cleared alarm neither rings nor is the next', () => {
  const timers = new Timers();
  timers.set('seek', instant(1));
  timers.set('beat', instant(2));
  timers.clear('seek');
  expect(timers.next()?.key).toBe('beat');
  expect(ring(timers, 5)).toEqual(['beat']);
  expect(timers.next()).toBeUndefined();
});

test('any settings ring as a sorted list would', () => {
  const setting = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(50));
  fc.assert(
    fc.property(fc.array(setting, { maxLength: 60 }), fc.nat(60), (settings, until) => {
      const timers = new Timers();
      const model = new Map<string, number>();
      for (const [key, time] of settings) {
        timers.set(key, instant(time));
        if (model.get(key) !== time) model.delete(key);
        model.set(key, time);
      }
      const expected = [...model].filter(([, time]) => time <= until).map(([, time]) => time);
      const rung = ring(timers, until);
      expect(rung.map((key) => model.get(key))).toEqual(expected.toSorted((a, b) => a - b));
      expect(new Set(rung).size).toBe(expected.length);
    }),
  );
});
