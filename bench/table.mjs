/**
 * The tables of docs/benchmarks.md. A row is replaced when it is measured anew; rows that were not
 * measured this time stay, each with the date and the Node it was measured with.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));

/** What is to be reached, in seconds: the middle and the worst of all runs. */
const goals = { usual: [1, 2.5], 'power cut': [3, 3] };
/** How much longer it may take behind home routers. */
const HOME_ALLOWANCE = 0.5;
/** Per node: bytes a second each way, CPU seconds a minute, resident megabytes. */
const idleGoals = { bytes: 340, cpu: 0.3, megabytes: 60 };

/**
 * Writes the figures into the document.
 * @param {ReadonlyArray<{ type: 'heal' | 'idle', key: string }>} results
 * @param {{ reuse: boolean }} how
 */
export async function updateBenchmarks(results, how) {
  let text = await readFile(file, 'utf8');
  const date = new Date().toISOString().slice(0, 10);
  const when = `${date}, Node ${process.versions.node}, ${machine()}`;
  for (const result of results) {
    const { type, key } = result;
    const row = type === 'heal' ? healRow(result, when, how) : idleRow(result, when);
    text = replaceRow(text, type, key, row);
  }
  await writeFile(file, text);
}

function healRow({ key, title, healed, breaks }, when, { reuse }) {
  const known = healed.filter((ms) => ms !== undefined).sort((a, b) => a - b);
  const never = healed.length - known.length;
  const [medianGoal, worstGoal] = goalOf(key);
  const median = never * 2 >= healed.length ? undefined : middle(known);
  const worst = never > 0 ? undefined : known.at(-1);
  const counted = `${healed.length}${never > 0 ? ` (${never} never)` : ''}`;
  return [
    ...[key, title, secondsCell(median, medianGoal), secondsCell(worst, worstGoal)],
    ...[counted, String(breaks), `${when}${reuse ? ', one cluster' : ''}`],
  ];
}

function idleRow({ key, title, nodes }, when) {
  const cell = (name, goal, scale, digits) => {
    const all = nodes.map((node) => node[name] * scale).sort((a, b) => a - b);
    const words = `${middle(all).toFixed(digits)} · ${all.at(-1).toFixed(digits)}`;
    return middle(all) > goal ? `**${words}**` : words;
  };
  return [
    ...[key, title, cell('receivedPerS', idleGoals.bytes, 1, 0)],
    ...[cell('sentPerS', idleGoals.bytes, 1, 0), cell('packetsPerS', Infinity, 1, 1)],
    ...[cell('cpuPerMin', idleGoals.cpu, 1, 2), cell('residentKb', idleGoals.megabytes, 1e-3, 0)],
    when,
  ];
}

/** The median and the worst to be reached in a row; a human's hint has none. */
function goalOf(key) {
  const [name] = key.split(' --');
  if (name === 'S6') return [Infinity, Infinity];
  const base = goals[name] ?? goals.usual;
  return key.endsWith(' --nat') ? base.map((goal) => goal + HOME_ALLOWANCE) : base;
}

function secondsCell(ms, goal) {
  if (ms === undefined) return '**never**';
  const words = (ms / 1000).toFixed(2);
  return ms / 1000 > goal ? `**${words}**` : words;
}

function middle(sorted) {
  const half = sorted.length / 2;
  const low = sorted[Math.ceil(half) - 1] ?? Number.NaN;
  return (low + (sorted[Math.floor(half)] ?? low)) / 2;
}

/** Puts a row between the markers of its table, over the one with the same first cell. */
function replaceRow(text, table, key, row) {
  const [begin, end] = [`<!-- ${table} -->`, `<!-- /${table} -->`];
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (to < from) throw new Error(`${file} lacks the markers of the table "${table}"`);
  const lines = text
    .slice(from, to)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const line = `| ${row.join(' | ')} |`;
  const place = lines.findIndex((old) => old.split('|')[1]?.trim() === key);
  if (place < 0) lines.push(line);
  else lines[place] = line;
  return `${text.slice(0, from)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`;
}

/** What it was measured on; a load far above the number of cores tells of busy neighbours. */
function machine() {
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = Math.round(loadavg()[1]);
  return `${cpus().length} cores, ${memory} GiB, load ${load}`;
}
