/**
 * Runs random worlds for as long as told, and ends with the code of what it found: 0 nothing,
 * 10 crash, 11 safety, 12 liveness, as `flotilla sim` does. A world that fails is shrunk and told
 * as a story. With `--mutants` it switches off one rule at a time and says how soon it noticed.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { loadSwarm } from './swarm/build.mjs';
import { noticeAll } from './swarm/notice.mjs';
import { commitSeed } from './swarm/seed.mjs';

const EXIT = { converged: 0, crash: 10, safety: 11, liveness: 12 };
const USAGE = `npm run swarm -- [--seconds N] [--seed N] [--seeds N] [--jobs N]
                    [--theme NAME] [--out DIR]
npm run swarm -- --world FILE       one world as data, as a story has it at its end
npm run swarm -- --mutants [--mutant NAME] [--write]`;

if (isMainThread) process.exitCode = await main();
else await work(workerData);

async function main() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string' },
      seeds: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      theme: { type: 'string' },
      out: { type: 'string', default: join(tmpdir(), 'flotilla-swarm') },
      world: { type: 'string' },
      mutants: { type: 'boolean', default: false },
      mutant: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.mutants || values.mutant !== undefined) {
    return noticeAll({ only: values.mutant, write: values.write });
  }
  const out = resolve(values.out);
  if (values.world !== undefined) {
    return report(JSON.parse(await readFile(values.world, 'utf8')), out);
  }
  const first = values.seed === undefined ? commitSeed() : Number(values.seed);
  const jobs = Math.max(1, Math.min(Number(values.jobs), availableParallelism()));
  const found = await search({
    first,
    jobs,
    theme: values.theme,
    seconds: Number(values.seconds),
    seeds: values.seeds === undefined ? Infinity : Number(values.seeds),
  });
  return found === undefined ? 0 : report(found, out);
}

/** Seeds in their order, as many at a time as there are jobs; the first world that fails. */
async function search({ first, jobs, theme, seconds, seeds }) {
  const end = performance.now() + 1_000 * seconds;
  console.log(`swarm: seeds from ${String(first)}, ${String(jobs)} at a time`);
  let next = first;
  let done = 0;
  let steps = 0;
  let found;
  const more = () =>
    found === undefined && performance.now() < end && next < first + seeds ? next++ : undefined;
  const workers = Array.from({ length: jobs }, (_, index) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { theme, index } });
    return new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', resolve);
      worker.on('message', (result) => {
        if (result.seed !== undefined) {
          done += 1;
          steps += result.steps;
          if (result.outcome !== 'converged') found ??= result.world;
        }
        worker.postMessage(more());
      });
    });
  });
  await Promise.all(workers);
  console.log(`swarm: ${String(done)} worlds, ${String(steps)} steps`);
  return found;
}

/** One job: runs the worlds of the seeds it is sent until it is sent none. */
async function work({ theme, index }) {
  const { drawWorld, runWorld, standInSuite } = await loadSwarm(undefined, `job-${String(index)}`);
  parentPort.on('message', (seed) => {
    if (seed === undefined) {
      parentPort.close();
      return;
    }
    const world = drawWorld(seed, { theme });
    const { outcome, steps } = runWorld(world, { suite: standInSuite });
    parentPort.postMessage({ seed, outcome, steps, world });
  });
  parentPort.postMessage({});
}

/** Shrinks a world that fails, tells its story, and says where; the exit code of what it is. */
async function report(world, out) {
  const { runWorld, shrink, standInSuite, tellStory } = await loadSwarm(undefined, 'report');
  const run = (candidate) => runWorld(candidate, { suite: standInSuite });
  const failed = run(world);
  console.log(`seed ${String(world.seed)}: ${failed.outcome}: ${failed.failure ?? ''}`);
  if (failed.outcome === 'converged') return EXIT.converged;
  const same = ruleOf(failed.failure);
  const small = shrink(world, (candidate) => {
    const { outcome, failure } = run(candidate);
    return outcome === failed.outcome && ruleOf(failure) === same;
  });
  const result = run(small.world);
  await mkdir(out, { recursive: true });
  const base = join(out, `${result.outcome}-${String(world.seed)}`);
  await writeFile(`${base}.md`, tellStory(small.world, result, small.runs));
  await writeFile(`${base}.json`, `${JSON.stringify(small.world)}\n`);
  const { nodes, happenings } = small.world;
  const size = `${String(nodes.length)} nodes and ${String(happenings.length)} happenings`;
  console.log(`shrunk to ${size} in ${String(small.runs)} runs: ${result.failure ?? ''}`);
  console.log(`story: ${base}.md\nagain: npm run swarm -- --world ${base}.json`);
  return EXIT[result.outcome];
}

/** Words of a failure without names and numbers: a smaller world must fail for the same reason. */
function ruleOf(failure = '') {
  return failure
    .split('\n')[0]
    .replaceAll(/[a-z]*[\d.:]+\S*|\b\w+(?=:)/g, '')
    .slice(0, 60);
}
