/** Runs the swarm on each mutant until it notices, and writes the table of docs/simulator.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadSwarm } from './build.mjs';
import { MUTANTS, SEEDS_MAX } from './mutants.mjs';

const DOCUMENT = fileURLToPath(new URL('../../docs/simulator.md', import.meta.url));
const BEGIN = '<!-- mutants: begin -->';
const END = '<!-- mutants: end -->';

/**
 * The first world in which a mutant is noticed; undefined when none of `seedsMax` shows it.
 * @param {import('./mutants.mjs').Mutant} mutant
 */
export async function notice(mutant, seedsMax = SEEDS_MAX) {
  const { drawWorld, runWorld, standInSuite } = await loadSwarm(mutant, mutant.name);
  const themes = mutant.themes ?? [undefined];
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const { attacks } = mutant;
    const world = drawWorld(seed, { theme: themes[seed % themes.length], attacks });
    const { outcome, failure = '' } = runWorld(world, { suite: standInSuite });
    // A world that fails as it is says nothing of the mutant.
    if (outcome !== 'converged' && (await isWhole(world))) {
      return { worlds: seed, outcome, failure };
    }
  }
  return undefined;
}

/** Whether a world is whole when no rule is switched off. */
async function isWhole(world) {
  sound ??= await loadSwarm(undefined, 'sound');
  return sound.runWorld(world, { suite: sound.standInSuite }).outcome === 'converged';
}

/** The swarm as it is, once it was needed. */
let sound;

/** All of them, or one; exit code 1 when one goes unnoticed. */
export async function noticeAll({ only, write }) {
  const rows = [];
  let unnoticed = 0;
  for (const mutant of MUTANTS) {
    if (only !== undefined && mutant.name !== only) continue;
    const noticed = await notice(mutant);
    if (noticed === undefined) unnoticed += 1;
    const row = rowOf(mutant, noticed);
    console.log(row);
    rows.push(row);
  }
  if (write) await writeTable(rows);
  return unnoticed === 0 ? 0 : 1;
}

function rowOf({ name, rule, off }, noticed) {
  const [by, worlds] =
    noticed === undefined
      ? ['**nobody**', `> ${String(SEEDS_MAX)}`]
      : [`${noticed.outcome}: ${plain(noticed.failure)}`, String(noticed.worlds)];
  return `| \`${name}\` | ${rule} | ${off} | ${by} | ${worlds} |`;
}

/** What a checker said, without who it was that time, and where. */
function plain(failure) {
  const words = failure.split('\n')[0].replaceAll('|', '/');
  return words
    .replaceAll(/\b[a-z2-7]{52}\b/g, 'ID')
    .replaceAll(/\d+\.\d+\.\d+\.\d+(:\d+)?/g, 'ADDRESS');
}

async function writeTable(rows) {
  const text = await readFile(DOCUMENT, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${DOCUMENT} has no place for the table`);
  const head =
    '| mutant | rule | switched off | noticed by | worlds |\n| --- | --- | --- | --- | --- |';
  await writeFile(DOCUMENT, `${before}${BEGIN}\n\n${[head, ...rows].join('\n')}\n\n${END}${after}`);
}
