/**
 * A cluster of a rival's programs in the lab. It has the face that test/lab/scenario.ts plays
 * with, so that rivals go through the very same scenarios as we do, judged by the same rule.
 *
 * A rival is a class with these few methods; each file beside this one that is named after a
 * program has one:
 *
 *     setup()              writes the configuration of all nodes, as of the first addresses
 *     start(index)         starts the program on a node; done when it serves
 *     watch()              begins to find out who reaches whom
 *     moved(index)         what an operator's hook does when a node's address has changed
 *     hint(index, other)   a human tells one node where another one is
 *     works(one, other, sinceMs)   whether `one` reaches `other` now; older evidence is none
 *     stop(index)          ends the program by its PID, as a power cut does
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Between two looks at all pairs, in ms. */
const LOOK_PERIOD = 50;
/** How long a rival may take to get whole in peace, in ms. */
const FOUND_BOUND = 120_000;
/** Programs start this far apart, in ms, as an operator's scripts would have it. */
const START_APART = 100;

export class RivalCluster {
  /** @private */
  constructor(lab, Rival, settings, ownsLab) {
    this.line = lab;
    this.ownsLab = ownsLab;
    this.folder = mkdtempSync(join(tmpdir(), 'flotilla-rivals-'));
    this.rival = new Rival(lab, this.folder, settings);
    this.hooks = new Set();
    this.daemons = Array.from({ length: lab.nodes }, (_, index) => this.makeDaemon(index));
    this.lab = this.makeLines();
  }

  /**
   * Opens a lab of the given layout, or takes one, and waits until all pairs work.
   * @param {import('../../test/lab/lab.ts').Lab} lab
   */
  static async start(lab, Rival, { settings = {}, ownsLab = true } = {}) {
    const cluster = new RivalCluster(lab, Rival, settings, ownsLab);
    try {
      await cluster.rival.setup();
      for (const { index } of cluster.daemons) {
        await cluster.launch(index);
        await pause(START_APART);
      }
      cluster.rival.watch();
      const began = { sinceMs: performance.now(), boundMs: FOUND_BOUND, holdMs: 500 };
      const { healedMs, bad } = await cluster.healed(began);
      if (healedMs === undefined) throw new Error(`never got whole: ${bad.join('; ')}`);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  daemon(index) {
    return this.daemons[index];
  }

  async launch(index) {
    await this.rival.start(index);
    this.daemons[index].up = true;
  }

  /** Waits until every ordered pair of running nodes works and goes on working; see cluster.ts. */
  async healed({ sinceMs, boundMs, holdMs }) {
    let goodSince;
    let breaks = 0;
    for (;;) {
      const bad = this.badPairs(sinceMs);
      const now = performance.now();
      if (bad.length === 0) {
        goodSince ??= now;
        if (now - goodSince >= holdMs) return { healedMs: goodSince - sinceMs, breaks, bad };
      } else {
        if (goodSince !== undefined) breaks += 1;
        goodSince = undefined;
        // A stretch that begins in time may go on to its end.
        if (now - sinceMs >= boundMs) return { healedMs: undefined, breaks, bad };
      }
      await pause(LOOK_PERIOD);
    }
  }

  /** Ends the watchers: what they ask over the overlay is not the program's own traffic. */
  async quiet() {
    await this.rival.programs.unwatch();
  }

  async close() {
    await Promise.allSettled(this.hooks);
    await this.rival.programs.unwatch();
    await Promise.all(this.daemons.map((daemon) => daemon.kill()));
    if (this.ownsLab) await this.line.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  makeDaemon(index) {
    const { rival } = this;
    return {
      index,
      name: `n${index}`,
      up: false,
      get pid() {
        return rival.programs.pid(index);
      },
      async kill() {
        this.up = false;
        await rival.stop(index);
      },
      /** The one command that scenarios give. */
      command: ([word, name]) => {
        if (word !== 'hint') throw new Error(`a rival knows no command ${word}`);
        return rival.hint(index, Number(name.slice(1)));
      },
    };
  }

  /** The lab's lines; whoever moves is told to its operator's hook, if there is a local event. */
  makeLines() {
    const lab = this.line;
    const told = async (moved, indexes) => {
      const move = await moved;
      if (!lab.homes) for (const index of indexes) this.callHook(index);
      return move;
    };
    return {
      address: (index) => lab.address(index),
      endpoint: (index) => lab.endpoint(index),
      traffic: (index) => lab.traffic(index),
      move: (indexes) => told(lab.move(indexes), indexes),
      swap: (one, other) => told(lab.swap(one, other), [one, other]),
    };
  }

  /** Nobody waits for a hook: the heal may come before it ends. */
  callHook(index) {
    if (!this.daemons[index].up) return;
    const hook = this.rival.moved(index).catch((error) => {
      process.stderr.write(`the hook of n${index}: ${String(error)}\n`);
    });
    this.hooks.add(hook);
    void hook.then(() => this.hooks.delete(hook));
  }

  badPairs(sinceMs) {
    const running = this.daemons.filter(({ up }) => up);
    return running.flatMap((one) =>
      running
        .filter((other) => one !== other && !this.rival.works(one.index, other.index, sinceMs))
        .map((other) => `${one.name} of ${other.name}`),
    );
  }
}
