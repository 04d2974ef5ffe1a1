/**
 * A vitest reporter that hands the counts of a run to tools/test.mjs, as JSON in the file that
 * `VITEST_COUNTS` names, and what failed with it. A test file that does not load and an error
 * outside of any test count as one failure each.
 */
import { writeFileSync } from 'node:fs';

/** Lines of a failure's message that are told again at the end: enough to know which it was. */
const LINES_MAX = 12;

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} skippedNames
 * @property {string[]} failures
 */

export default class CountsReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<unknown>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {Counts} */
    const counts = { passed: 0, failed: 0, skipped: 0, skippedNames: [], failures: [] };
    fail(counts, 'outside of any test', unhandledErrors);
    for (const module of modules) {
      fail(counts, module.moduleId, module.errors());
      for (const suite of module.children.allSuites()) {
        fail(counts, suite.fullName, suite.errors());
      }
      for (const test of module.children.allTests()) countTest(counts, test);
    }
    const file = process.env['VITEST_COUNTS'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(counts));
  }
}

/**
 * @param {Counts} counts
 * @param {import('vitest/node').TestCase} test
 */
function countTest(counts, test) {
  const { state, errors } = test.result();
  if (state === 'passed') counts.passed += 1;
  if (state === 'skipped') {
    counts.skipped += 1;
    counts.skippedNames.push(test.fullName);
  }
  // A test that never came to its end, because its file failed or was cut short, failed.
  if (state === 'pending') fail(counts, test.fullName, [new Error('never came to its end')]);
  // It failed once, whatever number of times it was tried.
  if (state === 'failed') fail(counts, test.fullName, errors?.slice(-1) ?? []);
}

/**
 * Each error is one failure.
 * @param {Counts} counts
 * @param {string} where
 * @param {ReadonlyArray<unknown>} errors
 */
function fail(counts, where, errors) {
  for (const error of errors) {
    const { message = String(error) } = /** @type {{ message?: string }} */ (error ?? {});
    counts.failed += 1;
    counts.failures.push(`${where}\n${message.split('\n').slice(0, LINES_MAX).join('\n')}`);
  }
}
