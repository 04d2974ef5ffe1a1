/** A daemon that only writes: saves one book after the other until it is killed. */

import { Store } from '../../../src/runtime/store.ts';

const store = await Store.open(process.argv[2] ?? '');
await store.load();
for (let round = 0; ; round += 1) {
  // Large enough that a kill often meets a half-written file.
  const records = Array.from({ length: 200 + (round % 50) }, () => 'ab'.repeat(600));
  await store.save('book', { records, history: [] });
  if (round === 0) process.stdout.write('writing\n');
}
