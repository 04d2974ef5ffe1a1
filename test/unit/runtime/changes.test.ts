import { expect, it } from 'vitest';
import { Changes } from '../../../src/runtime/changes.ts';

it('a reader gets all that changed since it looked last, as one set', async () => {
  const changes = new Changes(() => undefined);
  const first = changes.next();
  changes.push(['attic']);
  expect((await first).value).toEqual(new Set(['attic']));
  changes.push(['attic', 'cellar']);
  changes.push([]);
  changes.push(['cellar', 'shed']);
  expect((await changes.next()).value).toEqual(new Set(['attic', 'cellar', 'shed']));
});

it('a change of nobody known is told, too', async () => {
  const changes = new Changes(() => undefined);
  changes.push([]);
  expect(await changes.next()).toEqual({ done: false, value: new Set() });
});

it('ends once, by either side, whether its reader waits or not', async () => {
  let ends = 0;
  const changes = new Changes(() => (ends += 1));
  const waiting = changes.next();
  changes.close();
  changes.close();
  changes.push(['attic']);
  expect([await waiting, await changes.next()].map(({ done }) => done)).toEqual([true, true]);
  const other = new Changes(() => (ends += 1));
  other.push(['attic']);
  for await (const changed of other) {
    expect(changed.size).toBe(1);
    break;
  }
  expect(ends).toBe(2);
});
