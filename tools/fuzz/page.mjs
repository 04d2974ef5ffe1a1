/** The table of docs/fuzzing.md: a row for each target, to which every run adds. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../../docs/fuzzing.md', import.meta.url));
const [BEGIN, END] = ['<!-- targets -->', '<!-- /targets -->'];

/**
 * Adds minutes and executions to the target's row, and puts the newest of the rest there.
 * @param {string} title what the target is
 * @param {{ target: string, seconds: number, executions: number, corpus: number,
 *   coveragePercent: number, findings: number }} result
 */
export function updatePage(title, result) {
  const text = readFileSync(page, 'utf8');
  const from = text.indexOf(BEGIN) + BEGIN.length;
  const to = text.indexOf(END);
  if (to < from) throw new Error(`${page} lacks the markers of its table`);
  const [head, , ...rows] = text
    .slice(from, to)
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
  const name = `\`${result.target}\``;
  const old = rows.find(([first]) => first === name);
  const [, , minutes = '0', executions = '0'] = old ?? [];
  const row = [
    ...[name, title],
    (Number(minutes) + result.seconds / 60).toFixed(1),
    (Number(executions.replaceAll(',', '')) + result.executions).toLocaleString('en'),
    `${result.coveragePercent} %`,
    String(result.corpus),
  ];
  const all = old === undefined ? [...rows, row] : rows.map((one) => (one === old ? row : one));
  const lines = [head, head.map(() => '-'), ...all].map((cells) => `| ${cells.join(' | ')} |`);
  writeFileSync(page, `${text.slice(0, from)}\n\n${lines.join('\n')}\n\n${text.slice(to)}`);
}
