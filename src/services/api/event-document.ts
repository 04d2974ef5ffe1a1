/** An event as one line of JSON: addresses as text, durations in `…Ms`, unknown things as null. */

import { formatAddress, type Address } from '../../base/address.ts';
import { unreachable } from '../../base/assert.ts';
import type { V1Event } from '../../v1/events.ts';
import type { ControlEvent } from './control.ts';

/** One line of `watch --json`, schema 1. `time` is the daemon's wall clock, RFC 3339 in UTC. */
export interface EventDocument {
  readonly schema: 1;
  readonly time: string;
  readonly type: ControlEvent['type'];
  readonly [field: string]: string | number | null;
}

/** The line for an event that happened at `time`. */
export function eventDocument(event: ControlEvent, time: Date): EventDocument {
  return { schema: 1, time: time.toISOString(), type: event.type, ...details(event) };
}

type Details = Record<string, string | number | null>;

function details(event: ControlEvent): Details {
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
      return v1Details(event);
  }
}

function v1Details(event: V1Event): Details {
  switch (event.type) {
    case 'v1-orphan':
      return {};
    case 'v1-lost':
    case 'v1-certificate':
    case 'v1-credentials-withheld':
      return { name: event.name };
    case 'v1-registered':
      return { name: event.name, direction: event.direction };
    case 'v1-moved':
      return { name: event.name, from: event.from ?? null, to: event.to };
    case 'v1-found':
      return { name: event.name, address: event.address };
    case 'v1-self-moved':
      return { from: event.from ?? null, to: event.to };
    case 'v1-unconfirmed':
    case 'v1-name-taken':
      return { name: event.name, from: formatAddress(event.from) };
    default:
      return unreachable(event);
  }
}

function text(address: Address | undefined): string | null {
  return address === undefined ? null : formatAddress(address);
}
