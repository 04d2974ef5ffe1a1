/** The benchmarks' own arithmetic: a wrong table is worse than none. */
import { describe, expect, it } from 'vitest';

type Row = readonly (readonly [column: string, cell: string])[];
interface Document {
  readonly mergeTable: (text: string, name: string, rows: readonly Row[]) => string;
  readonly healCell: (heals: readonly (number | null)[], boundMs: number) => string;
}
interface MessagePack {
  readonly encode: (map: Readonly<Record<string, string | number | boolean>>) => Buffer;
  readonly decode: (bytes: Buffer) => readonly [value: unknown, size: number];
}

// The benchmarks are plain JavaScript, so that stock Node runs them.
const at = (path: string): string => new URL(`../../../bench/${path}`, import.meta.url).href;
const { healCell, mergeTable } = (await import(at('document.mjs'))) as Document;
const { decode, encode } = (await import(at('rivals/msgpack.mjs'))) as MessagePack;

describe('a cell of heals', () => {
  it('shows the median, the worst and how many healed', () => {
    expect(healCell([300, 100, 900], 60_000)).toBe('0.30 / 0.90 / 3 of 3');
    expect(healCell([300, 100], 60_000)).toBe('0.20 / 0.30 / 2 of 2');
  });

  it('shows what never healed as longer than anybody waited', () => {
    expect(healCell([300, null, 100], 60_000)).toBe('0.30 / > 60 / 2 of 3');
    expect(healCell([300, null], 30_000)).toBe('> 30 / > 30 / 1 of 2');
    expect(healCell([null], 60_000)).toBe('> 60 / > 60 / 0 of 1');
  });

  it('is a dash where nothing was measured', () => {
    expect(healCell([], 60_000)).toBe('–');
  });
});

describe('a table in the document', () => {
  const text = [
    ...['before', '<!-- t -->', '', '| what | ours | measured |', '| - | - | - |'],
    ...['| S1 | 1 | monday |', '| S2 | 2 | monday |', '', '<!-- /t -->', 'after'],
  ].join('\n');

  it('keeps the cells that were not measured this time', () => {
    const rows: Row[] = [
      [
        ['what', 'S2'],
        ['theirs', '9'],
        ['measured', 'friday'],
      ],
    ];
    const merged = mergeTable(text, 't', rows);
    expect(merged.split('\n')).toEqual([
      ...['before', '<!-- t -->', '', '| what | ours | theirs | measured |'],
      ...['| ---- | ---- | ------ | -------- |', '| S1 | 1 | – | monday |'],
      ...['| S2 | 2 | 9 | friday |', '', '<!-- /t -->', 'after'],
    ]);
    expect(mergeTable(merged, 't', rows)).toBe(merged);
  });

  it('gets a new row at its end', () => {
    const merged = mergeTable(text, 't', [
      [
        ['what', 'S3'],
        ['ours', '3'],
      ],
    ]);
    expect(merged).toContain('| S2 | 2 | monday |\n| S3 | 3 | – |\n');
  });

  it('is refused where the document has no place for it', () => {
    expect(() => mergeTable(text, 'u', [])).toThrow('markers');
  });
});

describe('what serf says', () => {
  it('is read whole, and not at all while a part is missing', () => {
    const map = { Command: 'members', Seq: 70_000, Live: true };
    const bytes = encode(map);
    expect(decode(Buffer.concat([bytes, bytes]))).toEqual([map, bytes.length]);
    for (let size = 0; size < bytes.length; size += 1) {
      expect(decode(bytes.subarray(0, size))).toEqual([undefined, 0]);
    }
  });

  it('is read in every form that MessagePack has for small things', () => {
    const forms: [string, unknown][] = [
      ['05', 5],
      ['ff', -1],
      ['c0', null],
      ['a26869', 'hi'],
      ['c4020a01', '\n\u0001'],
      ['d9026869', 'hi'],
      ['92c2c3', [false, true]],
      ['dc0001cc80', [128]],
      ['de0001a16101', { a: 1 }],
      ['cb3ff8000000000000', 1.5],
    ];
    for (const [hex, value] of forms) {
      expect(decode(Buffer.from(hex, 'hex'))).toEqual([value, hex.length / 2]);
    }
  });
});
