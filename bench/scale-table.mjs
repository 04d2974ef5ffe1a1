/** The table of docs/scale.md: a row a cluster; a row measured anew takes the old one's place. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../docs/scale.md', import.meta.url));
const [begin, end] = ['<!-- scale -->', '<!-- /scale -->'];

/**
 * Puts one cluster's figures into the table.
 * @param {Record<string, any>} figures
 * @param {string} when date and machine
 */
export async function writeScale(figures, when) {
  const text = await readFile(file, 'utf8');
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (to < from) throw new Error(`${file} lacks the markers of its table`);
  const lines = text
    .slice(from, to)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const row = rowOf(figures, when);
  const place = lines.findIndex((line) => keyOf(line) === keyOf(row));
  if (place < 0) lines.push(row);
  else lines[place] = row;
  await writeFile(file, `${text.slice(0, from)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`);
}

function rowOf(figures, when) {
  const { nodes, idle, apart, heapPerNode, virtualSeconds, cpuSeconds } = figures;
  const cells = [
    String(nodes),
    seconds(figures.formMs),
    idle === undefined ? '–' : `${idle.sent} · ${idle.received}`,
    heapPerNode === undefined ? '–' : `${(heapPerNode / 1e6).toFixed(2)}`,
    seconds(figures.halfMs),
    kilobytes(figures.halfBusiest),
    apart === undefined ? '–' : `${figures.apartSeconds} s: ${apart.sent} · ${apart.received}`,
    `${seconds(figures.meetMs)} · ${seconds(figures.meetFoundMs)}`,
    seconds(figures.restartMs),
    String(figures.idleSpeed ?? '–'),
    `${virtualSeconds.toFixed(0)} in ${cpuSeconds.toFixed(0)}`,
    String(figures.residentMb),
    when,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Nodes and the length of the partition: what tells one row from another. */
function keyOf(line) {
  const cells = line.split('|').map((cell) => cell.trim());
  return `${cells[1]} ${(cells[7] ?? '').split(' ')[0]}`;
}

function seconds(ms) {
  return ms === undefined ? '–' : (ms / 1000).toFixed(2);
}

function kilobytes(octets) {
  return octets === undefined ? '–' : (octets / 1000).toFixed(0);
}
