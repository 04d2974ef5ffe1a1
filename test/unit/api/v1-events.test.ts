import { expect, it } from 'vitest';
import { address } from '../../../src/base/address.ts';
import { sentence, severity } from '../../../src/cli/output/events.ts';
import { eventDocument } from '../../../src/services/api/event-document.ts';
import type { V1Event } from '../../../src/v1/events.ts';

const TIME = new Date(0);
const from = address('192.0.2.7', 5);
if (from === undefined) throw new Error('no address');

const EVENTS: readonly (readonly [V1Event, level: string, words: string])[] = [
  [{ type: 'v1-registered', name: 'pi', direction: 'in' }, 'info', 'pi (v1) registered with this'],
  [{ type: 'v1-registered', name: 'pi', direction: 'out' }, 'info', 'registered with pi (v1)'],
  [{ type: 'v1-moved', name: 'pi', from: undefined, to: 'a' }, 'info', 'pi (v1) is at a'],
  [{ type: 'v1-moved', name: 'pi', from: 'a', to: 'b' }, 'info', 'pi (v1) moved from a to b'],
  [{ type: 'v1-lost', name: 'pi' }, 'warn', 'pi (v1) is lost'],
  [{ type: 'v1-found', name: 'pi', address: 'a' }, 'info', 'pi (v1) is found at a'],
  [{ type: 'v1-orphan' }, 'warn', 'no node of protocol 1 answers'],
  [{ type: 'v1-self-moved', from: 'a', to: 'b' }, 'info', 'this node moved from a to b'],
  [{ type: 'v1-unconfirmed', name: 'pi', from }, 'debug', 'from 192.0.2.7:5'],
  [{ type: 'v1-name-taken', name: 'pi', from }, 'warn', 'another user tried to register as pi'],
  [{ type: 'v1-certificate', name: 'pi' }, 'warn', 'another certificate'],
  [{ type: 'v1-credentials-withheld', name: 'pi' }, 'warn', 'is not sent'],
];

it.each(EVENTS)('%j is a flat line of JSON, and a sentence', (event, level, words) => {
  const document = eventDocument(event, TIME);
  expect(document).toMatchObject({ schema: 1, time: TIME.toISOString(), type: event.type });
  for (const value of Object.values(document)) {
    if (value !== null) expect(['string', 'number']).toContain(typeof value);
  }
  expect(severity(document)).toBe(level);
  expect(sentence(document)).toContain(words);
});
