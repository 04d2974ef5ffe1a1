/** Tells, from the daemons' own events, who noticed a move and how it was healed. */

import type { EventDocument } from '../../services/api/event-document.ts';
import { sentence } from '../output/events.ts';

/** One line of the story; the time is since the move. */
export interface Line {
  readonly afterMs: number;
  readonly text: string;
}

/** The story of one scenario: of each mover the first doubt, the vote, and the first to see it. */
export class Story {
  readonly #movers: ReadonlySet<string>;
  readonly #told = new Set<string>();

  /** `movers`: the names of those who move. */
  constructor(movers: readonly string[]) {
    this.#movers = new Set(movers);
  }

  /** The line for an event of the daemon `who`; undefined when it is not worth one. */
  line(who: string, event: EventDocument): string | undefined {
    switch (event.type) {
      case 'doubt':
        return this.#first(`doubt ${who}`, who, `${who} noticed: ${sentence(event)}`);
      case 'self-moved':
        return this.#first(`moved ${who}`, who, `${who} learnt: ${sentence(event)}`);
      case 'member-moved': {
        const name = String(event['name']);
        return this.#first(`seen ${name}`, name, `${who} was first to see: ${sentence(event)}`);
      }
      case 'member-lost':
      case 'member-found':
      case 'orphan':
        return `${who}: ${sentence(event)}`;
      default:
        return undefined;
    }
  }

  #first(key: string, mover: string, text: string): string | undefined {
    if (!this.#movers.has(mover) || this.#told.has(key)) return undefined;
    this.#told.add(key);
    return text;
  }
}
