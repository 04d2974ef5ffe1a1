import { describe, expect, it } from 'vitest';
import { asciiText } from '../../../src/base/ascii.ts';

/** The letters of the alphabet over and over. */
function letters(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => 97 + (index % 26));
}

describe('a text of character codes', () => {
  it('is empty for none', () => {
    expect(asciiText([])).toBe('');
  });

  // 4,096 go into one call; one more takes a second call; more than engines take in one go fit.
  it.each([1, 4_095, 4_096, 4_097, 8_192, 8_193, 300_000])('holds all %i in order', (count) => {
    const codes = letters(count);
    const text = asciiText(codes);
    expect(text.length).toBe(count);
    expect(codes.every((code, index) => text.charCodeAt(index) === code)).toBe(true);
  });
});
