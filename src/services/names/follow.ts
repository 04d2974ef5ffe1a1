/**
 * Following the members, without ever holding the loop up: whoever is known to have changed is
 * looked at at once, all others in short turns, one after the other.
 */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { MembersDocument } from '../../core/view.ts';

/** What names are served of. The runtime's `Flotilla` fits it as it is. */
export interface NamesSource {
  /** Another one after the node joined another cluster. */
  readonly clusterName: string;
  readonly roster: {
    ids(): readonly string[];
    members(of: readonly string[]): MembersDocument;
    changes(options: { readonly signal?: AbortSignal }): AsyncIterable<ReadonlySet<string>>;
  };
}

/** Who is told what the members look like. */
export interface Reader {
  /** How many members it holds; none that left. */
  readonly held: number;
  /** Some of them as of now, and who is no member. */
  take(some: MembersDocument, gone: readonly string[]): void;
  /** Others at the addresses of these. */
  beside(ids: Iterable<string>): readonly string[];
  /** All others are no members. */
  retain(ids: ReadonlySet<string>): void;
}

/**
 * Milliseconds of a turn of the loop that looking at members may take: questions and pings wait
 * that long. About ten questions take as much.
 */
const TURN_MS = 0.1;

/** Members looked at between two looks at the clock: about a twentieth of a millisecond. */
const BATCH = 8;

/**
 * After each turn comes a pause so many times as long. So looking at ten thousand again and again
 * takes a hundredth of a core, and is done in some seconds; with ten it is done at once.
 */
const PAUSE_TIMES = 99;

/** Looks at the members of a source for a reader. */
export class Follower {
  readonly #source: NamesSource;
  readonly #reader: Reader;
  readonly #signal: AbortSignal;
  readonly #changes: AsyncIterable<ReadonlySet<string>>;
  #walking: Promise<void> | undefined;
  #isWalkDue = false;

  /** The signal ends it. */
  constructor(source: NamesSource, reader: Reader, signal: AbortSignal) {
    this.#source = source;
    this.#reader = reader;
    this.#signal = signal;
    // From now on, so that nothing that happens during the first look is missed.
    this.#changes = source.roster.changes({ signal });
  }

  /** Looks at all once, with no pauses. */
  async readAll(): Promise<void> {
    await this.#walk(0);
  }

  /** Looks at whoever changes, until it is ended. */
  async run(): Promise<void> {
    for await (const changed of this.#changes) {
      await this.#look([...changed], 0);
      // An address has one holder: whoever was thought to be there may not be any more.
      await this.#look(this.#reader.beside(changed), 0);
      // Others may look different, too.
      this.lookAgain();
    }
    await this.#walking;
  }

  /** All are to be looked at again, soon. */
  lookAgain(): void {
    this.#isWalkDue = true;
    this.#walking ??= this.#walkWhileDue();
  }

  async #walkWhileDue(): Promise<void> {
    while (this.#isWalkDue && !this.#signal.aborted) {
      this.#isWalkDue = false;
      await this.#walk(PAUSE_TIMES);
    }
    this.#walking = undefined;
  }

  async #walk(pauseTimes: number): Promise<void> {
    const ids = this.#source.roster.ids();
    const seen = await this.#look(ids, pauseTimes);
    // With thousands this is a long turn: only when there is somebody who was not seen.
    if (seen !== undefined && seen < this.#reader.held) this.#reader.retain(new Set(ids));
  }

  /**
   * Looks at these in turns. How many are members that did not leave; undefined when the cluster
   * became another one meanwhile, or this was ended.
   */
  async #look(ids: readonly string[], pauseTimes: number): Promise<number | undefined> {
    const { clusterName } = this.#source;
    let seen = 0;
    for (let next = 0; next < ids.length;) {
      const begun = performance.now();
      let spent = 0;
      while (next < ids.length && spent < TURN_MS) {
        const batch = ids.slice(next, next + BATCH);
        const some = this.#source.roster.members(batch);
        this.#reader.take(some, missing(batch, some));
        for (const { state } of some.members) if (state !== 'left') seen += 1;
        next += BATCH;
        spent = performance.now() - begun;
      }
      const pause = Math.ceil(spent * pauseTimes);
      if (pause > 0) await sleep(pause, undefined, { ref: false });
      else if (next < ids.length) await nextTurn();
      if (this.#signal.aborted || this.#source.clusterName !== clusterName) return undefined;
    }
    return seen;
  }
}

function missing(ids: readonly string[], { members }: MembersDocument): readonly string[] {
  if (members.length === ids.length) return [];
  const found = new Set<string>(members.map(({ id }) => id));
  return ids.filter((id) => !found.has(id));
}
