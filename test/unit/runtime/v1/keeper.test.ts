import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Keeper } from '../../../../src/runtime/v1/keeper.ts';

let content = 0;
let written: unknown[] = [];
let troubles: (string | undefined)[] = [];
let failure: Error | undefined;
/** How long a write takes, in milliseconds. */
let slow = 0;

function make(): Keeper {
  return new Keeper({
    document: () => content,
    write: async (document) => {
      if (failure !== undefined) throw failure;
      if (slow > 0) await new Promise((done) => setTimeout(done, slow));
      written.push(document);
    },
    onTrouble: (error) => troubles.push(error?.message),
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  [content, written, troubles, failure, slow] = [0, [], [], undefined, 0];
});
afterEach(() => {
  vi.useRealTimers();
});

it('saves that nobody waits for become one write, of the newest document', async () => {
  const keeper = make();
  keeper.ask();
  content = 1;
  keeper.ask();
  await vi.advanceTimersByTimeAsync(499);
  expect(written).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(written).toEqual([1]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toEqual([1]);
});

it('what an operator changed is written at once', async () => {
  const keeper = make();
  keeper.ask();
  await keeper.flush();
  expect(written).toEqual([0]);
});

it('what changes during a write is written after it', async () => {
  const keeper = make();
  slow = 1_000;
  keeper.ask();
  const first = keeper.flush();
  await vi.advanceTimersByTimeAsync(400);
  content = 1;
  keeper.ask();
  await vi.advanceTimersByTimeAsync(600);
  await first;
  await vi.advanceTimersByTimeAsync(11_000);
  expect(written).toEqual([0, 1]);
});

it('a disk that refuses is told of once, and tried until it takes', async () => {
  const keeper = make();
  failure = new Error('no space');
  keeper.ask();
  await keeper.flush();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(troubles).toEqual(['no space']);
  failure = undefined;
  await vi.advanceTimersByTimeAsync(5_000);
  expect([troubles, written]).toEqual([['no space', undefined], [0]]);
});

it('at the end the newest is written, and nothing after a stop', async () => {
  const keeper = make();
  keeper.ask();
  await keeper.finish();
  expect(written).toEqual([0]);
  keeper.ask();
  await keeper.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(written).toEqual([0]);
});
