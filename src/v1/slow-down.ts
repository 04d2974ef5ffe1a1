/** Failed logins slow down whoever makes them. */

import { BoundedMap } from '../base/bounded.ts';
import { elapsed, type Instant } from '../base/time.ts';
import {
  FAILURES_MAX,
  LOGIN_FORGET,
  LOGIN_FREE_FAILURES,
  LOGIN_PAUSE,
  LOGIN_PAUSE_MAX,
} from './config.ts';

interface Failures {
  readonly count: number;
  readonly last: Instant;
}

/** Failures by key, which is a source network or a name, and whether a key must wait. */
export class SlowDown {
  readonly #failures = new BoundedMap<string, Failures>(FAILURES_MAX, { evict: 'oldest' });

  /** Keys remembered. */
  get size(): number {
    return this.#failures.size;
  }

  /** True while logins of this key are refused unchecked: 1 s to 60 s after the last failure. */
  held(key: string, now: Instant): boolean {
    const known = this.#failures.get(key);
    if (known === undefined || known.count <= LOGIN_FREE_FAILURES) return false;
    const doublings = known.count - LOGIN_FREE_FAILURES - 1;
    const pause = Math.min(LOGIN_PAUSE_MAX, LOGIN_PAUSE * 2 ** doublings);
    return elapsed(known.last, now) < pause;
  }

  failed(key: string, now: Instant): void {
    const known = this.#failures.get(key);
    const anew = known === undefined || elapsed(known.last, now) >= LOGIN_FORGET;
    this.#failures.set(key, { count: anew ? 1 : known.count + 1, last: now });
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }
}
