/**
 * The fuzzer itself: inputs that reach new code, or show something new of the machine, are kept and
 * changed further.
 */
import { Chance, mutate } from './mutate.mjs';

/**
 * Inputs run between two looks at the coverage: a look costs some milliseconds, and only a batch
 * that brought something is run again one by one.
 */
const BATCH_MS = 60;
const BATCH_MAX = 256;
/** Below it an input costs more than a look, and each is looked at by itself. */
const SLOW_BATCH = 8;
/** Runs spent on making one failing input shorter. */
const SHRINK_RUNS = 400;
/** Different failures told of one target; more of them are most likely the same. */
const FINDINGS_MAX = 20;

export class Loop {
  #target;
  #coverage;
  #chance;
  /** What inputs showed of the machine, beyond the code they reached. */
  #signs = new Set();
  /** @type {Uint8Array[]} */
  corpus = [];
  /** @type {Map<string, { input: Uint8Array, error: Error }>} by message and place */
  findings = new Map();
  executions = 0;
  #isSlow = false;

  constructor(target, coverage, seed) {
    this.#target = target;
    this.#coverage = coverage;
    this.#chance = new Chance(seed);
  }

  /** Runs inputs that are known, and keeps those of them that bring something. */
  async load(inputs) {
    for (const input of inputs) await this.#try(input);
  }

  /** Makes up inputs until the time is over, in ms. */
  async fuzz(durationMs) {
    const end = performance.now() + durationMs;
    if (this.corpus.length === 0) this.corpus.push(new Uint8Array(0));
    let turn = 0;
    while (performance.now() < end && this.findings.size < FINDINGS_MAX) {
      // A busy machine makes everything look slow, so that is asked again now and then.
      turn += 1;
      if (this.#isSlow && turn % 64 !== 0) await this.#try(this.#next());
      else await this.#batch();
    }
  }

  /** Runs inputs together; those of a batch that brought something, again one by one. */
  async #batch() {
    const batch = [];
    const began = performance.now();
    let shown = false;
    while (batch.length < BATCH_MAX && performance.now() - began < BATCH_MS) {
      const input = this.#next();
      const signs = await this.#run(input);
      batch.push(input);
      if (signs?.some((sign) => !this.#signs.has(sign))) shown = true;
    }
    this.#isSlow = batch.length < SLOW_BATCH;
    const runs = this.#coverage.take();
    if (!shown && this.#coverage.news(runs) === 0) return;
    for (const input of batch) await this.#try(input);
    // What only ran that one time is not looked for again.
    this.#coverage.keep(runs);
  }

  /** The fewest of the inputs kept that together show all: the short ones are asked first. */
  async minimize() {
    const inputs = this.corpus.toSorted((a, b) => a.length - b.length);
    this.corpus = [];
    this.#signs.clear();
    this.#coverage.take();
    this.#coverage.forget();
    await this.load(inputs);
  }

  /** Younger inputs are deeper, so half of the parents are of the last fifth. */
  #next() {
    const { length } = this.corpus;
    const young = Math.max(1, Math.floor(length / 5));
    const from = this.#chance.below(2) === 0 ? length - young : 0;
    const parent = this.corpus[from + this.#chance.below(length - from)];
    const other = this.#chance.pick(this.corpus);
    const { words = [], lengthMax } = this.#target;
    return mutate(this.#chance, parent, other, words, lengthMax);
  }

  async #try(input) {
    this.#coverage.take();
    const signs = await this.#run(input);
    const runs = this.#coverage.take();
    // What breaks something is told, and never kept to be replayed by everyone.
    if (signs === undefined) return;
    const fresh = signs.filter((sign) => !this.#signs.has(sign));
    if (this.#coverage.news(runs) === 0 && fresh.length === 0) return;
    this.#coverage.keep(runs);
    for (const sign of fresh) this.#signs.add(sign);
    this.corpus.push(input);
  }

  /** What the input showed; undefined when something broke. */
  async #run(input) {
    this.executions += 1;
    try {
      return await this.#target.run(input);
    } catch (error) {
      await this.#found(input, error);
      return undefined;
    }
  }

  async #found(input, error) {
    const key = keyOf(error);
    if (this.findings.has(key) || this.findings.size >= FINDINGS_MAX) return;
    this.findings.set(key, { input, error });
    const shorter = await this.#shrink(input, key);
    this.findings.set(key, { input: shorter, error });
  }

  /** Leaves out ever smaller pieces as long as the same thing goes wrong. */
  async #shrink(input, key) {
    let best = input;
    let runs = 0;
    for (let size = best.length >> 1; size > 0 && runs < SHRINK_RUNS; size >>= 1) {
      for (let at = 0; at < best.length && runs < SHRINK_RUNS; runs += 1) {
        const shorter = Uint8Array.from([...best.slice(0, at), ...best.slice(at + size)]);
        if (await this.#fails(shorter, key)) best = shorter;
        else at += size;
      }
    }
    return best;
  }

  async #fails(input, key) {
    try {
      await this.#target.run(input);
      return false;
    } catch (error) {
      return keyOf(error) === key;
    }
  }
}

/** Numbers differ from input to input; the place does not, where the check itself stands aside. */
function keyOf(error) {
  const frames = (error.stack ?? '').split('\n').filter((line) => line.includes('    at '));
  const place = frames.filter((line) => !/\/target\.ts|\/tools\/fuzz\//.test(line)).slice(0, 2);
  return [String(error.message).replace(/\d+/g, 'N').slice(0, 120), ...place].join('\n');
}
