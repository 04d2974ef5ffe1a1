/** Events in words, for the log and for `watch`. */

import { unreachable } from '../../base/assert.ts';
import type { EventDocument } from '../../services/api/event-document.ts';
import type { V1Event } from '../../v1/events.ts';
import type { LogLevel } from './level.ts';
import { count, span } from './words.ts';

/** Why a node doubts, in words (PROTOCOL §5). */
const DOUBTS: ReadonlyMap<string, string> = new Map([
  ['unanswered', 'a ping went unanswered'],
  ['reflection', 'a member sees this node elsewhere'],
  ['send-error', 'a datagram could not be sent'],
  ['silence', 'an expected ping did not come'],
  ['clock-jump', 'the machine was suspended'],
  ['start', 'this node has just started'],
  ['asked', 'a member asked for it'],
]);

/** One sentence for an event, without a full stop. */
export function sentence(event: EventDocument): string {
  const name = word(event, 'name');
  switch (event.type) {
    case 'started':
      return 'started';
    case 'member-joined':
      return `${name} joined`;
    case 'member-left':
      return `${name} left the cluster`;
    case 'member-moved':
      return `${name} moved${from(event)} to ${word(event, 'to')}`;
    case 'member-suspect':
      return `${name} does not answer`;
    case 'member-lost':
      return `${name} is lost; asking the others where it is`;
    case 'member-found':
      return found(name, event);
    case 'doubt':
      return `perhaps this node moved: ${doubtInWords(event)}`;
    case 'self-moved':
      return `this node ${whereTo(event)}, ${votes(event)}`;
    case 'orphan':
      // The advice begins with what is wrong.
      return word(event, 'advice');
    case 'afloat':
      return 'in touch with the cluster';
    case 'outvoted':
      return `${name} keeps telling of addresses nobody else sees; it starts no round for a while`;
    case 'twin':
      return 'another machine holds the key of this node: stop one of the two';
    case 'fork':
      return `${name} signed two different acts as one: its key may have been copied`;
    case 'invite-redeemed':
      return `${name} used an invite of this node`;
    case 'join-refused':
      return `refused ${joiner(event)} to join: ${word(event, 'reason')}`;
    case 'save-failed':
      return `the state could not be saved: ${word(event, 'reason')}`;
    default:
      return v1Sentence(event, event.type);
  }
}

/** The same for events of nodes of protocol 1. */
function v1Sentence(event: EventDocument, type: V1Event['type']): string {
  const name = `${word(event, 'name')} (v1)`;
  switch (type) {
    case 'v1-registered':
      return event['direction'] === 'in'
        ? `${name} registered with this node`
        : `this node registered with ${name}`;
    case 'v1-moved':
      return `${name} ${whereTo(event)}`;
    case 'v1-lost':
      return `${name} is lost; asking others where it is`;
    case 'v1-found':
      return `${name} is found at ${word(event, 'address')}`;
    case 'v1-orphan':
      return 'no node of protocol 1 answers';
    case 'v1-self-moved':
      return `this node ${whereTo(event)}, as nodes of protocol 1 see it`;
    case 'v1-unconfirmed':
      return `something came as from ${name}${from(event)}, which it has not confirmed yet`;
    case 'v1-name-taken':
      return `another user tried to register as ${name}${from(event)}`;
    case 'v1-certificate':
      return `${name} shows another certificate than before; nothing is sent to it`;
    case 'v1-credentials-withheld':
      return `the password for ${name} is not sent: it was not seen at its address lately`;
    default:
      return unreachable(type);
  }
}

/** Why the node doubts its address, and whom it asks about it. */
export function doubtInWords(event: EventDocument): string {
  const why = word(event, 'why');
  return `${DOUBTS.get(why) ?? why}, it asks ${count(amount(event, 'asked'), 'member')}`;
}

/** How much an event matters to whoever reads a log. */
export function severity(event: EventDocument): LogLevel {
  switch (event.type) {
    case 'twin':
    case 'fork':
    case 'save-failed':
      return 'error';
    case 'member-lost':
    case 'orphan':
    case 'outvoted':
    case 'join-refused':
      return 'warn';
    case 'doubt':
    case 'member-suspect':
      return 'debug';
    case 'started':
    case 'afloat':
    case 'member-joined':
    case 'member-left':
    case 'member-moved':
    case 'member-found':
    case 'self-moved':
    case 'invite-redeemed':
    case 'v1-registered':
    case 'v1-moved':
    case 'v1-found':
    case 'v1-self-moved':
      return 'info';
    case 'v1-lost':
    case 'v1-orphan':
    case 'v1-name-taken':
    case 'v1-certificate':
    case 'v1-credentials-withheld':
      return 'warn';
    case 'v1-unconfirmed':
      return 'debug';
    default:
      return unreachable(event.type);
  }
}

/** Of one who knew no address of its own before, nobody can say that it moved. */
function whereTo(event: EventDocument): string {
  const to = word(event, 'to');
  return from(event) === '' ? `is at ${to}` : `moved${from(event)} to ${to}`;
}

/** Whom this daemon never heard before nobody had lost. */
function found(name: string, event: EventDocument): string {
  const at = word(event, 'address');
  const after = event['afterMs'];
  if (typeof after !== 'number') return `${name} answers at ${at}`;
  return `${name} is found at ${at}, ${span(after)} after it was last heard`;
}

function votes(event: EventDocument): string {
  const given = amount(event, 'votes');
  const voters = amount(event, 'voters');
  // One voter is shown as one (B3).
  if (voters === 1) return 'one voter says';
  return `${String(given)} of ${String(voters)} voters say`;
}

function joiner(event: EventDocument): string {
  const name = event['name'];
  return typeof name === 'string' ? name : 'a node';
}

function from(event: EventDocument): string {
  const address = event['from'];
  return typeof address === 'string' ? ` from ${address}` : '';
}

function word(event: EventDocument, field: string): string {
  const value = event[field];
  return typeof value === 'string' ? value : '?';
}

function amount(event: EventDocument, field: string): number {
  const value = event[field];
  return typeof value === 'number' ? value : 0;
}
