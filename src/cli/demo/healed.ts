/** When a cluster counts as healed, judged from outside by what each node says it sees. */

import type { MemberView } from '../../core/view.ts';
import type { Sight } from './messages.ts';

/** One daemon, as the demo knows it to be. */
export interface Truth {
  readonly name: string;
  /** Where it really is, `HOST:PORT`. */
  readonly address: string;
  /** Since when it is deaf at its old address; wall clock, milliseconds. */
  readonly movedMs: number;
  readonly sight: Sight | undefined;
}

/**
 * How surely `observer` knows where `subject` is. `proven`: it holds the right address, challenged
 * by itself, after either of them moved last: an older proof may have become worthless.
 */
export function knowledge(observer: Truth, subject: Truth): 'proven' | 'heard' | 'wrong' {
  const seen = viewOf(observer, subject.name);
  if (observer.sight === undefined || seen === undefined) return 'wrong';
  if (seen.address !== subject.address || seen.state === 'lost') return 'wrong';
  if (seen.proof !== 'direct' || seen.state !== 'alive' || seen.provenMs === null) return 'heard';
  const provenAt = observer.sight.takenMs - seen.provenMs;
  return provenAt >= Math.max(observer.movedMs, subject.movedMs) ? 'proven' : 'heard';
}

/** Whether every ordered pair is proven. */
export function isHealed(fleet: readonly Truth[]): boolean {
  return fleet.every((observer) =>
    fleet.every((subject) => observer === subject || knowledge(observer, subject) === 'proven'),
  );
}

function viewOf(observer: Truth, name: string): MemberView | undefined {
  return observer.sight?.document.members.find((member) => member.name === name);
}
