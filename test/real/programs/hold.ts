/** A daemon that only holds its state, until a line comes in. */

import { UserError } from '../../../src/base/errors.ts';
import { Store } from '../../../src/runtime/store.ts';

try {
  const store = await Store.open(process.argv[2] ?? '');
  process.stdin.once('data', () => {
    void store.close().then(() => process.exit(0));
  });
  process.stdout.write('held\n');
} catch (error) {
  process.stdout.write(`${error instanceof UserError ? error.code : String(error)}\n`);
}
