import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../src/base/address.ts';
import type { Effect, Input, Moment } from '../../src/core/io.ts';
import type { MemberView } from '../../src/core/view.ts';
import { bootNode } from '../../src/sim/boot.ts';
import type { Subject } from '../../src/sim/subject.ts';
import { runSimulation } from '../../src/sim/scenario.ts';
import type { SimulationResult } from '../../src/sim/scenario.ts';
import { BUSY } from './runs.ts';

/** Where the first mover of S2 is after its move: the fourth address of the pool. */
const MOVED_TO = '203.0.113.11';

/** What is broken in an otherwise real machine. */
interface Sabotage {
  step?(node: Subject, moment: Moment, input: Input): readonly Effect[];
  member?(member: MemberView): MemberView;
}

/** Runs S2 with machines that are broken on purpose. */
function run(sabotage: Sabotage): SimulationResult {
  return runSimulation({
    seed: 1,
    nodes: 3,
    scenario: 'S2',
    suite: 'stand-in',
    bootFor: (suite, identity) => (birth) => {
      const node = bootNode(suite, identity)(birth);
      return {
        id: node.id,
        step: (moment, input) => sabotage.step?.(node, moment, input) ?? node.step(moment, input),
        document: (name) => node.document(name),
        members: (now) => {
          const document = node.members(now);
          const { member } = sabotage;
          return member === undefined
            ? document
            : { ...document, members: document.members.map((one) => member(one)) };
        },
      };
    },
  });
}

describe('a simulation of a broken machine', { timeout: BUSY }, () => {
  it('of a sound one, to compare, converges', () => {
    expect(run({}).outcome).toBe('converged');
  });

  it('ends as a crash when the machine throws, with the story that led there', () => {
    let steps = 0;
    const result = run({
      step: (node, moment, input) => {
        steps += 1;
        if (steps === 200) throw new Error('out of rope');
        return node.step(moment, input);
      },
    });
    expect(result.outcome).toBe('crash');
    expect(result.failure).toMatch(/threw on \w+.*out of rope/);
    expect(result.story.length).toBeGreaterThan(100);
  });

  it('ends as a crash when the machine asks to be woken at once for ever', () => {
    const result = run({
      step: (_node, moment) => [{ type: 'wake', at: moment.now, why: 'restless' }],
    });
    expect(result.outcome).toBe('crash');
    expect(result.failure).toMatch(/spins in place/);
  });

  it('ends as unsafe when a proof is claimed for where a member never was', () => {
    const elsewhere = '203.0.113.200:4117';
    const result = run({
      member: (member) => (member.proof === 'direct' ? { ...member, address: elsewhere } : member),
    });
    expect(result.outcome).toBe('safety');
    expect(result.failure).toMatch(/203\.0\.113\.200:4117 is proven/);
  });

  it('ends as unsafe when a proof is claimed to be fresh that is old', () => {
    const result = run({
      member: (member) => (member.proof === 'direct' ? { ...member, provenMs: 0 } : member),
    });
    expect(result.outcome).toBe('safety');
    expect(result.failure).toMatch(/did not hold it/);
  });

  it('ends as unsafe when two members are shown under one name', () => {
    const result = run({ member: (member) => ({ ...member, name: 'attic' }) });
    expect(result.outcome).toBe('safety');
    expect(result.failure).toMatch(/two members are called attic/);
  });

  it('ends as unsafe when something is sent to a stranger', () => {
    const to = parseAddress('8.8.8.8:53');
    if (to === undefined) throw new Error('an address was not read');
    const bytes = new Uint8Array(1);
    const result = run({
      step: (node, moment, input) => [
        ...node.step(moment, input),
        { type: 'send', socket: 0, to, bytes },
      ],
    });
    expect(result.outcome).toBe('safety');
    expect(result.failure).toMatch(/no member ever was/);
  });

  it('ends as stuck when a machine is deaf after the move, and says who misses whom', () => {
    const result = run({
      step: (node, moment, input) =>
        input.type === 'datagram' && input.from.ip === MOVED_TO ? [] : node.step(moment, input),
    });
    expect(result.outcome).toBe('liveness');
    expect(result.healedMs).toEqual([null]);
    expect(result.failure).toMatch(/two move: not whole in time; \w+: /);
  });
});
