import { beforeEach, describe, expect, test } from 'vitest';
import { millis } from '../../../src/base/time.ts';
import { RoundTrip } from '../../../src/core/round-trip.ts';

let trip: RoundTrip;

beforeEach(() => {
  trip = new RoundTrip();
});

function atRest(...samples: number[]): void {
  for (const sample of samples) trip.sample(millis(sample), true);
}

function inRound(...samples: number[]): void {
  for (const sample of samples) trip.sample(millis(sample), false);
}

describe('the time-out of a ping', () => {
  test('is 400 ms before anything was measured', () => {
    expect(trip.timeout).toBe(400);
  });

  test('is that of RFC 6298: srtt + 4·rttvar, the first sample counting half as variation', () => {
    atRest(100);
    expect(trip.timeout).toBe(300);
    atRest(140);
    // rttvar = 3/4·50 + 1/4·40, srtt = 7/8·100 + 1/8·140
    expect(trip.timeout).toBe(105 + 4 * 47.5);
  });

  test('is never below 150 ms nor above 3 s', () => {
    atRest(1);
    expect(trip.timeout).toBe(150);
    atRest(60_000);
    expect(trip.timeout).toBe(3_000);
  });

  test('does not grow because an answer came sooner than expected', () => {
    atRest(200);
    const before = trip.timeout;
    atRest(2);
    expect(trip.timeout).toBeLessThan(before);
  });

  test('forgets what answers took in the crowd of a round with the first one at rest', () => {
    inRound(300, 80, 250);
    expect(trip.timeout).toBeGreaterThan(700);
    atRest(2);
    expect(trip.timeout).toBe(150);
  });

  test('is not made longer by what comes in time while a round runs', () => {
    atRest(2);
    inRound(140, 140, 140);
    expect(trip.timeout).toBe(150);
  });

  test('grows at once with late answers to a round, until one at rest says otherwise', () => {
    atRest(2);
    inRound(600, 600);
    expect(trip.timeout).toBeGreaterThan(600);
    atRest(3);
    expect(trip.timeout).toBe(150);
  });

  test('follows a peer that moved somewhere slower before the next answer at rest', () => {
    atRest(2);
    trip.unsettle();
    inRound(600, 600);
    expect(trip.timeout).toBeGreaterThan(600);
    atRest(610);
    expect(trip.smoothed).toBe(610);
  });

  test('grows with answers that come later and later although no round runs', () => {
    atRest(2, 600, 600);
    expect(trip.timeout).toBeGreaterThan(600);
  });
});
