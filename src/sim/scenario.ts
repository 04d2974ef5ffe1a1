/** Runs one scenario from one seed and says how it went: the simulator's one entry. */

import type { Duration } from '../base/time.ts';
import { minutes, seconds } from '../base/time.ts';
import { nodeSuite } from '../crypto/node-suite.ts';
import type { Suite } from '../crypto/suite.ts';
import { bootNode } from './boot.ts';
import { Failure, type FailureKind } from './failure.ts';
import { HOME_ROUTER } from './nat.ts';
import { FAIR, type Weather } from './network.ts';
import { SCENARIOS, type Round, type Scenario, type ScenarioName } from './playbook.ts';
import { Stage, type BootFor, type TrafficRate } from './stage.ts';
import { standInSuite } from './stand-in.ts';
import { drawWorld } from './swarm/draw.ts';
import { runWorld } from './swarm/run.ts';

export type { ScenarioName } from './playbook.ts';

/** Every name of a scenario. */
export const scenarioNames: readonly ScenarioName[] = Object.keys(SCENARIOS) as ScenarioName[];

/** The real suite, or the stand-in that is fast and not secure. */
export type SuiteChoice = 'real' | 'stand-in';

/** What to simulate. */
export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly scenario: ScenarioName;
  /** Length of the part whose length is free: the swarm's chaos, the idle minute. Default 60. */
  readonly seconds?: number | undefined;
  /** So long a healed cluster must stay whole; default 3, as in the benchmark's short runs. */
  readonly holdSeconds?: number | undefined;
  /** Every node behind a home router that forwards the port. */
  readonly nat?: boolean | undefined;
  /** Default: real up to fifty nodes, the stand-in above. */
  readonly suite?: SuiteChoice | undefined;
  readonly weather?: Weather | undefined;
  /** Tests put another machine in the node's place. */
  readonly bootFor?: BootFor | undefined;
}

/** How it went. */
export interface SimulationResult {
  readonly outcome: 'converged' | FailureKind;
  /** What went wrong; undefined when it converged. */
  readonly failure: string | undefined;
  readonly scenario: ScenarioName;
  readonly seed: number;
  readonly nodes: number;
  /** Named, because the stand-in is not secure and its output must say so. */
  readonly suite: string;
  /** The same for the same options, or something is not deterministic. */
  readonly traceHash: string;
  /** Inputs, effects and turns of fate. */
  readonly steps: number;
  readonly virtualSeconds: number;
  /** From switching all on until everyone had found everyone. */
  readonly formedMs: number | null;
  /** Of each round, from the change until the cluster was whole for good; null: not in time. */
  readonly healedMs: readonly (number | null)[];
  /** Over the idle minute of `idle`, over the whole run elsewhere; null: not measured. */
  readonly traffic: MeasuredTraffic;
  /** The last things that happened, for people; worth reading after a failure. */
  readonly story: readonly string[];
}

/** Nodes above which the stand-in is used unless somebody asks for the real suite. */
const REAL_SUITE_MAX = 50;

/** Everyone is switched on within this, as after a power cut in the street. */
const START_WITHIN: Duration = seconds(1);

/** To find everyone at the start; a hundred nodes call sixteen at a time. */
const FORM_CAP: Duration = minutes(2);

/** After forming, records settle for so long before anything is measured. */
const SETTLE: Duration = seconds(30);

/** A rate of which a run may end before it is known. */
export type MeasuredTraffic = { readonly [Rate in keyof TrafficRate]: number | null };

const NO_TRAFFIC: MeasuredTraffic = {
  seconds: null,
  sentPerSecond: null,
  receivedPerSecond: null,
  mostSentPerSecond: null,
  datagramsPerSecond: null,
};

/**
 * Runs one scenario from one seed to its end. Never throws for what a machine does: an exception
 * out of `step` is outcome `crash`, a broken rule `safety`, a cluster that does not heal
 * `liveness`.
 */
export function runSimulation(options: SimulationOptions): SimulationResult {
  if (options.scenario === 'swarm') return runSwarm(options);
  const scenario = SCENARIOS[options.scenario];
  const nodes = Math.max(options.nodes, scenario.least);
  const suite = suiteFor(options.suite, nodes);
  const stage = new Stage({
    seed: options.seed,
    nodes,
    suite,
    weather: options.weather ?? FAIR,
    nat: options.nat === true ? HOME_ROUTER : undefined,
    bootFor: options.bootFor ?? bootNode,
    joining: scenario.joining === true,
    gullible: scenario.gullible,
  });
  const progress: Progress = { formedMs: null, healedMs: [], traffic: NO_TRAFFIC };
  let failure: Failure | undefined;
  try {
    play(stage, options, progress);
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    failure = cause;
  }
  const { world } = stage;
  return {
    outcome: failure?.kind ?? 'converged',
    failure: failure?.message,
    scenario: options.scenario,
    seed: options.seed,
    nodes,
    suite: suite.name,
    traceHash: world.trace.hash,
    steps: world.trace.count,
    virtualSeconds: world.now / 1000,
    ...progress,
    story: world.trace.story,
  };
}

/** A world drawn from the seed; how many nodes, how long and behind what may be wished. */
function runSwarm(options: SimulationOptions): SimulationResult {
  const { seed, nodes, nat, seconds: length, bootFor } = options;
  const chaosMs = length === undefined ? undefined : seconds(length);
  const description = drawWorld(seed, {
    nodes: Math.max(nodes, SCENARIOS.swarm.least),
    chaosMs,
    nat,
  });
  const suite = suiteFor(options.suite, description.nodes.length);
  const run = runWorld(description, { suite, bootFor });
  const { outcome, failure, traceHash, steps, virtualSeconds, formedMs, healedMs, story } = run;
  const traffic = { ...NO_TRAFFIC, seconds: virtualSeconds, sentPerSecond: run.sentPerSecond };
  return {
    ...{ outcome, failure, scenario: options.scenario, seed, nodes: description.nodes.length },
    ...{ suite: suite.name, traceHash, steps, virtualSeconds, formedMs, traffic, story },
    healedMs: [healedMs],
  };
}

/** What is known so far; a failure in the middle still shows how far it came. */
interface Progress {
  formedMs: number | null;
  healedMs: readonly (number | null)[];
  traffic: MeasuredTraffic;
}

/** The suite asked for; else the real one, where it is fast enough. */
export function suiteFor(choice: SuiteChoice | undefined, nodes: number): Suite {
  const chosen = choice ?? (nodes > REAL_SUITE_MAX ? 'stand-in' : 'real');
  return chosen === 'real' ? nodeSuite : standInSuite;
}

/** Form, rounds, verdict. */
function play(stage: Stage, options: SimulationOptions, progress: Progress): void {
  const scenario = SCENARIOS[options.scenario];
  const length = seconds(options.seconds ?? 60);
  scenario.prepare?.(stage);
  form(stage, scenario);
  progress.formedMs = stage.healed(FORM_CAP, seconds(1));
  if (progress.formedMs === null) throw stuck(stage, 'forming');
  const rounds = scenario.rounds(stage, length);
  if (rounds.length === 0) {
    stage.world.run(SETTLE);
    progress.traffic = stage.measure(length);
  } else {
    const start = stage.world.now;
    const before = stage.totals();
    for (const round of rounds) playRound(stage, holding(round, options), progress);
    progress.traffic = stage.rateSince(start, before);
  }
  const finding = scenario.verdict?.(stage);
  if (finding !== undefined) throw new Failure('safety', finding);
}

/** Everyone at once, or one after the other by invite. */
function form(stage: Stage, scenario: Scenario): void {
  if (scenario.joining !== true) {
    stage.start(stage.hosts, START_WITHIN);
    stage.world.run(START_WITHIN);
  } else if (!stage.joinAll()) {
    throw new Failure('liveness', 'joining: an invite was not redeemed in time');
  }
}

/** Some clusters look healed at once and break a minute later: a longer hold shows it. */
function holding(round: Round, { holdSeconds }: SimulationOptions): Round {
  return holdSeconds === undefined ? round : { ...round, hold: seconds(holdSeconds) };
}

/** The pause has a random part, so that no round begins at the same phase of everyone's beat. */
function playRound(stage: Stage, round: Round, progress: Progress): void {
  stage.world.run(round.pause + stage.random.next() * 1_000);
  stage.world.trace.note(stage.world.now, 'scenario', 'fate', round.title);
  round.act(stage);
  const healed = stage.healed(round.cap, round.hold);
  progress.healedMs = [...progress.healedMs, healed];
  if (healed === null) throw stuck(stage, round.title);
}

/** A cluster that does not heal, with who misses whom. */
function stuck(stage: Stage, what: string): Failure {
  return new Failure('liveness', `${what}: not whole in time; ${stage.complaint}`);
}
