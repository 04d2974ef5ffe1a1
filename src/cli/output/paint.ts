/** Colours, where they are wanted. */

import picocolors from 'picocolors';
import { colourful, type Sink, type World } from '../world.ts';

/** Puts a colour around a text, or leaves it as it is. */
export type Paint = (text: string) => string;

/** The colours used, each with one meaning everywhere. */
export interface Palette {
  readonly good: Paint;
  readonly doubtful: Paint;
  readonly bad: Paint;
  readonly quiet: Paint;
  readonly strong: Paint;
  readonly moved: Paint;
}

/** The palette for a sink: plain unless it is a terminal that wants colours. */
export function paletteFor(sink: Sink, env: World['env']): Palette {
  const colours = picocolors.createColors(colourful(sink, env));
  return {
    good: colours.green,
    doubtful: colours.yellow,
    bad: colours.red,
    quiet: colours.dim,
    strong: colours.bold,
    moved: colours.cyan,
  };
}
