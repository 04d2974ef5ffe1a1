/** What tests of real sockets and disks share: a list one can wait on, and places that vanish. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { UserError } from '../../src/base/errors.ts';

/** Long enough for a busy machine of two cores; nothing waits for it when all is well. */
const BOUND_MS = 10_000;

/** Things that come in from outside, kept, with a wait for the first that fits. */
export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #waiting = new Set<() => void>();

  readonly add = (item: T): void => {
    this.all.push(item);
    for (const look of [...this.#waiting]) look();
  };

  /** The first item, come or to come, that fits; rejects after ten seconds. */
  first<S extends T>(fits: (item: T) => item is S): Promise<S>;
  first(fits?: (item: T) => boolean): Promise<T>;
  first(fits: (item: T) => boolean = (): boolean => true): Promise<T> {
    return new Promise((found, fail) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      const look = (): void => {
        const item = this.all.find(fits);
        if (item === undefined) return;
        end();
        found(item);
      };
      const timer = setTimeout(() => {
        end();
        fail(new Error(`none of ${JSON.stringify(this.all)} is what was waited for`));
      }, BOUND_MS);
      this.#waiting.add(look);
      look();
    });
  }
}

/** A folder of its own for one test, removed afterwards. */
export async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-test-'));
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The `UserError` that a promise is rejected with; fails for anything else. */
export async function userErrorOf(promise: Promise<unknown>): Promise<UserError> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    if (error instanceof UserError) return error;
  }
  throw new Error('nothing was refused');
}
