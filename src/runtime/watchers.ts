/** Those who watch a node: each gets events, and if it wants the members whenever they change. */

import type { NodeEvent } from '../core/events.ts';
import type { MembersDocument } from '../core/view.ts';
import type { V1Event } from '../v1/events.ts';
import { Changes } from './changes.ts';
import { Queue } from './queue.ts';

/** What a node tells: of its cluster, and of v1 peers. */
export type FlotillaEvent = NodeEvent | V1Event;

/** Milliseconds between two documents (DESIGN §9): faster than an eye, slower than a burst. */
const PAUSE_MS = 50;

/** Watchers of one node. */
export class Watchers {
  readonly #members: () => MembersDocument;
  readonly #ofEvents = new Set<Queue<FlotillaEvent | MembersDocument>>();
  readonly #ofMembers = new Set<Queue<FlotillaEvent | MembersDocument>>();
  readonly #ofChanges = new Set<Changes>();
  #timer: NodeJS.Timeout | undefined;
  #lastSent = -Infinity;
  #closed = false;

  /** `members` gives the document as of now. */
  constructor(members: () => MembersDocument) {
    this.#members = members;
  }

  /** A new watcher; with `members`, it gets the document at once. Ends when the signal says so. */
  watch(members: boolean, signal?: AbortSignal): AsyncIterable<FlotillaEvent | MembersDocument> {
    const end = (): void => {
      queue.close();
    };
    const queue = new Queue<FlotillaEvent | MembersDocument>(() => {
      this.#ofEvents.delete(queue);
      this.#ofMembers.delete(queue);
      signal?.removeEventListener('abort', end);
    });
    if (this.#closed || signal?.aborted === true) {
      queue.close();
      return queue;
    }
    signal?.addEventListener('abort', end);
    this.#ofEvents.add(queue);
    if (members) {
      this.#ofMembers.add(queue);
      queue.push(this.#members());
    }
    return queue;
  }

  /** Something happened. */
  tell(event: FlotillaEvent): void {
    for (const queue of this.#ofEvents) queue.push(event);
  }

  /** Tells who changed, from now on. Ends when the signal says so. */
  changes(signal?: AbortSignal): AsyncIterable<ReadonlySet<string>> {
    const end = (): void => {
      changes.close();
    };
    const changes = new Changes(() => {
      this.#ofChanges.delete(changes);
      signal?.removeEventListener('abort', end);
    });
    this.#ofChanges.add(changes);
    signal?.addEventListener('abort', end);
    if (this.#closed || signal?.aborted === true) end();
    return changes;
  }

  /** The members document may be another one now: of these members, and of others perhaps. */
  viewChanged(of: readonly string[] = []): void {
    for (const changes of this.#ofChanges) changes.push(of);
    if (this.#ofMembers.size === 0 || this.#timer !== undefined) return;
    const wait = this.#lastSent + PAUSE_MS - performance.now();
    if (wait <= 0) this.#send();
    else
      this.#timer = setTimeout(() => {
        this.#send();
      }, wait);
  }

  /** Ends all watching. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const reader of [...this.#ofEvents, ...this.#ofChanges]) reader.close();
  }

  #send(): void {
    this.#timer = undefined;
    this.#lastSent = performance.now();
    const document = this.#members();
    for (const queue of this.#ofMembers) queue.push(document);
  }
}
