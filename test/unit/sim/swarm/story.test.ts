import { describe, expect, it } from 'vitest';
import { drawWorld } from '../../../../src/sim/swarm/draw.ts';
import { runWorld } from '../../../../src/sim/swarm/run.ts';
import { inWords, tellStory } from '../../../../src/sim/swarm/story.ts';
import { standInSuite } from '../../../../src/sim/stand-in.ts';
import { toys } from '../toy.ts';

const NAMES = ['attic', 'cellar', 'pi'];

describe('the story of a world', () => {
  const world = drawWorld(5, { theme: 'forwarded', nodes: 3, chaosMs: 2_000 });
  const result = runWorld(world, { suite: standInSuite, bootFor: toys({ throwsAt: 30 }) });
  const story = tellStory(world, result, 17);

  it('begins with what went wrong, and says how often it was run', () => {
    expect(result.outcome).toBe('crash');
    expect(story).toMatch(/^# crash: \w+ threw on \w+: Error: the toy broke/);
    expect(story).toContain('shrunk in 17 runs');
  });

  it('names each node and all that happened, and ends with the world as data', () => {
    for (const name of NAMES) expect(story).toContain(`- **${name}** is a member`);
    expect(story).toContain('somebody races what cellar sends to attic');
    expect(story).toContain(JSON.stringify(world));
  });

  it('draws the last exchanges of whom the failure names as a Mermaid sequence', () => {
    const [, drawn = ''] = /```mermaid\n([^`]*)```/.exec(story) ?? [];
    const [first, ...arrows] = drawn.trim().split('\n');
    expect(first).toBe('sequenceDiagram');
    expect(arrows.length).toBeGreaterThan(0);
    for (const arrow of arrows) expect(arrow).toMatch(/^ {2}\w+->>\w+: \d+\.\d{3} [^;#]+$/);
  });
});

describe('a happening in words', () => {
  it('says who, what and when', () => {
    const swap = { type: 'swap', nodes: [0, 2], atMs: 1_500, lengthMs: 0 } as const;
    expect(inWords(swap, NAMES)).toBe('at 1.5 s attic, pi swap their addresses');
    const cut = { type: 'partition', nodes: [1], oneWay: true, atMs: 0, lengthMs: 900 } as const;
    expect(inWords(cut, NAMES)).toBe('at 0.0 s cellar cannot reach the others for 0.9 s');
  });

  it('has words for everything that is ever drawn', () => {
    for (let seed = 0; seed < 300; seed += 1) {
      const { happenings } = drawWorld(seed);
      for (const one of happenings) expect(inWords(one, NAMES)).toMatch(/^at [\d.]+ s .{8,}/);
    }
  });
});
