/**
 * Names served, side by side with dnsmasq and with bare echoes on Node, in one run: questions a
 * second, and how late answers are at a steady 5,000 a second. Needs dnsperf and dnsmasq (Debian's
 * dnsperf and dnsmasq-base). With `--json` the figures alone; else a table, which `--write` puts
 * into docs/dns.md.
 *
 *   node bench/dns.mjs [--names 10000] [--changes 10] [--rounds 5] [--seconds 4] [--json] [--write]
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync, readFileSync, chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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
    seconds: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
/** Questions a second at which latency is measured. */
const STEADY = 5_000;

const folder = mkdtempSync(join(tmpdir(), 'flotilla-dns-'));
const children = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const bundle = join(folder, 'server.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['bench/dns-server.mjs'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
});
const size = Number(values.names);
const questions = join(folder, 'questions');
writeFileSync(
  questions,
  shuffled(size)
    .map((n) => `name${n}.bench.internal A\n`)
    .join(''),
);

const servers = {
  flotilla: await node('names', values.names, values.changes),
  dnsmasq: await dnsmasq(),
  echo: await node('echo'),
  copy: await node('copy'),
};
const figures = Object.fromEntries(Object.keys(servers).map((name) => [name, empty()]));
for (const server of Object.values(servers)) await ask(server, 1, []); // warm
await servers.flotilla.tell('reset');
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const [name, server] of inTurn(round)) {
    const before = cpuMs(server.pid);
    const { rate, lost, done } = await ask(server, seconds, ['-q', '100']);
    figures[name].rates.push(rate);
    figures[name].cpu.push(((cpuMs(server.pid) - before) / done) * 1e3);
    figures[name].lost += lost;
  }
}
const busy = await servers.flotilla.tell('');
await servers.flotilla.tell('reset');
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const [name, server] of inTurn(round)) {
    const { latencies, lost } = await ask(server, seconds, ['-Q', String(STEADY), '-v']);
    figures[name].lost += lost;
    figures[name].p50.push(percentile(latencies, 0.5));
    figures[name].p99.push(percentile(latencies, 0.99));
  }
}
const steady = await servers.flotilla.tell('');
const result = {
  names: size,
  changesPerSecond: Number(values.changes),
  rounds: Number(values.rounds),
  ...Object.fromEntries(
    Object.entries(figures).map(([name, { rates, cpu, p50, p99, lost }]) => [
      name,
      {
        ...{
          rate: median(rates),
          cpuUs: median(cpu),
          p50Us: median(p50),
          p99Us: median(p99),
          lost,
        },
        timesDnsmasq: median(ratios(rates, figures.dnsmasq.rates)),
        timesEcho: median(ratios(rates, figures.echo.rates)),
        cpuTimesEcho: median(ratios(cpu, figures.echo.cpu)),
        p99TimesDnsmasq: median(ratios(p99, figures.dnsmasq.p99)),
      },
    ]),
  ),
  rssMib: steady.rssMib,
  moves: steady.moves,
  loopLateMs: { flooded: busy.lateMs, steady: steady.lateMs },
};
if (values.json) console.log(JSON.stringify(result));
else report(result);
process.exit();

/** The servers, in each round another one first. */
function inTurn(round) {
  const all = Object.entries(servers);
  const first = round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

function report({ flotilla, dnsmasq: other, echo, copy, ...run }) {
  const row = (title, one) =>
    `| ${title} | ${Math.round(one.rate)} | ${one.timesDnsmasq.toFixed(2)} | ` +
    `${one.timesEcho.toFixed(2)} | ${one.cpuUs.toFixed(1)} | ${one.cpuTimesEcho.toFixed(2)} | ` +
    `${Math.round(one.p50Us)} | ${Math.round(one.p99Us)} | ${one.p99TimesDnsmasq.toFixed(2)} | ` +
    `${one.lost} |`;
  const text = [
    '| server | questions a second | × dnsmasq | × echo | CPU µs each | × echo | p50 µs | p99 µs ' +
      '| p99 × dnsmasq | lost |',
    `|${' --- |'.repeat(10)}`,
    row('flotilla', flotilla),
    row('dnsmasq', other),
    row('bare echo on Node', echo),
    row('echo from octets of its own', copy),
    '',
    `${run.names} names, ${run.changesPerSecond} of which changed a second ` +
      `(${run.moves} in all); ` +
      `medians of ${run.rounds} rounds of ${seconds} s, those of ratios within a round. ` +
      `Resident: ${run.rssMib.toFixed(0)} MiB. ` +
      'A timer of the server was late by at most (99.9 %) ' +
      `${run.loopLateMs.flooded.toFixed(1)} ms when flooded, ` +
      `${run.loopLateMs.steady.toFixed(1)} ms at ${STEADY} questions a second.`,
    '',
    `Measured ${measuredNow()}.`,
  ].join('\n');
  console.log(text);
  if (!values.write) return;
  const [begin, end] = ['<!-- figures -->', '<!-- /figures -->'];
  const old = readFileSync(page, 'utf8');
  const [before, after] = [old.split(begin)[0], old.split(end)[1]];
  writeFileSync(page, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

/** One run of dnsperf: questions a second, or the latency of each in microseconds. */
async function ask({ port }, limit, flags) {
  const words = ['-s', '127.0.0.1', '-p', String(port), '-d', questions, '-l', String(limit)];
  const child = spawn('dnsperf', [...words, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const latencies = [];
  let rate = 0;
  let lost = 0;
  let done = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, latency] = /^> \S+ \S+ \S+ ([0-9.]+)$/.exec(line) ?? [];
    if (latency !== undefined) latencies.push(Number(latency) * 1e6);
    rate = Number(/Queries per second: +([0-9.]+)/.exec(line)?.[1] ?? rate);
    done = Number(/Queries completed: +([0-9]+)/.exec(line)?.[1] ?? done);
    lost = Number(/Queries lost: +([0-9]+)/.exec(line)?.[1] ?? lost);
  }
  return { rate, lost, done, latencies };
}

async function node(...words) {
  const child = spawn(process.execPath, [bundle, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  const tell = async (line) => {
    child.stdin.write(`${line}\n`);
    return JSON.parse((await lines.next()).value);
  };
  return { port, pid: child.pid, tell };
}

async function dnsmasq() {
  const port = await freePort();
  const hosts = join(folder, 'hosts');
  const lines = Array.from({ length: size }, (_, index) => {
    const ip = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
    return `${ip} name${index}.bench.internal\n`;
  });
  writeFileSync(hosts, lines.join(''));
  // It gives up root's rights before it reads the file.
  chmodSync(folder, 0o755);
  const child = spawn(
    'dnsmasq',
    [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts'],
      ...[`--port=${port}`, '--listen-address=127.0.0.1', '--bind-interfaces', '--local-ttl=1'],
      ...[`--addn-hosts=${hosts}`, '--local=/bench.internal/', '--pid-file='],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PATH: sbin() } },
  );
  children.push(child);
  for (let turn = 0; turn < 50; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const words = ['@127.0.0.1', '-p', String(port), '+short', '+tries=1', '+time=1'];
    const { stdout } = spawnSync('dig', [...words, 'name0.bench.internal'], { encoding: 'utf8' });
    if (stdout.trim() === '10.0.0.0') return { port, pid: child.pid };
  }
  throw new Error('dnsmasq does not answer');
}

function sbin() {
  return `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
}

/** Processor time a process took so far, by the kernel's count of hundredths of a second. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** The numbers below `n` in an order without pattern, the same each time. */
function shuffled(n) {
  const numbers = Array.from({ length: n }, (_, index) => index);
  let seed = 1;
  for (let at = n - 1; at > 0; at -= 1) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const other = seed % (at + 1);
    [numbers[at], numbers[other]] = [numbers[other], numbers[at]];
  }
  return numbers;
}

/** Of the same rounds: the machine was about as busy. */
function ratios(some, others) {
  return some.map((one, round) => one / others[round]);
}

function empty() {
  return { rates: [], cpu: [], p50: [], p99: [], lost: 0 };
}

function percentile(numbers, share) {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function median(numbers) {
  return percentile(numbers, 0.5);
}
