/**
 * The members for those who follow all of them: one by one, since the whole document of thousands
 * takes longer than a beat may be late.
 */

import type { MembersDocument } from '../core/view.ts';
import type { Wait } from './results.ts';
import type { V1Bridge } from './v1/bridge.ts';
import type { Views } from './views.ts';
import type { Watchers } from './watchers.ts';

/** Who the members are, what is shown of some of them, and who changed. */
export class Roster {
  readonly #views: Views;
  readonly #v1: V1Bridge;
  readonly #watchers: Watchers;

  constructor(views: Views, v1: V1Bridge, watchers: Watchers) {
    this.#views = views;
    this.#v1 = v1;
    this.#watchers = watchers;
  }

  /** The IDs of all that {@link Flotilla.members} shows. */
  ids(): readonly string[] {
    const [members, peers] = [this.#views.ids(), this.#v1.ids()];
    return peers.length === 0 ? members : [...members, ...peers];
  }

  /** The members document, with these members alone; those that are none are left out. */
  members(of: readonly string[]): MembersDocument {
    return this.#v1.members(this.#views.members(of), of);
  }

  /** IDs whose view may be another one now; an empty set when more may be than are known. */
  changes({ signal }: Wait = {}): AsyncIterable<ReadonlySet<string>> {
    return this.#watchers.changes(signal);
  }
}
