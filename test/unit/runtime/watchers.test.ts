import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nodeIdOf } from '../../../src/base/id.ts';
import type { MembersDocument } from '../../../src/core/view.ts';
import { Watchers, type FlotillaEvent } from '../../../src/runtime/watchers.ts';

const self = nodeIdOf(new Uint8Array(32));
let version = 0;
/** A document that tells when it was asked for. */
const members = (): MembersDocument =>
  ({ schema: 1, self, members: [], version }) as MembersDocument;
const STARTED: FlotillaEvent = { type: 'started' };

let watchers = new Watchers(members);
beforeEach(() => {
  vi.useFakeTimers();
  version = 1;
  watchers = new Watchers(members);
});
afterEach(() => {
  watchers.close();
  vi.useRealTimers();
});

/** What a watcher has got by now; takes its end, too. */
function reading(items: AsyncIterable<FlotillaEvent | MembersDocument>): unknown[] {
  const got: unknown[] = [];
  void (async () => {
    for await (const item of items)
      got.push('members' in item ? Reflect.get(item, 'version') : item.type);
    got.push('end');
  })();
  return got;
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

it('one who watches events gets those alone, from then on', async () => {
  watchers.tell(STARTED);
  const got = reading(watchers.watch(false));
  watchers.tell({ type: 'afloat' });
  watchers.viewChanged();
  await settle();
  expect(got).toEqual(['afloat']);
});

it('one who watches members gets them at once, then at changes, not twice in 50 ms', async () => {
  const got = reading(watchers.watch(true));
  await settle();
  expect(got).toEqual([1]);
  version = 2;
  watchers.viewChanged();
  await settle();
  expect(got).toEqual([1, 2]);
  for (version = 3; version < 9; version += 1) watchers.viewChanged();
  await settle();
  expect(got).toEqual([1, 2]);
  vi.advanceTimersByTime(50);
  await settle();
  expect(got).toEqual([1, 2, 9]);
  vi.advanceTimersByTime(500);
  await settle();
  expect(got).toEqual([1, 2, 9]);
});

it('a watcher ends by its signal, or with the node, without an error', async () => {
  const given = new AbortController();
  const [one, two] = [reading(watchers.watch(true, given.signal)), reading(watchers.watch(false))];
  given.abort();
  await settle();
  expect([one, two]).toEqual([[1, 'end'], []]);
  watchers.close();
  await settle();
  expect(two).toEqual(['end']);
  const late = reading(watchers.watch(true));
  await settle();
  expect(late).toEqual(['end']);
  expect(reading(watchers.watch(false, AbortSignal.abort()))).toEqual([]);
});

it('one who watches who changed hears of all of them, and ends as the others do', async () => {
  const given = new AbortController();
  const [one, two] = [watchers.changes(given.signal), watchers.changes()];
  const told: unknown[] = [];
  const listening = [one, two].map(async (changes, index) => {
    for await (const changed of changes) told.push([index, ...changed]);
    told.push([index, 'end']);
  });
  watchers.viewChanged(['attic']);
  await settle();
  given.abort();
  await settle();
  watchers.viewChanged();
  await settle();
  watchers.close();
  await Promise.all(listening);
  expect(told).toEqual([[0, 'attic'], [1, 'attic'], [0, 'end'], [1], [1, 'end']]);
  for await (const changed of watchers.changes()) expect(changed).toBe('nothing');
});
