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
    expect(err).toContain('flotilla sim --seed 42 --nodes 12 --scenario swarm\n');
  });

  it('of a failure repeats every flag that the run depended on', async () => {
    comesTo('liveness');
    const { err } = await new FakeWorld().run('sim', '--seconds', '9', '--nat');
    expect(err).toContain('--seed 42 --nodes 12 --scenario swarm --seconds 9 --nat\n');
  });

  it('keeps the steps of a good run to itself', async () => {
    comesTo('converged');
    const ended = await new FakeWorld().run('sim');
    expect(ended.err).toBe('');
    expect(ended.out).not.toContain('wake');
    expect(ended.out).toMatch(/^healed +410 ms, not in time$/m);
    expect(ended.out).toContain('stand-in, not secure');
  });

  it.each([
    ['swarm', '2', 3],
    ['S4', '3', 4],
  ])('ends with 2 when there are too few nodes for %s: %s', async (name, nodes, least) => {
    const world = new FakeWorld();
    const ended = await world.run('sim', '--scenario', name, '--nodes', nodes);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.err).toContain(`--nodes: the scenario ${name} needs at least ${String(least)}`);
    comesTo('converged');
    const enough = ['--scenario', name, '--nodes', String(least)];
    expect((await world.run('sim', ...enough)).code).toBe(0);
  });

  it('lists its scenarios, as a document too', async () => {
    const { code, out } = await new FakeWorld().run('sim', '--scenario', 'list');
    expect(code).toBe(0);
    for (const name of scenario.scenarioNames) expect(out).toMatch(new RegExp(`^${name} `, 'm'));
    const document = (await new FakeWorld().run('sim', '--scenario', 'list', '--json')).out;
    const names = scenario.scenarioNames.map((name) => ({ name }));
    expect(JSON.parse(document)).toMatchObject({ schema: 1, scenarios: names });
  });

  it('gives its figures as JSON without the noise of arithmetic', async () => {
    const traffic = { ...result.traffic, sentPerSecond: 300.399_999_9 };
    const noisy = { ...result, formedMs: 29.999_999, healedMs: [410.000_001, null], traffic };
    vi.mocked(scenario.runSimulation).mockReturnValueOnce(noisy);
    const { out } = await new FakeWorld().run('sim', '--json');
    expect(JSON.parse(out)).toMatchObject({ formedMs: 30, healedMs: [410, null] });
    expect(JSON.parse(out)).toMatchObject({ traffic: { sentPerSecond: 300.4 } });
  });

  it('says of what nothing measured that it is unknown, and not that it is nothing', async () => {
    const traffic = { ...result.traffic, receivedPerSecond: null };
    vi.mocked(scenario.runSimulation).mockReturnValueOnce({ ...result, traffic });
    const { out } = await new FakeWorld().run('sim', '--json');
    expect(JSON.parse(out)).toMatchObject({ traffic: { receivedPerSecond: null } });
    const unmeasured = { ...result.traffic, sentPerSecond: null };
    vi.mocked(scenario.runSimulation).mockReturnValueOnce({ ...result, traffic: unmeasured });
    expect((await new FakeWorld().run('sim')).out).not.toContain('traffic');
  });

  it('hands on what was wished, and the defaults of the scenario', async () => {
    comesTo('converged');
    const flags = ['--seed', '9', '--nodes', '20', '--scenario', 'half', '--seconds', '5', '--nat'];
    await new FakeWorld().run('sim', ...flags);
    const wished = { seed: 9, nodes: 20, scenario: 'half', seconds: 5, nat: true };
    expect(scenario.runSimulation).toHaveBeenLastCalledWith(wished);
    comesTo('converged');
    await new FakeWorld().run('sim');
    const usual = { seed: 1, nodes: expect.any(Number) as number, scenario: 'swarm' };
    expect(scenario.runSimulation).toHaveBeenLastCalledWith(expect.objectContaining(usual));
  });
});
