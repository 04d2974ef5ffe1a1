/**
 * The tables of docs/benchmarks.md. A row is replaced when it is measured anew; rows that were not
 * measured this time stay, each with the date and the Node it was measured with.
 */
import { measuredNow, mergeTable, middle, spreadCell, updateDocument } from './document.mjs';

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
  const when = measuredNow();
  const of = (wanted) => results.filter(({ type }) => type === wanted);
  const heals = of('heal').map((result) => healRow(result, when, how));
  const idles = of('idle').map((result) => idleRow(result, when));
  await updateDocument((text) => mergeTable(mergeTable(text, 'heal', heals), 'idle', idles));
}

function healRow({ key, title, healed, breaks }, when, { reuse }) {
  const known = healed.filter((ms) => ms !== undefined).sort((a, b) => a - b);
  const never = healed.length - known.length;
  const [medianGoal, worstGoal] = goalOf(key);
  const median = never * 2 >= healed.length ? undefined : middle(known);
  const worst = never > 0 ? undefined : known.at(-1);
  const counted = `${healed.length}${never > 0 ? ` (${never} never)` : ''}`;
  return [
    ['scenario', key],
    ['what happens', title],
    ['median s', secondsCell(median, medianGoal)],
    ['worst s', secondsCell(worst, worstGoal)],
    ['runs', counted],
    ['broke', String(breaks)],
    ['measured', `${when}${reuse ? ', one cluster' : ''}`],
  ];
}

function idleRow({ key, title, nodes }, when) {
  const cell = (name, goal, scale, digits) => {
    const all = nodes.map((node) => node[name] * scale);
    const words = spreadCell(all, digits);
    return middle(all) > goal ? `**${words}**` : words;
  };
  return [
    ['what', key],
    ['how', title],
    ['received B/s', cell('receivedPerS', idleGoals.bytes, 1, 0)],
    ['sent B/s', cell('sentPerS', idleGoals.bytes, 1, 0)],
    ['packets/s', cell('packetsPerS', Infinity, 1, 1)],
    ['CPU s/min', cell('cpuPerMin', idleGoals.cpu, 1, 2)],
    ['resident MB', cell('residentKb', idleGoals.megabytes, 1e-3, 0)],
    ['measured', when],
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
