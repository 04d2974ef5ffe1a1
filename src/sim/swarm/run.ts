/** Runs one world from beginning to end, and says whether it broke a rule or did not heal. */

import type { Duration } from '../../base/time.ts';
import { instant, millis, minutes, seconds } from '../../base/time.ts';
import type { NodeId } from '../../base/id.ts';
import type { Suite } from '../../crypto/suite.ts';
import { bootNode } from '../boot.ts';
import { Failure, type FailureKind } from '../failure.ts';
import type { VirtualHost } from '../host.ts';
import { HOME_ROUTER, type NatKind } from '../nat.ts';
import { Stage, type BootFor, type Role } from '../stage.ts';
import { Gang } from './attacks.ts';
import type { NodeDescription, RouterKind, WorldDescription } from './description.ts';
import { Exchanges, type Exchange } from './exchanges.ts';
import { Mischief } from './happen.ts';
import { Rogue } from './rogue.ts';
import { SwarmWatch, type Meters } from './watch.ts';

/** What a run of a world needs besides the world. */
export interface RunOptions {
  readonly suite: Suite;
  /** Tests put another machine in the node's place. */
  readonly bootFor?: BootFor | undefined;
}

/** How it went. */
export interface WorldResult {
  readonly outcome: 'converged' | FailureKind;
  /** What went wrong; undefined when it converged. */
  readonly failure: string | undefined;
  /** From the start of calm until everyone had found everyone for good; null: not in time. */
  readonly healedMs: number | null;
  readonly formedMs: number | null;
  readonly traceHash: string;
  readonly steps: number;
  readonly virtualSeconds: number;
  readonly meters: Meters;
  /** What each node sent on average, octets a second. */
  readonly sentPerSecond: number;
  /** Datagrams of the last seconds, in words. */
  readonly exchanges: readonly Exchange[];
  /** Inputs, effects and turns of fate of the last moments. */
  readonly story: readonly string[];
}

/** To find everyone at the start, before anything happens. */
const FORM_CAP: Duration = minutes(2);
const FORM_HOLD: Duration = seconds(1);

/**
 * Convergence must come within this of calm: a lost member is tried once a minute ± 20 %, a try may
 * meet a router's old flow, and an orphan's pace is up to ten seconds by then.
 */
export const CALM_CAP: Duration = minutes(4);
const HOLD: Duration = seconds(3);

/** So long nobody may ask around for nothing at the end. */
const QUIET: Duration = seconds(10);

/** Who left hears nothing any more after this. */
const LEFT_AFTER: Duration = seconds(20);

/** A router that forwards nothing, and whose mappings anybody may use (RFC 4787's full cone). */
const CONE: NatKind = {
  ...HOME_ROUTER,
  mapping: 'endpoint-independent',
  filtering: 'endpoint-independent',
  forwards: false,
};

const ROUTERS: Readonly<Record<RouterKind, NatKind | undefined>> = {
  none: undefined,
  home: HOME_ROUTER,
  cone: CONE,
};

/** A world that runs: everything in it, put together once. */
interface Running {
  readonly stage: Stage;
  readonly gang: Gang;
  readonly mischief: Mischief;
  readonly watch: SwarmWatch;
  readonly exchanges: Exchanges;
}

/** Runs a world. Never throws for what a machine does, however it is broken. */
export function runWorld(description: WorldDescription, options: RunOptions): WorldResult {
  const running = build(description, options);
  const { stage, watch, exchanges } = running;
  const progress: { formedMs: number | null; healedMs: number | null } = {
    formedMs: null,
    healedMs: null,
  };
  let failure: Failure | undefined;
  try {
    play(running, description, progress);
  } catch (cause) {
    failure = cause instanceof Failure ? cause : new Failure('crash', wordsOf(cause), { cause });
  }
  const { world } = stage;
  return {
    outcome: failure?.kind ?? 'converged',
    failure: failure?.message,
    ...progress,
    traceHash: world.trace.hash,
    steps: world.trace.count,
    virtualSeconds: world.now / 1_000,
    meters: watch.meters,
    sentPerSecond: stage.rateSince(
      instant(0),
      stage.hosts.map(() => NOTHING),
    ).sentPerSecond,
    exchanges: exchanges.last,
    story: world.trace.story,
  };
}

const NOTHING = { sentBytes: 0, sentDatagrams: 0, receivedBytes: 0, receivedDatagrams: 0 };

function build(description: WorldDescription, options: RunOptions): Running {
  const { seed, nodes, weather } = description;
  const exchanges = new Exchanges();
  const lairs: { gang?: Gang } = {};
  const rogueAt =
    (index: number): BootFor =>
    (suite, identity) =>
    (birth) => {
      const { gang } = lairs;
      if (gang === undefined) throw new Failure('crash', 'a rogue woke up before its gang');
      return new Rogue(suite, identity, birth, gang.lairOf(index));
    };
  const stage = new Stage({
    seed,
    nodes: nodes.length,
    suite: exchanges.overhear(options.suite),
    weather,
    nat: undefined,
    joining: false,
    anyOpenPort: true,
    bootFor: options.bootFor ?? bootNode,
    roles: nodes.map((node, index) =>
      roleOf(node, node.role === 'rogue' ? rogueAt(index) : undefined),
    ),
  });
  const gang = new Gang(stage);
  lairs.gang = gang;
  const honest = nodes.filter(({ role }) => role === 'member' || role === 'latecomer').length;
  // A node asks the others: with half of all it is outnumbered.
  stage.world.truth.mostLie = 2 * honest <= nodes.length;
  const mischief = new Mischief(stage, gang, description);
  const watch = new SwarmWatch(
    {
      stage,
      opened: (bytes) => exchanges.opened(bytes),
      isInvented: (ip) => gang.invented.has(ip),
      isRogue: (host) => nodes[stage.hosts.indexOf(host)]?.role === 'rogue',
      mayBeGone: (id) => mayBeGone(stage, mischief, id),
      exact: isExact(description),
    },
    gang.victim.ip,
  );
  stage.world.watchSteps((host, effects) => watch.look(host, effects));
  exchanges.listen(stage.world);
  return { stage, gang, mischief, watch, exchanges };
}

function roleOf(node: NodeDescription, bootFor: BootFor | undefined): Role {
  return {
    nat: ROUTERS[node.router],
    drift: node.driftPpm / 1e6,
    wallOffset: millis(node.wallOffsetMs),
    late: node.role === 'latecomer',
    isp: node.isp ?? undefined,
    bootFor,
  };
}

/** Form, chaos, calm, quiet: then nothing may be wrong any more. */
function play(
  running: Running,
  description: WorldDescription,
  progress: { formedMs: number | null; healedMs: number | null },
): void {
  const { stage, mischief, watch } = running;
  const { world } = stage;
  stage.start(stage.hosts, seconds(1));
  world.run(seconds(1));
  progress.formedMs = stage.healed(FORM_CAP, FORM_HOLD);
  if (progress.formedMs === null) throw stuck('forming', stage);
  mischief.schedule();
  for (let at = 0; at < description.chaosMs; at += 1_000) {
    world.run(Math.min(1_000, description.chaosMs - at));
    judgeNow(running);
  }
  mischief.calm();
  const start = world.now;
  world.run(CALM_CAP, () => mischief.allJoined);
  if (!mischief.allJoined)
    throw new Failure('liveness', 'somebody was not let in, though all is calm');
  const healed = stage.healed(CALM_CAP, HOLD);
  if (healed === null) throw stuck('after chaos', stage);
  progress.healedMs = world.now - start - HOLD;
  judgeNow(running);
  const since = world.now;
  for (let second = 0; second < QUIET; second += 1_000) {
    world.run(seconds(1));
    judgeNow(running);
  }
  const finding = watch.quiet(stage.counted, since) ?? agreed(running);
  if (finding !== undefined) throw new Failure('safety', finding);
  judgeLeft(running);
}

function judgeNow({ stage, watch }: Running): void {
  const finding = watch.strangers(stage.world.network.sites) ?? watch.claims(stage.counted);
  if (finding !== undefined) throw new Failure('safety', finding);
}

/** Who left goes on talking, and must be told nothing (B5). */
function judgeLeft({ stage, gang, watch }: Running): void {
  if (gang.left.size === 0) return;
  stage.world.run(LEFT_AFTER);
  const gone = [...gang.left].map((node) => stage.host(node));
  const sentTo = ({ site }: VirtualHost): number => watch.sentTo(site.addresses[0] ?? '');
  const before = gone.map(sentTo);
  stage.world.run(QUIET);
  for (const [index, host] of gone.entries()) {
    const sent = sentTo(host) - (before[index] ?? 0);
    if (sent === 0) continue;
    const words = `B5: ${host.name} left, and was sent ${String(sent)} datagrams since`;
    throw new Failure('safety', words);
  }
}

/** All show the same members under the same names: acts make the same of the same. */
function agreed({ stage }: Running): string | undefined {
  const said = new Map<string, string>();
  for (const host of stage.counted) {
    const members = host.view()?.members ?? [];
    const list = members.map(({ id, name, state }) => `${name} ${id} ${String(state === 'left')}`);
    said.set(list.toSorted().join('\n'), host.name);
  }
  if (said.size <= 1) return undefined;
  return `§7: ${[...said.values()].join(' and ')} do not show the same members`;
}

function mayBeGone(stage: Stage, mischief: Mischief, id: NodeId): boolean {
  const host = stage.hosts.find((one) => one.id === id);
  if (host === undefined) return false;
  return mischief.leaving.has(host) || mischief.gang.left.has(stage.hosts.indexOf(host));
}

/** Where nothing is lost, late or cut off, rates are held to their limits. */
function isExact({ weather, happenings, nodes }: WorldDescription): boolean {
  const exact: readonly string[] = [
    ...['move', 'swap', 'inherit', 'set-wall', 'attack', 'scan', 'replay', 'hello-replay'],
  ];
  return (
    weather.loss === 0 &&
    nodes.every(({ role }) => role !== 'liar') &&
    happenings.every(({ type }) => exact.includes(type))
  );
}

function stuck(when: string, stage: Stage): Failure {
  return new Failure('liveness', `${when}: not whole in time; ${stage.complaint}`);
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
