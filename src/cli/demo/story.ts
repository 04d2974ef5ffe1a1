/** Tells, from the daemons' own events, who noticed a move and how it was healed. */

import type { EventDocument } from '../../services/api/event-document.ts';
import { doubtInWords, sentence } from '../output/events.ts';

/**
 * The story of one scenario: of each mover its first doubt, its vote, and the first to see it
 * elsewhere; and of everyone, whom it lost and found again.
 */
export class Story {
  readonly #movers: ReadonlySet<string>;
  readonly #told = new Set<string>();

  /** `movers`: the names of those who move. */
  constructor(movers: readonly string[]) {
    this.#movers = new Set(movers);
  }

  /** The line for an event of the daemon `who`; undefined when it is not worth one. */
  line(who: string, event: EventDocument): string | undefined {
    const name = String(event['name']);
    switch (event.type) {
      case 'doubt':
        return this.#first(who, `${who} noticed: ${doubtInWords(event)}`, 'doubt');
      case 'self-moved':
        return this.#first(who, `${who} learnt: ${sentence(event)}`, 'moved');
      case 'member-moved':
        return this.#first(name, `${who} was the first to see that ${sentence(event)}`, 'seen');
      case 'member-lost':
        this.#told.add(`lost ${name} ${who}`);
        return `${who} lost ${name}, and asks the others`;
      case 'member-found':
        // Also told of members that had only been silent for a moment.
        return this.#told.delete(`lost ${name} ${who}`) ? `${who} found ${name} again` : undefined;
      default:
        return undefined;
    }
  }

  #first(mover: string, text: string, kind: string): string | undefined {
    const key = `${kind} ${mover}`;
    if (!this.#movers.has(mover) || this.#told.has(key)) return undefined;
    this.#told.add(key);
    return text;
  }
}
