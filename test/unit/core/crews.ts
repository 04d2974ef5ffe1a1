/** The parts of a machine by themselves, for what the hub does with many members at a time. */

import type { NodeId } from '../../../src/base/id.ts';
import { after, instant, millis, seconds } from '../../../src/base/time.ts';
import { DEFAULTS, LOST_AFTER } from '../../../src/core/config.ts';
import { gather, others, type Crew } from '../../../src/core/crew.ts';
import { nodeSuite } from '../../../src/crypto/node-suite.ts';
import { START, freshEntropy, storedCluster } from './fixture.ts';
import { identityOf, seedOf } from './acts.ts';

/** A machine among so many others, all watched, none heard; it knows no address. */
export function crewAmong(count: number): Crew {
  const names = Array.from({ length: count }, (_, index) => `m${String(index)}`);
  const crew = gather({
    suite: nodeSuite,
    identity: identityOf('attic'),
    cluster: storedCluster('attic', ...names).stored,
    book: { records: [], history: [] },
    settings: DEFAULTS,
    seed: seedOf('attic'),
  });
  crew.unpredictable.refill(freshEntropy());
  crew.now = instant(START);
  for (const peer of others(crew)) crew.suspicions.add(peer, crew.now);
  return crew;
}

/** Lets this many milliseconds go by. */
export function pass(crew: Crew, ms: number): void {
  crew.now = after(crew.now, millis(ms));
}

/** So long unanswered that they are lost, with no try under way. */
export function lose(crew: Crew, peers: readonly NodeId[]): void {
  for (let turn = 0; turn < LOST_AFTER; turn += 1) {
    for (const peer of peers) crew.suspicions.begin(peer, crew.now, millis(0), false, millis(0));
    crew.now = after(crew.now, seconds(1_000));
    for (const peer of peers) crew.suspicions.fail(peer, crew.now);
  }
}

/** Members that a try is under way to: those asked. */
export function tried(crew: Crew): readonly NodeId[] {
  return others(crew).filter((peer) => crew.suspicions.trying(peer));
}
