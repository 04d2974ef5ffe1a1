import { describe, expect, it } from 'vitest';
import { BUSY, converges } from './runs.ts';

// What must not happen is judged by the checkers after every step: nobody is proven where it is
// not, nothing old is believed, attackers draw little and strangers nothing.
describe('a cluster under attack', { timeout: BUSY }, () => {
  it.each([1, 2])('outvotes a liar, and honest movers are found (seed %i)', (seed) => {
    const { healedMs } = converges('liar', { seed });
    expect(Math.max(...healedMs.map(Number))).toBeLessThanOrEqual(2_500);
  });

  it.each([1, 2])('believes no record that its owner did not sign (seed %i)', (seed) => {
    const { healedMs } = converges('forger', { seed });
    expect(Math.max(...healedMs.map(Number))).toBeLessThanOrEqual(2_500);
  });

  it.each([1, 2])('takes replayed datagrams for nothing, after restarts too (seed %i)', (seed) => {
    const { healedMs } = converges('replayer', { seed });
    expect(Math.max(...healedMs.map(Number))).toBeLessThanOrEqual(3_000);
  });

  it.each([1, 2])('is not dragged away by who passes datagrams on faster (seed %i)', (seed) => {
    const { healedMs } = converges('forwarder', { seed });
    expect(healedMs[1]).toBeLessThanOrEqual(2_500);
  });

  it.each([1, 2])('gives a stranger not one octet (seed %i)', (seed) => {
    expect(converges('scanner', { seed }).outcome).toBe('converged');
  });

  it.each([1, 2])('takes back a machine resumed from an old snapshot (seed %i)', (seed) => {
    const { healedMs } = converges('snapshot', { seed });
    expect(healedMs[0]).toBeLessThanOrEqual(3_000);
  });
});
