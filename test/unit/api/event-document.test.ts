import { expect, it } from 'vitest';
import { address, type Address } from '../../../src/base/address.ts';
import { seconds } from '../../../src/base/time.ts';
import type { NodeEvent } from '../../../src/core/events.ts';
import { eventDocument } from '../../../src/services/api/event-document.ts';
import { idOf } from './fake-control.ts';

const time = new Date('2026-03-01T10:00:00.250Z');
const here = address('192.0.2.1', 4117) as Address;
const there = address('2001:db8::7', 4117) as Address;

it('an event carries schema, type and the time in UTC', () => {
  expect(eventDocument({ type: 'afloat' }, time)).toEqual({
    schema: 1,
    time: '2026-03-01T10:00:00.250Z',
    type: 'afloat',
  });
});

it('addresses are text, IPv6 in brackets', () => {
  const event: NodeEvent = {
    type: 'member-moved',
    id: idOf('pi'),
    name: 'pi',
    from: here,
    to: there,
  };
  expect(eventDocument(event, time)).toMatchObject({
    from: '192.0.2.1:4117',
    to: '[2001:db8::7]:4117',
  });
});

it('what is not known is null, never missing', () => {
  const moved: NodeEvent = { type: 'self-moved', from: undefined, to: here, votes: 1, voters: 1 };
  expect(eventDocument(moved, time)['from']).toBeNull();
  const refused: NodeEvent = { type: 'join-refused', reason: 'spent', name: undefined };
  expect(eventDocument(refused, time)['name']).toBeNull();
});

it('durations are milliseconds and say so', () => {
  const event: NodeEvent = {
    type: 'member-found',
    id: idOf('pi'),
    name: 'pi',
    address: here,
    after: seconds(2.0004),
  };
  expect(eventDocument(event, time)).toMatchObject({ afterMs: 2000, address: '192.0.2.1:4117' });
  const first: NodeEvent = { ...event, after: undefined };
  expect(eventDocument(first, time)).toMatchObject({ afterMs: null });
});

it('no field of an event is an object: one line is one flat document', () => {
  const events: readonly NodeEvent[] = [
    { type: 'doubt', why: 'silence', asked: 4 },
    { type: 'orphan', advice: 'a hint would help' },
    { type: 'outvoted', id: idOf('pi'), name: 'pi' },
    { type: 'save-failed', reason: 'disk full' },
    { type: 'twin' },
  ];
  for (const event of events) {
    for (const value of Object.values(eventDocument(event, time))) {
      expect(['string', 'number']).toContain(typeof value);
    }
  }
});
