/** Logins that are judged, a few at a time, and those that wait for their turn. */

import type { Address } from '../base/address.ts';
import type { Login } from './commands.ts';
import { LOGINS_UNDER_WAY, LOGINS_WAITING } from './config.ts';
import type { RequestId } from './io.ts';

/** A connect whose login is not judged yet. */
export interface Applicant {
  readonly request: RequestId;
  readonly from: Address;
  readonly name: string;
  readonly login: Login;
}

/** The queue before the host's judge. */
export class Logins {
  readonly #underWay = new Map<RequestId, Applicant>();
  readonly #waiting: Applicant[] = [];

  get underWay(): number {
    return this.#underWay.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Puts one at the end of the queue; false: it is full. */
  offer(applicant: Applicant): boolean {
    if (this.#waiting.length >= LOGINS_WAITING) return false;
    this.#waiting.push(applicant);
    return true;
  }

  /** The next one to be judged now; undefined: nobody waits, or enough are under way. */
  next(): Applicant | undefined {
    if (this.#underWay.size >= LOGINS_UNDER_WAY) return undefined;
    return this.#waiting.shift();
  }

  begin(applicant: Applicant): void {
    this.#underWay.set(applicant.request, applicant);
  }

  /** Takes one out that was judged; undefined: no such one was under way. */
  end(request: RequestId): Applicant | undefined {
    const applicant = this.#underWay.get(request);
    this.#underWay.delete(request);
    return applicant;
  }
}
