import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readEnvelope, writeEnvelope } from '../../../src/runtime/envelope.ts';

it('a state file says what it is, and in which version', () => {
  expect(JSON.parse(writeEnvelope('book', { a: 1 }))).toMatchObject({
    format: 'flotilla-book',
    version: 1,
    body: { a: 1 },
  });
});

it('any body comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      // JSON has no −0 and gives keys their own order; both are as JSON says, twice.
      const body: unknown = JSON.parse(JSON.stringify(value));
      expect(readEnvelope('book', writeEnvelope('book', body))).toEqual({ body });
    }),
  );
});

it('a file that was cut anywhere, or has one octet changed, is not taken for whole', () => {
  const text = writeEnvelope('book', { records: ['00ff', '1234'], history: [] });
  for (let cut = 0; cut < text.length - 1; cut += 1) {
    expect(readEnvelope('book', text.slice(0, cut))).not.toHaveProperty('body');
  }
  for (let at = 0; at < text.length - 1; at += 1) {
    const changed = `${text.slice(0, at)}~${text.slice(at + 1)}`;
    expect(readEnvelope('book', changed)).not.toHaveProperty('body');
  }
});

it('anything at all is read without an exception', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(['torn', 'foreign', 'future-version']).toContain(readEnvelope('book', text));
    }),
  );
});
