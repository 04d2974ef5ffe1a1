/** What happens to a cluster's addresses, and how long each takes to heal. */
import type { Cluster, Heal } from './cluster.ts';

/** One of the scenarios that tests and benchmark share. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly nodes: number;
  /**
   * `move`: the nodes of each round get fresh addresses at one instant · `swap`: the two get each
   * other's · `hint`: as `move`, and then a human tells node 0 where the others are · `power-cut`:
   * all daemons are killed, these nodes get fresh addresses, and all start again.
   */
  readonly how: 'move' | 'swap' | 'hint' | 'power-cut';
  /** Who is meant, round by round. */
  readonly rounds: readonly (readonly number[])[];
  /** Killed 5 s before, and dead from then on. */
  readonly dead?: readonly number[];
}

/** Times in ms. */
export interface PlayOptions {
  readonly boundMs: number;
  readonly holdMs: number;
  /** Between the starts of two rounds. */
  readonly gapMs: number;
}

const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const threeRounds = [
  [1, 2, 3, 4, 5],
  [3, 4, 5, 6, 7],
  [5, 6, 7, 8, 9],
];

/** All of them, by name. */
export const scenarios: readonly Scenario[] = [
  { name: 'S1', title: '1 of 3 moves', nodes: 3, how: 'move', rounds: [[1]] },
  { name: 'S2', title: '2 of 3 move', nodes: 3, how: 'move', rounds: [[1, 2]] },
  { name: 'S3', title: '9 of 10 move', nodes: 10, how: 'move', rounds: [nine] },
  { name: 'S4', title: '5 of 10 move, three times', nodes: 10, how: 'move', rounds: threeRounds },
  { name: 'S5', title: 'the node all joined through moves', nodes: 4, how: 'move', rounds: [[0]] },
  { name: 'S5b', title: 'that one and another move', nodes: 4, how: 'move', rounds: [[0, 1]] },
  { name: 'S6', title: 'all 3 move, then a hint', nodes: 3, how: 'hint', rounds: [[0, 1, 2]] },
  { name: 'S7', title: '2 of 3 swap addresses', nodes: 3, how: 'swap', rounds: [[1, 2]] },
  {
    name: 'S8',
    title: 'one dies, two others move',
    nodes: 4,
    how: 'move',
    rounds: [[1, 2]],
    dead: [0],
  },
  {
    name: 'power cut',
    title: 'all 10 stop, 9 come back elsewhere',
    nodes: 10,
    how: 'power-cut',
    rounds: [nine],
  },
];

/** The scenario of that name; throws when there is none. */
export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario is named ${name}`);
  return found;
}

/** How long a node stays dead before the others move, in ms. */
const DEAD_BEFORE = 5_000;

/** How long nobody is told where all have moved; a node alone for 4 s calls itself an orphan. */
const HINT_AFTER = 6_000;

/** Lets a scenario happen to a whole cluster; one heal a round. */
export async function play(
  cluster: Cluster,
  scenario: Scenario,
  options: PlayOptions,
): Promise<Heal[]> {
  const dead = scenario.dead ?? [];
  await Promise.all(dead.map((index) => cluster.daemon(index).kill()));
  if (dead.length > 0) await pause(DEAD_BEFORE);
  const heals: Heal[] = [];
  for (const [round, movers] of scenario.rounds.entries()) {
    const sinceMs = await happen(cluster, scenario, movers);
    heals.push(await cluster.healed({ ...options, sinceMs }));
    const last = round === scenario.rounds.length - 1;
    if (!last) await pause(Math.max(0, sinceMs + options.gapMs - performance.now()));
  }
  return heals;
}

/** Does one round of trouble; gives the moment from which the heal counts. */
async function happen(
  cluster: Cluster,
  { how }: Scenario,
  movers: readonly number[],
): Promise<number> {
  const { lab, daemons } = cluster;
  switch (how) {
    case 'move':
      return (await lab.move(movers)).beganMs;
    case 'swap': {
      const [one = 0, other = 0] = movers;
      return (await lab.swap(one, other)).beganMs;
    }
    case 'hint': {
      await lab.move(movers);
      await pause(HINT_AFTER);
      const told = performance.now();
      const others = daemons.filter(({ index }) => index !== 0);
      const hints = others.map(({ name, index }) => ['hint', name, lab.endpoint(index)]);
      await Promise.all(hints.map((words) => cluster.daemon(0).command(words)));
      return told;
    }
    case 'power-cut':
      await Promise.all(daemons.map((daemon) => daemon.kill()));
      await lab.move(movers);
      await Promise.all(daemons.map(({ index }) => cluster.launch(index)));
      // The last one is up now.
      return performance.now();
  }
}

/** Real daemons and real time: the one wait that nothing announces the end of. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
