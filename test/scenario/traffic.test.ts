import { describe, expect, it } from 'vitest';
import { BUSY, converges } from './runs.ts';

// DESIGN §12: ≤ 340 octets a second and node each way, all headers counted, and flat (≤ 1.2×).
describe('a cluster to which nothing happens', { timeout: BUSY }, () => {
  const small = converges('idle', { seed: 1, nodes: 10, seconds: 30 }).traffic;

  it('sends and receives at most 340 octets a second and node', () => {
    expect(small.sentPerSecond).toBeLessThanOrEqual(340);
    expect(small.receivedPerSecond).toBeLessThanOrEqual(340);
  });

  it('is not silent either: everyone is asked once a beat in all', () => {
    expect(small.datagramsPerSecond).toBeGreaterThan(3);
  });

  it('costs each node no more when it is larger', () => {
    const large = converges('idle', { seed: 1, nodes: 40, seconds: 30 }).traffic;
    expect(large.sentPerSecond).toBeLessThanOrEqual(1.2 * (small.sentPerSecond ?? 0));
  });
});
