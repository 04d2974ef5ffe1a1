/**
 * Whether heartbeats suffer when names are asked for: two nodes on loopback, one of which serves
 * names and is flooded with questions as fast as it answers them, in turns with quiet times of the
 * same length. Needs dnsperf (Debian's dnsperf). With `--json` the figures alone; else a table,
 * which `--write` puts into docs/dns.md.
 *
 *   node bench/dns-beats.mjs [--names 10000] [--changes 10] [--rounds 5] [--seconds 10] [--json]
 *                            [--write]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { measuredNow } from './document.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = join(root, 'docs', 'dns.md');
const { values } = parseArgs({
  options: {
    names: { type: 'string', default: '10000' },
    changes: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
/** Seconds until the two nodes know each other and the code is warm. */
const SETTLE_S = 3;

const folder = mkdtempSync(join(tmpdir(), 'flotilla-beats-'));
const children = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
const bundle = join(folder, 'node.mjs');
await build({
  ...{ absWorkingDir: root, entryPoints: ['bench/dns-beats-node.mjs'], outfile: bundle },
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20.19', logLevel: 'warning' },
  // Packages of the old kind ask for Node's own modules at run time.
  banner: {
    js: [
      "import { createRequire } from 'node:module';",
      'const require = createRequire(import.meta.url);',
    ].join('\n'),
  },
});
const questions = join(folder, 'questions');
const numbers = Array.from({ length: Number(values.names) }, (_, index) => index);
writeFileSync(questions, numbers.map((n) => `name${n}.bench.internal A\n`).join(''));

const attic = await start('attic', values.names, values.changes);
const cellar = await start('cellar', '0', '0', attic.said.token);
await flood(1);
await sleep(SETTLE_S * 1000);
await Promise.all([attic.measured(), cellar.measured()]);
const figures = { quiet: empty(), flooded: empty() };
for (let round = 0; round < Number(values.rounds); round += 1) {
  await take(figures.quiet, () => sleep(seconds * 1000));
  await take(figures.flooded, () => flood(seconds));
}
const result = { names: numbers.length, rounds: Number(values.rounds), seconds };
for (const [name, one] of Object.entries(figures)) result[name] = summary(one);
if (values.json) console.log(JSON.stringify(result));
else report(result);
process.exit();

function empty() {
  return { rates: [], late: [], roundTrips: [], unanswered: 0, suspected: 0, doubted: 0 };
}

async function take(into, during) {
  into.rates.push((await during()) ?? 0);
  const both = await Promise.all([attic.measured(), cellar.measured()]);
  into.late.push(...both[0].late);
  into.roundTrips.push(...both[1].roundTrips);
  for (const { unanswered, events } of both) {
    into.unanswered += unanswered;
    const is = (...types) => events.filter((type) => types.includes(type)).length;
    into.suspected += is('member-suspect', 'member-lost');
    into.doubted += is('doubt');
  }
}

function summary({ rates, late, roundTrips, ...counts }) {
  const spread = (all) => [0.5, 0.99, 1].map((share) => percentile(all, share));
  const counted = { alarms: late.length, pings: roundTrips.length };
  const rate = percentile(rates, 0.5);
  return { rate, lateMs: spread(late), roundTripMs: spread(roundTrips), ...counted, ...counts };
}

function report({ quiet, flooded, ...run }) {
  const ms = (all) => all.map((one) => one.toFixed(1)).join(' · ');
  const row = (title, one) =>
    `| ${title} | ${Math.round(one.rate) || '–'} | ${ms(one.lateMs)} | ` +
    `${ms(one.roundTripMs)} | ${one.pings} | ${one.unanswered} | ` +
    `${one.doubted} | ${one.suspected} |`;
  const text = [
    '| the node that serves names is | questions a second | alarms are late by ms | ' +
      'pings to it take ms | pings | unanswered | doubts | suspicions |',
    `|${' --- |'.repeat(8)}`,
    row('quiet', quiet),
    row('flooded', flooded),
    '',
    `Milliseconds are median · 99 % · most. Two nodes on loopback, ${run.names} names, ` +
      `${values.changes} of which change a second; ${run.rounds} turns of ${run.seconds} s each.`,
    '',
    `Measured ${measuredNow()}.`,
  ].join('\n');
  console.log(text);
  if (!values.write) return;
  const [begin, end] = ['<!-- beats -->', '<!-- /beats -->'];
  const old = readFileSync(page, 'utf8');
  const [before, after] = [old.split(begin)[0], old.split(end)[1]];
  writeFileSync(page, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

/** Questions a second that were answered. */
async function flood(limit) {
  const where = ['-s', '127.0.0.1', '-p', String(attic.said.dns), '-d', questions];
  const child = spawn('dnsperf', [...where, '-l', String(limit), '-q', '100'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let rate = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    rate = Number(/Queries per second: +([0-9.]+)/.exec(line)?.[1] ?? rate);
  }
  return rate;
}

async function start(name, ...words) {
  const child = spawn(process.execPath, [bundle, join(folder, name), name, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = JSON.parse((await lines.next()).value);
  const measured = async () => {
    child.stdin.write('\n');
    return JSON.parse((await lines.next()).value);
  };
  return { said, measured };
}

function percentile(all, share) {
  const sorted = Float64Array.from(all).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
