/** One that was lost answered: the hub asks the others that it lost (PROTOCOL §6). */

import { after, elapsed } from '../base/time.ts';
import { ORPHAN_CALLS, REVIVE_GAP, REVIVE_REST } from './config.ts';
import type { Crew } from './crew.ts';
import { askAnew } from './talk.ts';

/**
 * A lost member answered: whatever parted us may be over for the others too. Sixteen of them are
 * asked at once, and sixteen others after each pause in which one answered, until all were asked.
 */
export function reviveLost(crew: Crew): void {
  const { revivedAt, revived, timers, now } = crew;
  if (timers.has('revive')) return;
  const since = revivedAt === undefined ? Infinity : elapsed(revivedAt, now);
  if (since >= REVIVE_REST) revived.clear();
  if (since >= REVIVE_GAP) reviveDue(crew);
  else if (revivedAt !== undefined) timers.set('revive', after(revivedAt, REVIVE_GAP));
}

/** The next sixteen: a ping alone, since most kept their keys; their next try says hello. */
export function reviveDue(crew: Crew): void {
  const { revived, suspicions } = crew;
  const lost = [...suspicions.which('lost')].filter((peer) => !revived.has(peer));
  crew.revivedAt = crew.now;
  for (const peer of crew.random.sample(lost, ORPHAN_CALLS)) {
    revived.add(peer);
    askAnew(crew, peer, { how: 'ping' });
  }
}
