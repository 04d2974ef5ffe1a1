/**
 * Coverage-guided fuzzing of every decoder and of the whole machine.
 *
 *     npm run fuzz -- --target NAME|all [--seconds 120] [--seed N] [--markdown]
 *     npm run fuzz -- --target NAME --replay =BASE64
 *     npm run fuzz -- --list
 *
 * Begins with the target's corpus (test/fuzz/corpus), which `npm test` replays, and writes it back,
 * minimized, with what was found worth keeping. One JSON line with the figures goes to standard
 * output, and with `--markdown` into docs/fuzzing.md. Exit 1 when something was found: the input
 * is printed, shortened, to be replayed, and the corpus is left as it was.
 */
import { spawnSync } from 'node:child_process';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Coverage } from './coverage.mjs';
import { Loop } from './loop.mjs';
import { updatePage } from './page.mjs';

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 0xffff_ffff) },
    replay: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

// Before the code is loaded, so that what never runs is known, too.
let covers = () => false;
const coverage = new Coverage((url) => covers(url));
register('../../bench/typescript-hooks.mjs', import.meta.url);
const { targets } = await import('../../test/fuzz/targets.ts');
const { readCorpus, fromText, toText, writeCorpus } = await import('../../test/fuzz/corpus.ts');
const target = targets.find(({ name }) => name === values.target);

if (values.target === 'all') process.exit(everyTarget());
if (values.list || target === undefined) {
  for (const { name, title } of targets) console.log(`${name.padEnd(12)} ${title}`);
  process.exit(values.list ? 0 : 2);
}
if (values.replay !== undefined) {
  console.log(await target.run(fromText(values.replay)));
  process.exit(0);
}

covers = (url) => url.startsWith('file:') && target.covers.test(url);
coverage.keep(coverage.take());
coverage.forget();
const loop = new Loop(target, coverage, Number(values.seed));
await loop.load([...target.seeds(), ...readCorpus(target.name)]);
say(`${target.name}: ${loop.corpus.length} inputs to begin with, seed ${values.seed}`);
const began = performance.now();
const before = loop.executions;
await loop.fuzz(Number(values.seconds) * 1000);
const seconds = (performance.now() - began) / 1000;
const executions = loop.executions - before;
await loop.minimize();
if (loop.findings.size === 0) writeCorpus(target.name, loop.corpus);

const files = coverage.reached().filter(({ there }) => there > 0);
const there = files.reduce((sum, file) => sum + file.there, 0);
const ran = files.reduce((sum, file) => sum + file.ran, 0);
for (const { url, ...file } of files.toSorted((a, b) => a.ran / a.there - b.ran / b.there)) {
  say(
    `${((100 * file.ran) / file.there).toFixed(1).padStart(6)} %  ${url.replace(/^.*\/src\//, '')}`,
  );
}
const result = {
  target: target.name,
  seconds: Math.round(seconds),
  executions,
  corpus: loop.corpus.length,
  coveragePercent: Number(((100 * ran) / there).toFixed(1)),
  findings: loop.findings.size,
};
console.log(JSON.stringify(result));
if (values.markdown) updatePage(target.title, result);
for (const { input, error } of loop.findings.values()) {
  say(`FOUND by --replay '${toText(input)}'\n${error.stack}`);
  process.exitCode = 1;
}

/** One after the other, each in a process of its own; the code of the worst of them. */
function everyTarget() {
  const rest = ['--seconds', values.seconds, ...(values.markdown ? ['--markdown'] : [])];
  const codes = targets.map(({ name }) => {
    const words = [fileURLToPath(import.meta.url), '--target', name, ...rest];
    return spawnSync(process.execPath, words, { stdio: 'inherit' }).status ?? 1;
  });
  return Math.max(...codes);
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}
