/** docs/soak.md: an hour, minute by minute, and what is to be said of it. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { measuredNow, middle } from './document.mjs';

const page = fileURLToPath(new URL('../docs/soak.md', import.meta.url));

/** The last quarter may hold so much more than the second, of each node, in parts and handles. */
const MEMORY_GROWTH = 1.1;
const HANDLES_GROWTH = 3;
/** DESIGN §12. */
const MEMORY_GOAL_MB = 60;
/**
 * Bytes a second each way and node: 340 for peace, and for a move every ten seconds, in which each
 * of ten nodes is told a record and proves an address, three times that.
 */
const TRAFFIC_GOAL = 4 * 340;

/**
 * What the samples say, each with whether it is as it should be. The first quarter is warm-up.
 * @param {readonly object[]} samples
 */
export function judge(samples) {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  const first = early.length > 0 ? early : late;
  return [
    memory(first, late),
    mostMemory(samples),
    handles(first, late),
    traffic(samples),
    heals(samples),
    quiet(samples),
  ];
}

/** Each node against itself: the middle of its late samples and of its early ones. */
function growth(early, late, name) {
  return early[0][name].map((_, at) => {
    const [before, after] = [early, late].map((part) => middle(part.map((line) => line[name][at])));
    return { before, after };
  });
}

function memory(early, late) {
  const grown = growth(early, late, 'residentMb').map(({ before, after }) => after / before);
  const most = Math.max(...grown);
  const percent = ((most - 1) * 100).toFixed(1);
  const words = `memory: the node that grew most held ${percent} % more in the last quarter`;
  return { holds: most <= MEMORY_GROWTH, words };
}

function mostMemory(samples) {
  const most = Math.max(...samples.flatMap(({ residentMb }) => residentMb));
  const words = `memory: ${most.toFixed(0)} MB at the most (the goal for an idle node: 60 MB)`;
  return { holds: most <= 2 * MEMORY_GOAL_MB, words };
}

function handles(early, late) {
  const grown = growth(early, late, 'handles').map(({ before, after }) => after - before);
  const most = Math.max(...grown);
  return { holds: most <= HANDLES_GROWTH, words: `handles: ${most} more at the most` };
}

function traffic(samples) {
  const all = ['receivedPerS', 'sentPerS'].map((name) => {
    return Math.round(middle(samples.flatMap((line) => line[name])));
  });
  const words = `traffic: ${all[0]} B/s in and ${all[1]} B/s out, of ${TRAFFIC_GOAL}`;
  return { holds: Math.max(...all) <= TRAFFIC_GOAL, words };
}

function heals(samples) {
  const all = samples.flatMap(({ healedMs }) => healedMs);
  const whole = all.filter((ms) => ms !== null);
  const seconds = [middle(whole), Math.max(...whole)].map((ms) => (ms / 1000).toFixed(2));
  const words = `healed: ${whole.length} of ${all.length} within 8 s, ${seconds.join(' · ')} s`;
  return { holds: whole.length >= 0.99 * all.length, words };
}

function quiet(samples) {
  const told = [...new Set(samples.flatMap(({ alarms, ended }) => [...alarms, ...ended]))];
  const words = `no unhandled rejection, no broken rule, no daemon that ended`;
  return { holds: told.length === 0, words: told.length === 0 ? words : told.join('; ') };
}

/**
 * Writes the page.
 * @param {readonly object[]} samples
 * @param {{ nodes: number, seed: string }} how
 */
export async function writeSoakPage(samples, { nodes, seed }) {
  const head = [
    ...['minute', 'restarts', 'healed s', 'resident MB', 'handles', 'received B/s', 'sent B/s'],
  ];
  const rows = samples.map((line) => [
    ...[line.minute, line.restarts],
    spread(
      line.healedMs.map((ms) => (ms === null ? Infinity : ms / 1000)),
      2,
    ),
    spread(line.residentMb, 0),
    spread(line.handles, 0),
    spread(line.receivedPerS, 0),
    spread(line.sentPerS, 0),
  ]);
  const table = [head, head.map(() => '-'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const verdict = judge(samples).map(
    ({ holds, words }) => `- ${holds ? '' : '**not so:** '}${words}`,
  );
  const minutes = String(samples.length);
  const text = `# An hour of moving

\`\`\`
npm run bench:soak -- --minutes ${minutes} --markdown
\`\`\`

${nodes} real daemons in network namespaces for ${minutes} minutes (seed ${seed}). Every ten seconds
one of them, now and then up to half, gets a fresh address; every thirty seconds one of three is
restarted, by \`down\` or by SIGKILL. The figures are of the others, which live through it all:
middle · most. A heal ends when every ordered pair has proven the address the other really has.

${verdict.join('\n')}

${table.join('\n')}

Measured ${measuredNow()}.
`;
  await writeFile(page, text);
}

function spread(numbers, digits) {
  const shown = (value) => (value === Infinity ? '> 8' : value.toFixed(digits));
  return `${shown(middle(numbers))} · ${shown(Math.max(...numbers))}`;
}
