import { describe, expect, it } from 'vitest';
import { InvariantError, assert, unreachable } from '../../../src/base/assert.ts';

describe('assert', () => {
  it('lets a condition that holds pass', () => {
    expect(() => {
      assert(1 + 1 === 2, 'arithmetic');
    }).not.toThrow();
  });

  it('throws an InvariantError with the message when the condition does not hold', () => {
    const broken = (): void => {
      assert(undefined, 'the book has a page for every member');
    };
    expect(broken).toThrow(InvariantError);
    expect(broken).toThrow('the book has a page for every member');
  });

  it('names its error, so that a log tells it from a TypeError', () => {
    expect(new InvariantError('x').name).toBe('InvariantError');
    expect(new InvariantError('x')).toBeInstanceOf(Error);
  });
});

describe('unreachable', () => {
  it('throws an InvariantError that does not quote the value', () => {
    const broken = (): void => unreachable('secret' as never);
    expect(broken).toThrow(InvariantError);
    expect(broken).not.toThrow('secret');
  });
});
