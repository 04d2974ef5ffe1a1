/**
 * The one loop: whatever happens becomes an `Input`, the machine's answer is a list of `Effect`s,
 * and the host carries them out in order. A datagram's way: udp.ts → `Driver.take` →
 * `Machine.step` → `Host.carryOut`. Nothing is decided here.
 */

import { randomFillSync } from 'node:crypto';
import type { Effect, Host, Input, Machine, Moment } from '../core/io.ts';
import { Alarm, systemClock, type Clock } from './clock.ts';

/** Octets of fresh entropy that come with each input. */
const ENTROPY_SIZE = 32;

/** What a driver needs besides its machine. */
export interface DriverOptions {
  readonly machine: Machine;
  /** Carries out every effect but `wake`, which is the driver's own. */
  readonly host: Host;
  /** A rule of our own code broke; the driver has stopped and will never step again. */
  readonly onBroken: (error: unknown) => void;
  readonly clock?: Clock;
  /** Sees each input just before the machine does. */
  readonly observe?: ((moment: Moment, input: Input) => void) | undefined;
}

/** Drives one machine for its whole life. */
export class Driver {
  readonly #options: DriverOptions;
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #waiting: Input[] = [];
  #busy = false;
  #stopped = false;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#alarm = new Alarm(this.#clock, () => {
      this.take({ type: 'wake' });
    });
  }

  /** True once stopped, by its owner or by a broken rule. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * Hands an input to the machine and carries out what it asks for. Inputs that come up meanwhile
   * wait for their turn, so that no step ever runs inside another; dropped after `stop`.
   */
  take(input: Input): void {
    if (this.#stopped) return;
    this.#waiting.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#step(next);
      }
    } catch (error) {
      // Whatever it was, the machine's state can't be trusted: it is neither used nor stored again.
      this.stop();
      this.#options.onBroken(error);
    } finally {
      this.#busy = false;
    }
  }

  /** Ends all stepping; what waits is dropped. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.length = 0;
    this.#alarm.clear();
  }

  #step(input: Input): void {
    const now = this.#clock.now();
    // After a standstill sockets are read before timers. The alarm was due first, and its lateness
    // is what tells the machine that nothing was heard because nobody listened.
    if (input.type !== 'wake' && this.#alarm.overdue(now)) this.#step({ type: 'wake' });
    const late = this.#alarm.lateness(now);
    if (input.type === 'wake') this.#alarm.clear();
    // Fresh for each input, never from a store: a resumed snapshot must not repeat it (PROTOCOL
    // §1).
    const entropy = randomFillSync(new Uint8Array(ENTROPY_SIZE));
    const moment: Moment = { now, wall: this.#clock.wall(), late, entropy };
    this.#options.observe?.(moment, input);
    for (const effect of this.#options.machine.step(moment, input)) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    if (this.#stopped) return;
    if (effect.type === 'wake') this.#alarm.set(effect.at);
    else this.#options.host.carryOut(effect);
  }
}
