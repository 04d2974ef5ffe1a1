/** An event as one line of JSON: addresses as text, durations in `…Ms`, unknown things as null. */

import { formatAddress, type Address } from '../../base/address.ts';
import { unreachable } from '../../base/assert.ts';
import type { NodeEvent } from '../../core/events.ts';

/** One line of `watch --json`, schema 1. `time` is the daemon's wall clock, RFC 3339 in UTC. */
export interface EventDocument {
  readonly schema: 1;
  readonly time: string;
  readonly type: NodeEvent['type'];
  readonly [field: string]: string | number | null;
}

/** The line for an event that happened at `time`. */
export function eventDocument(event: NodeEvent, time: Date): EventDocument {
  return { schema: 1, time: time.toISOString(), type: event.type, ...details(event) };
}

function details(event: NodeEvent): Record<string, string | number | null> {
  switch (event.type) {
    case 'started':
    case 'afloat':
    case 'twin':
      return {};
    case 'member-joined':
    case 'member-left':
    case 'member-suspect':
    case 'member-lost':
    case 'outvoted':
    case 'fork':
    case 'invite-redeemed':
      return { id: event.id, name: event.name };
    case 'member-moved':
      return { id: event.id, name: event.name, from: text(event.from), to: text(event.to) };
    case 'member-found':
      return {
        id: event.id,
        name: event.name,
        address: text(event.address),
        afterMs: event.after === undefined ? null : Math.round(event.after),
      };
    case 'doubt':
      return { why: event.why, asked: event.asked };
    case 'self-moved':
      return {
        from: text(event.from),
        to: text(event.to),
        votes: event.votes,
        voters: event.voters,
      };
    case 'orphan':
      return { advice: event.advice };
    case 'join-refused':
      return { reason: event.reason, name: event.name ?? null };
    case 'save-failed':
      return { reason: event.reason };
    default:
      return unreachable(event);
  }
}

function text(address: Address | undefined): string | null {
  return address === undefined ? null : formatAddress(address);
}
