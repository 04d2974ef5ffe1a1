/** The tables of docs/scale.md: a row a size; a row measured anew takes the old one's place. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../docs/scale.md', import.meta.url));

/**
 * Puts one cluster's figures into the table of clusters.
 * @param {Record<string, any>} figures
 * @param {string} when date and machine
 */
export async function writeScale(figures, when) {
  // The number of nodes and the length of the partition tell one row from another.
  await writeRow('scale', rowOf(figures, when), ({ 1: nodes, 7: apart }) => `${nodes} ${apart}`);
}

/**
 * Puts one node's figures into the table of nodes.
 * @param {Record<string, number>} figures
 * @param {string} when date and machine
 */
export async function writeNode(figures, when) {
  const { members, startCpuMs, heapBytes, residentMb, sparingMb } = figures;
  const { clusterBytes, bookBytes, bookMs } = figures;
  const cells = [
    String(members),
    (startCpuMs / 1000).toFixed(2),
    (heapBytes / 1e6).toFixed(2),
    String(residentMb),
    String(sparingMb),
    kilobytes(clusterBytes),
    kilobytes(bookBytes),
    bookMs.toFixed(1),
    when,
  ];
  await writeRow('node', `| ${cells.join(' | ')} |`, ({ 1: known }) => known ?? '');
}

async function writeRow(table, row, keyOf) {
  const [begin, end] = [`<!-- ${table} -->`, `<!-- /${table} -->`];
  const text = await readFile(file, 'utf8');
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (to < from) throw new Error(`${file} lacks the markers of its table ${table}`);
  const lines = text
    .slice(from, to)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const key = keyOf(cellsOf(row));
  const place = lines.findIndex((line) => keyOf(cellsOf(line)) === key);
  if (place < 0) lines.push(row);
  else lines[place] = merged(lines[place] ?? '', row);
  await writeFile(file, `${text.slice(0, from)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`);
}

/** The cells of a row, from 1. */
function cellsOf(row) {
  return row.split('|').map((cell) => cell.trim());
}

/** What a run did not measure stays as it was measured before. */
function merged(old, row) {
  const before = cellsOf(old);
  const isBlank = (cell) => /^[–· ]+$/.test(cell);
  const cells = cellsOf(row).map((cell, at) => (isBlank(cell) ? (before[at] ?? cell) : cell));
  return cells.join(' | ').trim();
}

function rowOf(figures, when) {
  const { nodes, idle, apart, heapPerNode, virtualSeconds, cpuSeconds } = figures;
  const met = figures.meetBusiest;
  const cells = [
    String(nodes),
    seconds(figures.formMs),
    idle === undefined ? '–' : `${idle.sent} · ${idle.received}`,
    heapPerNode === undefined ? '–' : `${(heapPerNode / 1e6).toFixed(2)}`,
    seconds(figures.halfMs, figures.halfBusiest),
    kilobytes(figures.halfBusiest),
    figures.phases.includes('part') ? String(figures.apartSeconds) : '–',
    apart === undefined ? '–' : `${apart.sent} · ${apart.received}`,
    `${seconds(figures.meetMs, met)} · ${seconds(figures.meetFoundMs, met)}`,
    seconds(figures.restartMs, figures.restartBusiest),
    String(figures.idleSpeed ?? '–'),
    `${virtualSeconds.toFixed(0)} in ${cpuSeconds.toFixed(0)}`,
    String(figures.residentMb),
    when,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** `busiest` is there when the phase was run, whatever came of it. */
function seconds(ms, busiest) {
  if (ms !== undefined) return (ms / 1000).toFixed(2);
  return busiest === undefined ? '–' : '**not within a minute**';
}

function kilobytes(octets) {
  return octets === undefined ? '–' : (octets / 1000).toFixed(0);
}
