import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/base/address.ts';
import { instant } from '../../../src/base/time.ts';
import { Trace } from '../../../src/sim/trace.ts';

function hashOf(...values: unknown[]): string {
  const trace = new Trace();
  for (const value of values) trace.note(instant(1), 'attic', 'input', value);
  return trace.hash;
}

describe('a trace', () => {
  it('has the same hash for the same things in the same order', () => {
    const step = { type: 'datagram', socket: 0, bytes: Uint8Array.of(1, 2, 3) };
    expect(hashOf(step, 'x')).toBe(hashOf({ ...step }, 'x'));
  });

  it.each([
    ['an octet', { bytes: Uint8Array.of(1, 2) }, { bytes: Uint8Array.of(1, 3) }],
    ['a length', { bytes: Uint8Array.of(0) }, { bytes: Uint8Array.of(0, 0) }],
    ['a fraction of a millisecond', { at: 1.001 }, { at: 1.002 }],
    ['which field holds a value', { a: 1, b: 2 }, { a: 2, b: 1 }],
    ['nothing and something', { tag: undefined }, { tag: 'undefined ' }],
    ['a large number', { at: 2 ** 40 }, { at: 2 ** 41 }],
  ])('has another hash when %s differs', (_what, one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other));
  });

  it('has another hash when the order, the node, the kind or the time differs', () => {
    const note = (time: number, node: string, kind: 'input' | 'effect'): string => {
      const trace = new Trace();
      trace.note(instant(time), node, kind, 'x');
      return trace.hash;
    };
    const hashes = [note(1, 'a', 'input'), note(2, 'a', 'input'), note(1, 'b', 'input')];
    hashes.push(note(1, 'a', 'effect'), hashOf('x', 'y'), hashOf('y', 'x'));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('tells its last lines in words', () => {
    const trace = new Trace();
    const from = parseAddress('203.0.113.10:4117');
    const bytes = new Uint8Array(68).fill(0x23);
    trace.note(instant(1_500), 'attic', 'input', { type: 'datagram', socket: 0, from, bytes });
    trace.note(instant(1_501), 'pi', 'fate', 'loses power');
    expect(trace.story).toEqual([
      '    1.5000 s  attic      < datagram socket=0 from=203.0.113.10:4117 ' +
        'bytes=[68 B 232323232323232323]',
      '    1.5010 s  pi         * loses power',
    ]);
  });

  it('forgets old lines, but not their part in the hash', () => {
    const trace = new Trace();
    for (let index = 0; index < 1_000; index += 1) {
      trace.note(instant(index), 'attic', 'fate', String(index));
    }
    expect(trace.count).toBe(1_000);
    expect(trace.story).toHaveLength(400);
    expect(trace.story[0]).toMatch(/600$/);
  });
});
