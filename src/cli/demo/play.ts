/** Plays the demo: a fleet of daemons, its scenarios, the stopwatch. */

import { mkdtemp, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../base/errors.ts';
import type { Ground } from './ground.ts';
import { isHealed, type Truth } from './healed.ts';
import type { DemoDocument, Outcome } from './outcome.ts';
import { DemoDaemon } from './process.ts';
import { NAMES, SCENARIOS, Whereabouts, written, type Move, type Scenario } from './scenarios.ts';
import type { Show } from './show.ts';
import { Story } from './story.ts';

/** How long each part of the demo takes, in milliseconds. */
export interface Pace {
  /** Before a scenario's moves, to read its title. */
  readonly beforeMs: number;
  /** After it, to see that it is healed. */
  readonly afterMs: number;
  /** A heal that takes longer has failed; DESIGN §12 allows 2.5 s. */
  readonly healMaxMs: number;
}

/** Half a minute in all, also when nothing heals. */
export const USUAL_PACE: Pace = { beforeMs: 1_200, afterMs: 2_500, healMaxMs: 5_000 };

/** All five have joined and proven each other by then. In milliseconds. */
const FORM_MAX_MS = 8_000;
/** Between two looks at the daemons, in milliseconds; as often as they tell. */
const LOOK_EVERY_MS = 20;

const ONE_ADDRESS =
  'Loopback has one address only on this machine: a move is a change of port here.';

/** Plays all scenarios; leaves no process and no file, whatever happens. */
export async function play(
  program: string,
  show: Show,
  pace: Pace,
  signal: AbortSignal,
  ground: Ground,
): Promise<DemoDocument> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-demo-'));
  const fleet = new Fleet(program, folder, ground, show, signal);
  // Nothing of this runs after kill -9; the daemons notice that by themselves (child.ts).
  const lastResort = (): void => {
    fleet.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', lastResort);
  try {
    if (ground.changing === 'port') show.say(ONE_ADDRESS);
    await fleet.form();
    const scenarios: Outcome[] = [];
    for (const [index, scenario] of SCENARIOS.entries()) {
      show.scenario(scenario, index + 1, SCENARIOS.length);
      scenarios.push(await fleet.play(scenario, pace));
    }
    return { schema: 1, changing: ground.changing, nodes: NAMES.length, scenarios };
  } finally {
    show.restore();
    await fleet.stop();
    await rm(folder, { recursive: true, force: true });
    process.off('exit', lastResort);
  }
}

/** The daemons and the stopwatch. Knows the truth, since it is what moves them. */
class Fleet {
  readonly #folder: string;
  readonly #show: Show;
  readonly #signal: AbortSignal;
  readonly #where: Whereabouts;
  readonly #daemons: readonly DemoDaemon[];
  /** When each daemon became deaf at its old place; proofs from before are worth nothing. */
  readonly #movedMs = new Map<string, number>();
  #story = new Story([]);
  /** Since when the stopwatch runs; wall clock, milliseconds. */
  #since: number | undefined;

  constructor(program: string, folder: string, ground: Ground, show: Show, signal: AbortSignal) {
    this.#folder = folder;
    this.#show = show;
    this.#signal = signal;
    this.#where = new Whereabouts(ground);
    this.#daemons = NAMES.map(
      (name) =>
        new DemoDaemon(name, program, (event, atMs) => {
          const line = this.#story.line(name, event);
          if (line !== undefined) show.line(atMs - (this.#since ?? atMs), line);
        }),
    );
  }

  /** The first founds the cluster, the others join it with invites of the first. */
  async form(): Promise<void> {
    const [founder, ...others] = this.#daemons;
    if (founder === undefined) return;
    await this.#start(founder, undefined);
    this.#show.say(`${founder.name} founded a cluster at ${written(this.#where.of(founder.name))}`);
    for (const daemon of others) {
      this.#signal.throwIfAborted();
      await this.#start(daemon, await founder.invite(this.#where.of(founder.name)));
      this.#show.say(`${daemon.name} joined it with an invite`);
    }
    const took = await this.#untilHealed(FORM_MAX_MS);
    if (took !== undefined) return;
    throw new UserError(
      'demo-not-formed',
      'The five daemons did not find together.',
      'Is a firewall at work on loopback?',
    );
  }

  /** Moves the daemons of one scenario and times the heal. */
  async play(scenario: Scenario, pace: Pace): Promise<Outcome> {
    await this.#look(pace.beforeMs);
    this.#story = new Story(scenario.movers);
    const moves = this.#where.plan(scenario);
    await this.#move(moves, scenario.swap);
    const healMs = (await this.#untilHealed(pace.healMaxMs)) ?? null;
    const moved = moves.map(({ name, from, to }) => {
      const inputs = this.#daemons.find((one) => one.name === name)?.sight?.inputs ?? {};
      return { name, from: written(from), to: written(to), inputs };
    });
    const verdict = healMs === null ? 'not healed' : 'healed';
    const outcome: Outcome = { scenario: scenario.title, moved, healMs, verdict };
    this.#show.over(outcome);
    this.#since = undefined;
    await this.#look(pace.afterMs);
    return outcome;
  }

  /** Ends all daemons in order; each takes its state with it. */
  async stop(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.stop()));
  }

  /** For the way out on which nothing can be waited for. */
  kill(): void {
    for (const daemon of this.#daemons) daemon.kill();
  }

  async #start(daemon: DemoDaemon, token: string | undefined): Promise<void> {
    const state = join(this.#folder, daemon.name);
    const at = this.#where.of(daemon.name);
    await daemon.start({ state, name: daemon.name, cluster: 'demo', at, token });
  }

  /** All at once; the stopwatch runs from when the last one is at its new place. */
  async #move(moves: readonly Move[], release: boolean): Promise<void> {
    const times = await Promise.all(
      moves.map(async ({ name, to }) => {
        const daemon = this.#daemons.find((one) => one.name === name);
        const time = await daemon?.move(to, release);
        this.#movedMs.set(name, time?.fromMs ?? 0);
        return time?.toMs ?? 0;
      }),
    );
    this.#since = Math.max(...times);
    this.#show.moved(moves);
  }

  /** Milliseconds until every ordered pair was proven; undefined: not in time. */
  async #untilHealed(maxMs: number): Promise<number | undefined> {
    const since = this.#since ?? Date.now();
    for (let now = since; now - since <= maxMs; now = Date.now()) {
      const truth = this.#truth();
      this.#show.look(truth, this.#since === undefined ? undefined : now - since);
      const seenMs = Math.max(...truth.map(({ sight }) => sight?.takenMs ?? 0));
      // What was seen before the move proves nothing.
      const fresh = truth.every(({ sight }) => (sight?.takenMs ?? 0) > since);
      if (fresh && isHealed(truth)) return seenMs - since;
      await pause(LOOK_EVERY_MS, undefined, { signal: this.#signal });
    }
    return undefined;
  }

  /** Shows the fleet for some time. */
  async #look(ms: number): Promise<void> {
    const end = Date.now() + ms;
    while (Date.now() < end) {
      this.#show.look(this.#truth(), undefined);
      await pause(5 * LOOK_EVERY_MS, undefined, { signal: this.#signal });
    }
  }

  #truth(): readonly Truth[] {
    return this.#daemons.map(({ name, sight }) => {
      const address = written(this.#where.of(name));
      return { name, address, movedMs: this.#movedMs.get(name) ?? 0, sight };
    });
  }
}
