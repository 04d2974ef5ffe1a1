/** docs/benchmarks.md as data: tables between markers, and what figures were measured with. */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

/**
 * Changes the document by way of its text.
 * @param {(text: string) => string} change
 */
export async function updateDocument(change) {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

/**
 * Puts rows into the table between `<!-- name -->` and `<!-- /name -->`. A row replaces the cells
 * it has of the row with the same first cell; what it doesn't have stays. A column that the table
 * lacks comes before its last one.
 * @param {string} text
 * @param {string} name
 * @param {readonly (readonly [column: string, cell: string][])[]} rows
 * @param {readonly string[]} order first cells in the order to show them; others come last
 */
export function mergeTable(text, name, rows, order = []) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (to < from) throw new Error(`${file} lacks the markers of the table "${name}"`);
  const lines = text.slice(from, to).split('\n');
  const [columns = [], , ...known] = lines.filter((line) => line.startsWith('|')).map(cellsOf);
  const merged = known.map((cells) => new Map(cells.map((cell, at) => [columns[at], cell])));
  for (const row of rows) {
    for (const [column] of row) {
      if (!columns.includes(column)) columns.splice(-1, 0, column);
    }
    const [[key, first] = []] = row;
    const old = merged.find((cells) => cells.get(key) === first);
    if (old === undefined) merged.push(new Map(row));
    else for (const [column, cell] of row) old.set(column, cell);
  }
  const place = (cells) => (order.indexOf(cells.get(columns[0])) + 1 || Infinity) - 1;
  if (order.length > 0) merged.sort((a, b) => Math.sign(place(a) - place(b)) || 0);
  const made = [
    columns,
    columns.map((column) => '-'.repeat(column.length)),
    ...merged.map((cells) => columns.map((column) => cells.get(column) ?? '–')),
  ].map((cells) => `| ${cells.join(' | ')} |`);
  return `${text.slice(0, from)}\n\n${made.join('\n')}\n\n${text.slice(to)}`;
}

function cellsOf(line) {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** Date, Node and machine; a load far above the number of cores tells of busy neighbours. */
export function measuredNow() {
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = Math.round(loadavg()[1]);
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} cores, ${memory} GiB, load ${load}`;
  return `${date}, Node ${process.versions.node}, ${machine}`;
}

/** The median of numbers; NaN of none. */
export function middle(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const low = sorted[Math.ceil(half) - 1] ?? Number.NaN;
  return (low + (sorted[Math.floor(half)] ?? low)) / 2;
}

/**
 * `median / worst / healed of all` in seconds; a time that nobody waited for is `> 60`.
 * @param {readonly (number | null | undefined)[]} heals in ms
 * @param {number} boundMs how long was waited
 */
export function healCell(heals, boundMs) {
  if (heals.length === 0) return '–';
  // Infinity sorts last and is its own median when half or more never healed.
  const times = heals.map((ms) => ms ?? Infinity);
  const shown = (ms) => (ms === Infinity ? `> ${boundMs / 1000}` : (ms / 1000).toFixed(2));
  const healed = times.filter((ms) => ms < Infinity).length;
  const words = [shown(middle(times)), shown(Math.max(...times)), `${healed} of ${times.length}`];
  return words.join(' / ');
}

/** `middle · most` of numbers. */
export function spreadCell(numbers, digits) {
  return `${middle(numbers).toFixed(digits)} · ${Math.max(...numbers).toFixed(digits)}`;
}

/** Groups things by a key, in order of appearance. */
export function groupBy(things, keyOf) {
  const groups = new Map();
  for (const thing of things) {
    const key = keyOf(thing);
    groups.set(key, [...(groups.get(key) ?? []), thing]);
  }
  return groups;
}
