/** How the demo is shown; once for terminals (screen.ts), once for everything else (lines.ts). */

import type { Truth } from './healed.ts';
import type { Outcome } from './outcome.ts';
import type { Move, Scenario } from './scenarios.ts';

/** Somebody who shows the demo. */
export interface Show {
  /** A sentence about what is being done. */
  say(text: string): void;
  /** A scenario begins: its number from 1, and of how many. */
  scenario(scenario: Scenario, number: number, of: number): void;
  /** The moves are made; the clock runs from here. */
  moved(moves: readonly Move[]): void;
  /** A line of the story, so many milliseconds after the move. */
  line(afterMs: number, text: string): void;
  /** What the daemons see now; `runningMs` while a heal is being timed. */
  look(fleet: readonly Truth[], runningMs: number | undefined): void;
  /** The scenario is over. */
  over(outcome: Outcome): void;
  /** All is over. */
  end(outcomes: readonly Outcome[]): void;
  /** Leaves the terminal as it was; called on every way out, more than once perhaps. */
  restore(): void;
}
