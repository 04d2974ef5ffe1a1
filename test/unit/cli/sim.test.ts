import { describe, expect, it, vi } from 'vitest';
import * as scenario from '../../../src/sim/scenario.ts';
import { FakeWorld } from './fake-world.ts';

vi.mock(import('../../../src/sim/scenario.ts'), { spy: true });

const result: scenario.SimulationResult = {
  outcome: 'converged',
  failure: undefined,
  scenario: 'swarm',
  seed: 42,
  nodes: 12,
  suite: 'stand-in, not secure',
  traceHash: '00ff',
  steps: 1_000,
  virtualSeconds: 75.25,
  formedMs: 30,
  healedMs: [410, null],
  traffic: {
    seconds: 60,
    sentPerSecond: 300.4,
    receivedPerSecond: 300,
    mostSentPerSecond: 400,
    datagramsPerSecond: 5,
  },
  story: ['1.0 s  pi  < wake'],
};

function comesTo(outcome: scenario.SimulationResult['outcome']): void {
  const failure = outcome === 'converged' ? undefined : 'two members share an address';
  vi.mocked(scenario.runSimulation).mockReturnValueOnce({ ...result, outcome, failure });
}

describe('sim', () => {
  it.each([
    ['converged', 0],
    ['crash', 10],
    ['safety', 11],
    ['liveness', 12],
  ] as const)('that came to %s ends with %d', async (outcome, code) => {
    comesTo(outcome);
    expect((await new FakeWorld().run('sim')).code).toBe(code);
  });

  it('tells of a failure its last steps, the reason, and how to see it again', async () => {
    comesTo('safety');
    const { err } = await new FakeWorld().run('sim');
    expect(err).toContain('1.0 s  pi  < wake');
    expect(err).toContain('safety: two members share an address');
    expect(err).toContain('flotilla sim --seed 42 --nodes 12 --scenario swarm');
  });

  it('keeps the steps of a good run to itself', async () => {
    comesTo('converged');
    const ended = await new FakeWorld().run('sim');
    expect(ended.err).toBe('');
    expect(ended.out).not.toContain('wake');
    expect(ended.out).toMatch(/^healed +410 ms, not in time$/m);
    expect(ended.out).toContain('stand-in, not secure');
  });

  it('hands on what was wished, and the defaults of the scenario', async () => {
    comesTo('converged');
    const flags = ['--seed', '9', '--nodes', '20', '--scenario', 'half', '--seconds', '5'];
    await new FakeWorld().run('sim', ...flags);
    const wished = { seed: 9, nodes: 20, scenario: 'half', seconds: 5 };
    expect(scenario.runSimulation).toHaveBeenLastCalledWith(wished);
    comesTo('converged');
    await new FakeWorld().run('sim');
    const usual = { seed: 1, nodes: expect.any(Number) as number, scenario: 'swarm' };
    expect(scenario.runSimulation).toHaveBeenLastCalledWith(expect.objectContaining(usual));
  });
});
