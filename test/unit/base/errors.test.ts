import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';

describe('UserError', () => {
  it('carries a code for scripts, a message and a hint for people', () => {
    const error = new UserError('port-taken', 'UDP port 4117 is in use.', 'Choose another --port.');
    expect(error.code).toBe('port-taken');
    expect(error.message).toBe('UDP port 4117 is in use.');
    expect(error.hint).toBe('Choose another --port.');
    expect(error.name).toBe('UserError');
  });

  it('keeps what caused it', () => {
    const cause = new Error('EADDRINUSE');
    expect(new UserError('port-taken', 'm', 'h', { cause }).cause).toBe(cause);
  });

  it('has no cause when none was given', () => {
    expect('cause' in new UserError('port-taken', 'm', 'h')).toBe(false);
  });
});
