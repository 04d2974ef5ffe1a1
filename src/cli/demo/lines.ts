/** The demo as plain lines, for files, pipes and terminals that can do no more. */

import { paletteFor, type Palette } from '../output/paint.ts';
import { list } from '../output/words.ts';
import type { Sink, World } from '../world.ts';
import { outcomeTable, proofOfSilence, seconds, type Outcome } from './outcome.ts';
import { written, type Move, type Scenario } from './scenarios.ts';
import type { Show } from './show.ts';

/** Shows the demo line by line. */
export class Lines implements Show {
  readonly #sink: Sink;
  readonly #palette: Palette;

  constructor(sink: Sink, env: World['env']) {
    this.#sink = sink;
    this.#palette = paletteFor(sink, env);
  }

  say(text: string): void {
    this.#write(text);
  }

  scenario({ title, movers }: Scenario, number: number, of: number): void {
    this.#write('', `${String(number)} of ${String(of)}  ${title}: ${list(movers)}`);
  }

  moved(moves: readonly Move[]): void {
    for (const { name, from, to } of moves) {
      this.line(0, `${name} moved from ${written(from)} to ${written(to)}; nobody was told`);
    }
  }

  line(afterMs: number, text: string): void {
    this.#write(`  ${seconds(afterMs)}  ${text}`);
  }

  look(): void {
    // Lines that change are for terminals.
  }

  over({ healMs }: Outcome): void {
    if (healMs === null) this.#write('  not healed in time');
    else this.line(healMs, `healed: every node has proven where every other one is`);
  }

  end(outcomes: readonly Outcome[]): void {
    this.#write('', ...outcomeTable(outcomes, this.#palette), '', proofOfSilence(outcomes));
  }

  restore(): void {
    // Nothing was changed.
  }

  #write(...lines: readonly string[]): void {
    this.#sink.write(`${lines.join('\n')}\n`);
  }
}
