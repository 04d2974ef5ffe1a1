/**
 * What of the code has run, as V8 itself counts it (block by block, `Profiler` of node:inspector),
 * so that no file is instrumented and no native part is needed.
 */
import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';

/** One bit of a mask each: this character belongs to a function; it has run. */
const KNOWN = 1;
const RAN = 2;

// Optimized code counts no longer what it inlines, and half of what ran would seem not to have.
setFlagsFromString('--no-opt');

/** Coverage of the files whose URL `covers` takes, over the life of one process. */
export class Coverage {
  #session = new Session();
  /** @type {Map<string, Uint8Array>} by URL, a mask for each character of the file as loaded */
  #masks = new Map();
  #covers;

  /** @param {(url: string) => boolean} covers */
  constructor(covers) {
    this.#covers = covers;
    this.#session.connect();
    this.#post('Profiler.enable');
    // Counts, not flags: a flag is told once, and the one who told it may not be the one to keep.
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** What ran since the last call, a mask each file; nothing of it is remembered yet. */
  take() {
    const { result } = this.#post('Profiler.takePreciseCoverage');
    const runs = new Map();
    for (const script of result) {
      if (!this.#covers(script.url)) continue;
      runs.set(script.url, merged(runs.get(script.url), maskOf(script.functions)));
    }
    return runs;
  }

  /** How many characters of these masks have not run in anything remembered. */
  news(runs) {
    let fresh = 0;
    for (const [url, mask] of runs) {
      const known = this.#masks.get(url);
      for (let at = 0; at < mask.length; at += 1) {
        if ((mask[at] & RAN) !== 0 && ((known?.[at] ?? 0) & RAN) === 0) fresh += 1;
      }
    }
    return fresh;
  }

  /** Remembers these masks. */
  keep(runs) {
    for (const [url, mask] of runs) this.#masks.set(url, merged(this.#masks.get(url), mask));
  }

  /** Forgets what ran, but not what there is. */
  forget() {
    for (const mask of this.#masks.values()) {
      for (let at = 0; at < mask.length; at += 1) mask[at] &= ~RAN;
    }
  }

  /** For each file, how many characters of its functions there are and how many of them ran. */
  reached() {
    return [...this.#masks].map(([url, mask]) => {
      let there = 0;
      let ran = 0;
      for (const bits of mask) {
        if ((bits & KNOWN) === 0) continue;
        there += 1;
        if ((bits & RAN) !== 0) ran += 1;
      }
      return { url, there, ran };
    });
  }

  /** Calls into the same thread answer before they return. */
  #post(method, parameters) {
    let answer;
    this.#session.post(method, parameters, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }
}

/**
 * Paints what ran and what did not, outer ranges first: a range counts for all of it that no inner
 * one speaks of. The code around the functions runs at the import, whatever the input.
 */
function maskOf(functions) {
  const [{ ranges: [whole] = [] } = {}] = functions;
  const size = Math.max(0, ...functions.map(({ ranges }) => ranges[0].endOffset));
  const mask = new Uint8Array(size);
  const sorted = functions
    .filter(({ ranges: [range] }) => range !== whole || range.startOffset > 0)
    .toSorted(({ ranges: [a] }, { ranges: [b] }) => {
      return a.startOffset - b.startOffset || b.endOffset - a.endOffset;
    });
  for (const { ranges } of sorted) {
    for (const { startOffset, endOffset, count } of ranges) {
      mask.fill(count > 0 ? KNOWN | RAN : KNOWN, startOffset, endOffset);
    }
  }
  return mask;
}

/** Both masks in one; either may be shorter. */
function merged(known, mask) {
  if (known === undefined) return mask;
  const [long, short] = known.length < mask.length ? [mask, known] : [known, mask];
  for (let at = 0; at < short.length; at += 1) long[at] |= short[at];
  return long;
}
