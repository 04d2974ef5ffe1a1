import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { InvariantError } from '../../../src/base/assert.ts';
import { instant, wallTime, type Instant } from '../../../src/base/time.ts';
import type { Effect, Input, Machine, Moment } from '../../../src/core/io.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { Driver } from '../../../src/runtime/driver.ts';

/** A clock that a test sets by hand; timers are vitest's. */
class HandClock implements Clock {
  time = 0;
  now(): Instant {
    return instant(this.time);
  }
  wall(): ReturnType<Clock['wall']> {
    return wallTime(this.time + 1e12);
  }
  /** Lets time pass, timers included. */
  pass(millis: number): void {
    this.time += millis;
    vi.advanceTimersByTime(millis);
  }
  /** Time passes and nothing runs, as when the process is stopped. */
  stall(millis: number): void {
    this.time += millis;
  }
}

/** A machine that keeps what it is given and answers as told. */
class Parrot implements Machine {
  readonly inputs: { readonly moment: Moment; readonly input: Input }[] = [];
  answer: (input: Input) => readonly Effect[] = () => [];
  step(moment: Moment, input: Input): readonly Effect[] {
    this.inputs.push({ moment, input });
    return this.answer(input);
  }
  document(): unknown {
    return {};
  }
  get types(): readonly string[] {
    return this.inputs.map(({ input }) => input.type);
  }
}

const START: Input = { type: 'start' };
const OPENED: Input = { type: 'socket-opened', socket: 1 };
const CLOSE: Effect = { type: 'close-socket', socket: 1 };
const wakeAt = (at: number): Effect => ({ type: 'wake', at: instant(at), why: 'test' });

const clock = new HandClock();
let machine = new Parrot();
let done: Effect[] = [];
let broken: unknown[] = [];
let driver = make();

function make(carryOut: (effect: Effect) => void = (effect) => void done.push(effect)): Driver {
  const onBroken = (error: unknown): void => void broken.push(error);
  return new Driver({ machine, host: { carryOut }, onBroken, clock });
}

beforeEach(() => {
  vi.useFakeTimers();
  clock.time = 1000;
  machine = new Parrot();
  done = [];
  broken = [];
  driver = make();
});

afterEach(() => {
  driver.stop();
  vi.useRealTimers();
});

it('gives each input fresh entropy and both clocks', () => {
  driver.take(START);
  driver.take(OPENED);
  const [first, second] = machine.inputs;
  expect(first?.moment).toMatchObject({ now: 1000, wall: 1e12 + 1000, late: 0 });
  expect(first?.moment.entropy).toHaveLength(32);
  expect(second?.moment.entropy).not.toEqual(first?.moment.entropy);
});

it('carries effects out in their order, and an input they cause comes after them', () => {
  machine.answer = ({ type }): readonly Effect[] =>
    type === 'start' ? [CLOSE, { type: 'view-changed', of: [] }] : [];
  const order: string[] = [];
  driver = make((effect) => {
    order.push(effect.type);
    if (effect.type === 'close-socket') driver.take(OPENED);
    order.push(`inputs: ${String(machine.inputs.length)}`);
  });
  driver.take(START);
  expect(order).toEqual(['close-socket', 'inputs: 1', 'view-changed', 'inputs: 1']);
  expect(machine.types).toEqual(['start', 'socket-opened']);
});

it('wakes the machine once, at the time it named last', () => {
  machine.answer = ({ type }): readonly Effect[] =>
    type === 'start' ? [wakeAt(1500), wakeAt(1200)] : [];
  driver.take(START);
  clock.pass(199);
  expect(machine.types).toEqual(['start']);
  clock.pass(1);
  expect(machine.types).toEqual(['start', 'wake']);
  clock.pass(1000);
  expect(machine.types).toEqual(['start', 'wake']);
});

it('waits longer than one timer of Node can', () => {
  const far = 2 ** 31 + 5000;
  machine.answer = ({ type }): readonly Effect[] => (type === 'start' ? [wakeAt(far)] : []);
  driver.take(START);
  clock.pass(2 ** 31 - 1);
  expect(machine.types).toEqual(['start']);
  clock.pass(far - clock.time);
  expect(machine.types).toEqual(['start', 'wake']);
});

it('measures how late an alarm rings', () => {
  machine.answer = ({ type }): readonly Effect[] => (type === 'start' ? [wakeAt(1100)] : []);
  driver.take(START);
  clock.stall(700);
  clock.pass(100);
  expect(machine.inputs[1]).toMatchObject({ input: { type: 'wake' }, moment: { late: 700 } });
});

it('rings a due alarm before an input that came later, so that its lateness is seen first', () => {
  machine.answer = ({ type }): readonly Effect[] => (type === 'start' ? [wakeAt(1100)] : []);
  driver.take(START);
  vi.advanceTimersToNextTimer();
  clock.stall(5000);
  driver.take(OPENED);
  expect(machine.types).toEqual(['start', 'wake', 'socket-opened']);
  expect(machine.inputs[1]?.moment.late).toBe(4900);
  clock.pass(1000);
  expect(machine.types).toHaveLength(3);
});

it('counts the time since this turn of the loop began as lateness', () => {
  driver.take(START);
  clock.stall(40);
  driver.take(OPENED);
  expect(machine.inputs[1]?.moment.late).toBe(40);
  vi.runOnlyPendingTimers();
  driver.take(OPENED);
  expect(machine.inputs[2]?.moment.late).toBe(0);
});

it('stops for good when a rule of our own code breaks, and carries nothing more out', () => {
  machine.answer = (input): readonly Effect[] => {
    if (input.type === 'start') throw new InvariantError('two hubs');
    return [CLOSE];
  };
  driver.take(START);
  expect(broken).toEqual([new InvariantError('two hubs')]);
  driver.take(OPENED);
  expect(machine.types).toEqual(['start']);
  expect(done).toEqual([]);
  expect(driver.stopped).toBe(true);
});

it('takes nothing and wakes nobody after it was stopped', () => {
  machine.answer = (): readonly Effect[] => [wakeAt(1100)];
  driver.take(START);
  driver.stop();
  driver.take(OPENED);
  clock.pass(1000);
  expect(machine.types).toEqual(['start']);
});

it('drops the rest of a step that stopped it', () => {
  machine.answer = (): readonly Effect[] => [CLOSE, CLOSE];
  driver = make((effect) => {
    done.push(effect);
    driver.stop();
  });
  driver.take(START);
  expect(done).toEqual([CLOSE]);
});
