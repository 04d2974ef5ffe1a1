/** What the swarm's runner (tools/swarm.mjs) loads: one door, so that it can be bundled. */

export { standInSuite } from '../stand-in.ts';
export { census } from './census.ts';
export { drawWorld } from './draw.ts';
export { runWorld } from './run.ts';
export { shrink } from './shrink.ts';
export { tellStory } from './story.ts';
