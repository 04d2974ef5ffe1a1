import { expect, it } from 'vitest';
import { QUEUE_MAX, Queue } from '../../../src/runtime/queue.ts';

async function drained<T>(queue: Queue<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

it('a reader gets items in their order, those from before it read included', async () => {
  const queue = new Queue<number>(() => undefined);
  queue.push(1);
  const reading = drained(queue);
  queue.push(2);
  await Promise.resolve();
  queue.push(3);
  queue.close();
  expect(await reading).toEqual([1, 2, 3]);
});

it('a reader that is full loses the oldest item, not the newest', async () => {
  const queue = new Queue<number>(() => undefined);
  for (let item = 0; item < QUEUE_MAX; item += 1) queue.push(item);
  expect(queue.dropped).toBe(0);
  queue.push(QUEUE_MAX);
  expect(queue.dropped).toBe(1);
  queue.close();
  const items = await drained(queue);
  expect(items).toHaveLength(QUEUE_MAX);
  expect([items[0], items.at(-1)]).toEqual([1, QUEUE_MAX]);
});

it('leaving the loop closes the queue once, and what comes later is dropped', async () => {
  let closed = 0;
  const queue = new Queue<number>(() => (closed += 1));
  queue.push(1);
  queue.push(2);
  for await (const item of queue) {
    expect(item).toBe(1);
    break;
  }
  queue.push(3);
  queue.close();
  expect(closed).toBe(1);
  expect(await drained(queue)).toEqual([]);
});

it('closing ends a reader that waits', async () => {
  const queue = new Queue<number>(() => undefined);
  const reading = drained(queue);
  queue.close();
  expect(await reading).toEqual([]);
});
