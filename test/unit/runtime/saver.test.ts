import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import type { DocumentName } from '../../../src/core/documents.ts';
import type { Input } from '../../../src/core/io.ts';
import { Saver } from '../../../src/runtime/saver.ts';

let content = 0;
let written: [DocumentName, unknown][] = [];
let inputs: Input[] = [];
let broken: unknown[] = [];
/** Ends the write under way, with an error if one is given; undefined when none is. */
let endWrite: ((error?: Error) => void) | undefined;
/** Writes end by themselves unless a test holds them. */
let held = false;
let failure: Error | undefined;
let saver = make();

function make(): Saver {
  return new Saver({
    document: () => {
      if (content < 0) throw new InvariantError('no document');
      return content;
    },
    write: async (name, document) => {
      if (held) {
        await new Promise<void>((resolve, reject) => {
          endWrite = (error): void => {
            endWrite = undefined;
            if (error === undefined) resolve();
            else reject(error);
          };
        });
      }
      if (failure !== undefined) throw failure;
      written.push([name, document]);
    },
    deliver: (input) => inputs.push(input),
    onBroken: (error) => broken.push(error),
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  [content, written, inputs, broken, held, failure] = [1, [], [], [], false, undefined];
  saver = make();
});
afterEach(() => {
  saver.stop();
  vi.useRealTimers();
});

it('writes what somebody waits for at once, and answers with its ticket', async () => {
  saver.ask('cluster', 1, true);
  await vi.advanceTimersByTimeAsync(1);
  expect(written).toEqual([['cluster', 1]]);
  expect(inputs).toEqual([{ type: 'saved', ticket: 1 }]);
});

it('lets the rest wait a second for company, and writes each document once', async () => {
  saver.ask('book', 1, false);
  saver.ask('book', 2, false);
  await vi.advanceTimersByTimeAsync(900);
  expect(written).toEqual([]);
  content = 2;
  await vi.advanceTimersByTimeAsync(100);
  expect(written).toEqual([['book', 2]]);
  expect(inputs).toEqual([{ type: 'saved', ticket: 2 }]);
});

it('takes what waits along with what is urgent, the cluster first', async () => {
  saver.ask('book', 1, false);
  saver.ask('cluster', 2, true);
  await vi.advanceTimersByTimeAsync(1);
  expect(written.map(([name]) => name)).toEqual(['cluster', 'book']);
  expect(inputs).toEqual([{ type: 'saved', ticket: 2 }]);
});

it('answers only for what its snapshot held, and what came meanwhile with the next', async () => {
  held = true;
  saver.ask('cluster', 1, true);
  await vi.advanceTimersByTimeAsync(1);
  content = 2;
  saver.ask('cluster', 2, true);
  await vi.advanceTimersByTimeAsync(5000);
  expect(inputs).toEqual([]);
  held = false;
  endWrite?.();
  await vi.advanceTimersByTimeAsync(1);
  expect(written).toEqual([
    ['cluster', 1],
    ['cluster', 2],
  ]);
  expect(inputs).toEqual([
    { type: 'saved', ticket: 1 },
    { type: 'saved', ticket: 2 },
  ]);
});

it('tries again every five seconds when the disk refuses, with what is newest then', async () => {
  failure = new Error('ENOSPC: no space left on device');
  saver.ask('cluster', 1, true);
  await vi.advanceTimersByTimeAsync(1);
  expect(inputs).toEqual([{ type: 'save-failed', ticket: 1, reason: failure.message }]);
  saver.ask('book', 2, true);
  await vi.advanceTimersByTimeAsync(4900);
  expect(inputs).toHaveLength(1);
  failure = undefined;
  content = 3;
  await vi.advanceTimersByTimeAsync(200);
  expect(written).toEqual([
    ['cluster', 3],
    ['book', 3],
  ]);
  expect(inputs.at(-1)).toEqual({ type: 'saved', ticket: 2 });
});

it('writes everything a last time at the end, after the write under way', async () => {
  held = true;
  saver.ask('book', 1, true);
  await vi.advanceTimersByTimeAsync(1);
  const finished = saver.finish();
  content = 2;
  held = false;
  endWrite?.();
  await finished;
  expect(written).toEqual([
    ['book', 1],
    ['cluster', 2],
    ['book', 2],
  ]);
  expect(inputs).toEqual([]);
});

it('says at the end when the disk refuses', async () => {
  failure = new Error('EROFS');
  await expect(saver.finish()).rejects.toThrow('EROFS');
});

it('reports a machine that can’t say what to store, and stores nothing', async () => {
  content = -1;
  saver.ask('cluster', 1, true);
  await vi.advanceTimersByTimeAsync(1);
  expect(broken).toEqual([new InvariantError('no document')]);
  expect([written, inputs]).toEqual([[], []]);
});
