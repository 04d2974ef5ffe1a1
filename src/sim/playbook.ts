/**
 * The scenarios by name: what each sets up, what happens in it, and what has to hold afterwards.
 */

import type { Duration } from '../base/time.ts';
import { seconds } from '../base/time.ts';
import { Forwarder, Liar, Replayer, Scanner } from './attackers.ts';
import { FORWARDED_MAX, REPLAYED_MAX, drawsLittle } from './checkers.ts';
import { Failure } from './failure.ts';
import type { VirtualHost } from './host.ts';
import type { Stage } from './stage.ts';

/** One change of addresses and what must come of it. */
export interface Round {
  readonly title: string;
  /** Makes it happen; the time to heal is counted from its return. */
  act(stage: Stage): void;
  /** Longest time to heal. */
  readonly cap: Duration;
  /** So long it must stay whole. */
  readonly hold: Duration;
  /** Quiet time before it. */
  readonly pause: Duration;
}

/** A story with a beginning (everyone found everyone), some rounds, and an end that is judged. */
export interface Scenario {
  readonly about: string;
  /** Nodes when nobody says how many, and the fewest it makes sense with. */
  readonly nodes: number;
  readonly least: number;
  /** Everyone but the first joins by invite, instead of being a member from the start. */
  readonly joining?: boolean;
  /** The number of a member that takes every signature for good. */
  readonly gullible?: number;
  /** Before anybody is switched on: who attacks, what is recorded. */
  prepare?(stage: Stage): void;
  rounds(stage: Stage, length: Duration): readonly Round[];
  /** What must hold at the end besides convergence. */
  verdict?(stage: Stage): string | undefined;
}

/** All there are; S1 to S8 are those of the benchmark with real daemons. */
export type ScenarioName =
  | 'idle'
  | 'join'
  | 'S1'
  | 'S2'
  | 'S3'
  | 'S4'
  | 'S5'
  | 'S5b'
  | 'S6'
  | 'S7'
  | 'S8'
  | 'power-cut'
  | 'half'
  | 'orphan'
  | 'partition'
  | 'one-way'
  | 'liar'
  | 'forger'
  | 'replayer'
  | 'forwarder'
  | 'scanner'
  | 'snapshot'
  | 'swarm';

/** A healed cluster must stay whole for this long, as in the benchmark. */
const HOLD = seconds(3);

/**
 * Far above every figure of DESIGN §12: what is slower shows in `healedMs`, what is stuck fails.
 */
const CAP = seconds(20);

/** A lost member is tried at least once a minute, ± 20 %, and a try may fail. */
const SLOW_CAP = seconds(150);

/** A round with the usual limits, or others. */
function round(title: string, act: (stage: Stage) => void, more: Partial<Round> = {}): Round {
  return { title, act, cap: CAP, hold: HOLD, pause: seconds(5), ...more };
}

/** A round in which these nodes move at one instant, each to an address nobody had. */
function moving(title: string, nodes: readonly number[]): Round {
  return round(title, (stage) => stage.move(nodes.map((node) => stage.host(node))));
}

/** Whole numbers from one to before another. */
function range(from: number, until: number): number[] {
  return Array.from({ length: until - from }, (_, index) => from + index);
}

/** The scenarios by their names. */
export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  idle: { about: 'nothing happens; traffic is measured', nodes: 10, least: 2, rounds: () => [] },
  join: {
    about: 'all but the first join by invites of random members; then the first moves',
    nodes: 5,
    least: 2,
    joining: true,
    rounds: () => [moving('the first moves', [0])],
  },
  S1: { about: 'one moves', nodes: 3, least: 2, rounds: () => [moving('one moves', [1])] },
  S2: {
    about: 'two move at one instant',
    nodes: 3,
    least: 3,
    rounds: () => [moving('two move', [1, 2])],
  },
  S3: {
    about: 'all but one move at one instant',
    nodes: 10,
    least: 2,
    rounds: (stage) => [moving('all but one move', range(1, stage.hosts.length))],
  },
  S4: {
    about: 'half of them move, three times, a minute apart',
    nodes: 10,
    least: 4,
    rounds: (stage) => {
      const half = Math.floor(stage.hosts.length / 2);
      return [0, 1, 2].map((turn) => {
        const first = 1 + Math.floor((turn * (half - 1)) / 2);
        return { ...moving('half of them move', range(first, first + half)), pause: seconds(60) };
      });
    },
  },
  S5: { about: 'the first node moves', nodes: 4, least: 2, rounds: () => [moving('0 moves', [0])] },
  S5b: {
    about: 'the first node and another move at one instant',
    nodes: 4,
    least: 3,
    rounds: () => [moving('0 and 1 move', [0, 1])],
  },
  S6: {
    about: 'all move at one instant; ten seconds later an operator gives one of them a hint',
    nodes: 3,
    least: 2,
    rounds: () => [round('all move, then a hint', allMoveThenHint, { cap: SLOW_CAP })],
  },
  S7: {
    about: 'two swap their addresses',
    nodes: 3,
    least: 3,
    rounds: () => [round('two swap', (stage) => stage.swap(stage.host(1), stage.host(2)))],
  },
  S8: {
    about: 'one dies; five seconds later two others move',
    nodes: 4,
    least: 4,
    rounds: () => [round('one dies, two move', oneDiesTwoMove)],
  },
  'power-cut': {
    about: 'all stop; all come back within a second, all but one elsewhere',
    nodes: 10,
    least: 2,
    rounds: () => [round('power cut', powerCut)],
  },
  half: {
    about: 'half of them move at one instant',
    nodes: 100,
    least: 4,
    rounds: (stage) => {
      const half = Math.floor(stage.hosts.length / 2);
      return [moving('half of them move', range(1, 1 + half))];
    },
  },
  orphan: {
    about: 'one is cut off for two minutes while all but one of the others move; it moves too',
    nodes: 5,
    least: 3,
    rounds: () => [round('an orphan comes back', orphan, { cap: seconds(60) })],
  },
  partition: {
    about: 'the cluster is split in halves for a minute, one node of each moves meanwhile',
    nodes: 8,
    least: 4,
    rounds: () => [round('the halves meet again', partition, { cap: SLOW_CAP })],
  },
  'one-way': {
    about: 'one node hears nobody for half a minute, though everyone hears it',
    nodes: 4,
    least: 3,
    rounds: () => [round('it hears again', oneWay, { cap: SLOW_CAP })],
  },
  liar: {
    about: 'a member reflects false addresses, a new one every three seconds, while others move',
    nodes: 6,
    least: 5,
    prepare: (stage) => {
      const liar = stage.host(1);
      liar.disguise = new Liar(stage.world);
      stage.world.exempt.add(liar);
    },
    rounds: () => [
      moving('two honest ones move', [2, 3]),
      { ...moving('one honest one moves', [4]), pause: seconds(30) },
    ],
  },
  forger: {
    about: 'a member holds and spreads a record of another that nobody signed',
    nodes: 5,
    least: 4,
    gullible: 1,
    prepare: (stage) => {
      stage.world.exempt.add(stage.host(1));
      stage.forge(stage.host(1), stage.host(2));
    },
    rounds: () => [
      round('the forged record is told around', (stage) => void stage.world.run(seconds(20))),
      moving('its victim and another move', [2, 3]),
    ],
  },
  replayer: {
    about: 'datagrams are sent again from elsewhere, at once, later, and after restarts',
    nodes: 4,
    least: 3,
    prepare: (stage) => new Replayer(stage.world, 'replayer').start(),
    rounds: () => [
      round('nothing but replays', (stage) => void stage.world.run(seconds(20))),
      round('one restarts', (stage) => restart(stage, [1])),
      round('two restart', (stage) => restart(stage, [1, 2])),
      moving('one moves', [2]),
    ],
    verdict: (stage) => drawn(stage, 'replayer', REPLAYED_MAX),
  },
  forwarder: {
    about: 'somebody on the way passes on what a member sends, faster than it goes by itself',
    nodes: 4,
    least: 3,
    rounds: () => [
      round('a member seems to be elsewhere', forward),
      { ...moving('the member really moves', [1]), pause: seconds(2) },
    ],
    verdict: (stage) => drawn(stage, 'forwarder', FORWARDED_MAX),
  },
  scanner: {
    about: 'a stranger sends noise to everyone and must not get an octet back',
    nodes: 4,
    least: 2,
    prepare: (stage) => new Scanner(stage.world, 'scanner').start(stage.hosts),
    rounds: () => [moving('one moves', [1])],
    verdict: (stage) => drawn(stage, 'scanner', 0),
  },
  snapshot: {
    about: 'a machine is resumed from a snapshot a minute old, after two others moved',
    nodes: 4,
    least: 4,
    prepare: (stage) => {
      stage.host(1).records = true;
    },
    rounds: () => [round('the snapshot is resumed', resumeSnapshot)],
  },
  // A world of its own is drawn for this one: see swarm/draw.ts.
  swarm: {
    about: 'a whole world drawn from the seed: faults of all kinds, rogues, strangers; then calm',
    nodes: 6,
    least: 3,
    rounds: () => [],
  },
};

// What follows are the acts: each makes its mischief, lets time pass where it must, and returns
// when
// the cluster is free to heal.

/** After ten seconds nobody has found anybody: R5's case, in which a human must help. */
function allMoveThenHint(stage: Stage): void {
  stage.move(stage.hosts);
  stage.world.run(seconds(10));
  stage.hint(stage.host(1), stage.host(0));
  for (const host of stage.hosts.slice(2)) stage.hint(host, stage.host(0));
}

/** By the time the two move the third is suspect, but not yet lost everywhere. */
function oneDiesTwoMove(stage: Stage): void {
  stage.kill(stage.host(0));
  stage.world.run(seconds(5));
  stage.move([stage.host(1), stage.host(2)]);
}

/** The last is up when this returns: that is when the benchmark begins to count, too. */
function powerCut(stage: Stage): void {
  for (const host of stage.hosts) host.crash();
  stage.world.run(seconds(2));
  stage.move(stage.hosts.slice(1));
  stage.start(stage.hosts, seconds(1));
  stage.world.run(seconds(1));
}

/** Its last known addresses of the others are stale by the time it is back, all but one. */
function orphan(stage: Stage): void {
  const lost = stage.host(1);
  stage.world.readdress([[lost, []]]);
  stage.world.run(seconds(30));
  stage.move(stage.hosts.slice(2));
  stage.world.run(seconds(90));
  stage.move([lost]);
}

/**
 * Long enough for both halves to have lost each other, and for the searches to have slowed down.
 */
function partition(stage: Stage): void {
  const half = Math.floor(stage.hosts.length / 2);
  const inside = new Set(stage.hosts.slice(0, half).map(({ site }) => site.site));
  const { network } = stage.world;
  network.cut('halves', (from, to) => inside.has(from) !== inside.has(to));
  stage.world.run(seconds(20));
  stage.move([stage.host(1), stage.host(half + 1)]);
  stage.world.run(seconds(40));
  network.mend('halves');
}

/** It sends all the time, and believes nobody answers; the others hear it and get no pong. */
function oneWay(stage: Stage): void {
  const { site } = stage.host(1).site;
  stage.world.network.cut('deaf', (_from, to) => to === site);
  stage.world.run(seconds(30));
  stage.world.network.mend('deaf');
}

/** Without a word, as after kill -9; recorded sessions are worth nothing from now on. */
function restart(stage: Stage, nodes: readonly number[]): void {
  const hosts = nodes.map((node) => stage.host(node));
  for (const host of hosts) host.crash();
  stage.world.run(seconds(1));
  for (const host of hosts) host.start();
}

/** While it lasts the member must be shown where it is, not where its datagrams come from. */
function forward(stage: Stage): void {
  const forwarder = new Forwarder(stage.world, 'forwarder');
  forwarder.start(stage.host(1));
  stage.world.run(seconds(10));
  mustBeWhole(stage, 'while its datagrams are passed on');
  forwarder.stop();
}

/** A minute passes between, so that the wall clock gives the resumed machine away to itself. */
function resumeSnapshot(stage: Stage): void {
  const host: VirtualHost = stage.host(1);
  const snapshot = host.snapshot();
  stage.world.run(seconds(20));
  stage.move([stage.host(2), stage.host(3)]);
  stage.world.run(seconds(40));
  if (snapshot !== undefined) host.resume(snapshot);
}

/** For what must hold in the middle of a round, not only at its end. */
function mustBeWhole(stage: Stage, when: string): void {
  if (stage.isWhole()) return;
  throw new Failure('liveness', `not whole ${when}: ${stage.complaint}`);
}

/** What an attacker drew in the whole run against what it sent. */
function drawn(stage: Stage, attacker: string, factor: number): string | undefined {
  return drawsLittle(attacker, stage.world.network.trafficOf(attacker), factor);
}
