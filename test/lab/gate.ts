/** Whether the tests in namespaces run here: with a reason said aloud where they don't. */
import { beforeAll, describe } from 'vitest';
import { labAbility } from './realm.ts';

const ability = labAbility();
const inCi = process.env['CI'] === 'true';
if (!ability.able && !inCi) console.warn(`skipped: network namespaces: ${ability.reason}`);

/**
 * `describe` for tests that need network namespaces. Without them the tests are skipped and the
 * reason is printed; where `CI=true` they fail with it instead.
 */
export function describeInLab(title: string, body: () => void): void {
  describe.skipIf(!ability.able && !inCi)(title, () => {
    beforeAll(() => {
      if (!ability.able) throw new Error(`no network namespaces: ${ability.reason}`);
    });
    body();
  });
}
