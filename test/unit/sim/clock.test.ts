import { describe, expect, it } from 'vitest';
import { instant, millis, seconds } from '../../../src/base/time.ts';
import { VirtualClock, type ClockFaults } from '../../../src/sim/clock.ts';

function clockOf(changes: Partial<ClockFaults> = {}): VirtualClock {
  return new VirtualClock(instant(0), {
    drift: 0,
    wallOffset: millis(0),
    origin: instant(5_000),
    ...changes,
  });
}

describe('a virtual clock', () => {
  it('begins where its machine was switched on, not at zero', () => {
    expect(clockOf().monotonic(instant(100))).toBe(5_100);
  });

  it('gains what its crystal is off by, on both clocks', () => {
    const clock = clockOf({ drift: 1e-4 });
    const before = clock.wall(instant(0));
    expect(clock.monotonic(instant(100_000))).toBeCloseTo(5_000 + 100_010, 6);
    expect(clock.wall(instant(100_000)) - before).toBe(100_010);
  });

  it('finds the true time of what it showed', () => {
    const clock = clockOf({ drift: -5e-5 });
    expect(clock.worldTime(clock.monotonic(instant(77_777)))).toBeCloseTo(77_777, 6);
  });

  it('stands still while its machine sleeps, and the wall clock goes on', () => {
    const clock = clockOf();
    const wall = clock.wall(instant(1_000));
    clock.suspend(instant(1_000));
    expect(clock.monotonic(instant(30_000))).toBe(6_000);
    clock.resume(instant(31_000));
    expect(clock.monotonic(instant(31_500))).toBe(6_500);
    expect(clock.wall(instant(31_500)) - wall).toBe(30_500);
  });

  it('still knows after a sleep when it showed what before', () => {
    const clock = clockOf();
    clock.suspend(instant(1_000));
    clock.resume(instant(31_000));
    expect(clock.worldTime(instant(5_700))).toBe(700);
    expect(clock.worldTime(instant(6_200))).toBe(31_200);
  });

  it('goes back to what a snapshot showed', () => {
    const clock = clockOf();
    clock.resume(instant(60_000), instant(5_010));
    expect(clock.monotonic(instant(60_001))).toBe(5_011);
  });

  it('has a wall clock that can be set', () => {
    const clock = clockOf();
    const before = clock.wall(instant(10));
    clock.setWall(seconds(-3_600));
    expect(clock.wall(instant(10)) - before).toBe(-3_600_000);
    expect(clock.monotonic(instant(10))).toBe(5_010);
  });
});
