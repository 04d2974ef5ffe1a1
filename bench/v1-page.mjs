/** docs/v1-figures.md: written anew from what one run of bench/v1.mjs measured. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { measuredNow, middle } from './document.mjs';

const page = fileURLToPath(new URL('../docs/v1-figures.md', import.meta.url));

/**
 * Puts rows in place of those between the markers of the same kind; kinds not measured stay.
 * @param {readonly Record<string, any>[]} figures
 */
export function writeFigures(figures) {
  let text = readFileSync(page, 'utf8');
  const heals = figures.filter(({ what }) => what === 'heal');
  const costs = figures.filter(({ what }) => what === 'cost');
  if (heals.length > 0) text = between(text, 'heal', healTable(heals));
  if (costs.length > 0) text = between(text, 'cost', costTable(costs));
  writeFileSync(page, text);
}

function healTable(heals) {
  const rows = heals.map(({ title, healMs }) => {
    const done = healMs.filter((ms) => ms !== null);
    const seconds = (ms) => (ms === undefined ? '–' : (ms / 1_000).toFixed(1));
    const most = done.length === 0 ? undefined : Math.max(...done);
    const count = `${done.length} of ${healMs.length}`;
    return [
      title,
      seconds(done.length === 0 ? undefined : middle(done)),
      seconds(most),
      count,
      measuredNow(),
    ];
  });
  return table(['three nodes', 'median s', 'worst s', 'healed', 'measured'], rows);
}

function costTable(costs) {
  const rows = costs.map((cost) => {
    const { peers, heartbeatsPerS, refused, cpuPercent, residentMb, peakMb, idleMb } = cost;
    const answers = `${cost.answerMs.median} · ${cost.answerMs.p99}`;
    const memory = `${residentMb} · ${peakMb} · ${idleMb}`;
    return [peers, heartbeatsPerS, refused, cpuPercent, memory, answers, measuredNow()];
  });
  const columns = [
    ...['peers', 'heartbeats/s', 'refused', 'CPU, % of a core'],
    ...['MB: now · highest · before', 'answer ms: median · p99', 'measured'],
  ];
  return table(columns, rows);
}

function table(columns, rows) {
  const lines = [columns, columns.map((column) => '-'.repeat(column.length)), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function between(text, name, lines) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${page} lacks the markers of "${name}"`);
  return `${text.slice(0, from + begin.length)}\n\n${lines}\n\n${text.slice(to)}`;
}
