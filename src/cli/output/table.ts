/** Tables of aligned columns. */

import type { Paint } from './paint.ts';

/** One cell: its text and, where it says more with a colour, that. */
export type Cell = string | { readonly text: string; readonly paint: Paint };

const GAP = '  ';

/** The lines of a table. Columns are as wide as their widest cell; the last one is not padded. */
export function table(rows: readonly (readonly Cell[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(textOf(cell)));
    });
  }
  return rows
    .map((row) => row.map((cell, column) => drawn(cell, widths[column] ?? 0)))
    .map((cells) => cells.join(GAP).trimEnd());
}

/** A header row in one colour. */
export function header(titles: readonly string[], paint: Paint): readonly Cell[] {
  return titles.map((title) => ({ text: title, paint }));
}

function drawn(cell: Cell, columnWidth: number): string {
  const content = textOf(cell);
  const padding = ' '.repeat(columnWidth - width(content));
  // Colours are no part of the width.
  return (typeof cell === 'string' ? content : cell.paint(content)) + padding;
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

/** Names and addresses are ASCII; what else is shown here takes one column a character. */
function width(content: string): number {
  return [...content].length;
}
