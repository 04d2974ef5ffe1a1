import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/base/address.ts';
import { seconds } from '../../../src/base/time.ts';
import { Failure } from '../../../src/sim/failure.ts';
import { FAIR } from '../../../src/sim/network.ts';
import { Stage, type StagePlan } from '../../../src/sim/stage.ts';
import { standInSuite } from '../../../src/sim/stand-in.ts';
import { toys, type ToyFaults } from './toy.ts';

function stageOf(changes: Partial<StagePlan> & { faults?: ToyFaults } = {}): Stage {
  const { faults, ...rest } = changes;
  const stage = new Stage({
    seed: 1,
    nodes: 4,
    suite: standInSuite,
    weather: FAIR,
    nat: undefined,
    joining: false,
    bootFor: toys(faults),
    ...rest,
  });
  stage.start(stage.hosts, seconds(1));
  stage.world.run(1_000);
  return stage;
}

describe('a stage with toys in the place of nodes', () => {
  it('is whole once everyone has answered everyone', () => {
    const stage = stageOf();
    expect(stage.healed(seconds(5), seconds(1))).toBeLessThan(1_000);
  });

  it('measures from the move until everyone has proven the new address', () => {
    const stage = stageOf();
    stage.healed(seconds(5), seconds(1));
    stage.move([stage.host(1)]);
    expect(stage.isWhole()).toBe(false);
    const healed = stage.healed(seconds(5), seconds(1));
    expect(healed).toBeGreaterThan(0);
    expect(healed).toBeLessThan(500);
  });

  it('does not call a cluster whole that falls apart again within the hold', () => {
    const stage = stageOf();
    stage.healed(seconds(5), seconds(1));
    stage.world.timeline.in(seconds(1), () => stage.move(stage.hosts));
    expect(stage.healed(seconds(3), seconds(2))).toBeNull();
    expect(stage.complaint).toMatch(/shows \w+ at .* it is at/);
  });

  it('says that toys which all moved at once stay apart', () => {
    const stage = stageOf();
    stage.healed(seconds(5), seconds(1));
    stage.move(stage.hosts);
    expect(stage.healed(seconds(5), seconds(1))).toBeNull();
  });

  it('ends when a machine throws, and names it', () => {
    const run = (): unknown => stageOf({ faults: { throwsAt: 5 } });
    expect(run).toThrow(Failure);
    expect(run).toThrow(/the toy broke/);
  });

  it('ends when a machine sends where no member ever was', () => {
    const stray = parseAddress('8.8.8.8:53');
    expect(() => stageOf({ faults: stray === undefined ? {} : { stray } })).toThrow(
      /where no member ever was/,
    );
  });

  it('gives the same hash for the same seed and another for another', () => {
    const hashOf = (seed: number): string => {
      const stage = stageOf({ seed });
      stage.move([stage.host(1)]);
      stage.world.run(2_000);
      return stage.world.trace.hash;
    };
    expect(hashOf(7)).toBe(hashOf(7));
    expect(hashOf(7)).not.toBe(hashOf(8));
  });

  it('counts what everyone sends with the headers around it', () => {
    const stage = stageOf();
    stage.healed(seconds(5), seconds(1));
    const traffic = stage.measure(seconds(60));
    // Three peers, five pings a second, as many pongs, 37 octets and 42 of headers; timers lag.
    expect(traffic.sentPerSecond).toBeGreaterThan(0.95 * 30 * 79);
    expect(traffic.sentPerSecond).toBeLessThan(30 * 79);
    expect(Math.abs(traffic.receivedPerSecond / traffic.sentPerSecond - 1)).toBeLessThan(0.01);
  });
});
