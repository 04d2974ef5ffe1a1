import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOctets, nameKey } from '../../../src/services/names/labels.ts';
import { Ready } from '../../../src/services/names/ready.ts';

const [A, HTTPS, AAAA] = [1, 65, 28];

function octetsOf(name: string): Uint8Array {
  return keyOctets(nameKey(name) ?? '');
}

function keep(ready: Ready, name: string, type: number, answer: string | Uint8Array): void {
  const octets = octetsOf(name);
  ready.keep(octets, 0, octets.length, type, Buffer.from(answer));
}

function found(ready: Ready, name: string, type: number): string | undefined {
  // As it stands in a message: behind something, in front of something.
  const octets = Uint8Array.of(7, 7, 7, ...octetsOf(name), 7);
  return text(ready, octets, 3, octets.length - 1, type);
}

function text(
  ready: Ready,
  octets: Uint8Array,
  from: number,
  to: number,
  type: number,
): string | undefined {
  const span = ready.find(octets, from, to, type);
  return span && Buffer.from(span.octets.subarray(span.from, span.to)).toString();
}

describe('answers kept ready', () => {
  it('are found by name and type, whatever the case', () => {
    const ready = new Ready();
    keep(ready, 'attic.home.internal', A, 'one');
    keep(ready, 'attic.home.internal', AAAA, '');
    expect(found(ready, 'attic.home.internal', A)).toBe('one');
    expect(found(ready, 'attic.home.internal', AAAA)).toBe('');
    // 65 is an `A`, 97 an `a`: numbers of types have no case.
    expect(found(ready, 'attic.home.internal', HTTPS)).toBeUndefined();
    const asked = octetsOf('attic.home.internal').map((octet) =>
      octet >= 0x61 && octet <= 0x7a ? octet & ~0x20 : octet,
    );
    expect(text(ready, asked, 0, asked.length, A)).toBe('one');
    expect(found(ready, 'attic.home.interna', A)).toBeUndefined();
    expect(found(ready, 'cellar.home.internal', A)).toBeUndefined();
  });

  it('tell signs apart that only letters may be taken for each other', () => {
    const ready = new Ready();
    keep(ready, 'a-b', A, 'hyphen');
    for (const other of ['a\rb', 'a\x2db', 'a\x0db', 'A-b']) {
      const isSame = other.toLowerCase() === 'a-b';
      expect(found(ready, other, A)).toBe(isSame ? 'hyphen' : undefined);
    }
    keep(ready, '[', A, 'bracket');
    expect(found(ready, '{', A)).toBeUndefined();
    expect(found(ready, '@', A)).toBeUndefined();
    keep(ready, '`', A, 'tick');
    expect(found(ready, '@', A)).toBeUndefined();
  });

  it('are gone when dropped, and others can take their place', () => {
    const ready = new Ready();
    for (const type of [A, AAAA]) keep(ready, 'attic', type, 'old');
    keep(ready, 'cellar', A, 'stays');
    ready.drop(octetsOf('attic'), [A, AAAA]);
    expect([found(ready, 'attic', A), found(ready, 'attic', AAAA)]).toEqual([undefined, undefined]);
    keep(ready, 'attic', A, 'new');
    expect([found(ready, 'attic', A), found(ready, 'cellar', A)]).toEqual(['new', 'stays']);
  });

  it('that nobody asks for are forgotten when there is no room', () => {
    // 5 + 3 + 1 octets each: three fit into one generation.
    const ready = new Ready(27, 16);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) keep(ready, name, A, '1');
    // One generation holds a, b, c, the other d, e, f; whoever asks for c keeps it.
    expect(found(ready, 'c', A)).toBe('1');
    expect(found(ready, 'a', A)).toBeUndefined();
    for (const name of ['g', 'h']) keep(ready, name, A, '1');
    expect(found(ready, 'c', A)).toBe('1');
  });

  it('fill half the places at the most', () => {
    const ready = new Ready(1_000, 8);
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    for (const name of names) keep(ready, name, A, name);
    // Four in each: the first one fell out when the ninth came.
    expect(names.filter((name) => found(ready, name, A) === undefined)).not.toEqual([]);
    expect(found(ready, 'i', A)).toBe('i');
  });

  it('are not kept when they are too large', () => {
    const ready = new Ready(100_000, 8);
    keep(ready, 'a', A, new Uint8Array(0xffff));
    keep(ready, 'b', A, new Uint8Array(0x1_0000));
    expect(found(ready, 'a', A)?.length).toBe(0xffff);
    expect(found(ready, 'b', A)).toBeUndefined();
    const small = new Ready(27, 8);
    keep(small, 'a', A, new Uint8Array(19));
    keep(small, 'b', A, new Uint8Array(20));
    expect([found(small, 'a', A)?.length, found(small, 'b', A)]).toEqual([19, undefined]);
  });

  it('are what was kept last, or nothing', () => {
    const names = fc.constantFrom('a', 'b', 'ab.c', 'abc', 'x.y.z');
    const act = fc.record({
      what: fc.constantFrom('keep', 'drop', 'find'),
      name: names,
      type: fc.constantFrom(A, AAAA),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
        const ready = new Ready(64, 8);
        const last = new Map<string, string>();
        for (const [turn, { what, name, type }] of acts.entries()) {
          const key = `${name} ${String(type)}`;
          const kept = found(ready, name, type);
          if (kept !== undefined) expect(kept).toBe(last.get(key));
          if (what === 'drop') {
            ready.drop(octetsOf(name), [type]);
            last.delete(key);
          } else if (what === 'keep' && kept === undefined) {
            keep(ready, name, type, String(turn));
            last.set(key, String(turn));
          }
        }
      }),
    );
  });
});
