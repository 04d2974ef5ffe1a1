/** The demo on a terminal: who has proven whom, redrawn in place, and the story below. */

import { paletteFor, type Palette } from '../output/paint.ts';
import { header, table, type Cell } from '../output/table.ts';
import { list } from '../output/words.ts';
import type { Sink, World } from '../world.ts';
import { knowledge, type Truth } from './healed.ts';
import { outcomeTable, proofOfSilence, seconds, type Outcome } from './outcome.ts';
import { written, type Move, type Scenario } from './scenarios.ts';
import type { Show } from './show.ts';

// ECMA-48: cursor up, erase to the end of the screen; and DEC's modes for the cursor.
const ESCAPE = '\u001b[';
const ERASE_BELOW = `${ESCAPE}J`;
const HIDE_CURSOR = `${ESCAPE}?25l`;
const SHOW_CURSOR = `${ESCAPE}?25h`;

/** Lines of story kept in sight: enough for the busiest scenario, and a small terminal. */
const STORY_LINES = 9;

const MARKS = { proven: '●', heard: '◐', wrong: '○' } as const;
const LEGEND = '● has proven it   ◐ has heard of it   ○ looks for it';

/** Shows the demo as one picture that changes. */
export class Screen implements Show {
  readonly #sink: Sink;
  readonly #palette: Palette;
  #title = '';
  #status = '';
  #story: string[] = [];
  #fleet: readonly Truth[] = [];
  #movers: ReadonlySet<string> = new Set();
  /** What stands on the terminal, to be erased by its number of lines. */
  #drawn: readonly string[] = [];
  #hidden = false;

  constructor(sink: Sink, env: World['env']) {
    this.#sink = sink;
    this.#palette = paletteFor(sink, env);
  }

  /** Sentences stay above the picture. */
  say(text: string): void {
    this.#erase();
    this.#sink.write(`${text}\n`);
    this.#draw();
  }

  scenario({ title, movers }: Scenario, number: number, of: number): void {
    this.#title = `${String(number)} of ${String(of)}  ${title}: ${list(movers)}`;
    this.#status = '';
    this.#story = [];
    this.#movers = new Set();
    this.#draw();
  }

  moved(moves: readonly Move[]): void {
    this.#movers = new Set(moves.map(({ name }) => name));
    for (const { name, from, to } of moves) {
      this.line(0, `${name} moved from ${written(from)} to ${written(to)}; nobody was told`);
    }
  }

  line(afterMs: number, text: string): void {
    this.#story = [...this.#story, `${this.#palette.quiet(seconds(afterMs))}  ${text}`];
    this.#draw();
  }

  look(fleet: readonly Truth[], runningMs: number | undefined): void {
    this.#fleet = fleet;
    if (runningMs !== undefined) {
      this.#status = this.#palette.doubtful(`healing, ${seconds(runningMs)}`);
    }
    this.#draw();
  }

  over({ healMs }: Outcome): void {
    const { good, bad } = this.#palette;
    this.#status =
      healMs === null ? bad('not healed in time') : good(`healed in ${seconds(healMs)}`);
    this.#draw();
  }

  /** The picture goes, the table stays. */
  end(outcomes: readonly Outcome[]): void {
    this.#erase();
    this.restore();
    const lines = ['', ...outcomeTable(outcomes, this.#palette), '', proofOfSilence(outcomes)];
    this.#sink.write(`${lines.join('\n')}\n`);
  }

  restore(): void {
    if (this.#hidden) this.#sink.write(SHOW_CURSOR);
    this.#hidden = false;
  }

  #picture(): readonly string[] {
    if (this.#fleet.length === 0) return [];
    const { quiet, strong } = this.#palette;
    const picture = ['', ...this.#matrix(), quiet(LEGEND)];
    if (this.#title === '') return picture;
    const width = this.#width();
    const story = this.#story.flatMap((line) => wrap(line, width)).slice(-STORY_LINES);
    // Always of one height, or the prompt below would dance.
    const room = Array<string>(STORY_LINES - story.length).fill('');
    return [...picture, '', `${strong(this.#title)}   ${this.#status}`, '', ...story, ...room];
  }

  /** A row for each node, a column for each that looks at it. */
  #matrix(): readonly string[] {
    const names = this.#fleet.map(({ name }) => name);
    const draw = (...between: readonly string[]): readonly string[] => {
      const titles = header(['NODE', 'REALLY AT', ...between, ...names], this.#palette.quiet);
      const blanks = between.map(() => '');
      return table([titles, ...this.#fleet.map((subject) => this.#row(subject, blanks))]);
    };
    const wide = draw('SEEN BY');
    return wide.every((line) => shownLength(line) < this.#width()) ? wide : draw();
  }

  #row(subject: Truth, blanks: readonly string[]): readonly Cell[] {
    const { moved, strong } = this.#palette;
    const paint = this.#movers.has(subject.name) ? moved : strong;
    const marks = this.#fleet.map((observer) => this.#mark(observer, subject));
    return [{ text: subject.name, paint }, { text: subject.address, paint }, ...blanks, ...marks];
  }

  #mark(observer: Truth, subject: Truth): Cell {
    if (observer === subject) return { text: '·', paint: this.#palette.quiet };
    const known = knowledge(observer, subject);
    const { good, doubtful, bad } = this.#palette;
    return { text: MARKS[known], paint: { proven: good, heard: doubtful, wrong: bad }[known] };
  }

  #draw(): void {
    const lines = this.#picture().map((line) => cut(line, this.#width()));
    // Most looks show what stands there already.
    if (lines.length === 0 || lines.join('\n') === this.#drawn.join('\n')) return;
    this.#erase();
    if (!this.#hidden) this.#sink.write(HIDE_CURSOR);
    this.#hidden = true;
    this.#sink.write(`${lines.join('\n')}\n`);
    this.#drawn = lines;
  }

  #width(): number {
    return this.#sink.columns ?? 80;
  }

  #erase(): void {
    const height = this.#drawn.length;
    if (height > 0) this.#sink.write(`${ESCAPE}${String(height)}A${ERASE_BELOW}`);
    this.#drawn = [];
  }
}

/** Where a story's line goes on: below its words, beside the time that it begins with. */
const INDENT = ' '.repeat(8);

/** A line as so many as it takes, broken between words. Colours take no room. */
export function wrap(line: string, width: number): readonly string[] {
  const lines: string[] = [];
  let last = '';
  for (const word of line.split(' ')) {
    const longer = lines.length === 0 && last === '' ? word : `${last} ${word}`;
    if (last.trim() === '' || shownLength(longer) < width) {
      last = longer;
      continue;
    }
    lines.push(last);
    last = INDENT + word;
  }
  return [...lines, last];
}

/** How many columns a line takes. */
function shownLength(line: string): number {
  // eslint-disable-next-line no-control-regex -- colours begin with ESC
  return [...line.replaceAll(/\u001b\[[0-9;]*m/g, '')].length;
}

/** A line that wraps would spoil the count of lines drawn. Colours take no room. */
export function cut(line: string, width: number): string {
  // eslint-disable-next-line no-control-regex -- colours begin with ESC
  const parts = line.split(/(\u001b\[[0-9;]*m)/);
  let room = width - 1;
  return parts
    .map((part) => {
      if (part.startsWith(ESCAPE)) return part;
      const kept = [...part].slice(0, room);
      room -= kept.length;
      return kept.join('');
    })
    .join('');
}
