/**
 * Does a node that is killed with SIGKILL at any moment always come back, with all it had promised?
 *
 *     npm run bench:crash -- [--kills 200] [--seed N] [--markdown]
 *     npm run bench:crash -- --tabulate FILE…      docs/crash.md from lines printed before
 *
 * A cluster of real daemons in network namespaces; machines move, join, leave and are given tags
 * and invites all the while. One JSON line a kill goes to standard output. Exit 1 when anything
 * durable was lost, anything was believed by half, or a daemon did not start again.
 */
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { parseArgs } from 'node:util';
import { writeCrashPage } from './crash-page.mjs';

register('./typescript-hooks.mjs', import.meta.url);
const { Cluster } = await import('../test/lab/cluster.ts');
const { pause } = await import('../test/lab/scenario.ts');
const { SeededRandom } = await import('../src/base/random.ts');
const { Witness } = await import('../test/lab/durable.ts');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 0xffff_ffff) },
    markdown: { type: 'boolean', default: false },
    tabulate: { type: 'boolean', default: false },
  },
});
if (values.tabulate) {
  const lines = positionals.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'));
  await writeCrashPage(lines.map((line) => JSON.parse(line)));
  process.exit(0);
}

/** Members for good; the one after them joins and leaves again and again. */
const STEADY = [0, 1, 2];
const JOINER = 3;
/** From the start of the trouble to the kill, in ms: a move heals in about 500, a join in 300. */
const KILL_WITHIN = 900;
/** Nobody waits longer for the cluster to be whole. */
const BOUND_MS = 60_000;

/** What goes on when the kill comes; each says who is killed and starts the trouble. */
const troubles = {
  'it moves': (run) => run.move([run.victim]),
  'the others move': (run) => run.move(STEADY.filter((index) => index !== run.victim)),
  'all move': (run) => run.move(STEADY.slice(1)),
  'it lets one in': (run) => run.letIn(run.victim),
  'another lets one in': (run) => run.letIn(STEADY.find((index) => index !== run.victim)),
  'it joins': (run) => run.joinAndDie(),
  'it is told a tag': (run) => run.tag(),
  'it makes an invite': (run) => run.promise(),
  'it has just been started': (run) => run.startAgain(),
};

/** Of these, what start a process: the kill is meant for that one. */
const STARTS = ['it joins', 'it has just been started'];

class Run {
  constructor(cluster, random) {
    this.cluster = cluster;
    this.random = random;
    this.witness = new Witness();
    this.victim = 0;
    this.tags = new Map();
    /** Invites that were promised before a crash, by maker. */
    this.tokens = new Map();
    this.token = undefined;
    this.counter = 0;
  }

  /** One kill from the trouble to the checks; a line of figures. */
  async kill(what) {
    this.victim = STEADY[this.random.below(STEADY.length)];
    this.token = undefined;
    const { cluster, witness } = this;
    const problems = witness.problems.length;
    const known = this.identities(this.victim);
    const before = witness.read(cluster.daemon(this.victim).state);
    const afterMs = this.random.below(KILL_WITHIN);
    const trouble = troubles[what](this);
    // Only what has begun can be interrupted.
    if (STARTS.includes(what)) await trouble;
    await pause(afterMs);
    await cluster.daemon(this.victim).kill();
    await trouble;
    const left = witness.read(cluster.daemon(this.victim).state);
    if (this.victim !== JOINER) witness.compare('the killed one', before, left);
    const began = performance.now();
    await cluster.launch(this.victim, this.token === undefined ? [] : ['--join', this.token]);
    const servedMs = performance.now() - began;
    await this.finishJoin();
    const { healedMs } = await cluster.healed({ sinceMs: began, boundMs: BOUND_MS, holdMs: 300 });
    if (healedMs === undefined) this.wrong(`never whole again:\n${cluster.report()}`);
    await this.check(known);
    for (const { state } of cluster.daemons) witness.read(state);
    await this.sendAway();
    const found = witness.problems.slice(problems);
    return { what, afterMs, servedMs, healedMs, problems: found };
  }

  async move(indexes) {
    await this.cluster.lab.move(indexes);
  }

  /** A new machine joins by an invite of this node. */
  async letIn(maker) {
    const { cluster } = this;
    // One that was promised before a crash must serve as well as a new one.
    const promised = this.tokens.get(maker);
    this.tokens.delete(maker);
    // It names the place where its maker was then.
    const holds = promised?.at === cluster.lab.endpoint(maker);
    const token =
      (holds ? promised.token : undefined) ??
      (await cluster.invite(maker, 1).catch(() => undefined));
    // It died over the wish: nobody has a token.
    if (token === undefined) return;
    this.joining = token;
    cluster.daemon(JOINER).launch(['--join', token]);
  }

  /** The new machine itself is killed, and started again with the same words. */
  async joinAndDie() {
    this.victim = JOINER;
    const token = await this.cluster.invite(STEADY[0], 1);
    this.token = token;
    this.cluster.daemon(JOINER).launch(['--join', token]);
    this.away = true;
  }

  async tag() {
    this.counter += 1;
    const value = `v${this.counter}`;
    const told = await this.cluster
      .daemon(this.victim)
      .command(['tag', `last=${value}`])
      .then(() => true)
      .catch(() => false);
    // Untold, it may be either; told, it must be this one.
    const before = this.tags.get(this.victim) ?? [undefined];
    this.tags.set(this.victim, told ? [value] : [...before, value]);
  }

  async promise() {
    const token = await this.cluster.invite(this.victim, 1).catch(() => undefined);
    const at = this.cluster.lab.endpoint(this.victim);
    if (token !== undefined) this.tokens.set(this.victim, { token, at });
  }

  /** Killed once here, and once more while it comes up. */
  async startAgain() {
    const daemon = this.cluster.daemon(this.victim);
    await daemon.kill();
    daemon.launch([]);
  }

  /** A joiner whose inviter died may have given up; its operator tries the same token again. */
  async finishJoin() {
    const token = this.joining;
    this.joining = undefined;
    if (token === undefined) return;
    await this.cluster.daemon(JOINER).kill();
    await this.cluster.launch(JOINER, ['--join', token]);
    this.away = true;
  }

  /** Everybody is who they were, nobody else is there, and what was told is still so. */
  async check(known) {
    const { cluster } = this;
    for (const index of STEADY) {
      const now = this.identities(index);
      for (const [name, id] of Object.entries(known)) {
        if (now[name] !== id) this.wrong(`n${index} lost ${name}, or takes another for it`);
      }
      // That somebody left may have been heard and not been on disk; the others tell it again.
      const extra = () => {
        const names = Object.keys(this.identities(index));
        return names.filter((name) => !(name in known) && name !== `n${JOINER}`);
      };
      await patience(() => extra().length === 0);
      if (extra().length > 0)
        this.wrong(`n${index} shows ${extra().join(' ')}, and nobody is there`);
    }
    for (const [index, allowed] of this.tags) {
      const document = JSON.parse(await cluster.daemon(index).command(['members', '--json']));
      const own = document.members.find(({ id }) => id === document.self);
      if (allowed.includes(own?.tags.last)) continue;
      this.wrong(`n${index} forgot its tag: ${own?.tags.last} instead of ${allowed.join(' or ')}`);
    }
  }

  /** The new machine leaves for good, so that the next one is another. */
  async sendAway() {
    if (!this.away) return;
    this.away = false;
    const daemon = this.cluster.daemon(JOINER);
    await daemon.command(['leave']);
    await daemon.kill();
    const gone = () => STEADY.every((index) => this.identities(index)[`n${JOINER}`] === undefined);
    await patience(gone);
    if (!gone()) this.wrong('the one that left is still shown');
  }

  /** Names and IDs of those present, as one node sees them. */
  identities(index) {
    const { view } = this.cluster.daemon(index);
    const present = [...view.values()].filter(({ state }) => state !== 'left');
    return Object.fromEntries(present.map(({ name, id }) => [name, id]));
  }

  wrong(what) {
    this.witness.wrong(what);
  }
}

/** Waits until something is so, for up to ten seconds. */
async function patience(isSo) {
  for (let turn = 0; turn < 200 && !isSo(); turn += 1) await pause(50);
}

const kills = Number(values.kills);
const random = new SeededRandom(Number(values.seed));
const names = Object.keys(troubles);
const results = [];
const cluster = await Cluster.start({ nodes: 4, members: STEADY.length });
say(`seed ${values.seed}`);
try {
  const run = new Run(cluster, random);
  for (let count = 0; count < kills; count += 1) {
    const result = await run.kill(names[count % names.length]);
    results.push(result);
    console.log(JSON.stringify(result));
    say(`${count + 1} of ${kills}: ${result.what}, whole after ${Math.round(result.healedMs)} ms`);
    for (const problem of result.problems) say(`  PROBLEM: ${problem}`);
  }
  say(`${run.witness.seen} acts and records seen`);
} finally {
  await cluster.close();
}
if (values.markdown) await writeCrashPage(results);
process.exitCode = results.some(({ problems }) => problems.length > 0) ? 1 : 0;

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}
