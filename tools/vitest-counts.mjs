/**
 * A vitest reporter that hands the counts of a run to tools/test.mjs, as JSON in the file that
 * `VITEST_COUNTS` names. A test file that does not load and an error outside of any test count
 * as one failure each.
 */
import { writeFileSync } from 'node:fs';

export default class CountsReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, skippedNames: [] };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // A test that never came to its end, because its file failed or was cut short, failed.
        if (state === 'pending') counts.failed += 1;
        else counts[state] += 1;
        if (state === 'skipped') counts.skippedNames.push(test.fullName);
      }
    }
    const file = process.env['VITEST_COUNTS'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}
