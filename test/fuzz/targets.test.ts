/**
 * Everything that is fuzzed, in short: what the coverage-guided fuzzer (tools/fuzz) kept, replayed,
 * and arbitrary changes to them by fast-check. docs/fuzzing.md tells of the long runs.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Node } from '../../src/core/node.ts';
import { fromText, readCorpus, toText } from './corpus.ts';
import { targets } from './targets.ts';
import { playStep, step } from './targets/step.ts';
import { limitOf } from './step/limits.ts';
import { collections, xRay } from './step/x-ray.ts';

/** Executions by fast-check; one of the whole machine costs as much as a thousand decodings. */
const RUNS = { decoder: 300, machine: 20 };
/** Files of a corpus are committed, so they stay small. In octets. */
const CORPUS_MAX = 262_144;

describe.each(targets)('$name: $title', (target) => {
  const corpus = readCorpus(target.name);

  it('holds with every input that was worth keeping', { timeout: 120_000 }, async () => {
    expect(corpus.length).toBeGreaterThan(0);
    for (const input of [...target.seeds(), ...corpus]) {
      await expectToHold(
        () => (target.name === step.name ? playStep(input, true) : target.run(input)),
        toText(input),
      );
    }
  });

  it('holds with arbitrary octets, and with those inputs changed', async () => {
    const seeds = [...target.seeds(), ...corpus];
    const any = fc.uint8Array({ maxLength: Math.min(1_300, target.lengthMax) });
    const changed = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }))
      .map(([input, changes]) => {
        const copy = input.slice(0, target.lengthMax);
        for (const [place, octet] of changes) copy[place % Math.max(1, copy.length)] = octet;
        return copy;
      });
    const numRuns = target.name === step.name ? RUNS.machine : RUNS.decoder;
    await fc.assert(
      fc.asyncProperty(fc.oneof(any, changed), async (input) => {
        await target.run(input);
      }),
      { numRuns, interruptAfterTimeLimit: 15_000, endOnFailure: target.name === step.name },
    );
  });

  it('has a corpus that is small and in order', () => {
    const text = readFileSync(new URL(`./corpus/${target.name}.txt`, import.meta.url), 'utf8');
    expect(text.length).toBeLessThan(CORPUS_MAX);
    const lines = text.trimEnd().split('\n');
    expect(lines).toEqual(lines.map((line) => toText(fromText(line))));
    expect(new Set(lines).size).toBe(lines.length);
  });
});

describe('the checks of the whole machine', () => {
  const input = step.seeds()[0] ?? new Uint8Array(0);

  it('see private fields, and know a bound of each', () => {
    const sizes = collections(playStep(input, false).node);
    expect(sizes.size).toBeGreaterThan(60);
    expect(sizes.get('node.#crew.sessions.#peers')).toBeGreaterThan(0);
    for (const [path, size] of sizes) expect(limitOf(path, 9), path).toBeGreaterThanOrEqual(size);
  });

  it('notice a collection that outgrows its bound, however private', () => {
    class Hoarder {
      readonly #kept = new Map(Array.from({ length: 10 }, (_, index) => [index, index]));
      readonly shown = (): number => this.#kept.size;
    }
    const hoarder = new Hoarder() as unknown as Node;
    expect(() => {
      xRay(hoarder, 10);
    }).not.toThrow();
    expect(() => {
      xRay(hoarder, 9);
    }).toThrow('node.#kept holds 10, more than 9');
  });

  it('notice what throws, an answer to nobody, and a datagram to nobody’s address', () => {
    const original = Object.getOwnPropertyDescriptor(Node.prototype, 'step');
    onTestFinished(() => {
      if (original !== undefined) Object.defineProperty(Node.prototype, 'step', original);
    });
    const spoil = (what: (effects: unknown[]) => void): void => {
      Node.prototype.step = function (moment, one) {
        const take = original?.value as Node['step'];
        const effects = [...take.call(this, moment, one)];
        what(effects);
        return effects;
      };
    };
    spoil((effects) => {
      const to = { family: 4, ip: '8.8.8.8', port: 53 };
      effects.push({ type: 'send', socket: 0, to, bytes: new Uint8Array(45) });
    });
    expect(() => step.run(input)).toThrow('R2');
    spoil(() => {
      throw new Error('broken');
    });
    expect(() => step.run(input)).toThrow('broken');
    spoil((effects) => effects.push({ type: 'answer', id: 77, reply: { type: 'done' } }));
    expect(() => step.run(input)).toThrow('an answer to no command');
  });
});

/** Names the input that a failure can be replayed with. */
async function expectToHold(run: () => unknown, input: string): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw new Error(`with the input ${input}`, { cause: error });
  }
}
