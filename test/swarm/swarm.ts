import type { census } from '../../src/sim/swarm/census.ts';
import type { drawWorld } from '../../src/sim/swarm/draw.ts';
import type { runWorld } from '../../src/sim/swarm/run.ts';
import type { standInSuite } from '../../src/sim/stand-in.ts';

/** What the runner's bundle of the swarm exports (src/sim/swarm/index.ts). */
export interface Swarm {
  readonly census: typeof census;
  readonly drawWorld: typeof drawWorld;
  readonly runWorld: typeof runWorld;
  readonly standInSuite: typeof standInSuite;
}

/** One rule switched off: see tools/swarm/mutants.mjs. */
export interface Mutant {
  readonly name: string;
  readonly rule: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  readonly fast?: boolean;
}

const tools = new URL('../../tools/swarm/', import.meta.url);

/** The swarm as `npm run swarm` runs it: private fields opened, so that a census can count them. */
export async function loadSwarm(): Promise<Swarm> {
  const build = (await import(new URL('build.mjs', tools).href)) as {
    readonly loadSwarm: (mutant?: Mutant, name?: string) => Promise<Swarm>;
  };
  return build.loadSwarm(undefined, 'test');
}

/** Builds the swarm with a mutant, for the check that its fragment is where it says. */
export async function bundleSwarm(mutant: Mutant): Promise<string> {
  const build = (await import(new URL('build.mjs', tools).href)) as {
    readonly bundleSwarm: (mutant: Mutant) => Promise<string>;
  };
  return build.bundleSwarm(mutant);
}

/** The first seed of `npm run swarm`: of the commit, or a fixed one where there is none. */
export async function commitSeed(): Promise<number> {
  const seed = (await import(new URL('seed.mjs', tools).href)) as {
    readonly commitSeed: () => number;
  };
  return seed.commitSeed();
}

/** All mutants, and the most worlds one may take. */
export async function mutants(): Promise<{ MUTANTS: readonly Mutant[]; SEEDS_MAX: number }> {
  const table = (await import(new URL('mutants.mjs', tools).href)) as {
    readonly MUTANTS: readonly Mutant[];
    readonly SEEDS_MAX: number;
  };
  return table;
}

/** How soon a mutant is noticed; undefined: it is not. */
export async function notice(
  mutant: Mutant,
): Promise<{ readonly worlds: number; readonly failure: string } | undefined> {
  const noticing = (await import(new URL('notice.mjs', tools).href)) as {
    readonly notice: (
      mutant: Mutant,
    ) => Promise<{ readonly worlds: number; readonly failure: string } | undefined>;
  };
  return noticing.notice(mutant);
}
