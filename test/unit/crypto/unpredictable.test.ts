import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { concat, toHex, utf8 } from '../../../src/base/bytes.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { Unpredictable } from '../../../src/crypto/unpredictable.ts';
import { octets } from './octets.ts';

const ENTROPY = Uint8Array.from({ length: 32 }, (_, index) => index);

function filled(entropy: Uint8Array): Unpredictable {
  const source = new Unpredictable(nodeSuite);
  source.refill(entropy);
  return source;
}

describe('Unpredictable', () => {
  it('gives nothing before the host gave entropy', () => {
    const source = new Unpredictable(nodeSuite);
    expect(() => source.bytes(1)).toThrow(InvariantError);
    expect(() => source.u32()).toThrow(InvariantError);
  });

  it('gives SHA-256(label ‖ entropy ‖ block number)', () => {
    const block = (n: number): Uint8Array =>
      nodeSuite.hash(concat(utf8('flotilla v2 unpredictable'), ENTROPY, Uint8Array.of(0, 0, 0, n)));
    const source = filled(ENTROPY);
    expect(source.bytes(40)).toEqual(concat(block(0), block(1).slice(0, 8)));
    expect(source.bytes(4)).toEqual(block(2).slice(0, 4));
    expect(source.u32()).toBe(new DataView(block(3).buffer).getUint32(0));
  });

  it('gives as many octets as asked for, never the same twice in a step', () => {
    fc.assert(
      fc.property(octets(32), fc.nat({ max: 200 }), (entropy, n) => {
        const source = filled(entropy);
        expect(source.bytes(n).length).toBe(n);
        const drawn = Array.from({ length: 20 }, () => toHex(source.bytes(16)));
        expect(new Set(drawn).size).toBe(20);
      }),
      { numRuns: 30 },
    );
  });

  it('repeats a step when its input is repeated, which replaying a trace needs', () => {
    const source = filled(ENTROPY);
    const first = [source.bytes(8), source.u32()];
    source.refill(ENTROPY);
    expect([source.bytes(8), source.u32()]).toEqual(first);
  });

  it('does not repeat a challenge when a snapshot of the machine is resumed', () => {
    // Two futures of one snapshot differ only in what the host hands over next.
    const [one, two] = [filled(ENTROPY), filled(ENTROPY)];
    one.refill(new Uint8Array(32).fill(1));
    two.refill(new Uint8Array(32).fill(2));
    expect(one.bytes(16)).not.toEqual(two.bytes(16));
  });

  it('does not change when the array the entropy came in is used again', () => {
    const entropy = Uint8Array.from(ENTROPY);
    const source = filled(entropy);
    entropy.fill(0);
    expect(source.bytes(8)).toEqual(filled(ENTROPY).bytes(8));
  });

  it.each([0, 31, 33])('refuses a refill of %d octets', (length) => {
    expect(() => filled(new Uint8Array(length))).toThrow(InvariantError);
  });
});
