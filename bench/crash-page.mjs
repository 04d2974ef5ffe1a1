/** docs/crash.md: what was going on when daemons were killed, and what came of it. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { groupBy, measuredNow, middle } from './document.mjs';

const page = fileURLToPath(new URL('../docs/crash.md', import.meta.url));

const words = `# Killed at any moment

\`\`\`
npm run bench:crash -- --kills 200 --markdown
\`\`\`

Three members and one that joins and leaves again and again, real daemons in network namespaces.
For each kill one thing begins, and at a random moment of the next 0.9 s the daemon it concerns
gets SIGKILL and is started again with the same words. After each: the daemon serves; the cluster
is whole (every ordered pair has proven the address the other really has); everybody shows the
same members with the same IDs and nobody else; tags and invites that a command had reported as
done are there (the next joiner uses such an invite); each file of each state folder is whole; the
killed node has every act it had on disk, and no fewer reserved sequences; and over the whole run
no act number and no record sequence of any node was ever used for two things, on any disk.

Times in seconds from the new start: until it serves (middle · most), until the cluster is whole
(middle · most).

`;

/** What a kill alone does not show, and where it is tested. */
const [stored, full] = ['`test/real/store.test.ts`', '`test/real/disk-full.test.ts`'];
const elsewhere = `## Other bad days of a disk

| what | test |
| - | - |
| killed in the middle of writing a file, ten times | ${stored} |
| cut short, empty, changed, of another program, of a future version | ${stored} |
| full, at the start and while a daemon runs, and with room again | ${full} |
| read-only, at the start and while a daemon runs, and writable again | ${full} |
| a dozen kills of daemons that move and join, in \`npm test\` | \`test/lab/crash.test.ts\` |
| slow, full, and crashes in any order with all else | \`docs/fuzzing.md\`, target \`step\` |
`;

/**
 * Writes the page from the lines of one run or several.
 * @param {readonly object[]} results what, servedMs, healedMs, problems
 */
export async function writeCrashPage(results) {
  const rows = [...groupBy(results, ({ what }) => what)].map(([what, kills]) => rowOf(what, kills));
  rows.push(rowOf('**all**', results));
  const head = ['killed while', 'kills', 'serves', 'whole', 'problems'];
  const lines = [head, head.map(() => '-'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const problems = results.flatMap((result) => result.problems);
  const told = problems.length === 0 ? 'Nothing was lost, nothing believed by half.' : '';
  const list = problems.map((problem) => `- ${problem.split('\n')[0]}`).join('\n');
  const measured = `Measured ${measuredNow()}.`;
  const text = `${words}${lines.join('\n')}\n\n${told}${list}\n\n${measured}\n\n${elsewhere}`;
  await writeFile(page, text);
}

function rowOf(what, kills) {
  const served = kills.map(({ servedMs }) => servedMs);
  const healed = kills.map(({ healedMs }) => healedMs ?? Infinity);
  const problems = kills.flatMap((kill) => kill.problems).length;
  return [what, kills.length, secondsOf(served), secondsOf(healed), problems];
}

function secondsOf(times) {
  const [half, most] = [middle(times), Math.max(...times)];
  return [half, most].map((ms) => (ms === Infinity ? 'never' : (ms / 1000).toFixed(2))).join(' · ');
}
